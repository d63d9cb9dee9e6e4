"""`vps host set`: what an operator wants with a host, or knows of it, noted with who, when and why."""

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from components.domain.operations import HostState

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.hosts import Host
    from components.ledger.opened import Ledger

MEANING = {
    HostState.ACTIVE: "New VPSs are placed there again.",
    HostState.DRAINING: "Nobody new is placed there; who is there runs on until moved: vps drain {host}",
    HostState.MAINTENANCE: "Nobody new is placed there; who is there stays there.",
    HostState.FAILED: (
        "Nobody new is placed there. If it stays silent, see that it is off, then: "
        'vps host lost {host} --fenced "how and when"'
    ),
}
NAMED = 12
"""More VPSs than these are counted, not listed."""


def declared(loaded: "Loaded", name: str) -> "Host":
    """The host. Raises DomainError, saying which are known."""
    from components.domain.problems import DomainError

    need_named(loaded, name)
    if name not in loaded.fleet.hosts:
        raise DomainError(f"hosts/{name}.yaml can't be read as it is.", "`vps check` says where.")
    return loaded.fleet.hosts[name]


def need_named(loaded: "Loaded", name: str) -> None:
    """Raises DomainError, saying which are known, for a host that has no file, be it one that can be read or not."""
    from components.config.folder import HOSTS
    from components.domain.problems import DomainError

    if f"{HOSTS}/{name}.yaml" not in loaded.files:
        raise DomainError(f"Host {name} is not declared.", f"Known: {', '.join(sorted(loaded.fleet.hosts)) or 'none'}.")


def affected(loaded: "Loaded", host: str) -> str:
    """The VPSs that are declared on a host, for people."""
    titles = [f"{client.key}/{vps.key}" for client, vps in loaded.fleet.machines() if vps.host == host]
    unread = sum(file.startswith("clients/") for file in loaded.files) - len(loaded.fleet.clients)
    unsure = f" ({unread} clients' files can't be read: vps check)" if unread > 0 else ""
    if not titles:
        return f"no VPS is declared there{unsure}"
    more = f" and {len(titles) - NAMED} more" if len(titles) > NAMED else ""
    return f"{len(titles)} VPS{'s' if len(titles) > 1 else ''}: {', '.join(titles[:NAMED])}{more}{unsure}"


def set_state(host_name: str, state: HostState, reason: str, said: str | None, fleet: Path | None) -> None:
    """Note a host's state, and tell what it means. Raises DomainError for what another command does."""
    from components.config.loader import find_fleet, load
    from components.domain.instants import past, second, shown
    from components.domain.problems import DomainError
    from components.ledger import equipment
    from components.ledger.opened import open_ledger
    from components.ledger.witness import why

    loaded, now = load(find_fleet(fleet), judge=False), dt.datetime.now(dt.UTC)
    need_named(loaded, host_name)
    # A host fails whether its file can be read or not.
    host = loaded.fleet.hosts.get(host_name)
    what = f"Unable to set {host_name} {state}"
    if state is HostState.LOST:
        raise DomainError(
            f"{what}: by that its machines may be made anew elsewhere, so it is declared in its file and reviewed.",
            f'Nothing was noted. Run: vps host lost {host_name} --fenced "how and when it was switched off"',
        )
    if host is not None and host.lost is not None:
        raise DomainError(
            f"{what}: it is declared lost, since {host.lost.since}.",
            f"Nothing was noted. It comes back by: vps host return {host.name}",
        )
    reason = why(reason)
    at = second(now) if said is None else past(said, now)
    with open_ledger(loaded.folder, os.environ) as ledger:
        about = ledger.events(subject=equipment.subject(host_name))
        last = equipment.standings(about).get(host_name)
        was = last.state if last else HostState.ACTIVE
        if was is state:
            since = f", since {shown(last.since)} by {last.actor}: {last.reason}" if last else ", and always was"
            typer.echo(f"{host_name} is {state} already{since}. Nothing was noted.")
            return
        if last and at < last.since:
            raise DomainError(
                f"{what} at {shown(at)}: it is {was} since {shown(last.since)}.",
                "Nothing was noted. States are noted in the order in which they came.",
            )
        _record(loaded, ledger, host_name, was, state, reason, at, about[-1].number if about else 0)
    typer.echo(f"{host_name}: {was} -> {state} since {shown(at)}")
    typer.echo(MEANING[state].format(host=host_name))
    for fault in equipment.faults(about).values():
        if fault.is_open:
            words = fault.state.words
            typer.echo(f"faulty: {fault.part} ({fault.id}), {words}; once overdue it bars new VPSs in any state")
    typer.echo(f"there: {affected(loaded, host_name)}")


def note_loss(loaded: "Loaded", host: str, state: HostState, reason: str) -> None:
    """Note that a host is lost, or is back, after its file says so. A ledger that fails is told and hinders nothing."""
    from components.domain.instants import second
    from components.domain.problems import DomainError
    from components.ledger import equipment
    from components.ledger.opened import open_ledger

    try:
        with open_ledger(loaded.folder, os.environ) as ledger:
            about = ledger.events(subject=equipment.subject(host))
            last = equipment.standings(about).get(host)
            was = last.state if last else HostState.ACTIVE
            if was is state:
                return
            at = second(dt.datetime.now(dt.UTC))
            _record(loaded, ledger, host, was, state, reason, at, about[-1].number if about else 0)
    except DomainError as error:
        typer.echo(f"warning: that {host} is {state} stands in its file, and not in the ledger: {error}", err=True)


def _record(
    loaded: "Loaded",
    ledger: "Ledger",
    host: str,
    was: HostState,
    state: HostState,
    reason: str,
    at: dt.datetime,
    after: int,
) -> None:
    from components.ledger import equipment
    from components.ledger.events import Entry
    from components.ledger.witness import actor, commit, note

    entry = Entry(
        at=at,
        kind=equipment.HOST_STATE,
        subject=equipment.subject(host),
        actor=actor(os.environ),
        reason=note(reason),
        commit=commit(loaded.folder),
        data={"state": str(state), "was": str(was)},
    )
    ledger.record(entry, after=after)
