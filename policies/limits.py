"""A machine is exactly as large as its package says (contract VPS-4, VPS-5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from policies import declared
from policies.machine import Machine, Resource
from policies.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit: its name in the catalogue, its key in a machine, the unit in which the key counts."""

    sold_as: str
    key: str
    unit: str
    words: str


LIMITS = (
    Limit(sold_as="vcpus", key="vcpus", unit="", words="vCPUs"),
    Limit(sold_as="cpu_cap", key="cpuCapPercent", unit="%", words="% of one core"),
    Limit(sold_as="memory", key="memoryMib", unit="MiB", words="MiB"),
    Limit(sold_as="disk", key="disks.root.sizeGib", unit="GiB", words="GiB"),
    Limit(sold_as="disk_iops", key="disks.root.iops", unit="", words="IO/s"),
    Limit(sold_as="disk_rate", key="disks.root.rateMibS", unit="MiB/s", words="MiB/s"),
    Limit(sold_as="nic_rate", key="nics.n0.rateMbitS", unit="Mbit/s", words="Mbit/s"),
)
"""All that a package limits; a machine has these and no others."""
CAPS = ("cpu_cap", "disk_iops", "disk_rate", "nic_rate")
"""What an adopted machine may lack, where its package says `unlimited` and that it is for such machines."""
UNLIMITED = "unlimited"


def complete(found: Resource) -> Iterator[str]:
    """Every limit is there, is a number above zero, and there is no disk or NIC beyond the package's."""
    if not found.is_machine:
        return
    view = Machine(found)
    limits = view.limits
    for limit in LIMITS:
        value = limits.get(limit.key)
        if value == 0 and limit.sold_as in CAPS and _may_lack(view):
            continue
        if value is None or value <= 0:
            seen = "missing or no whole number" if value is None else f"{value}"
            yield (
                f"{found.title}: limit {limit.key} is {seen}; a machine without it could take the whole host. "
                f"Declare it through a package with all of {', '.join(limit.sold_as for limit in LIMITS)}."
            )
    for key in sorted(limits.keys() - _KEYS):
        yield f"{found.title}: {key} belongs to a disk or NIC that no package sells. Take it out of the machine."


def equal(found: Resource) -> Iterator[str]:
    """Every limit equals what the package version named in the machine sells."""
    if not found.is_machine:
        return
    view = Machine(found)
    package = view.package
    if not package:
        yield f"{found.title}: no package is named, so nobody can say what was sold. Name one like small@2026-01."
        return
    sold = _sold(declared.folder(), package)
    limits = view.limits
    for limit, promised in zip(LIMITS, sold, strict=True):
        value = limits.get(limit.key)
        if value is not None and value != promised:
            more = value > promised
            yield (
                f"{found.title}: {limit.key} is {value} {limit.words}, but {package} sells {promised} {limit.words}: "
                f"{abs(value - promised)} {limit.words} {'more' if more else 'less'} than sold. "
                f"{'Sell a larger package' if more else 'Give what was sold'}: "
                "the machine's limits must come from the package that its client's file names."
            )


def _may_lack(view: Machine) -> bool:
    """Whether a cap may be missing: somebody else made the machine, and its package says no more than what it has."""
    return view.is_adopted and bool(view.package) and declared.describes_adopted(declared.folder(), view.package)


@declared.kept
def _sold(base: Path, package: str) -> tuple[int, ...]:
    """What the package sells, in the order of LIMITS."""
    found = []
    for limit in LIMITS:
        text = declared.package(base, package).get(limit.sold_as)
        promised = declared.quantity(text, limit.unit)
        if text == UNLIMITED and limit.sold_as in CAPS and declared.describes_adopted(base, package):
            promised = 0
        if promised is None:
            unit = f" in {limit.unit}" if limit.unit else ""
            raise declared.DeclaredError(
                f"catalogue.yaml, package {package}: {limit.sold_as} is no quantity{unit}. Run `vps check` and mend it."
            )
        found.append(promised)
    return tuple(found)


_KEYS = {limit.key for limit in LIMITS}

RULES = (
    Rule(
        "machine-has-every-limit", "A machine carries all limits of a package, each above zero, and no more", complete
    ),
    Rule("limits-equal-the-package", "A machine's limits equal the package version that it names", equal),
)
