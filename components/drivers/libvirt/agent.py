"""The QEMU guest agent of one running machine: the one place that asks it, within one deadline.

Whoever answers there is the guest: it may be late, flood, lie, or be none. libvirtd drops an agent after 10 MiB and a
reply that does not fit its own messages; what is longer than an honest answer can be is not read here.
"""

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import libvirt
import libvirt_qemu

from components.drivers import ownership
from components.drivers.access import word
from components.drivers.base import Mark, Power
from components.drivers.errors import GuestSilent, Refused
from components.drivers.guest import MOST_BYTES, MOST_COMPLAINTS
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import tree
from components.drivers.libvirt.change import need
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.errors import is_code

MOST_REPLY = 3 * (MOST_BYTES + MOST_COMPLAINTS)
"""Characters of one answer: output and complaints in base64 and what stands around them."""
PORT = "org.qemu.guest_agent.0"
REMEDY = "Wait until it has booted; an image without qemu-guest-agent can't be asked"
BROKEN = (libvirt.VIR_ERR_NO_CONNECT, libvirt.VIR_ERR_INVALID_CONN, libvirt.VIR_ERR_NO_DOMAIN)
"""Errors that say something of host or machine, not of the guest."""


class Ask(Protocol):
    """One question to an agent and its answer's `return`. Raises GuestSilent."""

    def __call__(self, command: str, arguments: dict[str, object] | None = None) -> object:
        """See `Agent.ask`."""
        ...


class Agent:
    """An agent that is asked until `ends` (monotonic seconds); `what` begins the message of its silence."""

    def __init__(self, what: str, handle: libvirt.virConnect, domain: libvirt.virDomain, ends: float) -> None:
        self._what = what
        self._handle = handle
        self._domain = domain
        self._ends = ends

    def ask(self, command: str, arguments: dict[str, object] | None = None) -> object:
        """The answer's `return`. Raises GuestSilent; libvirtError only where the host is what failed."""
        question: dict[str, object] = {"execute": command}
        if arguments is not None:
            question["arguments"] = arguments
        left = self._ends - time.monotonic()
        if left <= 0:
            raise GuestSilent(self._what, "its guest was too slow to answer in time", REMEDY)
        try:
            said = libvirt_qemu.qemuAgentCommand(self._domain, json.dumps(question), math.ceil(left), 0)
        except libvirt.libvirtError as problem:
            if is_code(problem, *BROKEN) or not self._handle.isAlive():
                raise
            # The agent's own words of its failure are in libvirt's message.
            cause = word(problem.get_error_message() or str(problem))
            raise GuestSilent(self._what, f"its guest does not answer: {cause}", REMEDY) from problem
        return answer(self._what, said)


def answer(what: str, said: object) -> object:
    """What an agent's reply returns. Raises GuestSilent for one that is none."""
    if not isinstance(said, str) or len(said) > MOST_REPLY:
        raise GuestSilent(what, "its guest's answer is longer than an honest one", REMEDY)
    try:
        found = json.loads(said)
    except (ValueError, RecursionError) as problem:
        raise GuestSilent(what, "its guest's answer makes no sense", REMEDY) from problem
    if not isinstance(found, dict) or "return" not in found:
        raise GuestSilent(what, "its guest's answer makes no sense", REMEDY)
    return found["return"]


@contextmanager
def open_agent(connection: Connection, what: str, uuid: str, mark: Mark, deadline_s: float) -> Iterator[Ask]:
    """The agent of a running machine of ours, once it has answered; errors as `components.drivers.guest.Guest.run`."""
    ends = time.monotonic() + deadline_s
    with connection.edge(what) as handle:
        domain = ours(handle, what, uuid, mark)
        if machines.power(domain) is not Power.RUNNING:
            raise Refused(what, "it does not run", "Nothing was touched. `vps start` it first")
        if not _is_open(domain):
            raise GuestSilent(what, "its guest has no agent at work", REMEDY)
        agent = Agent(what, handle, domain, ends)
        agent.ask("guest-ping")
        yield agent.ask


def ours(handle: libvirt.virConnect, what: str, uuid: str, mark: Mark) -> libvirt.virDomain:
    """The domain of that UUID. Raises Missing, NotOurs, and Refused while it is half-made or on the move."""
    domain = need(handle, what, uuid)
    notes = marks.find(machines.config(domain))
    found = ownership.expect(what, None if notes is None else notes.mark, mark.incarnation)
    ownership.expect_made(what, found)
    return domain


def _is_open(domain: libvirt.virDomain) -> bool:
    """Whether anything in the guest has opened the agent's port: who has none is not waited for."""
    ports = tree.parse(domain.XMLDesc(0)).findall("devices/channel/target")
    return any(port.get("name") == PORT and port.get("state") == "connected" for port in ports)
