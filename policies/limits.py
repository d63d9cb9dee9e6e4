"""A machine is exactly as large as its package says (contract VPS-4, VPS-5)."""

from collections.abc import Iterator
from pathlib import Path

from policies import declared, known, lines, sales
from policies.lines import Line
from policies.machine import Machine, Resource, text
from policies.rule import Rule
from policies.sales import CAPS, LIMITS


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
    for key in sorted(limits.keys() - _KEYS) if limits.keys() != _KEYS else ():
        yield f"{found.title}: {key} belongs to a disk or NIC that no package sells. Take it out of the machine."


def equal(found: Resource) -> Iterator[str]:
    """Every limit equals what its line sells today: the package version named in the machine, and extras."""
    if not found.is_machine:
        return
    view = Machine(found)
    package = view.package
    if not package:
        yield f"{found.title}: no package is named, so nobody can say what was sold. Name one like small@2026-01."
        return
    sale = sales.current(lines.of(found))
    if sale.package != package:
        yield (
            f"{found.title}: it is declared as {package}, but what its client's file sells today is {sale}. "
            "Declare it from its file."
        )
        return
    sold = sales.limits(declared.folder(), sale)
    limits = view.limits
    if tuple(limits.values()) == sold:
        return  # Nearly always, and in the same order.
    for limit, promised in zip(LIMITS, sold, strict=True):
        value = limits.get(limit.key)
        if value is not None and value != promised:
            more = value > promised
            yield (
                f"{found.title}: {limit.key} is {value} {limit.words}, but {sale} sells {promised} {limit.words}: "
                f"{abs(value - promised)} {limit.words} {'more' if more else 'less'} than sold. "
                f"{'Sell a larger package' if more else 'Give what was sold'}: "
                "the machine's limits must come from the package that its client's file names."
            )


def extras_sold(found: Resource) -> Iterator[str]:
    """As many pieces of each extra as go with one VPS, and only under the support level that it is sold with.

    What was sold earlier is history; what was sold for later is judged already. The support level is asked of machines
    that are new or grow: one that was sold an extra may stay, be suspended and end when VIP is over.
    """
    if not found.is_machine:
        return
    line = lines.of(found)
    if line.vps.get("extras"):
        pieces, support = _extras(declared.folder(), line)
        if support and not _grows(found):
            support = ()
        yield from (f"{found.title}: {problem}" for problem in (*pieces, *support))


def _grows(found: Resource) -> bool:
    """Whether it is new, or is larger than before. Raises DeclaredError where nobody says what was before."""
    if known.is_new(found):
        return True
    recorded, has = known.before(found.properties.get("uuid")), Machine(found).limits
    return any((has.get(key) or 0) > known.amount(recorded, name) for key, name in known.SIZES.items())


@declared.kept
def _extras(base: Path, line: Line) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is wrong with the pieces, and with the support level."""
    found, support, level = [], [], text(declared.lines(line.file.get("contract")).get("support"))
    for key, value in declared.lines(line.vps.get("extras")).items():
        count = text(value)
        extra = declared.catalogue(base, "extras", key, "extra")
        pieces, most = declared.quantity(count, ""), declared.quantity(extra.get("most", "1"), "")
        if pieces is None or most is None or not 1 <= pieces <= most:
            found.append(f"{count} of {key} can't be sold: 1 to {most} go with one VPS. Write such a number.")
        wanted = text(extra.get("support"))
        if wanted == "vip" and level != wanted:
            support.append(
                f"{key} is sold with {wanted} support only, and the client has {level or 'none'}. Take it out."
            )
    return tuple(found), tuple(support)


def _may_lack(view: Machine) -> bool:
    """Whether a cap may be missing: somebody else made the machine, and its package says no more than what it has."""
    return view.is_adopted and bool(view.package) and declared.describes_adopted(declared.folder(), view.package)


_KEYS = {limit.key for limit in LIMITS}

RULES = (
    Rule(
        "machine-has-every-limit", "A machine carries all limits of a package, each above zero, and no more", complete
    ),
    Rule("limits-equal-the-package", "A machine's limits equal the package version that it names", equal),
    Rule("extras-are-sold", "Extras are sold in such numbers, and under that support", extras_sold),
)
