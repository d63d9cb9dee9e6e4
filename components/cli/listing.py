"""`vps list`: every VPS of the fleet in a line, as declared; where asked, as hosts answer and as guests say."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from components.cli.guests import Chosen
    from components.guest.hearing import Heard, Line
    from components.guest.report import Report
    from components.report.glance import Glance

UNKNOWN = "unknown"
LIVE_HEADS = ("vps", "package", "host", "power", "image", "flavour")
ASKED_HEADS = ("delivered", "health", "settings")


def list_all(
    client: Annotated[str | None, typer.Argument(metavar="[CLIENT]", help="Only this client's.")] = None,
    host: Annotated[str | None, typer.Option("--host", metavar="HOST", help="Only those that live there.")] = None,
    package: Annotated[
        str | None, typer.Option("--package", metavar="PACKAGE", help="Only this one: small, or small@2026-01.")
    ] = None,
    ends_before: Annotated[
        str | None,
        typer.Option("--ends-before", metavar="DATE", help="Only those that end, or are not renewed, before that day."),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask every host as well: power, and limits that wait for a reboot.")
    ] = False,
    guests: Annotated[
        bool, typer.Option("--guests", help="Ask every running guest as well: delivered, health, reboot.")
    ] = False,
    reboot_pending: Annotated[
        bool, typer.Option("--reboot-pending", help="Ask guests, and show only those that wait for a reboot.")
    ] = False,
    fleet: Annotated[
        Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look: every VPS as declared: package, host, price, term; with --live as hosts answer. Exit 1: could not tell."""
    import gc

    gc.disable()  # A fleet is thousands of small objects that all stay until the end.
    from components.cli.guests import choose, say
    from components.cli.terminal import width
    from components.report.columns import table
    from components.report.glance import DROP, HEADS, LEAVING, Glance, cells, summary, summed

    today = dt.datetime.now(dt.UTC).date()
    chosen = choose(client, fleet, judge=False)
    lines = _filtered(chosen, host, package, _day(ends_before), today)
    glance = Glance(chosen.fleet, today)
    if live or guests or reboot_pending:
        _ask(chosen, lines, glance, asks=guests or reboot_pending, only_pending=reboot_pending, as_json=as_json)
        return
    found = [glance.row(line.client, line.vps) for line in lines]
    if as_json:
        say({"vps": found, "summary": summary(found), "unread": unread(chosen)})
    else:
        for line in table([HEADS, *map(cells, found)], width(), leaving=LEAVING, drop=DROP):
            typer.echo(line)
        typer.echo(summed(summary(found), chosen.fleet.currency))
    _tell_unread(chosen, as_json=as_json)


def _ask(
    chosen: "Chosen", lines: "list[Line]", glance: "Glance", *, asks: bool, only_pending: bool, as_json: bool
) -> None:
    """The table with what hosts answer and, with `asks`, what guests say."""
    from components.cli.consequences import recorded
    from components.cli.guests import say
    from components.cli.terminal import width
    from components.guest.hearing import MISSING, hear_all
    from components.report.columns import table
    from components.report.vps import UNMADE

    heard = hear_all(chosen.fleet, lines, ask=lambda _: asks)
    found = [_row(line, heard[line.title], glance, asked=asks) for line in lines]
    for one, row in zip(lines, found, strict=True):
        if row["power"] == MISSING and recorded(chosen.loaded, one.client, one.vps) == {}:
            row["power"] = UNMADE
    unsure = [row for row in found if row["silent"] and (row["power"] in ("running", UNKNOWN))]
    shown = [row for row in found if row["reboot"] or row["waits"]] if only_pending else found
    if as_json:
        say({"vps": shown, "unsure": [row["vps"] for row in unsure], "unread": unread(chosen)})
    else:
        heads = (*LIVE_HEADS, *(ASKED_HEADS if asks else ()))
        cells = [(*(str(row[head]) for head in heads), _waits(row)) for row in shown]
        told = [(*heads, "waits for a reboot"), *cells]
        for line in table(told, width(), leaving=(len(heads), 5, 1, 4), drop=(5, 1)) if cells else ():
            typer.echo(line)
        for row in unsure:
            typer.echo(f"could not tell: {row['vps']}: {row['silent']}", err=True)
        if only_pending:
            typer.echo(f"{len(shown)} of {len(found)} VPSs wait for a reboot; what guests say is their own word")
    _tell_unread(chosen, as_json=as_json)
    raise typer.Exit(1 if unsure else 0)


