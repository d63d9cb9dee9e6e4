"""`vps trash`: what ended, until when it is kept, how it comes back, how it goes for ever."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.clients import Client, Vps
    from components.drivers.base import Driver
    from components.drivers.trash import Trashed

app = typer.Typer(
    help="Look or act: list what ended, bring it back, or destroy what is due.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
HostName = Annotated[str | None, typer.Argument(metavar="[HOST]", help="Only this host.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


@app.command("list")
def show(
    host: HostName = None,
    fleet: FleetFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look: what the hosts keep of ended machines and replaced disks, and until when; exit 1 when a host is silent."""
    import json

    loaded = _loaded(fleet)
    rows: list[dict[str, Any]] = []
    silent = 0
    for name in _hosts(loaded, host):
        found, problem = _read(loaded, name)
        silent += bool(problem)
        if problem:
            typer.echo(f"error: {problem}", err=True)
        rows += [row(name, one, loaded.fleet.trash_days) for one in found]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    elif rows:
        _print(rows)
    elif not silent:
        typer.echo("The trash is empty.")
    raise typer.Exit(1 if silent else 0)


@app.command("restore")
def restore(
    what: Annotated[str, typer.Argument(metavar="CLIENT/VPS")],
    fleet: FleetFolder = None,
    yes: Yes = False,
) -> None:
    """Act: bring an ended machine back with its disk, id and addresses; `vps up` then takes it over and starts it."""
    from components.domain.names import client_stack
    from components.domain.problems import DomainError
    from components.drivers.trash import ENDED
    from components.engine import returned

    loaded = _loaded(fleet)
    client, vps = _declared(loaded, what)
    uuid = vps.machine_uuid(loaded.fleet.id, client.id)
    for name in [vps.host, *(other for other in loaded.fleet.hosts if other != vps.host)]:
        found, problem = _read(loaded, name)
        if problem and name == vps.host:
            raise DomainError(f"Unable to restore {what}. {problem}", "Nothing was touched.")
        mine = [one for one in found if one.uuid == uuid]
        chosen = next((one for one in reversed(mine) if one.why == ENDED), mine[-1] if mine else None)
        if chosen is not None:
            break
    else:
        raise DomainError(f"Nothing of {what} is in the trash of any host.", "`vps trash list` shows what is there.")
    if name != vps.host:
        raise DomainError(
            f"{what} lies in the trash of {name}, and its file says host: {vps.host}. Nothing was touched.",
            f"Write host: {name} into its lines; `vps move` takes it elsewhere once it is back.",
        )
    typer.echo(f"{what} on {name}: ended {chosen.ended[:10]}, {chosen.size_gib} GiB, {', '.join(chosen.addresses)}")
    if not yes and not typer.confirm("Bring it back?"):
        raise typer.Exit(1)
    stack = client_stack(client.key)
    with _hold(loaded, stack, f"vps trash restore {what}"):
        _need_nowhere_else(loaded, what, uuid, name)
        driver = _driver(loaded, name)
        driver.restore(chosen.key)
        returned.note(loaded.folder, uuid)
    typer.echo(f"{what}: back on {name}, off. `vps up {stack}` takes it over and starts it.")


@app.command("empty")
def empty(
    host: HostName = None,
    due: Annotated[bool, typer.Option("--due", help="Needed: only what is due is ever destroyed.")] = False,
    fleet: FleetFolder = None,
    yes: Yes = False,
) -> None:
    """Act: destroy for ever what lies in the trash and whose day is reached, after asking; nothing else ever does."""
    from components.domain.problems import DomainError
    from components.drivers.errors import DriverError

    if not due:
        raise DomainError(
            "Refused: the trash is only emptied of what is due.",
            "Run `vps trash empty --due`; `vps trash list` says when.",
        )
    loaded = _loaded(fleet)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    failed = 0
    chosen: list[tuple[str, Trashed]] = []
    for name in _hosts(loaded, host):
        found, problem = _read(loaded, name)
        if problem:
            failed += 1
            typer.echo(f"error: {problem}", err=True)
        days = loaded.fleet.trash_days
        chosen += [(name, one) for one in found if not one.in_use and "" < _due(one, days) <= today]
    if not chosen:
        typer.echo("Nothing is due.")
        raise typer.Exit(1 if failed else 0)
    _print([row(name, one, loaded.fleet.trash_days) for name, one in chosen])
    if not yes and not typer.confirm(f"Destroy {'this' if len(chosen) == 1 else f'these {len(chosen)}'} for ever?"):
        raise typer.Exit(1)
    for name, one in chosen:
        try:
            with _hold(loaded, _stack(one), f"vps trash empty --due ({one.title})"):
                _driver(loaded, name).empty(one.key, today, _due(one, loaded.fleet.trash_days))
        except (DriverError, DomainError) as problem:
            failed += 1
            typer.echo(f"error: {problem}", err=True)
            continue
        typer.echo(f"{one.title} on {name}: destroyed {', '.join(sorted(one.volumes.values()))}")
    raise typer.Exit(1 if failed else 0)


def row(host: str, found: "Trashed", trash_days: int) -> dict[str, Any]:
    """One line of `vps trash list`, as data. `due` is empty where nobody can tell."""
    client, _, vps = found.title.partition("/")
    return {
        "host": host,
        "client": client,
        "vps": vps,
        "key": found.key,
        "uuid": found.uuid,
        "why": found.why,
        "reinstall": found.mark.reinstall if found.mark else None,
        "ended": found.ended,
        "due": _due(found, trash_days),
        "sizeGib": found.size_gib,
        "usedMib": found.used_mib,
        "addresses": [address.partition("/")[0] for address in found.addresses],
        "volumes": dict(found.volumes),
        "inUse": found.in_use,
        "lost": list(found.lost),
    }


