"""`vps drain`: how a host is emptied, planned into a file; with --run that file is carried out step by step."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.drains import Key


def drain(
    host: Annotated[str | None, typer.Argument(metavar="[HOST]", help="The host that is to be emptied.")] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="HOST,…", help="Only to these (default: wherever there is room).")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live/--stopped", help="Guests keep running, or are shut down in their windows.")
    ] = True,
    rate: Annotated[
        int | None, typer.Option("--rate", metavar="GIB", min=1, help="GiB that go over in an hour (default: 200).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file (default: drains/HOST.yaml in the fleet).")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Plan anew over a file that is there.")] = False,
    run: Annotated[
        Path | None,
        typer.Option(
            "--run", metavar="FILE", help="Carry this plan out, or go on with it (acts); from here, or in the fleet."
        ),
    ] = None,
    look: Annotated[
        bool, typer.Option("--look", help="With --run: only tell what is left and whether it fits.")
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="With --run: before the announced hours as well; such minutes are downtime.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --run: don't ask.")] = False,
    fleet: Annotated[
        Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The plan, or with --look what is left, for machines.")
    ] = False,
) -> None:
    """Write: plan how a host is emptied: who, where, when, whom to tell; with --run, do it. Exit 2: some are left."""
    from components.config.loader import find_fleet, load
    from components.domain.problems import DomainError

    if (run is None) is (host is None):
        seen = "Say a host or a plan." if run is None else "Both a host and a plan were said: one of the two."
        raise DomainError(seen, "vps drain HOST plans; vps drain --run FILE carries a plan out.")
    folder = find_fleet(fleet)
    if run is not None:
        from components.cli import drain_run

        raise typer.Exit(drain_run.run(folder, run, look=look, now=now, yes=yes, as_json=as_json))
    assert host is not None
    loaded = load(folder, judge=False)
    need_host(loaded, host)
    _need_kept(loaded, host)
    targets = tuple(one.strip() for one in (to or "").split(",") if one.strip())
    _need_targets(loaded, host, targets)
    file = out or folder / "drains" / f"{host}.yaml"
    if file.exists() and not again:
        raise DomainError(
            f"{file} is there already.",
            f"Nothing was planned. To go on with it: vps drain --run {file}. To plan anew over it: --again",
        )
    if out is not None and file.exists():
        _need_plan(loaded, host, file)
    raise typer.Exit(_plan(loaded, host, targets, file, live=live, rate=rate, as_json=as_json))


def _plan(
    loaded: "Loaded", host: str, targets: tuple[str, ...], file: Path, *, live: bool, rate: int | None, as_json: bool
) -> int:
    """Plan, tell and write; 2 when somebody stays."""
    import json

    from components.cli.placing import states
    from components.config import drain_file
    from components.config.writing import replace
    from components.domain.drains import GIB_PER_HOUR, plan
    from components.domain.operations import HostState
    from components.report.drain import document, remarks, text

    moment = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    operations = states(loaded.folder)
    found = plan(
        loaded.fleet,
        host,
        operations,
        now=moment,
        targets=targets,
        live=live,
        gib_per_hour=rate or GIB_PER_HOUR,
        under_way=under_way(loaded, host),
        unmade=unmade(loaded, host),
    )
    told = text(found, loaded.fleet)
    if found.steps:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace(file, drain_file.text(found, loaded.fleet.id, _called(loaded, file), remarks(told)))
    if as_json:
        typer.echo(json.dumps({"file": str(file) if found.steps else "", **document(found, loaded.fleet)}, indent=2))
        return 2 if found.stays else 0
    typer.echo(told, nl=False)
    for name in unread(loaded):
        typer.echo(f"could not tell: {name} can't be read as it is: vps check", err=True)
    if found.steps:
        typer.echo(f"\nwrote {file}; commit it if others shall look it over. Next:")
        if operations.state(host) is HostState.ACTIVE:
            typer.echo(f'  vps host set {host} draining --reason "…"      nobody new is placed there')
        typer.echo(f"  vps drain --run {file}")
    return 2 if found.stays else 0


def _called(loaded: "Loaded", file: Path) -> str:
    """How a plan calls itself: in the fleet's folder as from there, since others read it on other machines."""
    folder, whole = loaded.folder.resolve(), file.resolve()
    return str(whole.relative_to(folder) if whole.is_relative_to(folder) else file)


def under_way(loaded: "Loaded", host: str) -> "list[Key]":
    """The VPSs that their files place elsewhere already, and that state still knows on `host`."""
    from components.cli.whereabouts import Whereabouts

    gone = [
        (client, vps)
        for client, vps in loaded.fleet.machines()
        if vps.move is not None and vps.move.source == host != vps.host
    ]
    where = Whereabouts(loaded, (client.key for client, _ in gone))
    return [(client.key, vps.key) for client, vps in gone if where.recorded(client, vps) == host]


def unmade(loaded: "Loaded", host: str) -> "list[Key]":
    """The VPSs on `host` that state knows nowhere; where nobody can read it, each counts as made."""
    from components.cli.whereabouts import Whereabouts

    here = [(client, vps) for client, vps in loaded.fleet.machines() if vps.host == host]
    where = Whereabouts(loaded, (client.key for client, _ in here))
    return [(client.key, vps.key) for client, vps in here if where.recorded(client, vps) == ""]


def unread(loaded: "Loaded") -> list[str]:
    """Clients' files that are not whole: their VPSs may be on the host."""
    from components.config.folder import CLIENTS

    clients = loaded.fleet.clients
    return sorted(file for file in loaded.files if file.startswith(f"{CLIENTS}/") and Path(file).stem not in clients)


def _need_plan(loaded: "Loaded", host: str, file: Path) -> None:
    """Raises DomainError unless the file may be planned over: it is a plan of this host."""
    from components.config.drain_file import read_steps
    from components.domain.problems import DomainError

    try:
        found, why = read_steps(file, loaded.fleet.id)[0], ""
    except DomainError as problem:
        found, why = "", f" {problem.message}"
    if found != host:
        raise DomainError(f"{file} is no plan of {host}.{why}", "It was left as it is: name another, or remove it.")


def need_host(loaded: "Loaded", host: str) -> None:
    """Raises DomainError for a host that no file declares, or whose file can't be read."""
    from components.config.folder import HOSTS
    from components.domain.problems import DomainError

    hosts = loaded.fleet.hosts
    if host not in hosts and f"{HOSTS}/{host}.yaml" in loaded.files:
        raise DomainError(f"{HOSTS}/{host}.yaml can't be read as it is.", "Run: vps check")
    if host not in hosts:
        raise DomainError(f"Host {host} is not declared.", f"Known: {', '.join(sorted(hosts)) or 'none'}.")


def _need_kept(loaded: "Loaded", host: str) -> None:
    from components.domain.problems import DomainError

    if (loss := loaded.fleet.hosts[host].lost) is not None:
        raise DomainError(
            f"{host} is lost since {loss.since}: nothing can be moved off it.",
            f"Restore its machines elsewhere: vps restore CLIENT/VPS --to HOST. If it is back: vps host return {host}",
        )


def _need_targets(loaded: "Loaded", host: str, targets: tuple[str, ...]) -> None:
    from components.domain.problems import DomainError

    strange = [one for one in targets if one not in loaded.fleet.hosts]
    if strange:
        known = ", ".join(sorted(loaded.fleet.hosts))
        raise DomainError(f"Not declared: {', '.join(strange)}.", f"Known: {known}.")
    if host in targets:
        raise DomainError(f"{host} is to be emptied: it can't be a target.", "Name other hosts.")
