"""What works would cost, shown before anybody orders them (contract WORK-26, WORK-27)."""

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from components.cli.price_tables import amounts, money, table

if TYPE_CHECKING:
    from components.domain.clients import Client, Vps
    from components.domain.fleet import Fleet
    from components.domain.orders import Request
    from components.domain.works import WorkLine

HEADS = ("row", "what", "quantity", "unit price", "free", "before", "amount")
KVM, HOURLY = "WORK-15", "WORK-24"


def show(
    fleet: "Fleet",
    client: "Client",
    vps: "Vps",
    day: dt.date,
    orders: list[str],
    times: int,
    minutes: int,
    used: int,
    logged: int,
    given: list[str],
    *,
    as_json: bool,
) -> None:
    """Show what one request costs. Raises DomainError, with the reason, for what can't be ordered."""
    from components.domain.orders import request
    from components.domain.prices import has_vip
    from components.domain.problems import DomainError
    from components.domain.works import FACTS, services

    for fact in given:
        if fact not in FACTS:
            raise DomainError(f'"{fact}" is nothing that a price hangs on.', f"Known: {', '.join(FACTS)}.")
    vip = has_vip(client, day)
    lines, hourly = [], bool(minutes) and not orders
    for text in orders:
        name, count = _split(text, times)
        if _row(fleet, name) == HOURLY:
            hourly = True
            continue
        lines.append(_line(fleet, client, vps, name, count, minutes, used, frozenset(given), vip=vip))
    if minutes and not hourly and not any(line.row == KVM for line in lines):
        hourly = True
    if hourly and any(line.row == KVM for line in lines):
        raise DomainError(
            f"--minutes can't be both of {KVM} and of hourly work.",
            "Price the two in two calls; the minimum is for both.",
        )
    if hourly and not minutes:
        raise DomainError("Hourly work needs its length.", "Write --minutes N.")
    found = request(
        lines, minutes if hourly else 0, logged=logged, service=services(fleet).get(HOURLY), home=fleet.currency
    )
    if as_json:
        from components.cli.guests import say

        say(_data(client, vps, day, found, vip=vip))
        return
    support = "with VIP" if vip else "without VIP"
    typer.echo(f"{client.key}/{vps.key}, ordered on {day} {support}; nothing is ordered by this")
    for text in table([HEADS, *map(_cells, found.lines), *_hours(found)], (3, 6), (5, 1, 4, 2)):
        typer.echo(text)
    typer.echo(f"together {money(found.totals, fleet.currency)}")


def _split(text: str, times: int) -> tuple[str, int]:
    from components.domain.problems import DomainError

    name, colon, count = text.partition(":")
    if not colon:
        return name, times
    if not (count.isascii() and count.isdecimal()) or not int(count):
        raise DomainError(f'"{text}" is no order.', "Write a row and how often, like WORK-10:2.")
    return name, int(count)


def _row(fleet: "Fleet", name: str) -> str:
    """The contract's row that is meant by a row or by a service's name."""
    service = fleet.services.get(name)
    return service.row if service is not None else name.upper()


def _line(
    fleet: "Fleet",
    client: "Client",
    vps: "Vps",
    name: str,
    times: int,
    minutes: int,
    used: int,
    given: frozenset[str],
    *,
    vip: bool,
) -> "WorkLine":
    from components.domain.problems import DomainError
    from components.domain.works import ROWS, Order, Server, service_line, services, task, work

    row, service = _row(fleet, name), fleet.services.get(name)
    if row in ROWS:
        order = Order(
            row=row,
            server=Server(key=vps.key, panel="aegir" if vps.panel is not None else ""),
            times=times,
            given=given,
            minutes=minutes,
            client_vps=len(client.vps),
        )
        priced = service if service is not None and service.price is not None else services(fleet).get(row)
        return work(order, used=used, vip=vip, service=priced, home=fleet.currency)
    if service is not None:
        return service_line(service, times, vip=vip, home=fleet.currency, server=vps.key)
    if row.startswith("SUP-"):
        return replace(task(row, vps.key), vip=vip)
    known = ", ".join(one.key for one in fleet.services.values() if one.kind == "work") or "none"
    raise DomainError(
        f'There is no work "{name}".',
        f"Known: WORK-1 to WORK-22, {HOURLY} for hours, SUP-1 to SUP-20; by name: {known}.",
    )


def _cells(line: "WorkLine") -> tuple[str, ...]:
    free = f"{line.free}{' by VIP' if line.vip and line.unit_price else ''}" if line.free else "-"
    return (
        line.row,
        line.what,
        f"{line.quantity} x {line.per}",
        f"{line.unit_price:.2f} {line.currency}",
        free,
        "-" if line.counter is None else f"{line.counter} this month, 1 free",
        f"{line.amount:.2f} {line.currency}",
    )


def _hours(found: "Request") -> list[tuple[str, ...]]:
    from components.domain.orders import MINIMUM

    if found.hours is None:
        return []
    hours = found.hours
    price, amount = (f"{one:.2f} {hours.currency}" for one in (hours.price, hours.amount))
    free = f"{hours.included} min" if hours.included else "-"
    out: list[tuple[str, ...]] = [(HOURLY, "Hourly work", f"{hours.minutes} min", f"{price}", free, "-", amount)]
    if found.top_up:
        least = f"at least {MINIMUM:.2f} a request with hours"
        out.append(("", least, "", "", "", "", f"{found.top_up:.2f} {hours.currency}"))
    return out


def _data(client: "Client", vps: "Vps", day: dt.date, found: "Request", *, vip: bool) -> dict[str, Any]:
    hours = found.hours
    return {
        "client": client.key,
        "vps": vps.key,
        "day": day.isoformat(),
        "vip": vip,
        "lines": [
            {
                "row": line.row,
                "what": line.what,
                "quantity": line.quantity,
                "per": line.per,
                "free": line.free,
                "unit_price": f"{line.unit_price:.2f}",
                "currency": line.currency,
                "counter": line.counter,
                "vip": line.vip,
                "amount": f"{line.amount:.2f}",
            }
            for line in found.lines
        ],
        "hours": None
        if hours is None
        else {
            "minutes": hours.minutes,
            "included": hours.included,
            "price": f"{hours.price:.2f}",
            "currency": hours.currency,
            "amount": f"{hours.amount:.2f}",
            "top_up": f"{found.top_up:.2f}",
        },
        "totals": amounts(found.totals),
    }
