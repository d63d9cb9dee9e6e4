"""`vps move` and `vps restore`: where a machine shall live from now on, written into its client's file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.clients import Client, Vps
    from components.domain.hosts import Host

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
Which = Annotated[str, typer.Argument(metavar="CLIENT/VPS")]


def move(
    vps: Which,
    host: Annotated[str, typer.Argument(metavar="HOST", help="Where it shall live.")],
    live: Annotated[bool, typer.Option("--live", help="Its guest keeps running; else it is shut down.")] = False,
    fleet: FleetFolder = None,
) -> None:
    """Write: let a VPS live on another host from the next `vps up` on, its guest running meanwhile or not."""
    from ruamel.yaml.scalarstring import PlainScalarString

    from components.cli.consequences import recorded
    from components.cli.moving import need_taker, stays
    from components.config.edit import put, take
    from components.domain.problems import DomainError

    loaded, client, machine = _find(vps, fleet)
    target = _host(loaded, host)
    source = _lives_on(loaded, client, machine)
    what = f"Unable to move {vps} to {host}"
    changes_kind = source != host and (machine.move is None or machine.move.live != live)
    if machine.host == host and not changes_kind:
        raise DomainError(f"{what}: its file places it there already.", f"Run: vps up client.{client.key}")
    if target.lost:
        raise DomainError(f"{what}: {host} is lost since {target.lost.since}.", "Choose another host.")
    former = loaded.fleet.hosts.get(source)
    if former is not None and former.lost and source != host:
        remedy = (
            f"If it is back: vps host return {source}. Else restore it: vps restore {vps} --to {host} --disk FILE "
            "(or --empty)."
        )
        raise DomainError(f"{what}: {source}, where it is, is lost since {former.lost.since}.", remedy)
    if former is not None and former.driver != target.driver and source != host:
        raise DomainError(f"{what}: {source} is {former.driver}, {host} is {target.driver}.", "Choose another host.")
    _need_network(what, target, machine)
    if source != host:
        if machine.host != host:
            need_taker(loaded, client, machine, host, what)
        _need_pool(what, target)

    def change(lines: Any) -> None:  # noqa: ANN401 - ruamel.yaml's own mapping
        put(lines, "host", PlainScalarString(host), after="power")
        for key in ("restore", "pool"):
            take(lines, key)
        if source == host:
            take(lines, "move")  # Back to where it is: nothing is to be carried out.
        else:
            put(lines, "move", {"from": source, "live": live}, after="host")

    _write(loaded, client, machine, change)
    if source == host:
        typer.echo(f"{vps} stays on {host}. A move that was begun is undone by: vps up client.{client.key}")
        return
    if recorded(loaded, client, machine) == {}:
        typer.echo(f"{vps}: state holds no machine of it yet. The next `vps up client.{client.key}` makes it on {host}")
        return
    how = "its guest keeps running" if live else "its guest is shut down while its disks are copied"
    typer.echo(f"{vps} goes from {source} to {host} with the next: vps up client.{client.key} ({how})")
    typer.echo(stays(machine))


def restore(
    vps: Which,
    to: Annotated[
        str | None, typer.Option("--to", metavar="HOST", help="Where it shall live (default: where it is declared).")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Its backup of then: a day, an instant, or latest.")
    ] = None,
    disk: Annotated[
        Path | None, typer.Option("--disk", metavar="FILE", help="Its disk: a qcow2 file that stands on no other.")
    ] = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="A new disk from the image: the client's data are not there.")
    ] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="With --from: its host still has it, its disk goes to the trash.")
    ] = False,
    run: Annotated[
        bool, typer.Option("--run", help="Hand the passphrase to the guest that waits for it (acts).")
    ] = False,
    key: Annotated[
        Path | None, typer.Option("--recovery-key", metavar="FILE", help="With --run: what opens the passphrase.")
    ] = None,
    fleet: FleetFolder = None,
) -> None:
    """Write: let a lost VPS be made anew: from its backup (then `vps up` and --run), a file of its disk, or empty."""
    from ruamel.yaml.scalarstring import PlainScalarString

    from components.cli import comeback
    from components.config.edit import put, take
    from components.domain.problems import DomainError

    loaded, client, machine = _find(vps, fleet)
    if run:
        comeback.run(loaded, client, machine, key)
        return
    to = to or machine.host
    target, source = _host(loaded, to), _lives_on(loaded, client, machine)
    what = f"Unable to restore {vps} on {to}"
    if disk is None and not empty and loaded.fleet.backups is not None:
        since = since or "latest"
    if sum((disk is not None, empty, since is not None)) != 1:
        remedy = "Give one of --from DATE (or latest), --disk FILE and --empty."
        raise DomainError(f"{what}: say where its disk comes from.", remedy)
    if in_place and (since is None or to != source):
        raise DomainError(f"{what}: --in-place is for a backup, on the host where it is.", "Use it with --from alone.")
    if target.lost:
        raise DomainError(f"{what}: {to} is lost since {target.lost.since}.", "Choose another host.")
    _need_network(what, target, machine)
    if not in_place:
        _need_gone(what, loaded, client, machine, target, backup=since is not None)
    intent: dict[str, object] = {"from": source}
    if disk is None:
        intent["empty"] = True
        if since is not None:
            intent["backup"] = comeback.wanted(loaded, client, machine, since)
    else:
        intent |= _disk_file(what, disk.absolute(), loaded.fleet.packages[machine.package].limits.disk_gib)

    there = comeback.installation(loaded, client, machine) if in_place else 0

    def change(lines: Any) -> None:  # noqa: ANN401 - ruamel.yaml's own mapping
        if in_place:
            comeback.in_place(lines, there, intent)
            return
        put(lines, "host", PlainScalarString(to), after="power")
        for name in ("move", "pool"):
            take(lines, name)
        put(lines, "restore", intent, after="host")

    _write(loaded, client, machine, change, frozenset({"host-oversold"}))
    if since is not None:
        typer.echo(f"next: vps up client.{client.key}; then: vps restore {vps} --run --recovery-key FILE")
        return
    data = "EMPTY: the client's data are not there" if empty else f"from {disk}"
    typer.echo(f"{vps} is made anew on {to} with the next: vps up client.{client.key} ({data})")


def _disk_file(what: str, disk: Path, size_gib: int) -> dict[str, object]:
    """The part of the intent that names a disk's file with its digest. Raises DomainError, and as `origin.need`."""
    import hashlib

    from components.domain.problems import DomainError
    from components.drivers import origin
    from components.drivers.base import DiskFile

    try:
        with disk.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as problem:
        raise DomainError(f"{what}: {disk} can't be read: {problem.strerror}.", "Name the disk's file.") from problem
    origin.need(what, DiskFile(path=str(disk), sha256=sha256), size_gib)
    return {"disk": str(disk), "sha256": sha256}


