"""`vps fault replaced`: the clock stops, the inventory gets the new serial number, the spare is counted down."""

import dataclasses
import datetime as dt
import sys
from dataclasses import dataclass

import typer

from components.cli.consent import consent
from components.cli.fault_desk import Desk, tell
from components.config.folder import HOSTS
from components.config.replacement import Edit, Replacement
from components.domain.faults import Fault
from components.domain.instants import shown
from components.domain.inventory import bearer
from components.domain.problems import DomainError
from components.ledger import equipment
from components.ledger.events import Event
from components.ledger.witness import note


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the operator said of the new part."""

    serial: str | None
    warranty: str | None
    model: str | None
    from_supplier: bool
    reason: str


def replace(here: Desk, fault: Fault, given: Given, at: dt.datetime, *, yes: bool) -> None:
    """Note the replacement, then edit the files; one that was cut between both is finished by the same command.

    Raises DomainError for a fault that can't be replaced now, and for a serial number that can't be.
    """
    if _goes_on(here, fault, given, yes=yes):
        return
    fault.replace(at, given.serial or "")
    replacement = _judged(here, fault, given, at)
    done = fault.replace(at, replacement.new)
    edit = Edit(here.loaded.folder, replacement)
    if replacement.counted is not None and edit.shelf != replacement.counted[0]:
        raise DomainError(
            f"fleet.yaml says {edit.shelf} of {replacement.spare}, and said {replacement.counted[0]} a moment ago.",
            "Nothing was noted. Run the command again.",
        )
    _show(here, fault, replacement, edit)
    consent(f"Note {fault.part} of {fault.host} as replaced at {shown(at)}, and write this?", given=yes)
    data = {"fault": fault.id, **replacement.data()}
    edit.write(lambda: here.note(fault.host, equipment.REPLACED, at, given.reason, data))
    tell(here, done)
    if edit.waits and _is_there(here, fault):
        raise DomainError(
            f"It is noted, and the clock stands; the new part is not written down. {edit.waits}",
            "Mend that file, then run the same command again.",
        )
    typer.echo(f"next      commit the edited files; when service is back: vps fault restored {fault.id}")


def _goes_on(here: Desk, fault: Fault, given: Given, *, yes: bool) -> bool:
    """Whether the replacement was noted before, and its files waited; they are edited now.

    Raises DomainError, once they are, when nobody can tell whether the spare was counted down then.
    """
    noted = [one for one in here.events if one.kind == equipment.REPLACED and one.data.get("fault") == fault.id]
    if not noted or given.serial not in (None, fault.replacement):
        return False
    replacement = Replacement.told(fault.host, noted[-1].data)
    counted, doubt = _left_to_count(here, noted[-1], replacement)
    edit = Edit(here.loaded.folder, dataclasses.replace(replacement, counted=counted))
    if edit.waits and _is_there(here, fault):
        raise DomainError(
            f"{fault.id} is noted as replaced by {fault.replacement} already; the new part is not written down. "
            f"{edit.waits}",
            "Mend that file, then run the same command again.",
        )
    if not edit.found:
        return False
    typer.echo(f"{fault.id} is noted as replaced by {fault.replacement} already; what waits is in its files:")
    typer.echo(edit.diff, nl=False)
    consent("Write this?", given=yes)
    edit.write()
    if doubt:
        raise DomainError(
            f"The part is written down; how many of {replacement.spare} are left is not sure: {doubt}.",
            "Count what lies on the shelf, and correct `count` in fleet.yaml by hand.",
        )
    return True


def _left_to_count(here: Desk, event: Event, replacement: Replacement) -> tuple[tuple[int, int] | None, str]:
    """From what to what a spare is counted down after a cut, if at all; or why nobody can tell whether it was."""
    if replacement.counted is None:
        return None, ""
    before, after = replacement.counted
    spare = here.loaded.fleet.spares.get(replacement.spare)
    said = "does not know it" if spare is None else f"says {spare.count}"
    told = f"{before} -> {after} was noted, and fleet.yaml {said}"
    for one in here.events:
        if one.kind == equipment.REPLACED and one.number > event.number:
            taken = Replacement.told(replacement.host, one.data)
            if taken.spare == replacement.spare and taken.counted is not None:
                # Whoever took the next one saw what this one had left.
                return None, "" if taken.counted[0] == after else f"{told}; another was taken since"
    if spare is None or spare.count not in replacement.counted:
        return None, told
    return replacement.counted, ""


def _is_there(here: Desk, fault: Fault) -> bool:
    """Whether the host's file is; a host that was retired has none."""
    return (here.loaded.folder / HOSTS / f"{fault.host}.yaml").exists()


