"""What was sold never changes: packages, extras and terms of catalogue.yaml, against every content that git has of it.

A version counts as sold once a committed client's file names it. What only describes it (`about`, `title`) may change,
and so may a version that nobody was ever sold.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path

from components.config import checkout
from components.config.catalogue_file import CatalogueFile
from components.config.documents import parse
from components.config.draft import draft
from components.config.folder import CATALOGUE, CLIENTS
from components.config.revision import blobs
from components.domain.contracts import ContractVersion
from components.domain.extras import Extra
from components.domain.fleet import Fleet
from components.domain.packages import Package
from components.domain.prices import discount
from components.domain.problems import Blame, Problem, Severity

SECONDS = 20
"""Longer than this no history is looked through."""
Version = Package | Extra | ContractVersion
Path_ = tuple[str, str]
"""`packages`, `extras` or `contracts`, and the version's key."""


@dataclass(frozen=True, slots=True)
class _Earlier:
    """A version as it first stood in the catalogue of another content, and whether it did so at the base."""

    version: Version
    in_base: bool


def repriced(fleet: Fleet, was: Fleet) -> Iterator[Problem]:
    """What every client pays otherwise than in the fleet as it `was`, though no version of anything changed."""
    used = Counter(months for months, _ in {(vps.term.months, client.id) for client, vps in was.machines()})
    if used and fleet.currency and was.currency and fleet.currency != was.currency:
        yield Problem(
            code="sold-currency-changed",
            path=("currency",),
            message=f"All that was sold in {was.currency} would be paid in {fleet.currency}, with the same numbers.",
            remedy=f"Put {was.currency} back: what was sold keeps its price, and so its currency.",
            blocks=False,
        )
    for months, clients in sorted(used.items()):
        before, now = discount(was, months), discount(fleet, months)
        if before != now:
            place = next((index for index, one in enumerate(fleet.discounts) if one.months == months), None)
            yield Problem(
                code="sold-discount-changed",
                severity=Severity.WARNING,
                path=("term_discounts",) if place is None else ("term_discounts", place),
                message=f"{clients} client{'s' * (clients != 1)} with terms of {months} months would pay otherwise, "
                f"running terms too: {before} % off → {now} % off.",
                remedy="Put it back unless they agreed: a discount has no version and no day.",
                blocks=False,
            )


def problems(folder: Path, fleet: Fleet, base: str, was_sold: Collection[str]) -> Iterator[Problem]:
    """Sold versions of `fleet` that say something else than they did at any commit up to `base`.

    That is the commit that files are compared with: what differed there already is old, and what came after it is the
    change itself, which may mend what it brings. `was_sold` are keys that its
    clients' files name; of others the history is asked. Raises DomainError when git can't tell.
    """
    now = _versions(fleet)
    for path, earlier in _changed(folder, now, base).items():
        kind, key = path
        if key not in was_sold and not _was_ever_named(folder, key, base):
            continue
        differing = ", ".join(_differing(earlier.version, now[path]))
        yield Problem(
            code="sold-version-changed",
            path=path,
            message=f"{key} was sold and says something else now: {differing} (a sold {_WORDS[kind]} never changes).",
            remedy=f"Put it back, and add a new version beside it, like {_next(key)}.",
            blocks=False,
            blame=Blame.NEW if earlier.in_base else Blame.OLD,
        )


_WORDS = {"packages": "package", "extras": "extra", "contracts": "version of the terms"}


def _versions(fleet: Fleet) -> dict[Path_, Version]:
    return (
        {("packages", key): replace(one, about="") for key, one in fleet.packages.items()}
        | {("extras", key): replace(one, title="") for key, one in fleet.extras.items()}
        | {("contracts", key): replace(one, title="") for key, one in fleet.contracts.items()}
    )


def _changed(folder: Path, now: Mapping[Path_, Version], base: str) -> dict[Path_, _Earlier]:
    """Those versions that stood otherwise in an earlier content of the catalogue."""
    shape = ("log", "--format=", "--raw", "--no-abbrev", "--no-renames", "-m", "--first-parent", "-z")
    told = checkout.run(folder, *shape, base, "--", CATALOGUE, seconds=SECONDS)
    ids = [word.split()[3].decode() for word in told.stdout.split(b"\0") if word.lstrip().startswith(b":")]
    at_base = checkout.told(folder, "rev-parse", "--verify", "--quiet", f"{base}:./{CATALOGUE}")
    wanted = [one for one in dict.fromkeys([*ids, at_base]) if one.strip("0")]
    found: dict[Path_, _Earlier] = {}
    for blob, content in blobs(folder, wanted).items():
        for path, version in _versions(_catalogue(content)).items():
            if path in now and now[path] != version:
                earlier = found.get(path)
                if earlier is None or blob == at_base:
                    found[path] = _Earlier(version, blob == at_base)
    return found


def _catalogue(content: bytes) -> Fleet:
    """What a catalogue of then declared, of what can be read of it today."""
    data = parse(content).data
    catalogue = draft(data, CatalogueFile)[0] if data is not None else None
    fleet = Fleet(id="", name="", currency="")
    if catalogue is None:
        return fleet
    return replace(
        fleet,
        packages={key: one.domain(key) for key, one in catalogue.packages.items()},
        extras={key: one.domain(key) for key, one in catalogue.extras.items()},
        contracts={key: one.domain(key) for key, one in catalogue.contracts.items()},
    )


def _was_ever_named(folder: Path, key: str, base: str) -> bool:
    """Whether a client's file named the version at any commit up to the base."""
    told = checkout.run(folder, "log", "-1", "--format=%H", f"-S{key}", base, "--", f"{CLIENTS}/", seconds=SECONDS)
    return bool(told.stdout.strip())


def named(fleet: Fleet) -> frozenset[str]:
    """Every version that the clients of a fleet have or had, by key."""
    found = {client.contract.version for client in fleet.clients.values()}
    for _, vps in fleet.machines():
        for sale in vps.sales:
            found.add(sale.package)
            found.update(sale.extras)
    return frozenset(found)


def _differing(was: object, now: object, prefix: str = "") -> Iterator[str]:
    """`price_month 19.00 → 21.00`, for each field that differs."""
    for field in fields(was) if is_dataclass(was) else ():
        before, after = getattr(was, field.name), getattr(now, field.name, None)
        if before == after:
            continue
        if is_dataclass(before) and is_dataclass(after):
            yield from _differing(before, after, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name} {before} → {after}"


def _next(key: str) -> str:
    name, _, version = key.partition("@")
    return f"{name}@{version[:7]}-b"