def _find(name: str, fleet: Path | None) -> "tuple[Loaded, Client, Vps]":
    from components.config.loader import find_fleet, load
    from components.domain.problems import DomainError

    loaded = load(find_fleet(fleet))
    client_key, _, vps_key = name.partition("/")
    client = loaded.fleet.clients.get(client_key)
    if client is None or vps_key not in client.vps:
        known = ", ".join(f"{one.key}/{vps.key}" for one, vps in loaded.fleet.machines()) or "none"
        raise DomainError(f"There is no VPS {name!r} whose file is whole.", f"Known: {known}. See: vps check")
    return loaded, client, client.vps[vps_key]


def _host(loaded: "Loaded", name: str) -> "Host":
    from components.cli.host_state import declared

    return declared(loaded, name)


def _recorded(loaded: "Loaded", client: "Client", vps: "Vps") -> dict[str, Any]:
    """What state holds of the machine, where state can be read here; empty otherwise."""
    import os

    from components.domain.names import client_stack
    from components.domain.problems import DomainError
    from components.engine import state
    from components.engine.project import project_of

    try:
        environment = project_of(loaded.folder).environment(os.environ)
    except (DomainError, RuntimeError):
        return {}  # No project, or no engine on this machine: the files are all that is known.
    uuid = vps.machine_uuid(loaded.fleet.id, client.id)
    machines = state.machines(environment, client_stack(client.key)) or []
    return next((found for found in machines if found.get("uuid") == uuid), {})


