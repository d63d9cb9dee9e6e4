"""Prices as commands show them before they write: what a month, a term and the beginning cost."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.domain.fleet import Fleet
    from components.domain.price_changes import PriceChange, TermChange
    from components.domain.prices import Line

TITLES = {"month": "a month", "term": "first term", "once": "once"}


def lines(found: "Iterable[Line]") -> list[str]:
    """A table for people: one row per line, and the sum where there are several."""
    from components.domain.prices import totals

    rows: list[str] = []
    told = list(found)
    for per, title in TITLES.items():
        mine = [one for one in told if one.per == per]
        whens = list(dict.fromkeys(map(_when, mine)))
        for number, one in enumerate(mine):
            alone = _when(one) if len(mine) == 1 or len(whens) > 1 else ""
            rows.append(_row(title if number == 0 else "", f"{_kind(one)}{one.what}", one.amount, one.currency, alone))
        if len(mine) > 1:
            together = whens[0] if len(whens) == 1 else ""
            rows += [_row("", "together", amount, currency, together) for currency, amount in totals(mine).items()]
    return rows


def report(found: "Iterable[Line]") -> list[dict[str, Any]]:
    """The same for machines; amounts are text, so that nobody reads them as floats."""
    return [
        {
            "per": str(one.per),
            "kind": str(one.kind),
            "what": one.what,
            "amount": str(one.amount),
            "currency": one.currency,
            "due": one.due.isoformat() if one.due else None,
        }
        for one in found
    ]


def _kind(line: "Line") -> str:
    return f"{line.kind}: " if line.kind in ("set-up", "deposit") else ""


def _when(line: "Line") -> str:
    if line.per == "term" and line.start and line.end:
        return f"  {line.start} to {line.end}" + (f", due {line.due}" if line.due else "")
    if line.per == "once":
        return f"  due {line.due}" if line.due else "  due on invoice"
    return ""


def _row(title: str, what: str, amount: object, currency: str, when: str = "") -> str:
    return f"{title:<12}{what:<34}{amount:>10} {currency}{when}"


def changed(before: "Fleet", after: "Fleet", today: dt.date) -> list[str]:
    """What an edit changes in money, in lines for people; one that says so where nothing does, or nobody can tell."""
    from components.cli.price_tables import money, signed

    changes, rows = _changes(before, after, today)
    for change in changes:
        whose = f"{change.client}/{change.vps}: " if len(changes) > 1 else ""
        for one in change.stretches:
            until = f" to {one.end}" if one.end else ""
            amounts = f"{money(one.before, after.currency)} -> {money(one.after, after.currency)}"
            rows.append(f"a month     {whose}{amounts}, from {one.start}{until}")
        if change.term is not None:
            rows.append(f"term        {whose}{fee_words(change.term, after.currency)}")
        if change.once:
            rows.append(f"once        {whose}{signed(change.once)}")
    return rows or ["price       unchanged"]


def changed_report(before: "Fleet", after: "Fleet", today: dt.date) -> list[dict[str, Any]]:
    """The same for machines; what has no price is left out."""
    return [change_data(change) for change in _changes(before, after, today)[0]]


def _changes(before: "Fleet", after: "Fleet", today: dt.date) -> "tuple[list[PriceChange], list[str]]":
    """What changes of the edited clients' prices, and a line for each VPS that has none: it is no reason to stop."""
    from components.domain.price_changes import price_changes
    from components.domain.statements import unpriced

    edited = {key for key, client in after.clients.items() if before.clients.get(key) != client}
    edited |= before.clients.keys() - after.clients.keys()
    silent: dict[str, str] = {}
    for fleet in (before, after):
        for key in edited & fleet.clients.keys():
            for vps in fleet.clients[key].vps.values():
                if lacking := unpriced(fleet, vps):
                    what = f"{key}/{vps.key} has {', '.join(lacking)}, which is not sold"
                    silent[vps.id] = f"price       can't be told: {what}"
    was, now = (
        replace(
            fleet,
            clients={
                key: replace(one, vps={label: vps for label, vps in one.vps.items() if vps.id not in silent})
                for key, one in fleet.clients.items()
                if key in edited
            },
        )
        for fleet in (before, after)
    )
    return list(price_changes(was, now, today)), list(silent.values())


def fee_words(term: "TermChange", currency: str) -> str:
    """What more a term costs; of one with other days both fees, for the one doesn't pay for the days of the other."""
    from components.cli.price_tables import money, signed

    if term.was is None:
        return f"{signed(term.more)} for {term.start} to {term.end}"
    now, before = (money(one, currency) for one in (term.after, term.before))
    return f"{now} for {term.start} to {term.end}, was {before} up to {term.was}"


def change_data(change: "PriceChange") -> dict[str, Any]:
    """One VPS's change for machines, wherever it is told; amounts are text, so that nobody reads them as floats."""
    from components.cli.price_tables import amounts

    return {
        "client": change.client,
        "vps": change.vps,
        "kind": change.kind,
        "client_kind": change.client_kind,
        "month": [
            {
                "start": one.start.isoformat(),
                "end": one.end.isoformat() if one.end else None,
                "before": amounts(one.before),
                "after": amounts(one.after),
            }
            for one in change.stretches
        ],
        "once": amounts(change.once),
        "term": {
            "start": change.term.start.isoformat(),
            "end": change.term.end.isoformat(),
            "before": amounts(change.term.before),
            "after": amounts(change.term.after),
            "more": amounts(change.term.more),
            "was": change.term.was.isoformat() if change.term.was else None,
        }
        if change.term
        else None,
    }
