"""`vps end`: the only way to end a VPS, written into its file."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.config.edit import Draft
    from components.config.loader import Loaded
    from components.domain.clients import Vps

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]


def end(
    what: Annotated[str, typer.Argument(metavar="CLIENT[/VPS]", help="All VPSs of the client, or one.")],
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="The first day without it: 2027-03-01.")
    ] = None,
    never: Annotated[bool, typer.Option("--never", help="Withdraw a declared end.")] = False,
    fleet: FleetFolder = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
) -> None:
    """Write: declare the day from which a VPS, or a whole client, may be ended, after showing the change."""
    from components.cli.farewell import farewell
    from components.cli.next_steps import sure, warn
    from components.cli.quoting import changed
    from components.config.edit import Draft, brought, need_sound, put, take
    from components.config.loader import find_fleet, load
    from components.config.writing import snapshot
    from components.domain.problems import DomainError

    today = dt.datetime.now(dt.UTC).date()
    day = _day(on, today) if on is not None else None
    if (day is None) is not never:
        raise DomainError("Say when.", "Write --on DATE, or --never to withdraw an end.")
    folder = find_fleet(fleet)
    client, _, label = what.partition("/")
    file = folder / "clients" / f"{client}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in file.parent.glob("*.yaml"))) or "none"
        raise DomainError(f"No client file clients/{client}.yaml.", f"Known: {known}.")
    judged, draft = snapshot(folder), Draft(file)
    for name in _chosen(draft, client, label):
        lines = draft.document["vps"][name]
        if day is None:
            take(lines, "ends")
        else:
            put(lines, "ends", day.isoformat(), after="term")
    difference = draft.diff()
    if not difference:
        typer.echo(f"{what}: nothing to change.")
        return
    before = load(folder)
    after = draft.loaded(before)
    gone = _need_sensible(before, draft, client, label, day, today)
    problems = brought(before.problems, after.problems)
    if day is not None:
        # Nobody is kept from ending: what stops no `vps up` is only told.
        draft.despite = frozenset(one.code for one in problems if not one.blocks)
    need_sound(draft.name, (one for one in problems if one.code not in draft.despite))
    typer.echo(difference, nl=False)
    if client in before.fleet.clients and client in after.fleet.clients:
        typer.echo("\n".join(changed(before.fleet, after.fleet, today)))
        if day is not None:
            found = after.fleet.clients[client]
            for name in _chosen(draft, client, label):
                for line in farewell(after.fleet, found, found.vps[name], today):
                    typer.echo(line)
    warn(problems)
    sure(yes=yes)
    draft.write(judged)
    typer.echo(f"wrote clients/{client}.yaml")
    if day is None:
        _tell_withdrawn(f"client.{client}", client, gone)
    else:
        _tell(f"client.{client}", day, today, after.fleet.trash_days)


def _day(text: str, today: dt.date) -> dt.date:
    from components.domain.problems import DomainError

    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise DomainError(f'"{text}" is no date.', "Write it like 2027-03-01.") from error
    if day < today:
        raise DomainError(f"{day} is past: nobody can be told of it any more.", f"Write {today} or a later day.")
    return day


def _chosen(draft: "Draft", client: str, label: str) -> list[str]:
    from components.domain.problems import DomainError

    found = draft.document.get("vps")
    names = [str(name) for name in found] if isinstance(found, dict) else []
    if label and label not in names:
        raise DomainError(f"{client} has no VPS {label}.", f"Known: {', '.join(names) or 'none'}.")
    return [label] if label else names


def _need_sensible(
    loaded: "Loaded", draft: "Draft", client: str, label: str, day: dt.date | None, today: dt.date
) -> dict[str, str]:
    """Raises DomainError for what the file may say and a command should not write.

    Returns by name the host of each chosen VPS whose end is reached and that state does not hold any more, which where
    only the engine reads state nobody knows.
    """
    from components.domain.problems import DomainError

    before = loaded.fleet.clients.get(client)
    chosen = _chosen(draft, client, label)
    found: dict[str, Vps] = {name: vps for name, vps in before.vps.items() if name in chosen} if before else {}
    for name, vps in found.items():
        if day is not None and day < vps.term.start:
            raise DomainError(
                f"{client}/{name} would end on {day}, before its term starts ({vps.term.start}).",
                f"Nothing was written. Write --on {vps.term.start} or a later day.",
            )
    if draft.file.read_bytes().decode() != draft.before:
        raise DomainError(f"{draft.name} was changed meanwhile.", "Run the command again.")
    reached = {name: vps for name, vps in found.items() if vps.ends is not None and vps.ends <= today}
    if day is not None or not reached or before is None:
        return {}
    held = _held(draft.fleet, f"client.{client}")
    return {n: vps.host for n, vps in reached.items() if vps.machine_uuid(loaded.fleet.id, before.id) not in held}


def _held(fleet: Path, stack: str) -> set[str]:
    """The UUIDs of the machines that the stack's state holds; none where it can't be read from here."""
    import os

    from components.domain.problems import DomainError
    from components.engine import state
    from components.engine.project import project_of

    try:
        machines = state.machines(project_of(fleet).backend(os.environ), stack) or []
    except DomainError:
        return set()
    return {str(machine.get("uuid")) for machine in machines}


def _tell(stack: str, day: dt.date, today: dt.date, trash_days: int) -> None:
    kept = f"its disk and addresses are kept in the trash for {trash_days} days"
    lines = "Leave the lines in the file until then; `vps end … --never` withdraws the end."
    if day <= today:
        typer.echo(f"Commit it, then `vps up {stack}` twice, for that day is reached: the first records the end,")
        typer.echo(f"the next one shuts the machine down; {kept}. {lines}")
        return
    typer.echo(f"Commit it, then `vps up {stack}`: it records the end and nothing else happens before {day}.")
    typer.echo(f"From {day} on, `vps up {stack}` shuts the machine down; {kept}. {lines}")


def _tell_withdrawn(stack: str, client: str, gone: dict[str, str]) -> None:
    """What to do next; the machines in `gone`, by name with their host, may be in its trash already."""
    for name, host in gone.items():
        typer.echo(
            f"{client}/{name}: its end is reached, and no state is seen to hold it: see `vps trash list {host}`. "
            f"If it lies there, commit this, run `vps trash restore {client}/{name}`, then `vps up {stack}`, which "
            "takes it over and starts it."
        )
    if not gone:
        typer.echo(f"Commit it, then `vps up {stack}`: the machine is protected again.")
