"""`vps health`: how VPSs are by their own word, one or all of them side by side."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.cli.guests import Chosen
    from components.guest.hearing import Heard

FINDINGS = 2
CANNOT_TELL = 1
HEALTHY, DOWN = "pass", "off"
"""One that is off on purpose, or that its client shut down, has no health and no finding."""


def health(
    vps: Annotated[str | None, typer.Argument(metavar="[CLIENT/VPS]", help="One VPS, or all of a CLIENT.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every VPS of the fleet.")] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Let the guest run all its checks first, the slow ones too (minutes).")
    ] = False,
    fleet: Annotated[
        Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")
    ] = None,
    deadline: Annotated[
        int, typer.Option(min=1, metavar="SECONDS", help="How long one guest may take to answer.")
    ] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look: does a VPS say that it is well? Exit 0 it does, 2 a check does not pass, 1 could not tell."""
    import json

    from components.cli.guests import choose
    from components.domain.problems import DomainError
    from components.guest.hearing import hear_all, hear_one

    if everything == (vps is not None):
        raise DomainError("Say which: CLIENT/VPS, CLIENT, or --all.", "")
    chosen = choose(vps, fleet)
    if len(chosen.lines) == 1:
        heard = {chosen.lines[0].title: hear_one(chosen.fleet, chosen.lines[0], now=now, deadline_s=deadline)}
    else:
        heard = hear_all(chosen.fleet, chosen.lines, now=now, deadline_s=deadline)
    states = {title: state(one) for title, one in heard.items()}
    if as_json:
        from components.report.guest import document

        told = {title: {"state": states[title], "power": one.power, **document(one)} for title, one in heard.items()}
        typer.echo(json.dumps({"vps": told, "unread": list(chosen.unread)}, indent=2))
    elif len(chosen.lines) == 1:
        _show(chosen.lines[0].title, *heard.values())
    else:
        _table(chosen, heard, states)
    raise typer.Exit(exit_code(states.values(), unread=bool(chosen.unread)))


def state(heard: "Heard") -> str:
    """How one VPS is: pass, degraded, fail, off (nobody expects it to run) or unknown."""
    if heard.power in ("off", "paused") and heard.report is None:
        return DOWN
    if heard.report is None:
        return "unknown"
    if not heard.report.delivery.is_done:
        return "fail"
    return heard.report.health.state


def exit_code(states: Iterable[str], *, unread: bool = False) -> int:
    """2 when any is not well, else 1 when any could not be told, else 0."""
    found = set(states)
    if found & {"fail", "degraded"}:
        return FINDINGS
    return CANNOT_TELL if unread or "unknown" in found else 0


def _show(title: str, heard: "Heard") -> None:
    import datetime as dt

    from rich.console import Console

    from components.report.guest import show

    typer.echo(f"{title}: {heard.power or 'power unknown'}")
    show(heard, Console(soft_wrap=True, highlight=False), dt.datetime.now(dt.UTC))


def _table(chosen: "Chosen", heard: "dict[str, Heard]", states: dict[str, str]) -> None:
    from collections import Counter

    from components.cli.guests import rows

    cells = []
    for title, one in heard.items():
        report = one.report
        if report is None:
            words = "" if states[title] == DOWN else one.silent
        elif not report.delivery.is_done:
            words = f"not delivered: {report.delivery.step} {report.delivery.reason}".strip()
        else:
            bad = [check for check in report.health.checks if check.state in ("fail", "degraded")]
            failing = (f"{check.name}: {check.message}" for check in bad)
            behind = [f"settings: {one.behind}"] if one.behind else []
            words = "; ".join([*failing, *behind, *report.notes])
        cells.append((states[title], title, words))
    for line in rows(cells):
        typer.echo(line)
    for file in chosen.unread:
        typer.echo(f"note: {file} can't be read as it is: vps check")
    counted = Counter(states.values())
    told = ", ".join(
        f"{counted[name]} {name}" for name in ("fail", "degraded", "unknown", HEALTHY, DOWN) if counted[name]
    )
    typer.echo(f"{len(heard)} VPSs, by their own word: {told or 'none'}")
