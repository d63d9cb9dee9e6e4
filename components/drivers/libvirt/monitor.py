"""What only QEMU itself can tell of a running machine's disks, asked through its monitor and never waited for long.

A QEMU that hangs answers nothing, for ever: the question stays behind in a thread, and its machine is asked nothing
more until it answered. libvirtd serves few calls of one connection at a time, so that few questions are under way.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import libvirt

from components.drivers.libvirt.patience import within

ASK_S = 5.0
QUESTIONS = 3
"""Of one connection at a time; libvirtd serves five calls of one, and stops to read from it when all of them wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A disk as QEMU has it: the size that the guest sees and the throttle in bytes and in operations a second."""

    size: int
    iops: int
    rate: int


class Monitor:
    """Questions to the QEMUs of one host."""

    def __init__(self, seconds: float = ASK_S) -> None:
        self._seconds = seconds
        self._places = threading.BoundedSemaphore(QUESTIONS)
        self._guard = threading.Lock()
        self._silent: set[str] = set()

    def ask(self, domain: libvirt.virDomain, devices: Mapping[str, str]) -> dict[str, Drive] | str:
        """Every disk of the running `domain` by its name, `devices` being their targets; or why QEMU told nothing."""
        uuid = domain.UUIDString()
        with self._guard:
            if uuid in self._silent:
                return "QEMU has not answered an earlier question yet"
        if not self._places.acquire(timeout=self._seconds):
            return "other machines' QEMUs on this host do not answer"
        with self._guard:
            self._silent.add(uuid)

        def question() -> dict[str, Drive]:
            try:
                return {name: _drive(domain, device) for name, device in devices.items()}
            finally:
                with self._guard:
                    self._silent.discard(uuid)
                self._places.release()

        try:
            return within(self._seconds, f"QEMU of {domain.name()}", question)
        except TimeoutError:
            return f"QEMU did not answer within {self._seconds:g} s"
        except libvirt.libvirtError as problem:
            return problem.get_error_message() or str(problem)


def _drive(domain: libvirt.virDomain, device: str) -> Drive:
    tuned = domain.blockIoTune(device, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    return Drive(
        size=domain.blockInfo(device)[0],
        iops=tuned.get("total_iops_sec") or 0,
        rate=tuned.get("total_bytes_sec") or 0,
    )
