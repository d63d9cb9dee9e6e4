"""Commands in a running guest through its agent, and the log that its host keeps of its serial console."""

import base64
import binascii
import shlex
import time
from collections.abc import Sequence

from components.drivers.base import Mark
from components.drivers.errors import DriverError, GuestSilent
from components.drivers.guest import (
    CONSOLE_BYTES,
    DEADLINE_S,
    MOST_BYTES,
    MOST_COMPLAINTS,
    Said,
    judged,
)
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import probe
from components.drivers.libvirt.agent import REMEDY, Ask, open_agent, ours
from components.drivers.libvirt.connection import Connection

PAUSES_S = (0.05, 0.1, 0.2, 0.4)
"""Between two looks whether it has ended; then the last one."""
LATE = 124
"""What `timeout` says of a command that it ended."""
KEPT = """\
seconds=$1 most=$2 complaints=$3
shift 3
exec 4>&1 5>&2
code=$(
    {
        { { timeout -k 2 "$seconds" "$@" 2>&6 3>&- 4>&- 5>&- 6>&-; echo "$?" >&3; } | head -c "$most" >&4; } 6>&1 |
            head -c "$complaints" >&5
    } 3>&1
)
exit "$code"
"""
"""What the guest's shell does with a command: it ends with its deadline, and only so much of what it says is kept."""
CONSOLE = """\
[ -f "$1" ] || { echo "there is no $1" >&2; exit 1; }
{ [ ! -f "$1.0" ] || tail -c "$2" "$1.0"; tail -c "$2" "$1"; } | tail -c "$2"
"""
"""On the host: the end of a log that is turned over by size."""


class LibvirtGuest:
    """Hears the guests of one host."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def run(
        self, uuid: str, mark: Mark, command: Sequence[str], stdin: bytes = b"", *, deadline_s: float = DEADLINE_S
    ) -> Said:
        """See `components.drivers.guest.Guest`."""
        what = f"Unable to run {command[0] if command else 'nothing'} in machine {uuid} on {self._connection.host.name}"
        words = judged(command, stdin)
        with open_agent(self._connection, what, uuid, mark, deadline_s) as ask:
            return execute(what, ask, words, stdin, deadline_s)

    def console(self, uuid: str, mark: Mark) -> bytes:
        """See `components.drivers.guest.Guest`."""
        host = self._connection.host
        what = f"Unable to read the serial console's log of machine {uuid} on {host.name}"
        with self._connection.edge(what) as handle:
            described = machines.config(ours(handle, what, uuid, mark))
        log = described.find("devices/serial/log")
        path = "" if log is None else log.get("file", "")
        if not path:
            raise DriverError(what, "its definition names no log", "`virsh console` on the host shows what it says now")
        if not host.probe:
            raise DriverError(what, "the host has no probe", f"It lies there in {path}")
        # The path is the host's own word; quoted all the same.
        script = f"set -- {shlex.quote(path)} {CONSOLE_BYTES}\n{CONSOLE}"
        try:
            status, said, complained = probe.run(host.probe, script)
        except (OSError, TimeoutError) as problem:
            raise DriverError(what, str(problem), f"It lies on the host in {path}") from problem
        if status != 0:
            raise DriverError(what, complained.strip()[-200:] or f"exit status {status}", "Look at it on the host")
        return said.encode()[-CONSOLE_BYTES:]


def execute(what: str, ask: Ask, words: Sequence[str], stdin: bytes, deadline_s: float) -> Said:
    """Run a command through an agent and wait for its end. Raises GuestSilent as `Guest.run`."""
    bounds = [str(max(1, round(deadline_s))), str(MOST_BYTES + 1), str(MOST_COMPLAINTS + 1)]
    arguments: dict[str, object] = {
        "path": "/bin/sh",
        "arg": ["-c", KEPT, "vps", *bounds, *words],
        "input-data": base64.b64encode(stdin).decode(),
        "capture-output": True,
    }
    pid = _field(what, ask("guest-exec", arguments), "pid")
    ends = time.monotonic() + deadline_s
    pauses = iter(PAUSES_S)
    while True:
        status = ask("guest-exec-status", {"pid": pid})
        if not isinstance(status, dict):
            raise GuestSilent(what, "its guest's answer makes no sense", REMEDY)
        said = _said(what, status) if status.get("exited") is True else None
        if said is not None and said.code != LATE:
            return said
        if said is not None or time.monotonic() > ends:
            raise GuestSilent(what, f"it did not end within {deadline_s:g} s", "Look at the guest, then run this again")
        time.sleep(next(pauses, PAUSES_S[-1]))


def _said(what: str, status: dict[str, object]) -> Said:
    out, more_out = _text(what, status.get("out-data", ""), MOST_BYTES)
    err, more_err = _text(what, status.get("err-data", ""), MOST_COMPLAINTS)
    cut = more_out or more_err or bool(status.get("out-truncated")) or bool(status.get("err-truncated"))
    # A shell that was killed has a signal instead of an exit status.
    code = 255 if "signal" in status else _field(what, status, "exitcode")
    return Said(code=code, out=out, err=err, cut=cut)


def _text(what: str, coded: object, most: int) -> tuple[bytes, bool]:
    try:
        plain = base64.b64decode(str(coded), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise GuestSilent(what, "its guest's answer makes no sense", REMEDY) from problem
    return plain[:most], len(plain) > most


def _field(what: str, answer: object, name: str) -> int:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, int):
        raise GuestSilent(what, "its guest's answer makes no sense", REMEDY)
    return value
