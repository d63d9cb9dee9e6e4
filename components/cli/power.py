"""`vps start|stop|reboot|suspend|resume`: the power of one machine, through its driver and under its stack's lock.

The file declares power (`managed`, `stopped`, `suspended`) and wins: a command never starts what a file keeps down.
Within `managed` these commands are the operator's hand; what they leave stays through every `up` and every boot of the
host. `suspend` is what a hoster's client knows by that word: the service is off, its data stay, and only `resume`
brings it back.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.cli.subject import Home, Subject
    from components.drivers.base import Machine

Which = Annotated[str, typer.Argument(metavar="CLIENT/VPS")]
FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
Deadline = Annotated[
    int | None, typer.Option(min=1, metavar="SECONDS", help="How long the guest may take before its power is cut (60).")
]
Force = Annotated[bool, typer.Option("--force", help="Cut the power at once: what the guest did not write is lost.")]


def start(vps: Which, fleet: FleetFolder = None, yes: Yes = False) -> None:
    """Act: start a VPS that is off; with what waited for its boot."""
    _bring(vps, fleet, "start", "running", yes=yes)


def stop(
    vps: Which, fleet: FleetFolder = None, yes: Yes = False, deadline: Deadline = None, force: Force = False
) -> None:
    """Act: shut a VPS down until somebody starts it; its power is cut only when its guest takes too long."""
    _bring(vps, fleet, "stop", "off", yes=yes, deadline_s=_deadline(deadline, force=force))


def reboot(
    vps: Annotated[str | None, typer.Argument(metavar="CLIENT/VPS")] = None,
    fleet: FleetFolder = None,
    yes: Yes = False,
    deadline: Deadline = None,
    force: Force = False,
    pending: Annotated[
        bool, typer.Option("--pending", help="Only who says that it waits for a reboot, in its maintenance window.")
    ] = False,
    anytime: Annotated[bool, typer.Option("--now", help="With --pending: outside the window as well.")] = False,
) -> None:
    """Act: shut a VPS down and start it with what waits for a reboot; one that is off is started."""
    from components.domain.problems import DomainError

    seconds = _deadline(deadline, force=force)
    if pending:
        from components.cli.reboots import pending as reboot_pending

        def bring(title: str, ready: Callable[[], bool]) -> None:
            _bring(title, fleet, "reboot", "reboot", yes=True, deadline_s=seconds, ready=ready)

        reboot_pending(vps, fleet, yes=yes, anytime=anytime, reboot=bring)
        return
    if vps is None or anytime:
        raise DomainError("Say which: CLIENT/VPS, or --pending for all that wait (--now goes with it).", "")
    _bring(vps, fleet, "reboot", "reboot", yes=yes, deadline_s=seconds)


def suspend(
    vps: Which, fleet: FleetFolder = None, yes: Yes = False, deadline: Deadline = None, force: Force = False
) -> None:
    """Act: switch a client's service off, its data kept: the guest is shut down until `vps resume`."""
    _bring(vps, fleet, "suspend", "suspended", yes=yes, deadline_s=_deadline(deadline, force=force))


def resume(vps: Which, fleet: FleetFolder = None, yes: Yes = False) -> None:
    """Act: bring a suspended VPS back, or let one that is paused go on."""
    _bring(vps, fleet, "resume", "running", yes=yes)


def _bring(
    vps: str,
    fleet: Path | None,
    verb: str,
    wish: str,
    *,
    yes: bool,
    deadline_s: float | None = None,
    ready: Callable[[], bool] = lambda: True,
) -> None:
    """`ready` is asked last, under the stack's lock: False leaves the machine as it is, and says why itself."""
    from components.cli.consent import consent
    from components.cli.subject import Subject
    from components.engine.lock import hold

    subject = Subject.find(vps, fleet)
    starts = wish in ("running", "reboot")
    with subject.home(starts=starts) as home:
        done = _judge(subject, verb, home)
        question = f"{vps} on {home.host} is {_state(home.machine)}. {_question(verb, home.machine, deadline_s)}"
    if done:
        typer.echo(f"{vps}: {done}")
        return
    consent(question, given=yes)

    def say(line: str) -> None:
        typer.echo(f"{vps}: {line}")

    # Looked at again: somebody may have been quicker while we asked or waited.
    held = hold(subject.environment, subject.stack, f"vps {verb} {vps}", say=typer.echo)
    with held, subject.home(starts=starts) as home:
        done = _judge(subject, verb, home)
        mark = home.machine.mark
        if done or mark is None:
            say(done)
            return
        if not ready():
            return
        try:
            after = home.driver.power(subject.uuid, wish, mark, deadline_s=deadline_s, say=say)
        except KeyboardInterrupt:
            # Nothing starts it again by itself: to its host it looks as if its client had shut it down.
            say(f"cut short; a guest that was asked to shut down still may. To go on: vps {verb} {vps}")
            raise
    in_force = sorted(set(home.machine.reboot_required) - set(after.reboot_required))
    more = f"; in force now: {', '.join(in_force)}" if in_force else ""
    say(f"{_state(after)} on {home.host}{more}")


def _judge(subject: "Subject", verb: str, home: "Home") -> str:
    """Why there is nothing to do, or nothing. Raises DomainError for what must not be done."""
    from components.domain.problems import DomainError
    from components.drivers.base import Power

    machine, mark = home.machine, home.machine.mark
    if mark is None:
        return ""
    wish, power = mark.wish, machine.power
    is_off = power in (Power.OFF, Power.CRASHED)
    what = f"Unable to {verb} {subject.title} on {home.host}"
    if verb in ("start", "reboot", "resume"):
        declared = next((found for found in (subject.vps.power, mark.power) if found not in ("managed", "")), "")
        if declared:
            raise DomainError(
                f"{what}: it is declared {declared}.",
                f"Nothing was touched. Declare `power: managed`, then: vps up {subject.stack}",
            )
        if wish == "suspended" and verb != "resume":
            raise DomainError(f"{what}: it is suspended.", f"Nothing was touched. Run: vps resume {subject.title}")
        if power is Power.RUNNING and wish == "running" and verb != "reboot":
            return "runs already; nothing to do"
        if verb == "resume" and is_off and wish != "suspended":
            raise DomainError(f"{what}: it is off, not suspended.", f"Run: vps start {subject.title}")
    elif is_off and wish == "suspended":
        return "is suspended already; nothing to do"
    elif is_off and wish == "off" and verb == "stop":
        return "is off already; nothing to do"
    return ""


def _question(verb: str, machine: "Machine", deadline_s: float | None) -> str:
    from components.drivers.base import Power
    from components.drivers.libvirt.power import STOP_S

    seconds = STOP_S if deadline_s is None else deadline_s
    down = f"Its guest has {seconds:g} s to shut down, then its power is cut."
    if seconds == 0:
        down = "Its power is cut at once, and what its guest did not write is lost."
    if machine.power in (Power.OFF, Power.CRASHED):
        down = ""
    ask = {"start": "Start it?", "stop": "Stop it?", "reboot": "Reboot it?" if down else "Start it?"}
    ask |= {"suspend": "Suspend the service?", "resume": "Resume it?"}
    return f"{down} {ask[verb]}".strip()


def _state(machine: "Machine") -> str:
    wish = machine.mark.wish if machine.mark else ""
    return "suspended" if wish == "suspended" and machine.power == "off" else str(machine.power)


def _deadline(seconds: int | None, *, force: bool) -> float | None:
    return 0 if force else seconds
