"""`vps host lost` and `vps host return`: what an operator declares of a host that is gone, and does when it is back."""

import subprocess
from typing import TYPE_CHECKING

import typer

from components.cli.host_state import note_loss
from components.domain.operations import HostState

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.hosts import Host
    from components.drivers.returning import Verdict

RELEASE_S = 900
"""How long the host may take to start everything that shall run there."""


def lost(loaded: "Loaded", host: "Host", fenced: str, *, yes: bool) -> None:
    """Declare the host lost. Raises DomainError when it answers, is lost already, or nobody said how it was fenced."""
    import datetime as dt

    from components.cli.consent import consent
    from components.domain.problems import DomainError

    what = f"Unable to declare {host.name} lost"
    if host.lost:
        raise DomainError(f"{what}: it is, since {host.lost.since}.", f"When it is back: vps host return {host.name}")
    if len(fenced.split()) < 2:
        raise DomainError(
            f"{what}: --fenced has to say how and when it was made sure that nothing on it runs any more.",
            'For example: --fenced "power off at the PDU, Olena, 10:40"',
        )
    if _answers(host):
        raise DomainError(
            f"{what}: it answers, so its machines may run.",
            "To empty it, move them: vps move CLIENT/VPS HOST. One that no host holds any more: vps restore CLIENT/VPS",
        )
    machines = [f"{client.key}/{vps.key}" for client, vps in loaded.fleet.machines() if vps.host == host.name]
    typer.echo(
        f"{host.name} does not answer. {len(machines)} VPSs are declared there: {', '.join(machines) or 'none'}."
    )
    typer.echo("Once it is declared lost they may be made anew elsewhere. If one still runs there, it runs twice.")
    consent(f"Is it certain that nothing on {host.name} runs or can start by itself ({fenced})?", given=yes)
    since = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    _edit(loaded, host, {"since": since, "fenced": fenced})
    note_loss(loaded, host.name, HostState.LOST, fenced)
    for machine in machines:
        typer.echo(f"next: vps restore {machine} --to HOST --disk FILE   (or --empty: without the client's data)")


def returned(loaded: "Loaded", host: "Host", *, yes: bool) -> None:
    """Clear stale copies away, take `lost:` out of the file, release the host. Raises DomainError while one runs."""
    from components.cli.consent import consent
    from components.declaration import host_ref
    from components.domain.problems import DomainError
    from components.drivers.registry import connect
    from components.drivers.returning import Fate

    what = f"Unable to take {host.name} back"
    if host.lost is None:
        typer.echo(f"{host.name} is not declared lost: it is looked through, and released if its boot holds it.")
    driver = connect(host_ref(host))
    try:
        verdicts = _verdicts(loaded, host)
        for verdict in verdicts:
            typer.echo(f"{verdict.machine.name}: {verdict.fate}: {verdict.why}")
        twins = [verdict for verdict in verdicts if verdict.fate is Fate.TWIN]
        if twins:
            names = ", ".join(verdict.machine.name for verdict in twins)
            raise DomainError(
                f"{what}: {names}: two copies of one machine run.",
                f"Nothing was touched, and {host.name} stays held. The copy on {host.name} is the stale one: cut its "
                f"network or stop it by hand (virsh -c {host.uri} destroy NAME), look what it wrote since, run again.",
            )
        stale = [verdict for verdict in verdicts if verdict.fate is Fate.STALE]
        if stale:
            names = ", ".join(verdict.machine.name for verdict in stale)
            consent(f"Put {len(stale)} stale copies on {host.name} into its trash ({names})?", given=yes)
        for verdict in stale:
            _put_away(loaded, host, verdict)
            typer.echo(f"{verdict.machine.name}: its disks are in the trash of {host.name} now")
    finally:
        driver.close()
    unknown = [verdict for verdict in verdicts if verdict.fate is Fate.UNKNOWN]
    if unknown:
        names = ", ".join(verdict.machine.name for verdict in unknown)
        raise DomainError(
            f"{what}: it is not clear whose {names} are.",
            f"They were not touched, and {host.name} stays held. Say in the client's file where each of them lives, "
            "end its move with `vps up`, or bring its host back; then run again.",
        )
    if host.lost:
        _edit(loaded, host, None)
        note_loss(loaded, host.name, HostState.ACTIVE, "vps host return")
    _release(host)


