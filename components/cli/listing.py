"""`vps list`: every VPS of the fleet in a line, as declared, as hosts answer and, where asked, as guests say."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from components.domain.fleet import Fleet
    from components.guest.hearing import Heard, Line
    from components.guest.report import Report

UNKNOWN = "unknown"


def list_all(
    client: Annotated[str | None, typer.Argument(metavar="[CLIENT]", help="Only this client's.")] = None,
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
    """Look: every VPS with package, host, power and image; who waits for a reboot. Exit 1: could not tell."""
    import json

    from components.cli.guests import choose, rows
    from components.guest.hearing import hear_all

    chosen = choose(client, fleet)
    asks = guests or reboot_pending
    heard = hear_all(chosen.fleet, chosen.lines, ask=lambda _: asks)
    found = [_row(chosen.fleet, line, heard[line.title], asked=asks) for line in chosen.lines]
    unsure = [row for row in found if row["silent"] and (row["power"] in ("running", UNKNOWN))]
    shown = [row for row in found if row["reboot"] or row["waits"]] if reboot_pending else found
    if as_json:
        typer.echo(
            json.dumps({"vps": shown, "unsure": [row["vps"] for row in unsure], "unread": chosen.unread}, indent=2)
        )
    else:
        heads = (
            "vps",
            "package",
            "host",
            "power",
            "image",
            "flavour",
            *(("delivered", "health", "settings") if asks else ()),
        )
        cells = [(*(str(row[head]) for head in heads), _waits(row)) for row in shown]
        for line in rows([(*heads, "waits for a reboot"), *cells]) if cells else ():
            typer.echo(line)
        for row in unsure:
            typer.echo(f"could not tell: {row['vps']}: {row['silent']}", err=True)
        for file in chosen.unread:
            typer.echo(f"could not tell: {file} can't be read as it is: vps check", err=True)
        if reboot_pending:
            typer.echo(f"{len(shown)} of {len(found)} VPSs wait for a reboot; what guests say is their own word")
    raise typer.Exit(1 if unsure or chosen.unread else 0)


def _row(fleet: "Fleet", line: "Line", heard: "Heard", *, asked: bool) -> dict[str, Any]:
    from components.report.guest import reboot

    report, image = heard.report, fleet.images.get(line.vps.image)
    row: dict[str, Any] = {
        "vps": line.title,
        "package": line.vps.package,
        "host": line.vps.host,
        "power": heard.power or UNKNOWN,
        "image": line.vps.image,
        "flavour": image.flavour if image else "",
        "ends": line.vps.ends.isoformat() if line.vps.ends else "",
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
