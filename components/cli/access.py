"""`vps access`: the declared keys and name, set in a running guest by its own agent."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.domain.clients import Client, Vps
    from components.drivers.access import Wish

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]


def access(
    what: Annotated[str, typer.Argument(metavar="CLIENT/VPS")],
    fleet: FleetFolder = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Act: set the declared SSH keys and host name in a running guest, and say what the guest says of it afterwards."""
    from components.cli.consent import consent
    from components.cli.subject import Subject
    from components.domain.problems import DomainError
    from components.engine.lock import hold

    subject = Subject.find(what, fleet)
    wanted = wish(subject.client, subject.vps, dt.datetime.now(dt.UTC).date())
    for user, keys in wanted.keys.items():
        typer.echo(f"{what}: {user}: {len(keys)} key{'s' * (len(keys) != 1)}{'' if keys else ', so no login'}")
    typer.echo(f"{what}: host name {wanted.hostname}")
    typer.echo(
        "Whoever else has an account in the guest keeps it: a grant ends by `until:`, not by deleting its lines."
    )
    consent("Set this in the guest, in the place of what these users have there?", given=yes)
    with hold(subject.environment, subject.stack, f"vps access {what}"), subject.home(starts=False) as home:
        mark = home.machine.mark
        if mark is None:
            raise DomainError(f"Unable to set access in {what}: it carries no mark of ours.", "Nothing was touched.")
        said = home.driver.access().set(home.machine.uuid, mark, wanted)
    typer.echo(f"The guest's own word, which nobody can check from outside ({home.host}):")
    for user, words in said.users.items():
        typer.echo(f"  {user}: {words or 'has exactly the declared keys'}")
    typer.echo(f"  host name: {said.hostname or wanted.hostname}")
    raise typer.Exit(0 if said.is_done else 1)


def wish(client: "Client", vps: "Vps", today: dt.date) -> "Wish":
    """What the file grants: an ended grant leaves its user without a key; its first boot had those of all others."""
    from components.drivers.access import Wish

    keys: dict[str, tuple[str, ...]] = {}
    for grant in vps.access:
        key = client.contacts[grant.who].ssh_key
        runs = grant.until is None or today <= grant.until
        keys[grant.who] = (*keys.get(grant.who, ()), *((key,) if key and runs else ()))
    return Wish(hostname=vps.fqdn.partition(".")[0], keys=keys)