def _answers(host: "Host") -> bool:
    from components.declaration import host_ref
    from components.drivers.errors import DriverError, HostUnreachable
    from components.drivers.registry import connect

    driver = connect(host_ref(host))
    try:
        driver.read("00000000-0000-0000-0000-000000000000")
    except HostUnreachable:
        return False
    except DriverError:
        return True
    finally:
        driver.close()
    return True


def _verdicts(loaded: "Loaded", host: "Host") -> "list[Verdict]":
    from components.declaration import host_ref
    from components.drivers.base import Driver, Machine
    from components.drivers.errors import HostUnreachable
    from components.drivers.registry import connect
    from components.drivers.returning import judge

    declared = {vps.machine_uuid(loaded.fleet.id, client.id): vps.host for client, vps in loaded.fleet.machines()}
    drivers: dict[str, Driver] = {}
    held: dict[str, dict[str, Machine]] = {}

    def read(name: str, uuid: str) -> Machine | None:
        other = loaded.fleet.hosts.get(name)
        if other is None or other.lost:
            cause = "it is not declared" if other is None else "it is declared lost"
            raise HostUnreachable(f"Unable to ask {name}", cause, "Mend its file, then run again")
        if name not in drivers:
            drivers[name] = connect(host_ref(other))
        if name not in held:
            held[name] = {machine.uuid: machine for machine in drivers[name].read_all()}
        return held[name].get(uuid)

    others = [name for name, other in loaded.fleet.hosts.items() if name != host.name and not other.lost]
    own = connect(host_ref(host))
    try:
        return list(judge(host.name, own.read_all(), declared, read, others))
    finally:
        for driver in (own, *drivers.values()):
            driver.close()


def _put_away(loaded: "Loaded", host: "Host", verdict: "Verdict") -> None:
    import datetime as dt
    import os

    from components.declaration import host_ref
    from components.domain.names import client_stack
    from components.drivers.registry import connect
    from components.drivers.returning import put_away
    from components.engine.lock import hold
    from components.engine.project import project_of

    due = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=loaded.fleet.trash_days)).isoformat()
    client = next(
        client
        for client, vps in loaded.fleet.machines()
        if vps.machine_uuid(loaded.fleet.id, client.id) == verdict.machine.uuid
    )
    environment = project_of(loaded.folder).environment(os.environ)
    driver = connect(host_ref(host))
    try:
        with hold(environment, client_stack(client.key), f"vps host return {host.name}"):
            put_away(driver, verdict, due)
    finally:
        driver.close()


def _edit(loaded: "Loaded", host: "Host", loss: dict[str, str] | None) -> None:
    from components.config.edit import Draft, put, take
    from components.config.folder import HOSTS
    from components.config.writing import replace

    # A file that says `lost` makes its machines a problem that is told, on purpose; so the edit is not held to none.
    draft = Draft(loaded.folder / HOSTS / f"{host.name}.yaml")
    if loss is None:
        take(draft.document, "lost")
    else:
        put(draft.document, "lost", loss, after="driver")
    typer.echo(draft.diff(), nl=False)
    replace(draft.file, draft.text())


def _release(host: "Host") -> None:
    from components.hostkit import RELEASE

    if host.driver != "libvirt":
        typer.echo(f"{host.name} is back.")
        return
    if not host.probe:
        typer.echo(f"{host.name} is back. It has no `probe`, so run on it yourself, as root: {RELEASE}")
        return
    try:
        done = subprocess.run(
            ["sh", "-c", host.probe],
            input=RELEASE + "\n",
            capture_output=True,
            text=True,
            timeout=RELEASE_S,
            check=False,
        )
        said, code = (done.stdout + done.stderr).strip(), done.returncode
    except subprocess.TimeoutExpired:
        said, code = f"it did not end within {RELEASE_S} s", 1
    if said:
        typer.echo(said)
    if code:
        typer.echo(f"{host.name} is back, but could not be released. Run on it yourself, as root: {RELEASE}")
        raise typer.Exit(1)
    typer.echo(f"{host.name} is back and released.")