def _lives_on(loaded: "Loaded", client: "Client", vps: "Vps") -> str:
    """The host that state knows; a move that is declared and not carried out yet has not changed it."""
    return str((_recorded(loaded, client, vps).get("host") or {}).get("name") or vps.host)


def _need_gone(
    what: str, loaded: "Loaded", client: "Client", vps: "Vps", target: "Host", *, backup: bool = False
) -> None:
    """Raises DomainError when a host answers to hold the machine, HostUnreachable when one is silent and not lost."""
    from components.domain.problems import DomainError
    from components.provider.connections import ADDRESSES, Connections, addresses
    from components.provider.move import answers, holders

    uuid = vps.machine_uuid(loaded.fleet.id, client.id)
    incarnation = str(_recorded(loaded, client, vps).get("incarnation", ""))
    connections = Connections({ADDRESSES: addresses(loaded.fleet.hosts.values())})
    try:
        for host, machine in holders(connections, what, uuid, "", incarnation):
            if since := connections.lost_since(host.name):
                cause, remedy = answers(host.name, since, str(machine.power))
                raise DomainError(f"{what}: {cause}.", f"{remedy}.")
            name = f"{client.key}/{vps.key}"
            if host.name == target.name and backup:
                remedy = f"To have its disk replaced by what its backup has: vps restore {name} --from DATE --in-place"
            elif host.name == target.name:
                remedy = f"Write `host: {host.name}` into its lines if another stands there, and run: vps up"
            else:
                remedy = f"To move it: vps move {name} {target.name}"
            raise DomainError(f"{what}: {host.name} answers and holds it ({machine.power}).", f"{remedy}.")
    finally:
        connections.close()


def _need_network(what: str, target: "Host", vps: "Vps") -> None:
    from components.domain.problems import DomainError

    if vps.network not in target.networks:
        carried = ", ".join(sorted(target.networks)) or "none"
        raise DomainError(
            f"{what}: {target.name} does not carry network {vps.network}.",
            f"It carries {carried}. Choose another host; the VPS keeps its addresses.",
        )


def _need_pool(what: str, target: "Host") -> None:
    """Raises DomainError when the target answers to lack its pool; one that is silent now is the move's own matter."""
    from components.declaration import host_ref
    from components.domain.problems import DomainError
    from components.drivers.base import PoolSpec
    from components.drivers.errors import HostUnreachable
    from components.drivers.registry import connect

    driver = connect(host_ref(target))
    try:
        there = driver.read_pool(PoolSpec(name=target.pool.name, path=target.pool.path))
    except HostUnreachable as problem:
        typer.echo(f"note: {target.name} does not answer now ({problem.cause}): whether it is ready was not looked at")
        return
    finally:
        driver.close()
    if there is None:
        raise DomainError(
            f"{what}: {target.name} answers and lacks pool {target.pool.name}, or its disk is not mounted.",
            f"Nothing was written. Bring up its stack first: vps up host.{target.name}",
        )


def _write(
    loaded: "Loaded",
    client: "Client",
    vps: "Vps",
    change: Any,  # noqa: ANN401 - a function on lines
    despite: frozenset[str] = frozenset(),
) -> None:
    """Write what `change` makes of the VPS's lines; problems of the codes `despite` are told and stop nothing."""
    from components.config.edit import edit
    from components.config.folder import CLIENTS

    with edit(loaded.folder / CLIENTS / f"{client.key}.yaml") as draft:
        change(draft.document["vps"][vps.key])
        typer.echo(draft.diff(), nl=False)
        draft.despite = despite
        for problem in draft.problems() if despite else ():
            if problem.code in despite:
                typer.echo(f"warning: {problem.message} {problem.remedy}", err=True)