def _due(found: "Trashed", trash_days: int) -> str:
    """The day from which it may go: its record's, else (an older release's) that of its end and the fleet's days."""
    if found.due or not found.ended:
        return found.due
    return (dt.date.fromisoformat(found.ended[:10]) + dt.timedelta(days=trash_days)).isoformat()


def _print(rows: list[dict[str, Any]]) -> None:
    """One line each, never cut: somebody may paste from it."""
    lines = [["host", "client/vps", "what", "ended", "due", "size", "addresses"]]
    for one in rows:
        kinds = {"ended": "machine", "reinstalled": f"disk of installation {one['reinstall']}"}
        what = kinds.get(one["why"], f"former disk, {one['why']}")
        what = f"former disks: {one['why']}" if one["why"].startswith("moved") else what
        what += " (back in use)" if one["inUse"] else ""
        what += f" (gone: {', '.join(one['lost'])})" if one["lost"] else ""
        title = f"{one['client']}/{one['vps']}" if one["vps"] else one["client"]
        size, addresses = f"{one['sizeGib']} GiB", ", ".join(one["addresses"])
        lines.append([one["host"], title, what, one["ended"][:10], one["due"] or "?", size, addresses])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _loaded(fleet: Path | None) -> "Loaded":
    from components.config.loader import find_fleet, load

    return load(find_fleet(fleet))


def _hosts(loaded: "Loaded", chosen: str | None) -> list[str]:
    from components.domain.problems import DomainError

    if chosen is not None and chosen not in loaded.fleet.hosts:
        raise DomainError(f"No host {chosen}.", f"Known: {', '.join(sorted(loaded.fleet.hosts)) or 'none'}.")
    return [chosen] if chosen is not None else sorted(loaded.fleet.hosts)


def _driver(loaded: "Loaded", host: str) -> "Driver":
    from components.declaration import host_ref
    from components.drivers.registry import connect

    return connect(host_ref(loaded.fleet.hosts[host]))


def _read(loaded: "Loaded", host: str) -> "tuple[list[Trashed], str]":
    """The trash of a host, or why nobody knows."""
    from components.drivers.errors import DriverError

    try:
        found = _driver(loaded, host).read_trash()
    except DriverError as problem:
        return [], str(problem)
    # Another fleet may stand on the same host; a record that nobody can read is told, and never touched.
    return [one for one in found if one.mark is None or one.mark.fleet == loaded.fleet.id], ""


def _need_nowhere_else(loaded: "Loaded", what: str, uuid: str, home: str) -> None:
    """Raises DomainError when another host holds a machine of that UUID, or can't tell: this one would be its twin."""
    from components.domain.problems import DomainError
    from components.drivers.errors import DriverError, HostUnreachable

    for name, host in loaded.fleet.hosts.items():
        if name == home:
            continue
        try:
            there = _driver(loaded, name).read(uuid)
        except DriverError as problem:
            if host.lost and isinstance(problem, HostUnreachable):
                continue  # Only a silent host is lost: one that answers may well hold it.
            cause = f"could not tell whether {name} holds it: {problem.cause}"
            raise DomainError(f"Unable to restore {what}: {cause}.", "Nothing was touched. Run again.") from problem
        if there is not None:
            raise DomainError(
                f"Unable to restore {what}: it lives on {name} ({there.power}).",
                f"Nothing was touched. Its file has to say host: {name}; what the trash of {home} keeps stays there.",
            )


def _declared(loaded: "Loaded", what: str) -> "tuple[Client, Vps]":
    """The VPS as its file declares it. Raises DomainError when it doesn't, or declares a reached end."""
    from components.domain.names import client_stack
    from components.domain.problems import DomainError

    key, _, label = what.partition("/")
    client = loaded.fleet.clients.get(key)
    problems = loaded.blocking(client_stack(key))
    if client is None or problems:
        told = "; ".join(str(problem) for problem in problems)
        raise DomainError(
            f"Unable to restore {what}: {told}", "Declare the VPS again (git shows its lines), then run this."
        )
    vps = client.vps.get(label)
    if vps is None:
        raise DomainError(
            f"Unable to restore {what}: clients/{key}.yaml declares no such VPS.",
            "Put its lines back with the same id (git shows them), then run this again.",
        )
    if vps.ends is not None and vps.ends <= dt.datetime.now(dt.UTC).date():
        raise DomainError(
            f"Unable to restore {what}: its file still says that it ends on {vps.ends}.",
            f"Run `vps end {what} --never` (or with a later day) first.",
        )
    return client, vps


def _stack(found: "Trashed") -> str:
    """The stack to which a mark belongs."""
    return found.mark.urn.split("::")[0].rpartition(":")[2] if found.mark else ""


def _hold(loaded: "Loaded", stack: str, doing: str) -> Any:  # noqa: ANN401 - a context manager of either kind
    """The stack's lock, where there is a stack."""
    import os
    from contextlib import nullcontext

    from components.engine import lock, state
    from components.engine.project import project_of

    environment = {**os.environ, **project_of(loaded.folder).backend(os.environ)}
    return lock.hold(environment, stack, doing) if stack and state.is_initialised(environment, stack) else nullcontext()
