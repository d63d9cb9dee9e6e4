"""The second channel: one fixed read-only script, run on the host, says what its kernel enforces for all machines.

libvirt repeats what it was told; tc, cgroups and the bridge's chains know what is in force. Without a probe that is
unknown, never assumed. The script is `probe.sh` beside this module: POSIX sh with awk, ip, tc and ebtables.
"""

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from components.drivers.base import HostRef

DEADLINE_S = 10.0
MOST_BYTES = 4 * 1024 * 1024
"""Some 40 bytes per NIC and 60 per machine are told; what says more than this is no probe of ours."""
SCRIPT = Path(__file__).with_suffix(".sh").read_text(encoding="utf-8")
SUFFIXES = {"bit": 1, "Kbit": 1000, "Mbit": 1000**2, "Gbit": 1000**3, "Tbit": 1000**4}
PARTS = NICS, CPUS, FILTERS = ("nics", "cpus", "filters")

Pair = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What the kernel enforces.

    `rates` by tap device: (to the guest, from the guest) in bit/s, None where nothing is in force. `quotas` by
    machine's UUID: (microseconds of CPU, period in microseconds), (None, None) where no quota is in force. `filtered`
    are the taps whose guest's frames go through a chain of libvirt that holds rules. `unknown` says of a whole part
    (`nics`, `cpus`, `filters`) why nothing is known; what is in none of them is unknown as well. `lacking` names what
    the kernel was built without, of all that libvirt needs to limit a NIC (empty also when the kernel doesn't tell).
    """

    rates: Mapping[str, Pair] = field(default_factory=dict)
    quotas: Mapping[str, Pair] = field(default_factory=dict)
    filtered: frozenset[str] = frozenset()
    unknown: Mapping[str, str] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()

    def why_unknown(self, part: str, name: str) -> str:
        """Why `name` (a device, a machine) of `part` is not known, in words for a reading's source."""
        return f"unknown: {self.unknown.get(part) or f'the probe of the host tells nothing of {name}'}"


class Probe:
    """The probe of one host.

    Those who ask while it runs share the next run: no answer is older than its question.
    """

    def __init__(self, host: HostRef) -> None:
        self._host = host
        self._lock = threading.Lock()
        self._begun = 0
        self._said = nothing("nobody asked the host yet")

    def look(self) -> InForce:
        """What is in force now. Never raises: not knowing is an answer."""
        asked = self._begun
        with self._lock:
            if self._begun == asked:
                self._begun += 1
                self._said = look(self._host)
            return self._said


def look(host: HostRef) -> InForce:
    """Run the probe once. Never raises: not knowing is an answer."""
    if not host.probe:
        return nothing("the host has no probe")
    try:
        status, said, complained = run(host.probe, SCRIPT)
    except (OSError, TimeoutError) as problem:
        return nothing(f"the probe of the host failed: {problem}")
    if status != 0:
        last = (complained.strip().splitlines() or [f"exit status {status}"])[-1]
        return nothing(f"the probe of the host failed: {last[:200]}")
    return parse(said)


def nothing(why: str) -> InForce:
    """Nothing is known, because of `why`."""
    return InForce(unknown=dict.fromkeys(PARTS, why))


def parse(output: str) -> InForce:
    """What the script printed; anything that it never prints is a failure as a whole, not an error."""
    rates: dict[str, Pair] = {}
    quotas: dict[str, Pair] = {}
    filtered: set[str] = set()
    unknown: dict[str, str] = {}
    lacking: list[str] = []
    lines = output.splitlines()
    try:
        if lines.pop() != "end":
            raise ValueError
        for line in lines:
            match line.split(" "):
                case ["nic", device, inbound, outbound]:
                    rates[device] = (bits(inbound), bits(outbound))
                case ["cpu", _, "?", "?"]:
                    continue
                case ["cpu", uuid, quota, period]:
                    quotas[uuid] = (None, None) if quota == "-" else (int(quota), int(period))
                case ["filter", device]:
                    filtered.add(device)
                case ["lacks", part]:
                    lacking.append(part[:40])
                case ["unknown", part, *words] if part in PARTS:
                    unknown[part] = " ".join(words)[:200]
                case _:
                    raise ValueError
    except (ValueError, IndexError):
        return nothing("the probe of the host printed something else than its script does")
    return InForce(rates=rates, quotas=quotas, filtered=frozenset(filtered), unknown=unknown, lacking=tuple(lacking))


def bits(text: str) -> int | None:
    """`100Mbit` in bit/s, as tc writes rates; None for `-`. Raises ValueError for anything else."""
    if text == "-":
        return None
    number = text.rstrip("bitKMGT")
    suffix = text[len(number) :]
    if suffix not in SUFFIXES:
        raise ValueError(text)
    return round(float(number) * SUFFIXES[suffix])


def run(command: str, script: str) -> tuple[int, str, str]:
    """Exit status, output and complaints of a script on the host. Raises TimeoutError when it takes or says too much.

    It runs in a session of its own, so that whatever it started ends with it.
    """
    with subprocess.Popen(
        ["sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            threading.Thread(target=_feed, args=(process.stdin, script), name="probe script", daemon=True).start()
            until = time.monotonic() + DEADLINE_S
            said, complained = _drain(process, until)
            return process.wait(max(0.1, until - time.monotonic())), said, complained
        except subprocess.TimeoutExpired as late:
            raise TimeoutError(f"it did not end within {DEADLINE_S:.0f} s") from late
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _feed(stdin: IO[bytes] | None, script: str) -> None:
    """Hand over the script; one that went away without reading it says so by its exit status."""
    assert stdin is not None
    try:
        stdin.write(script.encode())
        stdin.close()
    except OSError:
        return


def _drain(process: subprocess.Popen[bytes], until: float) -> tuple[str, str]:
    assert process.stdout is not None
    assert process.stderr is not None
    parts: dict[int, bytearray] = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    with selectors.DefaultSelector() as selector:
        for number in parts:
            selector.register(number, selectors.EVENT_READ)
        while selector.get_map():
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"it did not end within {DEADLINE_S:.0f} s")
            for key, _ in selector.select(left):
                piece = os.read(key.fd, 65536)
                if not piece:
                    selector.unregister(key.fd)
                parts[key.fd] += piece
                if len(parts[key.fd]) > MOST_BYTES:
                    raise TimeoutError("it said more than any host could")
    out, complaints = (bytes(part).decode("utf-8", "replace") for part in parts.values())
    return out, complaints
