"""Keys and name of a running guest, through the QEMU guest agent that its image carries."""

import json
import time

import libvirt
import libvirt_qemu

from components.drivers import ownership
from components.drivers.access import DEADLINE_S, GuestWord, Wish, compare, word
from components.drivers.base import Mark, Power
from components.drivers.errors import DriverError, Refused
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.change import need
from components.drivers.libvirt.connection import Connection

PAUSE_S = 0.3
SET_S = 60
"""How long the guest may take to set its name; a loaded one is slow to start anything."""
SET_NAME = 'printf "%s\\n" "$1" >/etc/hostname && hostname "$1"'
"""Not hostnamectl, which waits for a service that it has started first (seen: more than ten seconds)."""
MOST_BYTES = 64 * 1024
"""A longer answer of an agent is not read."""


class LibvirtAccess:
    """Asks the agents of one host's guests."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def set(self, uuid: str, mark: Mark, wish: Wish) -> GuestWord:
        """See `components.drivers.access.Access`."""
        what = f"Unable to set access in machine {uuid} on {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            domain = need(handle, what, uuid)
            notes = marks.find(machines.config(domain))
            found = ownership.expect(what, None if notes is None else notes.mark, mark.incarnation)
            ownership.expect_made(what, found)
            if machines.power(domain) is not Power.RUNNING:
                raise Refused(what, "it does not run", "Nothing was touched. `vps start` it first")
            domain.agentSetResponseTimeout(DEADLINE_S, 0)
            try:
                _ask(domain, "guest-ping")
            except (libvirt.libvirtError, ValueError) as problem:
                remedy = (
                    "Nothing was touched. Wait until it has booted; an image without qemu-guest-agent can't be asked"
                )
                raise DriverError(what, f"its guest does not answer: {word(str(problem))}", remedy) from problem
            users = {user: _keys(domain, user, keys) for user, keys in wish.keys.items()}
            return GuestWord(hostname=_hostname(domain, wish.hostname), users=users)


def _keys(domain: libvirt.virDomain, user: str, keys: tuple[str, ...]) -> str:
    """Set the keys of one user; what differs afterwards."""
    try:
        domain.authorizedSSHKeysSet(user, list(keys), 0)
        said = domain.authorizedSSHKeysGet(user, 0) or []
    except libvirt.libvirtError as problem:
        return f"the guest refused: {word(problem.get_error_message() or str(problem))}"
    return compare(keys, tuple(said))


def _hostname(domain: libvirt.virDomain, name: str) -> str:
    """Set the guest's name; what differs afterwards."""
    try:
        run = {"path": "/bin/sh", "arg": ["-c", SET_NAME, "set-name", name], "capture-output": False}
        pid = int(str(_ask(domain, "guest-exec", run)["pid"]))
        ends = time.monotonic() + SET_S
        while not _ask(domain, "guest-exec-status", {"pid": pid}).get("exited"):
            if time.monotonic() > ends:
                return "the guest did not set it in time"
            time.sleep(PAUSE_S)
        said = str(_ask(domain, "guest-get-host-name").get("host-name", ""))
    except libvirt.libvirtError as problem:
        return f"the guest refused: {word(problem.get_error_message() or str(problem))}"
    except (ValueError, TypeError, KeyError):
        return "the guest's answer makes no sense"
    return "" if said in (name, name.partition(".")[0]) else f"it says that its name is {word(said)!r}"


def _ask(domain: libvirt.virDomain, command: str, arguments: dict[str, object] | None = None) -> dict[str, object]:
    """One question to the agent. Raises ValueError for an answer that is none."""
    question: dict[str, object] = {"execute": command}
    if arguments is not None:
        question["arguments"] = arguments
    said = libvirt_qemu.qemuAgentCommand(domain, json.dumps(question), DEADLINE_S, 0)
    if not isinstance(said, str) or len(said) > MOST_BYTES:
        raise ValueError(command)
    found = json.loads(said).get("return")
    return found if isinstance(found, dict) else {}
