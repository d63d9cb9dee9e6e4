"""`vps kit`: the documents that clients are promised, made from the declared files."""

import datetime as dt
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.kit.addresses import Owners
    from components.kit.documents import Kit
    from components.kit.folder import Written

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
Out = Annotated[Path, typer.Option("--out", help="Where kits go, each into a folder named as its client.")]
Day = Annotated[str | None, typer.Option("--date", help="The day that the documents carry, like 2026-12-01.")]


def kit(
    client: Annotated[str | None, typer.Argument(metavar="[CLIENT]")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every client's.")] = False,
    out: Out = Path("kits"),
    date: Day = None,
    fleet: FleetFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write: make a client's documents: configuration, guide, addresses, DNS, support, prices; say what is missing."""
    from components.config.folder import CLIENTS
    from components.config.loader import find_fleet, load
    from components.config.texts import parse_date
    from components.domain.problems import DomainError
    from components.kit import folder
    from components.kit.addresses import owners

    if (client is None) is not everyone:
        raise DomainError("Name one client, or give --all.", "Like: vps kit example-coop")
    day = parse_date(date) if date is not None else None
    loaded = load(find_fleet(fleet))
    if client is not None and f"{CLIENTS}/{client}.yaml" not in loaded.files:
        known = ", ".join(sorted(loaded.fleet.clients)) or "none"
        raise DomainError(f"No client file {CLIENTS}/{client}.yaml.", f"Known: {known}.")
    names = [client] if client is not None else _declared(loaded)
    owned = owners(loaded.fleet)
    reports: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    with folder.opened(out), _shown(names, quiet=as_json or not everyone) as shown:
        for name in shown:
            try:
                made, written, carried = _one(loaded, name, owned, out, day)
            except DomainError as error:
                if not everyone:
                    raise
                refused[name] = str(error)
                continue
            reports.append(_report(made, written, carried))
            if not as_json and not everyone:
                _tell(made, written)
    if as_json:
        import orjson

        said = {"kits": reports, "refused": refused}
        typer.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
    elif everyone:
        _tell_all(reports, out)
    if not as_json:
        for name, why in refused.items():
            typer.echo(f"{name}: {why}", err=True)
    raise typer.Exit(1 if refused else 0)


@contextmanager
def _shown(names: list[str], *, quiet: bool) -> "Iterator[Iterable[str]]":
    """The names, with a bar for whoever waits at a terminal."""
    if quiet or not sys.stderr.isatty():
        yield names
        return
    with typer.progressbar(names, label="kits", file=sys.stderr) as bar:
        yield bar


def _declared(loaded: "Loaded") -> list[str]:
    """Every client that has a file, also one that can't be read: it is named among the refused."""
    from components.config.folder import CLIENTS

    return sorted(Path(file).stem for file in loaded.files if file.startswith(f"{CLIENTS}/"))


def _one(
    loaded: "Loaded", name: str, owned: "Owners", out: Path, day: dt.date | None
) -> "tuple[Kit, Written, dt.date]":
    """One kit, in its folder. Without a day of its own, one that says the same as before keeps its date."""
    from components.domain.names import client_stack
    from components.domain.problems import DomainError
    from components.kit import folder
    from components.kit.documents import kit as documents
    from components.kit.prices import is_same

    problems = loaded.blocking(client_stack(name))
    if problems:
        raise DomainError("\n".join(map(str, problems)), "Mend the files first: vps check")
    client, today = loaded.fleet.clients[name], dt.datetime.now(dt.UTC).date()
    if day is None:
        before = folder.made_on(out / name)
        then = dt.date.fromisoformat(before) if before else today
        if before and is_same(loaded.fleet, client, then, today):
            found = documents(loaded.fleet, client, owned, then)
            if folder.is_current(out / name, found.files):
                return found, folder.Written(folder=out / name), then
    as_of = day or today
    found = documents(loaded.fleet, client, owned, as_of)
    return found, folder.write(out, name, found.files, as_of.isoformat()), as_of


def _report(kit: "Kit", written: "Written", as_of: dt.date) -> dict[str, Any]:
    return {
        "client": kit.client,
        "folder": str(written.folder),
        "date": as_of.isoformat(),
        "language": kit.language,
        "in_english": list(kit.fallen_back),
        "files": sorted(kit.files),
        "made": list(written.made),
        "replaced": list(written.replaced),
        "removed": list(written.removed),
        "kept": list(written.kept),
        "complete": not kit.missing,
        "missing": [{"element": one.element, "what": one.what, "do": one.do} for one in kit.missing],
    }


def _tell(kit: "Kit", written: "Written") -> None:
    documents = sum(name.endswith(".html") for name in kit.files)
    how = (
        f"{len(written.made)} made, {len(written.replaced)} replaced, {len(written.removed)} removed"
        if written.changed
        else "nothing to change"
    )
    typer.echo(f"{written.folder}: {documents} documents as Markdown and as pages, {len(kit.files)} files: {how}.")
    typer.echo(f"Open {written.folder / 'index.html'}")
    for name in written.kept:
        typer.echo(f"{written.folder / name} is no longer part of the kit, but was edited: it was left.")
    if kit.fallen_back:
        typer.echo(f"Asked for in the language {kit.language}, written in English: {', '.join(kit.fallen_back)}.")
    typer.echo()
    typer.echo("Onboarding is complete when this is done by hand as well:")
    for one in kit.missing:
        typer.echo(f"  {one.element:<6} {one.what}")
        typer.echo(f"         {one.do}")


def _tell_all(reports: list[dict[str, Any]], out: Path) -> None:
    changed = sum(bool(one["made"] or one["replaced"] or one["removed"]) for one in reports)
    typer.echo(f"{out}: kits of {len(reports)} clients, {changed} changed.")
    elements = sorted({missing["element"] for one in reports for missing in one["missing"]})
    if elements:
        typer.echo(f"Left to do by hand: {', '.join(elements)} (--json names them client by client).")
