"""Starting and stopping a domain."""

import re
import time
from contextlib import suppress

import libvirt

from components.drivers.base import HostRef, MachineSpec, Mark, Power, Say, silent
from components.drivers.libvirt import guard, patch, tree
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.domain_xml import notes_for
from components.drivers.libvirt.errors import is_code
from components.drivers.libvirt.machine import POWERS, config, is_off, power
from components.drivers.libvirt.patience import within
from components.drivers.libvirt.probe import look

STOP_S = 60
"""How long a guest may take to shut down before its power is cut."""
ASK_AGAIN_S = 5
"""A guest that is still booting ignores the power button, so it is pressed again."""
TELL_S = 10
PAUSE_S = 0.2
WAKE_S = 2
"""How long a guest that was paused or asleep may take to run again, before it is taken for one that never will."""


class Starter:
    """Starts domains on one host, and knows why this host can't enforce NIC rates, once it was seen."""

    def __init__(self, host: HostRef) -> None:
        self._host = host
        self._asked = False
        self.rates_left_out = ""

    def learn(self) -> None:
        """Ask the probe once what the kernel lacks, which spares the first machine a start that fails."""
        if not self._asked:
            self._asked = True
            lacking = look(self._host).lacking
            if lacking:
                self.rates_left_out = f"its kernel lacks {', '.join(lacking)}"

    def notes(self, spec: MachineSpec, mark: Mark) -> marks.Notes:
        """What is noted on a new machine, with what this host is known not to enforce."""
        self.learn()
        return notes_for(spec, mark).without_rates(self.rates_left_out)

    def start(
        self, handle: libvirt.virConnect, domain: libvirt.virDomain, *, guarded: bool = False
    ) -> libvirt.virDomain:
        """Start with all that the host can enforce: what it can't never keeps a client down.

        With `guarded`, for a machine's very first start, a libvirtError is raised where anti-spoofing is declared and
        the host can't enforce it.
        """
        domain = guard.retake(handle, domain, config(domain))
        try:
            return guard.patiently(lambda: self._start(handle, domain))
        except libvirt.libvirtError as problem:
            reason = guard.why_not(problem)
            if guarded or not reason:
                raise
            return self._start(handle, guard.leave_out(handle, config(domain), reason))

    def _start(self, handle: libvirt.virConnect, domain: libvirt.virDomain) -> libvirt.virDomain:
        described = config(domain)
        notes = marks.find(described)
        if notes is None:
            domain.create()
            return domain
        self.learn()
        left_out = {note.left_out for note in notes.nics.values()} - {""}
        if left_out and not self.rates_left_out:
            # The kernel may have learned it since: try again at each start of the first machine.
            domain = _with_rates(handle, described, notes, "")
        if self.rates_left_out and left_out != {self.rates_left_out}:
            domain = _with_rates(handle, described, notes, self.rates_left_out)
        try:
            domain.create()
        except libvirt.libvirtError as problem:
            reason = why_rates_fail(problem)
            if not reason:
                raise
            domain = _with_rates(handle, described, notes, reason)
            domain.create()
            self.rates_left_out = reason
        return domain


def why_rates_fail(problem: libvirt.libvirtError) -> str:
    """What keeps the kernel from limiting a NIC, in tc's own words; empty when the start failed for another reason."""
    message = problem.get_error_message() or ""
    if not re.search(r"\btc (qdisc|class|filter)\b", message):
        return ""
    said = re.findall(r"Error: ([^\n]+?)\.?$", message, flags=re.MULTILINE)
    tool = re.search(r"\btc (?:qdisc|class|filter) add[^)]*?\b(htb|sfq|ingress|police|fw)\b", message)
    return f"{said[0] if said else 'tc failed'}{f' ({tool.group(1)})' if tool else ''}"


def wish_seen(domain: libvirt.virDomain) -> str:
    """The client's wish as libvirt shows it: `off` when the guest shut itself down; empty when nothing tells."""
    state, reason = domain.state(0)
    if POWERS.get(state) is Power.RUNNING:
        return Power.RUNNING
    return Power.OFF if (state, reason) == (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN) else ""


def stop(domain: libvirt.virDomain, seconds: float = STOP_S, say: Say = silent) -> None:
    """Bring a domain down: ask the guest by its power button, never its agent; cut the power after `seconds`.

    It is down when this returns. Raises libvirtError where it can't be brought down.
    """
    try:
        _bring_down(domain, seconds, say)
    except libvirt.libvirtError as problem:
        if is_code(problem, libvirt.VIR_ERR_NO_DOMAIN):
            return
        # It may have gone down by itself in between; anything else is no reason to call it down.
        if not is_code(problem, libvirt.VIR_ERR_OPERATION_INVALID) or not is_off(power(domain)):
            raise


def go_on(domain: libvirt.virDomain) -> None:
    """Let a paused guest run on; one that suspended itself to RAM, as every client's guest can, is woken."""
    if domain.state(0)[0] == libvirt.VIR_DOMAIN_PMSUSPENDED:
        domain.pMWakeup(0)
        until = time.monotonic() + WAKE_S
        while power(domain) is Power.PAUSED and time.monotonic() < until:
            time.sleep(PAUSE_S)
    else:
        domain.resume()


def _bring_down(domain: libvirt.virDomain, seconds: float, say: Say) -> None:
    asked, told, begun = 0.0, 0.0, time.monotonic()
    if seconds > 0 and power(domain) is Power.PAUSED:
        with suppress(libvirt.libvirtError):
            go_on(domain)  # A guest that doesn't run hears no button; one that can't run is cut off below.
    while not is_off(observed := power(domain)):
        now = time.monotonic()
        if now - begun >= seconds or observed is not Power.RUNNING:
            domain.destroy()
            said = f"did not shut down within {seconds:g} s: " if seconds > 0 else ""
            say(f"{said}its power was cut")
            return
        if now - asked > ASK_AGAIN_S:
            _press(domain)
            asked = now
        if now - told > TELL_S:
            say(f"is asked to shut down; its power is cut in {begun + seconds - now:.0f} s")
            told = now
        time.sleep(PAUSE_S)
    if told:
        say(f"shut down after {time.monotonic() - begun:.0f} s")


def _press(domain: libvirt.virDomain) -> None:
    try:
        button = libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN
        within(ASK_AGAIN_S, f"button of {domain.name()}", lambda: domain.shutdownFlags(button))
    except TimeoutError:
        return  # A QEMU that hangs hears no button and never answers; its power can be cut all the same.
    except libvirt.libvirtError as problem:
        deaf = (libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_OPERATION_FAILED, libvirt.VIR_ERR_OPERATION_TIMEOUT)
        if not is_code(problem, *deaf):
            raise


def _with_rates(
    handle: libvirt.virConnect, described: tree.Element, notes: marks.Notes, left_out: str
) -> libvirt.virDomain:
    noted = notes.without_rates(left_out)
    patch.rates(described, noted)
    marks.put(described, noted)
    return handle.defineXML(tree.text(described))
