"""`vps reboot --pending`: reboot who says that it waits for one, each in its own maintenance window and once in it.

Nothing reboots by itself: an operator's timer runs this command. What a guest says decides about that guest alone, and
one that says so for ever is rebooted once in each of its windows.
"""

import datetime as dt
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from components.domain.fleet import Fleet
    from components.domain.guests import Maintenance
    from components.guest.hearing import Line

Reboot = Callable[[str], None]
"""Reboots CLIENT/VPS under its stack's lock."""


def pending(what: str | None, folder: Path | None, *, yes: bool, anytime: bool, reboot: Reboot) -> None:
    """Find who waits, ask once, and reboot those whose window is open; with `anytime`, all of them.

    Exit 1 when somebody could not be asked or rebooted, or the one VPS named has to wait for its window.
    """
    from components.cli.consent import consent
    from components.cli.guests import choose
    from components.domain.problems import DomainError
    from components.domain.windows import next_opening
    from components.drivers.errors import DriverError
    from components.guest.hearing import hear_all
    from components.report.guest import reboot as reason

    chosen = choose(what, folder)
    heard = hear_all(chosen.fleet, chosen.lines)
    failed = bool(chosen.unread)
    due: list[Line] = []
    for line in chosen.lines:
        report = heard[line.title].report
        if report is None:
            if heard[line.title].power not in ("off", "paused"):
                typer.echo(f"could not tell: {line.title}: {heard[line.title].silent}", err=True)
                failed = True
            continue
        if not reason(report):
            continue
        typer.echo(f"{line.title}: {reason(report)}")
        if anytime or _opened(chosen.fleet, line):
            due.append(line)
            continue
        opens = next_opening(_window(chosen.fleet, line), dt.datetime.now(dt.UTC))
        typer.echo(f"{line.title}: its maintenance window is closed; it opens on {opens:%A %Y-%m-%d at %H:%M} UTC")
        failed = failed or len(chosen.lines) == 1
    if due:
        consent(f"Reboot {', '.join(line.title for line in due)}, one after the other?", given=yes)
    for line in due:
        try:
            failed = not _turn(chosen.fleet, line, folder, anytime=anytime, reboot=reboot) or failed
        except (DomainError, DriverError) as problem:
            typer.echo(f"{line.title}: {problem}", err=True)
            failed = True
    if not due and not failed:
        typer.echo("Nobody is rebooted now.")
    raise typer.Exit(1 if failed else 0)


def _turn(fleet: "Fleet", line: "Line", folder: Path | None, *, anytime: bool, reboot: Reboot) -> bool:
    """Whether it was rebooted, or its window closed meanwhile; not when it was in this window already."""
    from components.cli.subject import Subject
    from components.engine.backend import local_folder
    from components.engine.project import project_of

    opened = _opened(fleet, line)
    if opened is None and not anytime:
        typer.echo(f"{line.title}: its maintenance window has closed meanwhile")
        return True
    subject = Subject.find(line.title, folder)
    with subject.home(starts=True) as home:
        revision = home.machine.mark.revision if home.machine.mark else 0
    place = local_folder(subject.environment) or project_of(Path(subject.environment["VPS_FLEET"])).work
    note = place / "aegir-vps-reboots" / f"{subject.uuid}.json"
    if opened is not None:
        before = _read(note)
        # Every reboot of ours raises the revision: one that was cut did not, and is done again.
        if before.get("opened") == opened.isoformat() and revision > before.get("revision", 0) and not anytime:
            typer.echo(
                f"{line.title}: it was rebooted in this window already and still says that it waits: look why", err=True
            )
            return False
        if before.get("opened") != opened.isoformat():
            _write(note, {"opened": opened.isoformat(), "revision": revision})
    reboot(line.title)
    return True


def _window(fleet: "Fleet", line: "Line") -> "Maintenance":
    return line.vps.maintenance or fleet.guests.maintenance


def _opened(fleet: "Fleet", line: "Line") -> dt.datetime | None:
    from components.domain.windows import opened

    return opened(_window(fleet, line), dt.datetime.now(dt.UTC))


def _read(note: Path) -> dict[str, Any]:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(note: Path, values: dict[str, Any]) -> None:
    """Whole or not at all, and there after a power cut: what says that a reboot was begun stands before it begins."""
    note.parent.mkdir(parents=True, exist_ok=True)
    fresh = note.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as handle:
        json.dump(values, handle)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(note)
