"""Requests for work: rows and hours together, with the included hour and the minimum (WORK-24, WORK-25, SUP-26).

Hourly work is what has no row: to the minute, a started one counts.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from components.domain.calendar import Span, month_at
from components.domain.prices import rounded
from components.domain.services import INCLUDED_MINUTES, Service
from components.domain.works import CURRENCY, Order, WorkLine, work

HOUR = Decimal("35.00")
MINIMUM = Decimal("15.00")
"""The least that a request with billable hours costs in all (R-50)."""
HOURLY = "WORK-24"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Hourly work of one request: `included` of its `minutes` are paid by the contract's hour (SUP-26)."""

    minutes: int
    included: int
    price: Decimal
    currency: str
    amount: Decimal

    @property
    def billed(self) -> int:
        """The minutes that cost something."""
        return self.minutes - self.included


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one request costs: its lines, its hours, and what lifts it to the minimum; each currency by itself."""

    lines: tuple[WorkLine, ...]
    hours: Hours | None
    top_up: Decimal

    @property
    def totals(self) -> dict[str, Decimal]:
        """By currency."""
        found: dict[str, Decimal] = {}
        for line in self.lines:
            found[line.currency] = found.get(line.currency, Decimal("0.00")) + line.amount
        if self.hours is not None:
            before = found.get(self.hours.currency, Decimal("0.00"))
            found[self.hours.currency] = before + self.hours.amount + self.top_up
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An order at its instant (UTC), which decides on its month and on VIP."""

    order: Order
    at: dt.datetime


def request(
    lines: Sequence[WorkLine] = (),
    minutes: int = 0,
    *,
    logged: int = 0,
    service: Service | None = None,
    home: str = "",
) -> Request:
    """What several orders and `minutes` of hourly work cost together.

    `logged` are the minutes of the included hour that this contract has used up in this calendar month (R-54);
    `service` is the catalogue's for an hour. VIP makes rows free, never hours.
    """
    if not minutes:
        return Request(lines=tuple(lines), hours=None, top_up=Decimal("0.00"))
    price, currency = HOUR, CURRENCY
    if service is not None and service.price is not None:
        price, currency = service.price, service.currency or home or CURRENCY
    included = min(minutes, max(0, INCLUDED_MINUTES - logged))
    amount = rounded(Fraction(price) * (minutes - included) / 60)
    hours = Hours(minutes=minutes, included=included, price=price, currency=currency, amount=amount)
    together = amount + sum((line.amount for line in lines if line.currency == currency), Decimal("0.00"))
    short = max(Decimal("0.00"), MINIMUM - together) if hours.billed else Decimal("0.00")
    return Request(lines=tuple(lines), hours=hours, top_up=short)


def used(done: Iterable[tuple[dt.datetime, WorkLine]], order: Order, month: Span) -> int:
    """How often the order's row was used for its server in that month, but for what VIP made free (WORK-25)."""
    return sum(
        line.counts for at, line in done if month.holds(at) and (line.row, line.server) == (order.row, order.server.key)
    )


def in_turn(placed: Iterable[Placed], where: dt.tzinfo, vip: Sequence[Span] = ()) -> list[WorkLine]:
    """Orders priced in the order of their instants, each by what came before in its month of the zone `where`.

    `vip` are the spans in which VIP is active. Raises DomainError for an order that is refused.
    """
    done: list[tuple[dt.datetime, WorkLine]] = []
    for one in sorted(placed, key=lambda found: found.at):
        before = used(done, one.order, month_at(one.at, where))
        done.append((one.at, work(one.order, used=before, vip=any(span.holds(one.at) for span in vip))))
    return [line for _, line in done]
