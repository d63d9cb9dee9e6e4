"""What changes in money from one state of the files to another: what a pull request costs or earns."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from components.cli.price_tables import amounts, money, signed, table
from components.cli.quoting import change_data, fee_words

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.fleet import Fleet
    from components.domain.price_changes import PriceChange
    from components.domain.statements import Amounts

MARKS = {"new": "+", "gone": "-", "changed": "~"}


def compare(base: str, head: str, day: dt.date | None, folder: Path | None, *, fork: bool, as_json: bool) -> bool:
    """Show what `head` (empty: the files as they are) changes; whether all could be read and priced.

    With `fork` the state compared with is where the two parted. Raises DomainError for an unknown revision.
    """
    from components.config import checkout
    from components.config.loader import find_fleet, load
    from components.config.revision import load_at
    from components.domain.price_changes import added, price_changes

    found = find_fleet(folder)
    first = base or "HEAD"
    if fork:
        first = _parted(found, first, head or "HEAD")
    known = checkout.commit(found, first)
    old, new = load_at(found, first), load_at(found, head) if head else load(found, judge=False)
    silent: list[str] = []
    before, after = (_priced(loaded, name, silent) for loaded, name in ((old, base or "HEAD"), (new, head or "files")))
    lost = {(one.id, vps.id) for loaded, fleet in ((old, before), (new, after)) for one, vps in _left(loaded, fleet)}
    unread = {key for loaded in (old, new) for key in _unread(loaded)}
    before, after = (_without(fleet, lost, unread) for fleet in (before, after))
    today = day or dt.datetime.now(dt.UTC).date()
    changes = tuple(price_changes(before, after, today))
    month, once = added(changes)
    if as_json:
        from components.cli.guests import say

        say(
            {
                "base": known,
                "head": checkout.commit(found, head) if head else None,
                "day": today.isoformat(),
                "changes": [change_data(one) for one in changes],
                "month": amounts(month),
                "once": amounts(once),
                "unsure": silent,
            }
        )
    else:
        for line in _lines(after.currency, changes, today):
            typer.echo(line)
        for line in _sums(changes, month, once):
            typer.echo(line)
        for told in silent:
            typer.echo(f"could not tell: {told}", err=True)
    return not silent


def _parted(folder: Path, base: str, head: str) -> str:
    from components.config import checkout
    from components.domain.problems import DomainError

    ids = [checkout.commit(folder, one) for one in (base, head)]
    found = checkout.told(folder, "merge-base", *ids)
    if not found:
        raise DomainError(f"{base} and {head} have no commit in common.", f"Compare them as they are: {base}..{head}")
    return found


def _unread(loaded: "Loaded") -> set[str]:
    """Clients whose file is there and can't be read."""
    from components.config.folder import CLIENTS

    stems = {Path(file).stem for file in loaded.files if file.startswith(f"{CLIENTS}/")}
    return stems - set(loaded.fleet.clients)


def _priced(loaded: "Loaded", name: str, silent: list[str]) -> "Fleet":
    """The fleet without VPSs that have no price; what is left out is told to `silent`."""
    from components.config.folder import CATALOGUE
    from components.domain.statements import unpriced

    broken = any(problem.file == CATALOGUE for problem in loaded.problems)
    why = f"which {CATALOGUE}, as far as it can be read, does not sell: vps check" if broken else "which is not sold"
    silent.extend(f"clients/{key}.yaml can't be read at {name}: vps check" for key in sorted(_unread(loaded)))
    clients = {}
    for key, client in loaded.fleet.clients.items():
        lacks = {vps.key: unpriced(loaded.fleet, vps) for vps in client.vps.values()}
        silent.extend(
            f"{key}/{vps} has {', '.join(missing)} at {name}, {why}" for vps, missing in lacks.items() if missing
        )
        clients[key] = replace(client, vps={one: vps for one, vps in client.vps.items() if not lacks[one]})
    return replace(loaded.fleet, clients=clients)


def _left(loaded: "Loaded", fleet: "Fleet") -> "list[Any]":
    """The VPSs that were left out, with their clients."""
    return [
        (client, vps)
        for client, vps in loaded.fleet.machines()
        if client.key in fleet.clients and vps.key not in fleet.clients[client.key].vps
    ]


def _without(fleet: "Fleet", lost: set[tuple[str, str]], unread: set[str]) -> "Fleet":
    """Without what can't be told in the other state: it is neither new nor gone."""
    clients = {
        key: replace(client, vps={one: vps for one, vps in client.vps.items() if (client.id, vps.id) not in lost})
        for key, client in fleet.clients.items()
        if key not in unread
    }
    return replace(fleet, clients=clients)


def _lines(currency: str, changes: "tuple[PriceChange, ...]", today: dt.date) -> list[str]:
    if not changes:
        return ["nothing changes in money"]
    out: list[tuple[str, ...]] = [("", "client/vps", "from", "up to", "a month", "", "", "once", "fee of the term")]
    for change in changes:
        once = signed(change.once)
        term = fee_words(change.term, currency) if change.term else ""
        who = f"{change.client}/{change.vps}"
        if change.client_kind != "kept":
            who += f" ({change.client_kind} client)"
        mark = MARKS[change.kind]
        for one in change.stretches:
            late = " (past)" if one.start < today else ""
            row = (money(one.before, currency), "->", money(one.after, currency))
            out.append((mark, who, f"{one.start}{late}", str(one.end or ""), *row, once, term))
            mark, who, once, term = "", "", "", ""
        if not change.stretches:
            out.append((mark, who, "", "", "", "", "", once, term))
    return table(out, (4, 6), (8, 7, 3))


def _sums(changes: "tuple[PriceChange, ...]", month: "Amounts", once: "Amounts") -> list[str]:
    """What all of it comes to for good, and whether something is for a time only, which no sum of months tells."""
    sums = [f"{signed(found)} {how}" for found, how in ((month, "a month for good"), (once, "once")) if found]
    passing = sum(one.end is not None for change in changes for one in change.stretches)
    if any(change.stretches for change in changes) and not month:
        sums.insert(0, "no more and no less a month for good")
    if passing:
        sums.append(f"left out: {passing} {'rows' if passing > 1 else 'row'} for a time only")
    return [f"together: {'; '.join(sums)}"] if sums else []
