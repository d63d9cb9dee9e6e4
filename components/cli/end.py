"""`vps end`: the only way to end a VPS, written into its file."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.config.edit import Draft
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
    from components.config.edit import Draft, put, take
    from components.config.loader import find_fleet
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
    draft = Draft(file)
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
    _need_sensible(draft, client, label, today)
    typer.echo(difference, nl=False)
    if not yes and not typer.confirm("Write this?"):
        raise typer.Exit(1)
    draft.write()
    typer.echo(f"wrote clients/{client}.yaml")
    _tell(f"client.{client}", day, int(draft.loaded().fleet.trash_days))


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


def _need_sensible(draft: "Draft", client: str, label: str, today: dt.date) -> None:
    """Raises DomainError for what the file may say and a command should not write."""
    from components.config.edit import need_sound
    from components.config.loader import load
    from components.domain.problems import DomainError

    need_sound(draft.name, draft.problems())
    before = load(draft.fleet).fleet.clients.get(client)
    found: dict[str, Vps] = dict(before.vps) if before is not None else {}
    for name, vps in found.items():
        if vps.ends is not None and vps.ends <= today and name in _chosen(draft, client, label):
            typer.echo(
                f"{client}/{name}: its end ({vps.ends}) is reached. If `vps up client.{client}` has ended it already, "
                f"it lies in the trash of {vps.host}: after this change run `vps trash restore {client}/{name}` first.",
                err=True,
            )
    if draft.file.read_bytes().decode() != draft.before:
        raise DomainError(f"{draft.name} was changed meanwhile.", "Run the command again.")


def _tell(stack: str, day: dt.date | None, trash_days: int) -> None:
    if day is None:
        typer.echo(f"Commit it, then `vps up {stack}`: the machine is protected again.")
        return
    typer.echo(f"Commit it, then `vps up {stack}`: it records the end and nothing else happens before {day}.")
    typer.echo(
        f"From {day} on, `vps up {stack}` shuts the machine down; its disk and addresses are kept in the trash for "
        f"{trash_days} days. Leave the lines in the file until then; `vps end … --never` withdraws the end."
    )
