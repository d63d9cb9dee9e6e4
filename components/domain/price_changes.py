"""What a change of declared files changes in money, for each VPS that it concerns."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from components.domain.clients import Client, Vps
from components.domain.fees import term_fee
from components.domain.fleet import Fleet
from components.domain.prices import once, totals
from components.domain.statements import Amounts, steps

Sold = tuple[Fleet, Client, Vps]
"""A VPS as one state of the files sells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Days `[start, end)` on which a month costs `after` instead of `before`; `end` None: from then on."""

    start: date
    end: date | None
    before: Amounts
    after: Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class TermChange:
    """The fee of the days `[start, end)` becomes another: the difference is charged or credited for that term.

    `was` is the end of the earlier term where that was another one; its fee paid for its own days.
    """

    start: date
    end: date
    before: Amounts
    after: Amounts
    was: date | None = None

    @property
    def more(self) -> dict[str, Decimal]:
        """What is charged, or below zero credited."""
        return more(self.before, self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """What changes for one VPS; `kind` is `new`, `gone` or `changed`, `once` what is to be paid once more or less."""

    client: str
    vps: str
    kind: str
    client_kind: str
    """`new` and `gone` of the client itself, else `kept`."""
    stretches: tuple[Stretch, ...]
    once: Amounts
    term: TermChange | None

    @property
    def lasting(self) -> dict[str, Decimal]:
        """What a month costs more, or below zero less, once all that is for a time only is over."""
        last = self.stretches[-1] if self.stretches else None
        return more(last.before, last.after) if last is not None and last.end is None else {}


def price_changes(base: Fleet, head: Fleet, today: date) -> Iterator[PriceChange]:
    """Each VPS of which a month, its beginning or a fee costs something else in `head`, by their names in `head`.

    VPSs and clients are known by their ids, so a new name changes nothing. Raises KeyError for a package or extra that
    a catalogue lacks; `unpriced` finds them.
    """
    was = {client.id: client for client in base.clients.values()}
    now = {client.id: client for client in head.clients.values()}
    same = _catalogue(base) == _catalogue(head)
    for key in sorted({*was, *now}, key=lambda one: (now.get(one) or was[one]).key):
        old, new = was.get(key), now.get(key)
        kind = "gone" if new is None else "new" if old is None else "kept"
        before = {vps.id: (base, old, vps) for vps in old.vps.values()} if old is not None else {}
        after = {vps.id: (head, new, vps) for vps in new.vps.values()} if new is not None else {}
        for one in dict.fromkeys([*after, *before]):
            sold, sells = before.get(one), after.get(one)
            if same and sold and sells and sold[2] == sells[2] and sold[1].contract == sells[1].contract:
                continue
            found = price_change(sold, sells, today, kind)
            if found is not None:
                yield found


def price_change(sold: Sold | None, sells: Sold | None, today: date, client_kind: str = "kept") -> PriceChange | None:
    """What one VPS costs more or less as `sells` says than as `sold` did; None on one side: it is new, or gone.

    Of what is gone only what was still to come is no longer paid: days that are over, and what was due once with its
    beginning, are not paid back. None when nothing changes. Raises KeyError as `price_changes`.
    """
    either = sells or sold
    if either is None:
        return None
    _, client, vps = either
    over = today if sells is None else date.min
    stretches = tuple(one for one in _stretches(sold, sells) if one.end is None or one.end > over)
    at_once = more(_once(sold, over), _once(sells, date.min))
    term = _term(sold, sells, today, stretches)
    if not (stretches or at_once or term):
        return None
    kind = "gone" if sells is None else "new" if sold is None else "changed"
    return PriceChange(
        client=client.key,
        vps=vps.key,
        kind=kind,
        client_kind=client_kind,
        stretches=stretches,
        once=at_once,
        term=term,
    )


def more(before: Amounts, after: Amounts) -> dict[str, Decimal]:
    """`after` less `before` in each currency; what did not change is left out."""
    nothing = Decimal("0.00")
    found = {one: after.get(one, nothing) - before.get(one, nothing) for one in dict.fromkeys([*before, *after])}
    return {currency: amount for currency, amount in found.items() if amount}


def added(changes: Iterable[PriceChange]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """What all changes add to a month for good, and once. What is for a time only is in neither."""
    month: dict[str, Decimal] = {}
    all_once: dict[str, Decimal] = {}
    for change in changes:
        for into, amounts in (
            (month, change.lasting),
            (all_once, change.once),
        ):
            for currency, amount in amounts.items():
                into[currency] = into.get(currency, Decimal("0.00")) + amount
    return more({}, month), more({}, all_once)


def _catalogue(fleet: Fleet) -> tuple[object, ...]:
    """What prices hang on beside clients' files."""
    return (fleet.currency, fleet.packages, fleet.extras, fleet.discounts, fleet.contracts, fleet.services)


def _once(one: Sold | None, over: date) -> Amounts:
    """What comes once for what begins after that day."""
    return totals(line for line in once(*one) if line.start and line.start > over) if one is not None else {}


def _stretches(sold: Sold | None, sells: Sold | None) -> Iterator[Stretch]:
    old = {step.day: step.month for step in steps(*sold)} if sold is not None else {}
    new = {step.day: step.month for step in steps(*sells)} if sells is not None else {}
    days = sorted({*old, *new})
    before: Amounts = {}
    after: Amounts = {}
    open_: Stretch | None = None
    for day in days:
        before, after = old.get(day, before), new.get(day, after)
        if open_ is not None:
            if (open_.before, open_.after) == (before, after):
                continue
            yield Stretch(start=open_.start, end=day, before=open_.before, after=open_.after)
            open_ = None
        if before != after:
            open_ = Stretch(start=day, end=None, before=before, after=after)
    if open_ is not None:
        yield open_


def _term(sold: Sold | None, sells: Sold | None, today: date, stretches: tuple[Stretch, ...]) -> TermChange | None:
    """Of a new VPS its first fee; else the first one that is due already, or will be, and is another now."""
    if sells is None or not stretches:
        return None
    day = max(today, stretches[0].start)
    number = 0 if sold is None else max(0, sells[2].term.number(day))
    start, end = (sells[2].term.begins(one) for one in (number, number + 1))
    before: Amounts = {}
    was = None
    if sold is not None:
        earlier = max(0, sold[2].term.number(day))
        before = _fee(sold, earlier)
        last = sold[2].term.begins(earlier + 1)
        was = None if (sold[2].term.begins(earlier), last) == (start, end) else last
    after = _fee(sells, number)
    return TermChange(start=start, end=end, before=before, after=after, was=was) if before != after else None


def _fee(one: Sold, number: int) -> Amounts:
    """That of the term of this number; nothing where none is owed any more."""
    vps = one[2]
    begins = vps.term.begins(number)
    owed = number == 0 or (vps.term.renew and (vps.ends is None or begins < vps.ends))
    return term_fee(*one, number).totals if owed else {}
