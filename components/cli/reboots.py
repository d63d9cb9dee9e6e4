"""`vps reboot --pending`: reboot who says that it waits for one, each in its own maintenance window and once in it.

Nothing reboots by itself: an operator's timer runs this command. What a guest says decides about that guest alone, and
one that says so for ever is rebooted once in each of its windows.
"""

import datetime as dt
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from components.domain.fleet import Fleet
    from components.domain.guests import Maintenance
    from components.guest.hearing import Heard, Line

Reboot = Callable[[str, Callable[[], bool]], None]
"""Reboots CLIENT/VPS under its stack's lock, unless the question that it asks last, under the lock, is answered no."""
CUT = dt.timedelta(hours=24)
"""A machine that is down longer after its reboot was begun was shut down by its client."""


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
    notes = Notes.of(chosen.loaded.folder)
    heard = hear_all(chosen.fleet, chosen.lines)
    failed = bool(chosen.unread)
    for file in chosen.unread:
        typer.echo(f"could not tell: {file} can't be read as it is: vps check", err=True)
    due: list[Line] = []
    for line in chosen.lines:
        report = heard[line.title].report
        if report is None:
            if heard[line.title].power not in ("off", "paused"):
                typer.echo(f"could not tell: {line.title}: {heard[line.title].silent}", err=True)
                failed = True
                continue
            try:
                is_cut = notes.is_cut(_uuid(chosen.fleet, line), partial(_revision, line, folder))
            except (DomainError, DriverError) as problem:
                typer.echo(f"could not tell: {line.title}: {problem}", err=True)
                failed = True
                continue
            if is_cut:
                typer.echo(f"{line.title}: its reboot was cut and it is down: it goes on")
                due.append(line)
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
            is_done = _turn(chosen.fleet, line, folder, notes, heard[line.title], anytime=anytime, reboot=reboot)
        except (DomainError, DriverError) as problem:
            typer.echo(f"{line.title}: {problem}", err=True)
            is_done = False
        failed = failed or not is_done
    if not due and not failed:
        typer.echo("Nobody is rebooted now.")
    raise typer.Exit(1 if failed else 0)


def _turn(
    fleet: "Fleet",
    line: "Line",
    folder: Path | None,
    notes: "Notes",
    heard: "Heard",
    *,
    anytime: bool,
    reboot: Reboot,
) -> bool:
    """Whether it was rebooted, or need not be any more; not when it was in this window already."""
    from components.guest.hearing import hear_one
    from components.report.guest import reboot as reason

    uuid = _uuid(fleet, line)
    well = True

    def ready() -> bool:
        # Another run may have been quicker, and consent may have taken hours: all is looked at again under the lock.
        nonlocal well
        revision = _revision(line, folder)
        if heard.report is None:
            return notes.is_cut(uuid, lambda: revision)
        opened = _opened(fleet, line)
        if opened is None and not anytime:
            typer.echo(f"{line.title}: its maintenance window has closed meanwhile")
            return False
        if opened is not None and not anytime and notes.is_done(uuid, opened, revision):
            typer.echo(
                f"{line.title}: it was rebooted in this window already and still says that it waits: look why", err=True
            )
            well = False
            return False
        report = hear_one(fleet, line).report
        if report is not None and not reason(report):
            typer.echo(f"{line.title}: it does not wait any more")
            return False
        notes.begin(uuid, opened, revision)
        return True

    reboot(line.title, ready)
    return well


class Notes:
    """Which reboots were begun: in which window, at which revision of the machine, which each one of ours raises.

    They stand beside the state, so that whoever works on it knows them; with state elsewhere, in the project's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "aegir-vps-reboots"

    @classmethod
    def of(cls, fleet: Path) -> "Notes":
        """Those of a fleet's folder."""
        from components.engine.backend import local_folder
        from components.engine.project import project_of

        project = project_of(fleet)
        return cls(local_folder(project.backend(os.environ)) or project.work)

    def begin(self, uuid: str, opened: dt.datetime | None, revision: int) -> None:
        """Note it before it begins: whole or not at all, and there after a power cut."""
        self._folder.mkdir(parents=True, exist_ok=True)
        note = self._folder / f"{uuid}.json"
        fresh = note.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as handle:
            at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
            json.dump({"opened": opened.isoformat() if opened else "", "revision": revision, "at": at}, handle)
            handle.flush()
            os.fsync(handle.fileno())
        fresh.replace(note)

    def is_done(self, uuid: str, opened: dt.datetime, revision: int) -> bool:
        """Whether the machine, now at `revision`, was rebooted in that window; one that was cut was not."""
        note = self._read(uuid)
        return bool(note) and note["opened"] == opened.isoformat() and revision > note["revision"]

    def is_cut(self, uuid: str, revision: Callable[[], int]) -> bool:
        """Whether a reboot of this machine was begun, less than `CUT` ago, and not ended."""
        note = self._read(uuid)
        try:
            fresh = bool(note) and dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(note["at"]) < CUT
        except (TypeError, ValueError):
            fresh = False
        return fresh and revision() == note["revision"]

    def _read(self, uuid: str) -> dict[str, Any]:
        try:
            found = json.loads((self._folder / f"{uuid}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) and found.keys() == {"opened", "revision", "at"} else {}


def _uuid(fleet: "Fleet", line: "Line") -> str:
    return line.vps.machine_uuid(fleet.id, line.client.id)


def _revision(line: "Line", folder: Path | None) -> int:
    """The machine's revision. Raises DomainError and DriverError as `Subject.home`."""
    from components.cli.subject import Subject

    with Subject.find(line.title, folder).home(starts=True) as home:
        return home.machine.mark.revision if home.machine.mark else 0


def _window(fleet: "Fleet", line: "Line") -> "Maintenance":
    return line.vps.maintenance or fleet.guests.maintenance


def _opened(fleet: "Fleet", line: "Line") -> dt.datetime | None:
    from components.domain.windows import opened

    return opened(_window(fleet, line), dt.datetime.now(dt.UTC))
