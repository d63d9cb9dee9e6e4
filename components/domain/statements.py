"""What a client pays: each VPS's month, term and next fee on a day, and the days on which a month's price changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from components.domain.clients import Client, Vps
from components.domain.fees import TermFee, next_due, term_fee, term_on
from components.domain.fleet import Fleet
from components.domain.prices import Line, has_vip, is_sold, monthly, once, recurring, totals
from components.domain.terms import LENGTHS

Amounts = Mapping[str, Decimal]
"""By currency; one that is missing is zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From `day` on a VPS costs `month`, and did `before` up to then; empty: nothing."""

    day: date
    before: Amounts
    month: Amounts
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one VPS costs. `lines` are of the month of `day`: the one asked for, or the nearest on which it is sold."""

    vps: Vps
    day: date
    is_sold: bool
    lines: tuple[Line, ...]
    term: TermFee
    following: TermFee | None
    """The next one, due on its first day; None when no other follows."""
    once: tuple[Line, ...]
    steps: tuple[Step, ...]
    """Those after the day asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a client pays on a day."""

    client: Client
    day: date
    accounts: tuple[Account, ...]
    month: Amounts
    """Of all that is sold on that day."""


def statement(fleet: Fleet, client: Client, day: date) -> Statement:
    """All VPSs of a client on a day. Raises KeyError for a package or extra that the catalogue lacks."""
    return Statement(
        client=client,
        day=day,
        accounts=tuple(account(fleet, client, vps, day) for vps in client.vps.values()),
        month=totals(recurring(fleet, client, day)),
    )


def account(fleet: Fleet, client: Client, vps: Vps, day: date) -> Account:
    """What one VPS costs on a day, or on the nearest on which it is sold. Raises KeyError as `statement`."""
    shown, due = shown_on(vps, day), next_due(vps, day)
    return Account(
        vps=vps,
        day=shown,
        is_sold=is_sold(vps, day),
        lines=monthly(fleet, client, vps, shown),
        term=term_on(fleet, client, vps, shown),
        following=None if due is None else term_fee(fleet, client, vps, vps.term.number(due)),
        once=once(fleet, client, vps),
        steps=tuple(step for step in steps(fleet, client, vps) if step.day > day),
    )


def unpriced(fleet: Fleet, vps: Vps) -> tuple[str, ...]:
    """What a VPS has that is not sold, in words: so long it has no price. Earlier packages and extras count."""
    found = [sale.package for sale in vps.sales if sale.package not in fleet.packages]
    found += [key for sale in vps.sales for key in sale.extras if key not in fleet.extras]
    if vps.term.months not in LENGTHS:
        found.append(f"a term of {vps.term.months} months")
    return tuple(dict.fromkeys(found))


def shown_on(vps: Vps, day: date) -> date:
    """The day, or the nearest on which the VPS is sold."""
    last = _last(vps)
    return max(vps.term.start, day if last is None else min(day, last - timedelta(days=1)))


def steps(fleet: Fleet, client: Client, vps: Vps) -> tuple[Step, ...]:
    """Every day on which a month of the VPS costs something else than before, the first being its first."""
    start, last, vip = vps.term.start, _last(vps), client.contract.vip
    days = {start, *(sale.since for sale in vps.sales if sale.since), *({last} if last else ())}
    if vip is not None:
        days |= {vip.since, *({vip.until} if vip.until else ())}
    found: list[Step] = []
    before: Amounts = {}
    for day in sorted(one for one in days if start <= one and (last is None or one <= last)):
        month = totals(monthly(fleet, client, vps, day)) if is_sold(vps, day) else {}
        if month != before:
            found.append(Step(day=day, before=before, month=month, why=tuple(_why(client, vps, day))))
        before = month
    return tuple(found)


def _last(vps: Vps) -> date | None:
    """The first day on which it is not sold any more."""
    return min((one for one in (vps.ends, vps.term.end) if one is not None), default=None)


def _why(client: Client, vps: Vps, day: date) -> list[str]:
    if day == vps.term.start:
        return ["begins"]
    if day == vps.ends:
        return ["ends"]
    if day == vps.term.end:
        return ["its term ends and is not renewed"]
    yesterday = day - timedelta(days=1)
    old, new = vps.sale(yesterday), vps.sale(day)
    found = [f"{old.package} becomes {new.package}"] if old.package != new.package else []
    for key in sorted({*old.extras, *new.extras}):
        had, has = old.extras.get(key, 0), new.extras.get(key, 0)
        if had != has:
            found.append(f"{has - had:+d} {key}")
    if has_vip(client, yesterday) != has_vip(client, day):
        found.append("VIP begins" if has_vip(client, day) else "VIP ends")
    return found
