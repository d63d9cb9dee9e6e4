"""QEMU is asked within a deadline, one question per machine and few per connection."""

import threading

import libvirt
import pytest

from components.drivers.libvirt.monitor import QUESTIONS, Drive, Monitor


class Guest:
    """A domain whose QEMU answers when it is let: more of them than a test could stop for real.

    One real QEMU that hangs is in `tests/drivers/test_contract_readings.py`.
    """

    def __init__(self, uuid: str, error: int | None = None) -> None:
        self.uuid, self.error = uuid, error
        self.answers = threading.Event()

    def UUIDString(self) -> str:  # noqa: N802 - libvirt's name
        return self.uuid

    def name(self) -> str:
        return self.uuid

    def blockIoTune(self, device: str, flags: int) -> dict[str, int]:  # noqa: N802 - libvirt's name
        self.answers.wait(20)
        if self.error:
            raise libvirt.libvirtError("gone")
        return {"total_iops_sec": 500, "total_bytes_sec": 1024}

    def blockInfo(self, device: str) -> list[int]:  # noqa: N802 - libvirt's name
        return [4096, 0, 0]


@pytest.fixture
def guests():
    made = [Guest(f"u{number}") for number in range(QUESTIONS + 1)]
    yield made
    for guest in made:
        guest.answers.set()


def test_what_qemu_says(guests):
    guests[0].answers.set()

    assert Monitor().ask(guests[0], {"root": "vda"}) == {"root": Drive(size=4096, iops=500, rate=1024)}


def test_one_that_hangs_is_not_asked_again_until_it_answered(guests):
    monitor, guest = Monitor(seconds=0.2), guests[0]

    assert monitor.ask(guest, {"root": "vda"}) == "QEMU did not answer within 0.2 s"
    assert monitor.ask(guest, {"root": "vda"}) == "QEMU has not answered an earlier question yet"
    guest.answers.set()
    for _ in range(100):
        said = monitor.ask(guest, {"root": "vda"})
        if not isinstance(said, str):
            break
        threading.Event().wait(0.05)
    assert said == {"root": Drive(size=4096, iops=500, rate=1024)}


def test_few_questions_are_under_way_so_that_the_connection_still_serves_others(guests):
    monitor = Monitor(seconds=0.2)
    for guest in guests[:QUESTIONS]:
        assert "did not answer" in monitor.ask(guest, {"root": "vda"})
    guests[-1].answers.set()

    assert monitor.ask(guests[-1], {"root": "vda"}) == "other machines' QEMUs on this host do not answer"


def test_libvirts_refusal_is_a_reason_and_frees_the_place():
    monitor = Monitor(seconds=2)
    for number in range(QUESTIONS + 2):
        guest = Guest(f"e{number}", error=1)
        guest.answers.set()
        assert monitor.ask(guest, {"root": "vda"}) == "gone"
