"""What was agreed can be agreed: a known version of the terms, a term that is sold, VIP for no less than three months.

Contract TERM-1, VIP-15 (recorded acceptance), VIP-16 (three months at least), VIP-20 (a term that can hold them).
"""

import calendar
import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path

from policies import declared, known, lines
from policies.machine import Resource, text
from policies.rule import Rule

LENGTHS = (1, 3, 12)
LEVELS = ("standard", "vip")
VIP_MONTHS = 3


def version_known(found: Resource) -> Iterator[str]:
    """The client's contract names a version of the terms that catalogue.yaml lists."""
    if found.is_machine:
        line = lines.of(found)
        yield from (f"{found.title}: {problem}" for problem in _version(declared.folder(), line.client))


def term_sold(found: Resource) -> Iterator[str]:
    """The VPS's term lasts one, three or twelve months, and its end is not before its start."""
    if found.is_machine:
        line = lines.of(found)
        yield from (f"{found.title}: {problem}" for problem in _term(declared.folder(), line.client, line.name))


def vip_holds(found: Resource) -> Iterator[str]:
    """Support is of a known level; VIP is in force, was accepted, lasts three months and fits a term of the contract.

    Asked of machines that are new, or become VIP by this change: what was agreed wrongly stops nobody who has it.
    """
    if not found.is_machine:
        return
    problems = _support(declared.folder(), lines.of(found).client)
    if problems:
        before = known.before(found.properties.get("uuid"))
        if not before or bool(before.get("vip")) != (found.properties.get("order") == 0):
            yield from (f"{found.title}: {problem}" for problem in problems)


@declared.kept
def _version(base: Path, client: str) -> tuple[str, ...]:
    version = text(_contract(base, client).get("version"))
    declared.catalogue(base, "contracts", version, "contract version")
    return ()


@declared.kept
def _term(base: Path, client: str, name: str) -> tuple[str, ...]:
    vps = _vps(base, client, name)
    term = declared.lines(vps.get("term"))
    start, ends = _day(term.get("start")), _day(vps.get("ends"))
    found = []
    if _months(term) not in LENGTHS:
        found.append(f"a term of {text(term.get('months')) or 'no'} months is not sold (TERM-1). Write 1, 3 or 12.")
    if start is None:
        found.append('its term has no start. Write the day like "2026-12-01".')
    elif ends is not None and ends < start:
        found.append(f"it would end on {ends}, before its term starts on {start}. Write a later day.")
    return tuple(found)


@declared.kept
def _support(base: Path, client: str) -> tuple[str, ...]:
    contract = _contract(base, client)
    level, vip = text(contract.get("support")), declared.lines(contract.get("vip"))
    since, until, today = _day(vip.get("since")), _day(vip.get("until")), known.today()
    if level not in LEVELS:
        return (f'"{level}" is no support level. Write {" or ".join(LEVELS)}.',)
    in_force = since is not None and since <= today and (until is None or today < until)
    found = []
    # Before it begins both levels are right, so that no file turns wrong by itself on that day.
    if level == "vip" and not in_force and (since is None or since <= today):
        found.append("VIP support is not in force today (`vip: {since, accepted, until}`). Write standard, or mend it.")
    if level == "standard" and in_force:
        found.append(f"VIP is in force since {since}, but support is standard. Write vip, or the day of its end.")
    if vip and not text(vip.get("accepted")).strip():
        found.append("VIP support was never accepted (VIP-15: at our discretion). Write the ticket under `accepted`.")
    if since is not None and until is not None and until < later(since, VIP_MONTHS):
        found.append(
            f"VIP support from {since} can't end on {until}: it lasts three months at least (VIP-16). "
            f"Write {later(since, VIP_MONTHS)} or later."
        )
    if since is not None and not _holds_three_months(base, client, since):
        found.append(
            f"no term of the contract renews or holds three months of VIP support from {since} on (VIP-20). "
            "Sell a longer term, or let one renew."
        )
    return tuple(found)


def _holds_three_months(base: Path, client: str, since: datetime.date) -> bool:
    """Whether one of the client's terms does; what starts after VIP counts from its own start."""
    every = declared.lines(declared.client(base, client).get("vps")).values()
    for term in (declared.lines(declared.lines(vps).get("term")) for vps in every):
        start, months = _day(term.get("start")), _months(term)
        if text(term.get("renew")) == "true" or start is None or months is None:
            return True
        if later(start, months) >= later(max(since, start), VIP_MONTHS):
            return True
    return not every


def later(day: datetime.date, months: int) -> datetime.date:
    """The same day so many months later, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return datetime.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _contract(base: Path, client: str) -> Mapping[str, object]:
    return declared.lines(declared.client(base, client).get("contract"))


def _vps(base: Path, client: str, name: str) -> Mapping[str, object]:
    return declared.lines(declared.lines(declared.client(base, client).get("vps")).get(name))


def _months(term: Mapping[str, object]) -> int | None:
    return declared.quantity(term.get("months"), "")


def _day(value: object) -> datetime.date | None:
    return declared.day(text(value))


RULES = (
    Rule("contract-version-known", "A client's contract is of a version that the catalogue lists", version_known),
    Rule("term-is-sold", "A VPS is sold for one, three or twelve months (TERM-1)", term_sold),
    Rule("vip-holds", "Support is of a known level; VIP is accepted, of three months, within a term", vip_holds),
)
"""The rules about what was agreed."""
