"""What a term of a VPS costs, from its first day to its last.

One rule for every change within a term: each of its months, counted from its first day, costs what a thing costs a
month, times the part of that month's seconds in which it was in force (contract J4, REB-7).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise

from components.domain.calendar import between, later, zone
from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.prices import (
    Kind,
    Line,
    Per,
    discount,
    discount_words,
    monthly,
    once,
    pieces,
    rounded,
    totals,
    vip_service,
)
from components.domain.sales import Sale
from components.domain.terms import Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One sale over the days `[start, end)` of a term."""

    sale: Sale
    start: date
    end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TermFee:
    """One term's lines with its days `[start, end)`; all that is known on `start` is due there (contract PAY-3)."""

    number: int
    start: date
    end: date
    lines: tuple[Line, ...]

    @property
    def due(self) -> date:
        """Its first day."""
        return self.start

    @property
    def totals(self) -> dict[str, Decimal]:
        """What the whole term costs, by currency."""
        return totals(self.lines)


def time_zone(fleet: Fleet, client: Client) -> tzinfo:
    """Where the days of the client's contract begin; UTC for a contract version that the catalogue lacks."""
    version = fleet.contracts.get(client.contract.version)
    return zone(version.time_zone if version is not None else "UTC")


def sold(sales: Iterable[Sale], start: date, end: date) -> Iterator[Piece]:
    """What of the sales, in the order of their days, was in force in `[start, end)`; without gap or overlap."""
    known = tuple(sales)
    for index, sale in enumerate(known):
        first = start if index == 0 or sale.since is None else max(start, sale.since)
        after = next((one.since for one in known[index + 1 :] if one.since is not None), None)
        last = end if after is None else min(end, after)
        if first < last:
            yield Piece(sale=sale, start=first, end=last)


def term_fee(fleet: Fleet, client: Client, vps: Vps, number: int) -> TermFee:
    """What the term of that number costs, 0 being the first. A term that has begun is owed whole, whatever `ends` says.

    Raises KeyError for a package or extra that the catalogue lacks, DomainError for an unknown time zone.
    """
    start, end = vps.term.begins(number), vps.term.begins(number + 1)
    lines = tuple(_lines(fleet, client, vps, number))
    return TermFee(number=number, start=start, end=end, lines=lines)


def term_on(fleet: Fleet, client: Client, vps: Vps, day: date) -> TermFee:
    """The fee of the term in which `day` falls; before the first term and after the last, of that one."""
    return term_fee(fleet, client, vps, term_number(vps, day))


def term_number(vps: Vps, day: date) -> int:
    """In which term a day counts, clamped to those that are sold."""
    number = max(0, vps.term.number(day))
    if not vps.term.renew:
        return 0
    if vps.ends is not None and vps.ends > vps.term.start:
        last = vps.term.number(vps.ends)
        number = min(number, last if vps.term.begins(last) < vps.ends else last - 1)
    return number


def next_due(vps: Vps, day: date) -> date | None:
    """The first day of the next term after `day`, where its fee is due; None when no other follows."""
    number = vps.term.number(day) + 1
    start = vps.term.begins(max(0, number))
    follows = number <= 0 or vps.term.renew
    return start if follows and (vps.ends is None or start < vps.ends) else None


def quote(
    fleet: Fleet, client: Client, vps: Vps, sale: Sale | None = None, term: Term | None = None
) -> tuple[Line, ...]:
    """What a VPS would cost with that sale and term, or with its own: lines of a month, of its first term, and once.

    `vps` need not be in the fleet yet. Raises KeyError for what the catalogue lacks.
    """
    asked = vps
    if sale is not None:
        asked = replace(asked, package=sale.package, extras=sale.extras, since=sale.since, before=())
    if term is not None:
        asked = replace(asked, term=term)
    first = asked.term.start
    return (
        *monthly(fleet, client, asked, first),
        *term_fee(fleet, client, asked, 0).lines,
        *once(fleet, client, asked),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """Something that costs the same from `start` up to `end`; `price` is a month's, of all its pieces."""

    kind: Kind
    what: str
    price: Decimal
    start: date
    end: date
    currency: str


def _lines(fleet: Fleet, client: Client, vps: Vps, number: int) -> Iterator[Line]:
    where, months = time_zone(fleet, client), vps.term.months
    days = [later(vps.term.start, number * months + index) for index in range(months + 1)]
    start, end = days[0], days[-1]
    percent = discount(fleet, months)
    runs = sorted(_runs(fleet, vps, start, end), key=lambda run: run.start)

    def exact(run: _Run) -> Fraction:
        if (run.start, run.end) == (start, end):
            return Fraction(run.price) * months
        return Fraction(run.price) * sum(
            (_share(run, first, last, where) for first, last in pairwise(days)), Fraction(0)
        )

    def line(run: _Run, amount: Fraction) -> Line:
        return Line(
            vps=vps.key,
            kind=run.kind,
            what=run.what,
            amount=rounded(amount),
            currency=run.currency,
            per=Per.TERM,
            due=run.start,
            start=run.start,
            end=run.end,
        )

    for first, same in groupby(runs, key=lambda run: run.start):
        together = tuple(same)
        yield from (line(run, exact(run)) for run in together)
        if percent:
            taken = sum(map(exact, together), Fraction(0)) * percent / 100
            what = discount_words(months, percent)
            last = max(run.end for run in together)
            yield line(_Run(Kind.DISCOUNT, what, Decimal(0), first, last, fleet.currency), -taken)
    service, vip = vip_service(fleet), client.contract.vip
    if vip is not None and service is not None and service.price is not None:
        first = max(start, vip.since)
        last = min(one for one in (end, vip.until, vps.ends) if one is not None)
        if first < last:
            run = _Run(Kind.VIP, service.title, service.price, first, last, service.currency or fleet.currency)
            yield line(run, exact(run))


def _share(run: _Run, first: date, last: date, where: tzinfo) -> Fraction:
    """Which part of the month `[first, last)` a run has; nothing of one beyond the calendar, which has no days."""
    whole = between(first, last, where)
    part = between(max(first, run.start), min(last, run.end), where)
    return Fraction(part.seconds, whole.seconds or 1)


def _runs(fleet: Fleet, vps: Vps, start: date, end: date) -> Iterator[_Run]:
    """Package and extras of a term, each over as many days as it stays the same."""
    open_: dict[tuple[Kind, str], _Run] = {}
    for piece in sold(vps.sales, start, end):
        sale = piece.sale
        now = {(Kind.PACKAGE, sale.package): (sale.package, fleet.packages[sale.package].price_month)}
        for key, count in sale.extras.items():
            extra = fleet.extras[key]
            now[Kind.EXTRA, key] = (pieces(key, count), extra.price_month * count)
        for thing, run in tuple(open_.items()):
            if now.get(thing, ("", 0))[0] != run.what:
                yield open_.pop(thing)
        for thing, (what, price) in now.items():
            begun = open_[thing].start if thing in open_ else piece.start
            open_[thing] = _Run(thing[0], what, price, begun, piece.end, fleet.currency)
    yield from open_.values()
