"""The exact fee of a calendar month that a rebate is a percentage of (contract REB-6, REB-7)."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from components.domain.calendar import Span, begins, between, day_of
from components.domain.clients import Client, Vps
from components.domain.fees import sold, time_zone
from components.domain.fleet import Fleet
from components.domain.prices import discount, list_price
from components.domain.sales import Sale


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the contract's words on the base of a rebate are read; each switch turns the default of its reading off."""

    full_fee: bool = False
    """R-16: a month that the VPS lived in part counts whole."""
    list_price: bool = False
    """R-17: without the term's discount."""
    all_recurring: bool = False
    """R-18: extras count as well."""


def monthly_base(
    fleet: Fleet, client: Client, vps: Vps, month: Span, life: Span | None = None, reading: Reading | None = None
) -> Fraction:
    """The exact monthly fee that a rebate is a percentage of: the package's, after the term's discount (R-16 to R-18).

    Σ fee of each sale x its seconds in the month and in the VPS's `life` ÷ the month's seconds (contract REB-7).
    Without a `life`, from the term's start up to `ends`, or to the end of a term that is not renewed.
    """
    how = reading or Reading()
    where = time_zone(fleet, client)
    # Of a month that is counted elsewhere the contract's last day has a part only.
    first, last = day_of(month.start, where), day_of(month.end - timedelta(seconds=1), where) + timedelta(days=1)
    ends = [begins(one, where) for one in (vps.ends, vps.term.end) if one is not None]
    lived = month.within(life or Span(start=begins(vps.term.start, where), end=min([month.end, *ends])))
    counted = month if how.full_fee and lived.seconds else lived
    kept = Fraction(100 - (0 if how.list_price else discount(fleet, vps.term.months)), 100)

    def fee(sale: Sale) -> Decimal:
        return list_price(fleet, sale) if how.all_recurring else fleet.packages[sale.package].price_month

    return (
        sum(
            (
                Fraction(fee(piece.sale)) * between(piece.start, piece.end, where).within(counted).seconds
                for piece in sold(vps.sales, first, last)
            ),
            Fraction(0),
        )
        * kept
        / month.seconds
    )