def _tell_unread(chosen: "Chosen", *, as_json: bool) -> None:
    """Exit 1 when a file can't be read: VPSs, or what is known of them, are missing above."""
    found = unread(chosen)
    for file in found if not as_json else ():
        typer.echo(f"could not tell: {file} can't be read as it is: vps check", err=True)
    if found:
        raise typer.Exit(1)


def unread(chosen: "Chosen") -> list[str]:
    """The files that are not whole: of clients, and those that all of them share. No rule was asked here."""
    return sorted({*chosen.unread, *(problem.file for problem in chosen.loaded.problems)})


def _filtered(
    chosen: "Chosen", host: str | None, package: str | None, before: dt.date | None, today: dt.date
) -> "list[Line]":
    """The lines that were asked for. Raises DomainError for a host or package that nothing declares."""
    from components.domain.problems import DomainError

    fleet = chosen.fleet
    used = {line.vps.host for line in chosen.lines}
    if host is not None and host not in used | set(fleet.hosts):
        raise DomainError(f"Host {host} is not declared.", f"Known: {', '.join(sorted(fleet.hosts)) or 'none'}.")
    kinds = {key for key in fleet.packages if package in (key, key.partition("@")[0])}
    if package is not None and not kinds:
        raise DomainError(f"The catalogue has no package {package}.", f"Known: {', '.join(fleet.packages) or 'none'}.")
    found = []
    for line in chosen.lines:
        vps = line.vps
        last = min((day for day in (vps.ends, vps.term.end) if day is not None), default=None)
        if (
            (host is None or vps.host == host)
            and (package is None or vps.sale(today).package in kinds)
            and (before is None or (last is not None and last < before))
        ):
            found.append(line)
    return found


def _day(text: str | None) -> dt.date | None:
    from components.domain.problems import DomainError

    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        raise DomainError(f'"{text}" is no date.', "Write it like 2027-03-01.") from error


def _row(line: "Line", heard: "Heard", glance: "Glance", *, asked: bool) -> dict[str, Any]:
    from components.report.guest import reboot

    report = heard.report
    row: dict[str, Any] = glance.row(line.client, line.vps) | {
        "power": heard.power or UNKNOWN,
        "waits": list(heard.waits),
        "reboot": "",
        "silent": heard.silent,
    }
    if asked:
        row["delivered"] = "" if report is None else "yes" if report.delivery.is_done else report.delivery.state
        row["health"] = "" if report is None else report.health.state
        row["settings"] = "" if report is None or not report.delivery.is_done else _settings(heard, report)
        row["reboot"] = "" if report is None else reboot(report)
        row["since"] = report.reboot.since if report is not None and report.reboot is not None else ""
    return row


def _settings(heard: "Heard", report: "Report") -> str:
    """Only a digest says that a guest goes by what is declared; an older image has none, nor a broken section."""
    said = report.sections.get("settings")
    if not isinstance(said, dict) or not isinstance(said.get("digest"), str):
        return "not told"
    return "behind" if heard.behind else "as declared"


def _waits(row: dict[str, Any]) -> str:
    """Of the host first, whose word is a fact, then of the guest."""
    host = f"limits: {', '.join(row['waits'])}" if row["waits"] else ""
    return "; ".join(words for words in (host, row["reboot"]) if words)
