"""`vps access`: who may log in to a running guest and who has root there, set by its own agent, and its name."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.domain.clients import Client, Vps
    from components.domain.fleet import Fleet
    from components.drivers.access import Wish
    from components.guest.hearing import Line

BACK, SET = "/var/lib/vps/backup/restored.json", "/var/lib/vps/backup/access-set"
RESTORED = ("/bin/sh", "-c", f"[ -s {BACK} ] || exit 1; [ -e {SET} ] && [ ! {BACK} -nt {SET} ] && exit 3; exit 0")
"""Exit 1: the backup is not back; 3: access was set after it came; 0: it is of the backup's day."""
IS_SET = ("/usr/bin/touch", SET)
ALREADY = 3

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]


def access(
    what: Annotated[str, typer.Argument(metavar="CLIENT/VPS")],
    fleet: FleetFolder = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Act: grant and revoke login and root in a running guest as declared, and say what it says before and after."""
    from components.cli.consent import consent
    from components.cli.subject import Subject
    from components.domain.problems import DomainError
    from components.engine.lock import hold

    subject = Subject.find(what, fleet)
    wanted = wish(subject.client, subject.vps, dt.datetime.now(dt.UTC).date())
    for user, person in wanted.people.items():
        keys = f"{len(person.keys)} key{'s' * (len(person.keys) != 1)}"
        sudo = "root by sudo" if person.root else "no sudo"
        granted = f"{keys}, {sudo}" if person.keys else "no login: the account is locked and its sessions end"
        typer.echo(f"{what}: {user}: {granted} (request {person.request})")
    typer.echo(f"{what}: host name {wanted.hostname} ({wanted.fqdn}); what else goes by it: vps settings {what}")
    typer.echo(
        "Whoever else has an account in the guest keeps it, but no root that was given here: a grant ends by `until:`, "
        "not by deleting its lines."
    )
    consent("Set this in the guest, in the place of what these people have there?", given=yes)
    with hold(subject.environment, subject.stack, f"vps access {what}"), subject.home(starts=False) as home:
        mark = home.machine.mark
        if mark is None:
            raise DomainError(f"Unable to set access in {what}: it carries no mark of ours.", "Nothing was touched.")
        said = home.driver.access().set(home.machine.uuid, mark, wanted)
    typer.echo(f"The guest's own word, which nobody can check from outside ({home.host}):")
    wrong = said.differs(wanted)
    for user in wanted.people:
        before, after = (str(standing.get(user, "nothing")) for standing in (said.before, said.after))
        told = f"{before} -> {after}" if before != after else f"{after}, as before"
        typer.echo(f"  {user}: {told}{f'; {wrong.pop(user)}' if user in wrong else ', as declared'}")
    for user in said.dropped:
        typer.echo(f"  {user}: sudo taken away: no lines of the file grant it")
    typer.echo(f"  host name: {said.hostname} ({said.fqdn})")
    for subject_of, words in wrong.items():
        typer.echo(f"  {subject_of}: {words}")
    typer.echo("What changed stands in the guest's journal: journalctl -t vps-access")
    raise typer.Exit(1 if said.differs(wanted) else 0)


def wish(client: "Client", vps: "Vps", today: dt.date) -> "Wish":
    """What the file grants today; who has no grant that runs keeps neither key nor root.

    Of several grants that run, one with root is enough for root; the day from which one runs is for the record.
    """
    from components.cloudinit.template import gecos
    from components.drivers.access import Person, Wish

    people: dict[str, Person] = {}
    for user in dict.fromkeys(grant.who for grant in vps.access):
        grants = [grant for grant in vps.access if grant.who == user]
        running = [grant for grant in grants if grant.until is None or today <= grant.until]
        rooted = [grant for grant in running if grant.root]
        contact = client.contacts[user]
        people[user] = Person(
            keys=(contact.ssh_key,) if contact.ssh_key and running else (),
            root=bool(rooted),
            request=(rooted or running or grants)[-1].request,
            full_name=gecos(contact.name),
        )
    return Wish(hostname=vps.fqdn.partition(".")[0], people=people, fqdn=vps.fqdn)


def after_restore(fleet: "Fleet", line: "Line") -> str:
    """Set access once in a VPS that was filled from a backup: logins and keys came back as of the backup's day.

    A controller's step of a delivery; what people add later is left to them. Raises DomainError while the backup is not
    back and when the guest refused some of it, DriverError if silent.
    """
    from contextlib import closing

    from components.declaration import host_ref
    from components.domain.problems import DomainError
    from components.drivers.registry import connect

    vps = line.vps
    if vps.restore is None or not vps.restore.backup:
        return ""
    with closing(connect(host_ref(fleet.hosts[vps.host]))) as driver:
        machine = driver.read(vps.machine_uuid(fleet.id, line.client.id))
        if machine is None or machine.mark is None:
            raise DomainError(f"{line.title}: {vps.host} does not hold it as ours.", "See: vps drift")
        guest = driver.guest()
        found = guest.run(machine.uuid, machine.mark, RESTORED).code
        if found == ALREADY:
            return ""
        if found:
            raise DomainError(
                f"Who may log in to {line.title} is set once its backup is back.",
                f"It waits for: vps restore {line.title} --run --recovery-key FILE",
            )
        wanted = wish(line.client, vps, dt.datetime.now(dt.UTC).date())
        said = driver.access().set(machine.uuid, machine.mark, wanted)
        if wrong := said.differs(wanted):
            words = "; ".join(f"{who}: {why}" for who, why in wrong.items())
            raise DomainError(
                f"Who may log in to {line.title} is not as declared after its restore: {words}.",
                f"Until it is, logins of the backup's day may be open. See: vps access {line.title}",
            )
        guest.run(machine.uuid, machine.mark, IS_SET)
    if said.before == said.after and not said.dropped:
        return ""
    return f"access: set as declared, for its backup was of another day; all of it: vps access {line.title}"
