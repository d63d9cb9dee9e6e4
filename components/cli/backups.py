"""`vps backups`: what the target holds against the promise, who may add to it, drills, pruning, fetching."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from components.cli.help import Commands

if TYPE_CHECKING:
    from typer._click import Context

    from components.backups.enrolment import Enrolled
    from components.backups.promise import Standing
    from components.cli.guests import Chosen
    from components.domain.backups import Backups

FINDINGS, CANNOT_TELL = 2, 1


class Backed(Commands):
    """A group that lists when no verb is given: `vps backups`, `vps backups example-coop/web1`."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Put `list` before what begins with no verb of this group."""
        if not ({"--help", "--show-completion"} & set(args)) and (not args or args[0] not in self.commands):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="backups",
    help="Backups: how they stand, who may add to them, how they are proven, pruned and fetched.",
    cls=Backed,
    rich_markup_mode=None,
)

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
Which = Annotated[str, typer.Argument(metavar="CLIENT/VPS")]
Key = Annotated[
    Path, typer.Option("--recovery-key", metavar="FILE", help="The private recovery key, as age-keygen wrote it.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


@app.command("list")
def show(
    what: Annotated[str | None, typer.Argument(metavar="[CLIENT[/VPS]]")] = None,
    fleet: FleetFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look: newest backup, size, last proven restore, age against the promise. Exit 2 broken, 1 could not tell."""
    import json

    from components.backups.promise import State
    from components.cli.guests import choose

    chosen = choose(what, fleet)
    found = _standings(chosen)
    if as_json:
        typer.echo(json.dumps([one.as_json() for one in found], indent=2))
    else:
        _table(found)
    states = {one.state for one in found}
    for file in chosen.unread:
        typer.echo(f"note: {file} can't be read as it is: vps check", err=True)
    if State.BROKEN in states:
        raise typer.Exit(FINDINGS)
    raise typer.Exit(CANNOT_TELL if State.UNKNOWN in states or chosen.unread else 0)


@app.command()
def enrol(what: Which, fleet: FleetFolder = None) -> None:
    """Act: read a guest's public key from it and let it add to its own repository; the first backup begins."""
    from components.backups.enrolment import enrol as do
    from components.cli.guests import choose

    chosen = choose(what, fleet)
    _declared(chosen.fleet.backups)
    for line in chosen.lines:
        typer.echo(f"{line.title}: {do(chosen.fleet, line) or 'nothing to do'}")


@app.command()
def target(
    fleet: FleetFolder = None,
    url: Annotated[
        str | None, typer.Option("--url", help="ssh://user@host:port/path, before fleet.yaml declares it.")
    ] = None,
) -> None:
    """Look: print a script that makes a Debian machine the target of backups.

    Pipe it there: vps backups target | ssh backup1 sudo sh
    """
    from components.backups.kit import installer
    from components.config.loader import find_fleet, load
    from components.domain.backups import Place

    place = Place.parse(url) if url else _declared(load(find_fleet(fleet)).fleet.backups).place
    typer.echo(installer(place), nl=False)


@app.command()
def drill(
    what: Which,
    key: Key,
    host: Annotated[str | None, typer.Option("--host", help="Where (default: the VPS's own host).")] = None,
    fleet: FleetFolder = None,
    yes: Yes = False,
) -> None:
    """Act: restore the newest backup into a guest of its own, compare every checksum, keep proof; exit 2: differs."""
    import os

    from components.backups.drill import drill as do
    from components.cli.consent import consent
    from components.engine.backend import backend_id
    from components.engine.project import project_of

    chosen, enrolled = _one(what, fleet)
    on = host or enrolled.vps.host
    consent(f"Make a guest for the drill of {what} on {on}, and destroy it afterwards?", given=yes)
    backend = backend_id(project_of(chosen.loaded.folder).environment(os.environ))
    record = do(enrolled, on, key, backend, typer.echo)
    typer.echo(
        f"{what}: {record['files']} files ({record['hashed']} checksums, {record['bytes']} bytes) and "
        f"{record['tables']} tables compared, {record['differ']} differ"
    )
    for one in record["wrong"]:
        typer.echo(f"  {one}")
    raise typer.Exit(FINDINGS if record["differ"] else 0)


@app.command()
def prune(
    key: Key,
    what: Annotated[str | None, typer.Argument(metavar="[CLIENT[/VPS]]")] = None,
    fleet: FleetFolder = None,
    yes: Yes = False,
) -> None:
    """Act: remove what is older than the package keeps, after everything was read; refused where backups look lost."""
    from components.backups import recovery
    from components.backups.pruning import look, settle
    from components.backups.pruning import prune as do
    from components.backups.target import Target
    from components.cli.consent import consent
    from components.cli.guests import choose
    from components.domain.problems import DomainError

    chosen = choose(what, fleet)
    at = Target(_declared(chosen.fleet.backups))
    held = at.status()
    work = []
    failed = False
    for enrolled in _enrolled(chosen):
        kept = held.get(enrolled.uuid)
        try:
            if kept is None:
                raise DomainError(f"{enrolled.title} is not enrolled.", "Nothing of it is there.")
            if settled := settle(at, enrolled.title, kept):
                typer.echo(settled)
                kept = at.status(enrolled.uuid)[enrolled.uuid]
            # Before anything can be refused: a VPS that can leave no copy of its passphrase makes no backups either.
            if kept.sealed >= recovery.MANY:
                what_for = f"Unable to prune the sealed copies of {enrolled.title}"
                consent(f"Remove sealed copies of {enrolled.title} that nobody needs?", given=yes)
                gone = recovery.thin(at, enrolled.uuid, key, what_for)
                typer.echo(f"{enrolled.title}: {gone} sealed copies go, {kept.sealed - gone} stay")
            found = look(at, enrolled.title, enrolled.promise, kept)
        except DomainError as problem:
            typer.echo(f"error: {problem}", err=True)
            failed = True
            continue
        typer.echo(f"{enrolled.title}: {found.runs_go} backups go, {found.runs_stay} stay")
        if found.no_room:
            typer.echo(f"{enrolled.title}: {found.no_room}")
        if found.goes or found.no_room:
            work.append((enrolled, found))
    if work:
        consent(f"Remove old backups of {len(work)} VPSs for ever?", given=yes)
    for enrolled, found in work:
        try:
            words = recovery.passphrase(at, enrolled.uuid, key, f"Unable to prune the backups of {enrolled.title}")
            do(at, enrolled.uuid, words, found, enrolled.title, typer.echo)
        except DomainError as problem:
            typer.echo(f"error: {problem}", err=True)
            failed = True
    raise typer.Exit(1 if failed else 0)


@app.command()
def fetch(
    what: Which,
    key: Key,
    into: Annotated[Path, typer.Option("--into", metavar="FOLDER", help="A new folder.")],
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="A day, an instant, or latest.")] = "latest",
    most: Annotated[
        int | None, typer.Option("--most", metavar="GIB", help="As large as it may be (default: four times its disk).")
    ] = None,
    fleet: FleetFolder = None,
) -> None:
    """Act: open a backup with the recovery key alone, guest or no guest, and write its files and databases here."""
    from components.backups.comeback import Archive
    from components.backups.target import Target
    from components.domain.problems import DomainError

    _, enrolled = _one(what, fleet)
    if into.exists():
        raise DomainError(f"{into} is there already.", "Name a new folder.")
    archive = Archive.open(Target(enrolled.backups), enrolled.uuid, key, what, since)
    archive.bring(into, most * 1024**3 if most else enrolled.limit_bytes)
    with_databases = " and databases.sql" if archive.databases else ""
    typer.echo(f"{what}: the backup of {archive.run.at:%Y-%m-%d %H:%M} UTC is in {into}: files{with_databases}")


def _declared(backups: "Backups | None") -> "Backups":
    from components.domain.problems import DomainError

    if backups is None:
        raise DomainError(
            "fleet.yaml declares no target of backups.",
            "Set one up: vps backups target --url ssh://vps-backups@HOST:22/srv/vps-backups; then declare `backups:`.",
        )
    return backups


def _enrolled(chosen: "Chosen") -> "list[Enrolled]":
    from components.backups.enrolment import Enrolled

    found = [Enrolled.of(chosen.fleet, line.client, line.vps) for line in chosen.lines]
    return [one for one in found if one is not None]


def _one(what: str, fleet: Path | None) -> "tuple[Chosen, Enrolled]":
    from components.cli.guests import choose
    from components.domain.problems import DomainError

    chosen = choose(what, fleet)
    _declared(chosen.fleet.backups)
    found = _enrolled(chosen)
    if len(found) != 1 or len(chosen.lines) != 1:
        known = ", ".join(one.title for one in found) or "none"
        raise DomainError(f"{what} is not one VPS whose package promises backups.", f"Of these there are: {known}.")
    return chosen, found[0]


def _standings(chosen: "Chosen") -> "list[Standing]":
    from components.backups.promise import Standing, State, judge
    from components.backups.target import Kept, Target
    from components.domain.problems import DomainError

    fleet = chosen.fleet
    held: dict[str, Kept] = {}
    silent = ""
    if fleet.backups is not None:
        try:
            held = Target(fleet.backups).status()
        except DomainError as problem:
            silent = str(problem)
    found = []
    for line in chosen.lines:
        package = fleet.packages.get(line.vps.package)
        promise = package.backup if package else None
        kept = held.get(line.vps.machine_uuid(fleet.id, line.client.id))
        if silent and promise is not None:
            found.append(Standing(title=line.title, state=State.UNKNOWN, words=silent))
        elif fleet.backups is None and promise is not None:
            words = "promised, but fleet.yaml declares no target: vps backups target"
            found.append(Standing(title=line.title, state=State.BROKEN, words=words))
        else:
            found.append(judge(line.title, promise, kept))
    return found


def _table(found: "list[Standing]") -> None:
    from components.backups.promise import spoken
    from components.cli.guests import rows

    cells = [("VPS", "state", "newest", "age", "backups", "size", "proven", "")]
    for one in found:
        proof = "never" if one.newest else ""
        if one.proof:
            proof = f"{str(one.proof['at'])[:10]}{'' if one.proof['differ'] == 0 else ' DIFFERS'}"
        cells.append(
            (
                one.title,
                str(one.state),
                f"{one.newest.at:%Y-%m-%d %H:%M}" if one.newest else "",
                spoken(one.age) if one.age is not None else "",
                str(one.runs) if one.runs else "",
                f"{one.kept_bytes / 1024**2:.0f} MiB" if one.kept_bytes else "",
                proof,
                one.words,
            )
        )
    for line in rows(cells):
        typer.echo(line)
