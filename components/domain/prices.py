"""What a VPS costs: the lines of a month, of a term, and those that come once. Exact decimals, no taxes (contract PAY).

Amounts are exact until a line is finished, then rounded half up to the minor unit, once (contract J5). A currency is
never converted nor added to another (J8). The rules are decisions in components/domain/README.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.sales import Sale
from components.domain.services import Service

CENT = Decimal("0.01")
"""The minor unit of every currency here."""


class Kind(StrEnum):
    """What a line is for."""

    PACKAGE = "package"
    EXTRA = "extra"
    DISCOUNT = "discount"
    VIP = "vip"
    SET_UP = "set-up"
    DEPOSIT = "deposit"


class Per(StrEnum):
    """For how long a line's amount pays."""

    MONTH = "month"
    TERM = "term"
    ONCE = "once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a statement; `what` is `small@2026-01`, `2 x memory@2026-01`, `term of 12 months: -10 %`.

    `amount` has two places and is below zero where it is taken off. A line of a term pays for the days `[start, end)`
    and is due on `due`; None: on reception of the invoice (contract PAY-2), or with the term's other lines.
    """

    vps: str
    kind: Kind
    what: str
    amount: Decimal
    currency: str
    per: Per
    due: date | None = None
    start: date | None = None
    end: date | None = None


def rounded(amount: Fraction | Decimal) -> Decimal:
    """Half up to the minor unit, away from zero at the half (contract J5, R-23)."""
    exact = Fraction(amount) * 100
    cents = int(abs(exact) + Fraction(1, 2))
    return Decimal(cents if exact >= 0 else -cents).scaleb(-2)


def totals(lines: Iterable[Line]) -> dict[str, Decimal]:
    """The sum of the lines in each currency, in the order in which currencies come; they are never added up."""
    found: dict[str, Decimal] = {}
    for line in lines:
        found[line.currency] = found.get(line.currency, Decimal("0.00")) + line.amount
    return found


def split(fee: Decimal, months: int) -> tuple[Decimal, ...]:
    """A term's fee as shown per month: shares that sum to it exactly, the earliest the larger ones (contract PAY-4)."""
    cents = int(fee / CENT)
    share, over = divmod(abs(cents), months)
    sign = -1 if cents < 0 else 1
    return tuple(Decimal(sign * (share + (index < over))).scaleb(-2) for index in range(months))


def discount(fleet: Fleet, months: int) -> int:
    """What a term of so many months takes off package and extras, in percent."""
    return next((one.percent for one in fleet.discounts if one.months == months), 0)


def vip_service(fleet: Fleet) -> Service | None:
    """The catalogue's row for VIP Administration (contract VIP-14); None where it is not sold or has no price."""
    found = next((one for one in fleet.services.values() if one.row == "VIP-14"), fleet.services.get("vip"))
    return found if found is not None and found.price is not None else None


def has_vip(client: Client, day: date) -> bool:
    """Whether VIP Administration is in force for the client on that day (contract VIP-14 to VIP-16)."""
    vip = client.contract.vip
    return vip is not None and vip.since <= day and (vip.until is None or day < vip.until)


def list_price(fleet: Fleet, sale: Sale) -> Decimal:
    """Package and extras for a month, before the term's discount. Raises KeyError for what is not sold."""
    extras = (fleet.extras[key].price_month * count for key, count in sale.extras.items())
    return sum(extras, fleet.packages[sale.package].price_month)


def monthly(fleet: Fleet, client: Client, vps: Vps, day: date) -> tuple[Line, ...]:
    """The lines of a month by what is in force on `day`: package, each extra, the term's discount, VIP.

    Suspended and stopped are paid like running. Before its first and after its last day it has the price that it will
    have or had; `is_sold` tells. Raises KeyError for a package or extra that the catalogue lacks.
    """
    sale = vps.sale(day)
    found = [_month(fleet, vps, Kind.PACKAGE, sale.package, fleet.packages[sale.package].price_month)]
    for key, count in sale.extras.items():
        found.append(_month(fleet, vps, Kind.EXTRA, pieces(key, count), fleet.extras[key].price_month * count))
    percent = discount(fleet, vps.term.months)
    if percent:
        taken = rounded(-Fraction(list_price(fleet, sale)) * percent / 100)
        found.append(_month(fleet, vps, Kind.DISCOUNT, discount_words(vps.term.months, percent), taken))
    service = vip_service(fleet)
    if has_vip(client, day) and service is not None and service.price is not None:
        found.append(_month(fleet, vps, Kind.VIP, service.title, service.price, service.currency))
    return tuple(found)


def discount_words(months: int, percent: int) -> str:
    """What a line of a term's discount is called."""
    return f"term of {months} months: -{percent} %"


def is_sold(vps: Vps, day: date) -> bool:
    """Whether a day is paid for: from the term's start up to `ends`, or to the end of a term that is not renewed."""
    last = min((one for one in (vps.ends, vps.term.end) if one is not None), default=None)
    return vps.term.start <= day and (last is None or day < last)


def recurring(fleet: Fleet, client: Client, day: date) -> tuple[Line, ...]:
    """The lines of a month of all the client's VPSs that are sold on `day`."""
    return tuple(line for vps in client.vps.values() if is_sold(vps, day) for line in monthly(fleet, client, vps, day))


def once(fleet: Fleet, client: Client, vps: Vps, invoiced: date | None = None) -> tuple[Line, ...]:
    """Deposit and set-up of a VPS, and of every piece of an extra that came later; nothing where they cost nothing.

    The deposit is due on signing (contract PAY-1), set-up on reception of the invoice (PAY-2): on `invoiced`, where
    that is known. A piece that comes back after it was given up costs no second set-up.
    """
    first = vps.sales[0]
    package, start = fleet.packages[first.package], vps.term.start
    found = [
        _once(fleet, vps, Kind.DEPOSIT, first.package, package.deposit, start, client.contract.signed),
        _once(fleet, vps, Kind.SET_UP, first.package, package.set_up, start, invoiced),
    ]
    had: dict[str, int] = {}
    for sale in vps.sales:
        for key, count in sale.extras.items():
            more = count - had.get(key, 0)
            if more > 0:
                amount = fleet.extras[key].set_up * more
                day = sale.since or start
                found.append(_once(fleet, vps, Kind.SET_UP, pieces(key, more), amount, day, invoiced))
                had[key] = count
    return tuple(line for line in found if line.amount)


def pieces(key: str, count: int) -> str:
    """So many of an extra, as lines name them."""
    return key if count == 1 else f"{count} x {key}"


def _once(fleet: Fleet, vps: Vps, kind: Kind, what: str, amount: Decimal, start: date, due: date | None = None) -> Line:
    currency = fleet.currency
    return Line(vps=vps.key, kind=kind, what=what, amount=amount, currency=currency, per=Per.ONCE, due=due, start=start)


def _month(fleet: Fleet, vps: Vps, kind: Kind, what: str, amount: Decimal, currency: str = "") -> Line:
    currency = currency or fleet.currency
    return Line(vps=vps.key, kind=kind, what=what, amount=amount, currency=currency, per=Per.MONTH)