def _has(here: Desk, replacement: Replacement) -> bool:
    found = bearer(here.loaded.fleet.hosts.values(), replacement.new)
    return found is not None and found[0].name == replacement.host


def _judged(here: Desk, fault: Fault, given: Given, at: dt.datetime) -> Replacement:
    serial = _legible(_asked(given.serial, "Serial number of the new part", "--serial"), "Serial number")
    if serial == fault.serial:
        raise DomainError(
            f"{serial} is the serial number of the faulty part.", "Nothing was noted. Name that of the new one."
        )
    found = bearer(here.loaded.fleet.hosts.values(), serial)
    if found is not None and _is_elsewhere(here, fault, found[0].name):
        raise DomainError(
            f"Serial number {serial} stands already in hosts/{found[0].name}.yaml, as a {found[1].kind}.",
            "Nothing was noted. One part is in one place: mend whichever is wrong.",
        )
    warranty = _day(_asked(given.warranty, "Last day of its warranty (like 2029-11-22)", "--warranty"))
    if warranty < at.date():
        raise DomainError(f"Its warranty would have ended on {warranty}.", "Nothing was noted. Name its last day.")
    spare = here.loaded.fleet.spares.get(fault.spare)
    if fault.spare and spare is None and not given.from_supplier:
        raise DomainError(
            f"fleet.yaml has no spare {fault.spare} that can be read, from which the part would come.",
            "Nothing was noted. Mend fleet.yaml (vps check), or say --from-supplier if it came from outside.",
        )
    by_hand = found is not None
    counts = spare is not None and spare.count > 0 and not given.from_supplier and not by_hand
    return Replacement(
        host=fault.host,
        old=fault.serial,
        new=serial,
        model=_legible(given.model or (spare.model if spare else fault.model), "Model"),
        installed=at.date().isoformat(),
        warranty=warranty.isoformat(),
        spare=fault.spare,
        counted=(spare.count, spare.count - 1) if spare is not None and counts else None,
    )


def _is_elsewhere(here: Desk, fault: Fault, host: str) -> bool:
    """A serial on the same host is no other part when somebody edited the old line by hand already."""
    mine = here.loaded.fleet.hosts.get(fault.host)
    return host != fault.host or (mine is not None and any(one.serial == fault.serial for one in mine.inventory))


def _show(here: Desk, fault: Fault, replacement: Replacement, edit: Edit) -> None:
    typer.echo(edit.diff, nl=False)
    by_hand = _has(here, replacement)
    if not edit.found and not by_hand:
        why = edit.waits or f"hosts/{fault.host}.yaml lists no {fault.serial}."
        typer.echo(
            f"{why} {'It waits' if edit.waits else 'Add it by hand'}: {replacement.model}, {replacement.new}, "
            f"installed {replacement.installed}, warranty {replacement.warranty}"
        )
    if by_hand and fault.spare:
        typer.echo(
            f"No spare of {fault.spare} is counted down: hosts/{fault.host}.yaml has {replacement.new} already. See "
            "that `count` in fleet.yaml is what lies on the shelf."
        )
    elif replacement.counted is None:
        typer.echo(f"No spare of {fault.spare or 'ours'} is counted down: the part came from outside.")
    else:
        before, after = replacement.counted
        typer.echo(f"Spares of {replacement.spare}: {before} -> {after}")
    for problem in edit.problems():
        typer.echo(f"wrong with the fleet from then on: {problem}")


def _asked(given: str | None, what: str, option: str) -> str:
    if given is not None and given.strip():
        return given.strip()
    if not sys.stdin.isatty():
        raise DomainError(f"{what}: nobody can be asked, this is no terminal.", f"Nothing was noted. Give {option}.")
    return str(typer.prompt(what)).strip()


def _legible(words: str, what: str) -> str:
    """Raises DomainError for what can't be on a label: it would steer terminals, and no file could hold it."""
    if words.isprintable():
        return words
    raise DomainError(f"{what} {note(words)}: it holds what can't be printed.", "Nothing was noted. Type it anew.")


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as cause:
        raise DomainError(f'"{text}" is no day.', "Nothing was noted. Write it like 2029-11-22.") from cause
