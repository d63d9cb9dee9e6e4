"""`vps settings`: what was declared anew after a guest's first boot, told to it by its own agent."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from components.cli.subject import Home, Subject
    from components.guest.handover import Difference, Told

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
FINDINGS = 2
WORD = "the guest's own word"


def settings(
    what: Annotated[str, typer.Argument(metavar="CLIENT/VPS")],
    fleet: FleetFolder = None,
    look: Annotated[bool, typer.Option("--look", help="Only show what differs; exit 2 when something does.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines; with --look or --yes.")] = False,
) -> None:
    """Act: have a running guest go by what its files declare since its first boot: panel, mail, certificates, backups.

    Shows what differs first. Exit 0: nothing does (any more); 2 with --look: something does; 1: it could not be done.
    """
    import json

    from components.cli.consent import consent
    from components.cli.subject import Subject
    from components.domain.problems import DomainError
    from components.engine.lock import hold
    from components.guest.handover import SET, SET_S, SHOW, SHOW_S, differences, order
    from components.guest.settings import declared

    if as_json and not (look or yes):
        raise DomainError("--json asks nobody.", "Give --look or --yes with it.")
    subject = Subject.find(what, fleet)
    wanted = declared(subject.fleet, subject.client, subject.vps)

    def say(text: str) -> None:
        if not as_json:
            typer.echo(text)

    with subject.home(starts=False) as home:
        told = _ask(subject, home, SHOW, b"", SHOW_S)
    if not told.delivered:
        raise DomainError(
            f"{what} is not delivered yet: its first boot goes by what its seed says.",
            f"Nothing was touched. Wait for it: vps deliver {what}",
        )
    found = differences(wanted, told)
    open_ = [one for one in found if not one.stays]
    _tell(what, found, told, say)
    is_set = not look and bool(open_ or told.pending)
    if not open_ and not told.pending:
        say(f"{what}: its guest goes by what is declared ({WORD})")
    elif is_set:
        consent("Set this in the guest, and run again what goes by it?", given=yes)
        request = order(wanted, uuid=subject.uuid, vps=subject.vps.id)
        with (
            hold(subject.environment, subject.stack, f"vps settings {what}"),
            subject.home(starts=False) as home,
        ):
            told = _ask(subject, home, SET, request, SET_S)
        for one in told.ran:
            say(f"  {one}")
        found = differences(wanted, told)
        open_ = [one for one in found if not one.stays]
    failed = any(one.reason for one in told.ran) or (not look and bool(open_ or told.pending))
    if as_json:
        typer.echo(json.dumps(_document(what, found, told), indent=2))
    elif failed:
        say(
            f"{what}: not all of it holds. Its words are in /var/log/vps/settings.log there; run this again when mended"
        )
    elif is_set:
        say(f"{what}: as declared ({WORD}); it stands in its journal: journalctl -t vps-settings")
    raise typer.Exit(1 if failed else FINDINGS if open_ or told.pending else 0)


def _ask(subject: "Subject", home: "Home", words: tuple[str, ...], stdin: bytes, deadline_s: float) -> "Told":
    from components.domain.problems import DomainError
    from components.guest.handover import parse
    from components.guest.report import UnreadableError

    mark = home.machine.mark
    assert mark is not None  # Subject.home lets no other through.
    said = home.driver.guest().run(home.machine.uuid, mark, words, stdin, deadline_s=deadline_s)
    try:
        return parse(said)
    except UnreadableError as problem:
        verb = "read" if not stdin else "set"
        raise DomainError(
            f"Unable to {verb} the settings of {subject.title} on {home.host}: {problem}.",
            "Look into the guest, then run this again.",
        ) from problem


def _tell(what: str, found: "list[Difference]", told: "Told", say: Callable[[str], None]) -> None:
    if found:
        say(f"{what}: in its guest ({WORD}) -> as declared:")
    for one in found:
        say(f"  {one}")
    for step in told.pending:
        say(f"  {step}: was to be run again, and did not come to its end")


def _document(what: str, found: "list[Difference]", told: "Told") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "vps": what,
        "differs": [asdict(one) for one in found],
        "pending": list(told.pending),
        "ran": [asdict(one) for one in told.ran],
    }
