"""What the documents of a kit say of prices: the figures of `vps price`, in words that a template puts together."""

from datetime import date
from decimal import Decimal
from typing import Any

from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.prices import Kind, discount, has_vip, totals
from components.domain.sales import Sale
from components.domain.statements import Amounts, account, shown_on

Facts = dict[str, Any]


def price(fleet: Fleet, client: Client, vps: Vps, as_of: date) -> Facts:
    """One VPS's month, its parts, what its term takes off, the fee of a term, what comes once and what comes later.

    Raises KeyError for a package or extra that the catalogue lacks, DomainError for an unknown time zone.
    """
    found = account(fleet, client, vps, as_of)
    term = found.following or found.term
    whole = all((line.start, line.end) == (term.start, term.end) for line in term.lines)
    return {
        "month": _money(totals(found.lines), fleet),
        "parts": [
            {"what": _what(fleet, line.what), "amount": f"{line.amount:.2f} {line.currency}"}
            for line in found.lines
            if line.kind is not Kind.DISCOUNT
        ],
        "discount": discount(fleet, vps.term.months),
        "taken": next(
            (f"{-line.amount:.2f} {line.currency}" for line in found.lines if line.kind is Kind.DISCOUNT), ""
        ),
        "fee": _money(term.totals, fleet) if whole else "",
        "once": [
            {"kind": line.kind.value, "what": _what(fleet, line.what), "amount": f"{line.amount:.2f}"}
            for line in found.once
        ],
        "later": [
            {"from": step.day.isoformat(), "month": _money(step.month, fleet)}
            for step in found.steps
            if found.is_sold and step.month
        ],
    }


def sold(vps: Vps, as_of: date) -> Sale:
    """What of the catalogue a VPS has on a day, or on the nearest on which it is sold."""
    return vps.sale(shown_on(vps, as_of))


def is_same(fleet: Fleet, client: Client, one: date, other: date) -> bool:
    """Whether on both days the same is in force and paid, so that a document of the one is still right on the other.

    Raises KeyError and DomainError as `price`.
    """
    return has_vip(client, one) == has_vip(client, other) and all(
        vps.sale(one) == vps.sale(other)
        and (one < vps.term.start) == (other < vps.term.start)
        and (one == other or price(fleet, client, vps, one) == price(fleet, client, vps, other))
        for vps in client.vps.values()
    )


def _what(fleet: Fleet, what: str) -> str:
    """An extra by its title, anything else as it is called."""
    count, times, key = what.rpartition(" x ")
    extra = fleet.extras.get(key)
    return what if extra is None else f"{count}{times}{extra.title}"


def _money(amounts: Amounts, fleet: Fleet) -> str:
    return " + ".join(f"{amount:.2f} {currency}" for currency, amount in amounts.items()) or (
        f"{Decimal(0):.2f} {fleet.currency}"
    )
