"""`vps restore` from a backup: what it writes into the client's file, and the hand-over to the guest made for it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from components.backups.enrolment import Enrolled
    from components.config.loader import Loaded
    from components.domain.clients import Client, Vps


def wanted(loaded: "Loaded", client: "Client", vps: "Vps", since: str) -> str:
    """The instant of the backup that is meant, as the target knows it. Raises DomainError when there is none."""
    from components.backups.comeback import choose
    from components.backups.target import Target
    from components.domain.backups import INSTANT

    enrolled = _enrolled(loaded, client, vps)
    kept = Target(enrolled.backups).status(enrolled.uuid).get(enrolled.uuid)
    run = choose(enrolled.title, kept, since)
    typer.echo(f"{enrolled.title}: the backup of {run.at:{INSTANT}}, snapshot {run.snapshot[:8]}")
    return f"{run.at:{INSTANT}}"


def installation(loaded: "Loaded", client: "Client", vps: "Vps") -> int:
    """The number of the installation that its host has. Raises DomainError when that can't be told."""
    from components.backups.enrolment import installation as asked

    return asked(loaded.fleet, client, vps)


def in_place(lines: Any, there: int, intent: dict[str, object]) -> None:  # noqa: ANN401 - ruamel.yaml's own mapping
    """Declare that the disk of installation `there` gives way to a new one that is filled from the backup.

    Written twice it is the same: the number that counts is the host's.
    """
    from components.config.edit import put

    put(lines, "reinstall", there + 1, after="image")
    put(lines, "restore", intent, after="host")


def run(loaded: "Loaded", client: "Client", vps: "Vps", key: Path | None) -> None:
    """Enrol the guest that waits for its backup and hand the passphrase over, unsealed here. Raises DomainError."""
    from components.backups.comeback import hand_over
    from components.backups.enrolment import guest_of
    from components.domain.problems import DomainError

    if key is None:
        raise DomainError(
            "Only the recovery key opens the backup.", "Give --recovery-key FILE, as age-keygen wrote it."
        )
    enrolled = _enrolled(loaded, client, vps)
    with guest_of(loaded.fleet, client, vps) as side:
        done = hand_over(enrolled, side, key)
    typer.echo(
        f"{enrolled.title}: its key is authorised ({done.enrolled}), and it brings back the backup of "
        f"{done.run.at:%Y-%m-%d %H:%M} UTC. Watch it: vps deliver {enrolled.title}\n"
        "Logins and keys come back as of that day, also of people who lost them since, until `vps deliver` or "
        "`vps access` sets them as declared"
    )


def _enrolled(loaded: "Loaded", client: "Client", vps: "Vps") -> "Enrolled":
    from components.backups.enrolment import Enrolled
    from components.domain.problems import DomainError

    found = Enrolled.of(loaded.fleet, client, vps)
    if found is None:
        raise DomainError(
            f"{client.key}/{vps.key}: {vps.package} promises no backup.", "Give one of --disk FILE and --empty."
        )
    return found
