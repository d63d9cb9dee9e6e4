"""One VPS in a line, by what its files declare: what is sold, where it stands, for how long, for how much."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from components.domain import prices
from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.sales import Sale
from components.domain.terms import Term

HEADS = ("vps", "package", "host", "address", "support", "a month", "term to", "then", "")
LEAVING, DROP = (8, 4, 3, 7, 6, 5), (4, 3)
"""The columns that leave a narrow terminal one after the other, and which of them it goes without."""


@dataclass(slots=True)
class Glance:
    """Rows of one fleet on one day (UTC). What is sold alike is calculated once: there are few kinds and many VPSs."""

    fleet: Fleet
    today: dt.date
    _months: dict[object, Mapping[str, Decimal] | None] = field(default_factory=dict)

    def row(self, client: Client, vps: Vps) -> dict[str, Any]:
        """One VPS, as data. `month` has the price of a month by currency; None where the catalogue lacks what is sold.

        Whether anybody pays that on this day tells `stage`: `sold`, `to come` or `over`.
        `until` is the first day after the term in which this day falls, or after the first one when it is to come.
        """
        sale, image = vps.sale(self.today), self.fleet.images.get(vps.image)
        vip = prices.has_vip(client, self.today)
        months = self._month(client, vps, sale, vip=vip)
        return {
            "vps": f"{client.key}/{vps.key}",
            "id": vps.id,
            "package": sale.package,
            "extras": dict(sale.extras),
            "next": [_sold(one) for one in vps.sales if one.since is not None and one.since > self.today],
            "host": vps.host,
            "network": vps.network,
            "addresses": [*vps.ipv4, *vps.ipv6],
            "fqdn": vps.fqdn,
            "image": vps.image,
            "flavour": image.flavour if image else "",
            "support": "vip" if vip else "standard",
            "declared": vps.power,
            "month": None if months is None else {name: str(amount) for name, amount in months.items()},
            "stage": self._stage(vps),
            "term": {
                "months": vps.term.months,
                "start": vps.term.start.isoformat(),
                "until": until(vps.term, self.today).isoformat(),
                "renew": vps.term.renew,
            },
            "ends": vps.ends.isoformat() if vps.ends else "",
        }

    def _stage(self, vps: Vps) -> str:
        if prices.is_sold(vps, self.today):
            return "sold"
        return "to come" if self.today < vps.term.start else "over"

    def _month(self, client: Client, vps: Vps, sale: Sale, *, vip: bool) -> Mapping[str, Decimal] | None:
        kind = (sale.package, tuple(sale.extras.items()), vps.term.months, vip)
        if kind not in self._months:
            try:
                self._months[kind] = prices.totals(prices.monthly(self.fleet, client, vps, self.today))
            except KeyError:
                self._months[kind] = None
        return self._months[kind]


def until(term: Term, today: dt.date) -> dt.date:
    """The first day after the term in which `today` falls; after the first one, before it begins or without renewal."""
    number = term.number(today) if term.renew else 0
    return term.begins(max(0, number) + 1)


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A row for people, in the order of `HEADS`: extras without their version, the first address alone."""
    extras, addresses = row["extras"], row["addresses"]
    more = "".join(f" + {count} {key.partition('@')[0]}" for key, count in extras.items())
    return (
        row["vps"],
        f"{row['package']}{more}",
        row["host"],
        addresses[0] if addresses else "",
        row["support"],
        money(row["month"]),
        row["term"]["until"],
        _then(row),
        _note(row),
    )


def sold(row: Mapping[str, Any]) -> str:
    """Package with extras, and what takes their place from which day on."""
    then = [f"from {one['since']}: {_pieces(one)}" for one in row["next"]]
    return "; ".join([_pieces(row), *then])


def term(term: Mapping[str, Any]) -> str:
    """A row's term in words."""
    months = f"{term['months']} month{'s' * (term['months'] != 1)}"
    then = "then renewed by itself" if term["renew"] else "then it expires"
    return f"{months} since {term['start']}, this one up to {term['until']}, {then}"


def money(month: Mapping[str, str] | None) -> str:
    """The price of a month, each currency for itself; `unknown` where the catalogue lacks what is sold."""
    return "unknown" if month is None else " + ".join(f"{amount} {name}" for name, amount in month.items())


def paid(row: Mapping[str, Any]) -> str:
    """The price of a month, and why nobody pays it on this day where nobody does."""
    why = {"to come": f", from {row['term']['start']} on", "over": ", no longer: it is over"}
    return f"{money(row['month'])}{why.get(row['stage'], '')}"


def summary(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """How many VPSs, clients and hosts, and what those that are sold on this day cost a month, by currency.

    Left out of that are the `unpriced`, and the `unsold`: to come, or over.
    """
    found, unsold, clients, hosts = 0, 0, set(), set()
    month: dict[str, Decimal] = {}
    unpriced = 0
    for row in rows:
        found += 1
        clients.add(row["vps"].partition("/")[0])
        hosts.add(row["host"])
        unpriced += row["month"] is None
        if row["stage"] != "sold":
            unsold += 1
            continue
        for name, amount in (row["month"] or {}).items():
            month[name] = month.get(name, Decimal(0)) + Decimal(amount)
    told = {name: str(amount) for name, amount in month.items()}
    counts = {"vps": found, "clients": len(clients), "hosts": len(hosts)}
    return counts | {"month": told, "unpriced": unpriced, "unsold": unsold}


def summed(summary: Mapping[str, Any], currency: str) -> str:
    """A summary in a sentence; nothing is 0.00 of `currency`, the fleet's own."""
    month = " + ".join(f"{Decimal(amount):,} {name}" for name, amount in summary["month"].items()) or f"0.00 {currency}"
    counts = ", ".join(
        f"{summary[key]:,} {word}{'s' * (summary[key] != 1)}"
        for key, word in (("vps", "VPS"), ("clients", "client"), ("hosts", "host"))
    )
    unpriced = f", {summary['unpriced']} without a price" if summary["unpriced"] else ""
    unsold = f", {summary['unsold']:,} to come or over" if summary["unsold"] else ""
    return f"{counts}; {month} a month by what is sold today{unpriced}{unsold}"


def _sold(sale: Sale) -> dict[str, Any]:
    since = sale.since.isoformat() if sale.since else ""
    return {"package": sale.package, "extras": dict(sale.extras), "since": since}


def _pieces(sold: Mapping[str, Any]) -> str:
    return " + ".join([sold["package"], *(f"{count} x {key}" for key, count in sold["extras"].items())])


def _then(row: Mapping[str, Any]) -> str:
    """How it goes on after its term, or that it doesn't."""
    over = row["stage"] == "over"
    if row["ends"] and (not over or row["term"]["renew"] or row["ends"] <= row["term"]["until"]):
        return f"{'ended' if over else 'ends'} {row['ends']}"
    return "expired" if over else "renews" if row["term"]["renew"] else "expires"


def _note(row: Mapping[str, Any]) -> str:
    notes = [row["declared"]] if row["declared"] != "managed" else []
    notes += [f"begins {row['term']['start']}"] if row["stage"] == "to come" else []
    notes += [f"{one['package']} from {one['since']}" for one in row["next"][:1]]
    return "; ".join(notes)
