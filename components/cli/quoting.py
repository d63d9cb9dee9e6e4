"""Prices as commands show them before they write: what a month, a term and the beginning cost."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
