"""What the end of a VPS means for its client: what is due until when, its addresses, disk and backups."""

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from components.domain.clients import Client, Vps
    from components.domain.fleet import Fleet

MOST = 3
"""More fees than these are counted, not listed."""


def farewell(fleet: "Fleet", client: "Client", vps: "Vps", today: dt.date) -> "Iterator[str]":
    """One line a matter, for a VPS that has `ends`. What the catalogue can't price is left out."""
    assert vps.ends is not None
    title = f"{client.key}/{vps.key}"
    yield from (f"{title}: {line}" for line in _money(fleet, client, vps, vps.ends, today))
    freed = vps.ends + dt.timedelta(days=min(fleet.trash_days, (dt.date.max - vps.ends).days))
    addresses = ", ".join((*vps.ipv4, *vps.ipv6)) or "no addresses"
    yield f"{title}: {addresses} and its disk are nobody else's before {freed}, or until its trash is emptied"
    package = fleet.packages.get(vps.package)
    if package is not None and package.backup is not None and fleet.backups is not None:
        kept = package.backup.keep_days
        yield f"{title}: no backup is made after its end; the last ones stay for {kept} days at least"


def _money(fleet: "Fleet", client: "Client", vps: "Vps", ends: dt.date, today: dt.date) -> "Iterator[str]":
    from components.cli.price_tables import money
    from components.domain.fees import term_fee
    from components.domain.prices import once, totals
    from components.domain.statements import unpriced

    if unpriced(fleet, vps):
        return
    if ends <= vps.term.start:
        yield "it ends before its first term begins: no fee is due"
        return
    last = vps.term.number(ends - dt.timedelta(days=1)) if vps.term.renew else 0
    first = max(0, min(last, vps.term.number(today) + 1))
    fees = [term_fee(fleet, client, vps, number) for number in range(first, last + 1)]
    coming = [fee for fee in fees if fee.due > today]
    for fee in coming[:MOST]:
        yield f"due on {fee.due}: {money(fee.totals, fleet.currency)} for {fee.start} to {fee.end}"
    if len(coming) > MOST:
        yield f"{len(coming) - MOST} more terms follow, the last one due on {coming[-1].due}"
    if not coming:
        yield "no further fee is due"
    fee = term_fee(fleet, client, vps, last)
    if ends < fee.end:
        yield (
            f"it ends inside its term of {fee.start} to {fee.end}, whose fee of {money(fee.totals, fleet.currency)} is "
            f"owed whole: --on {fee.end} costs the same"
        )
    deposit = totals(line for line in once(fleet, client, vps) if line.kind == "deposit")
    if deposit:
        yield f"its deposit of {money(deposit, fleet.currency)} is to be settled"
