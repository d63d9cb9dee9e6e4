"""What every driver promises about hearing a guest: a deadline, a size, no shell text, and only machines of ours.

No guest runs here that has an agent: real ones answer in `tests/boot/test_golden.py`, hostile ones in
`tests/boot/test_hostile_agent.py`, and a real agent without its guest in `tests/drivers/libvirt/test_guest.py`.
"""

import json
import time

import pytest

from components.drivers.access import Wish
from components.drivers.errors import DriverError, GuestSilent, Missing, NotOurs, Refused
from components.drivers.guest import CONSOLE_BYTES, MOST_BYTES, MOST_STDIN, judged
from tests.drivers.fake_host import FakeHost
from tests.drivers.machines import make

REPORT = ["/usr/local/lib/vps/report"]
MINUTE = 60


def test_who_is_not_ours_or_does_not_run_is_not_asked(host, driver):
    spec, machine = make(host, driver)
    guest = driver.guest()
    for ask in (lambda uuid, mark: guest.run(uuid, mark, REPORT), guest.console):
        with pytest.raises(NotOurs):
            ask(spec.uuid, host.mark(spec))
        with pytest.raises(Missing):
            ask(host.spec().uuid, machine.mark)
    host.stop_by_hand(spec)
    with pytest.raises(Refused, match="it does not run"):
        guest.run(spec.uuid, machine.mark, REPORT)


def test_a_guest_without_an_agent_says_so_and_costs_no_deadline(host, driver):
    spec, machine = make(host, driver)
    if isinstance(host, FakeHost):
        host.world.change("domains", spec.uuid, guest=None)
    began = time.monotonic()
    with pytest.raises(GuestSilent, match="has no agent at work"):
        driver.guest().run(spec.uuid, machine.mark, REPORT, deadline_s=1000)
    with pytest.raises(GuestSilent, match="has no agent at work"):
        driver.access().set(spec.uuid, machine.mark, Wish(hostname="web1", people={}))
    assert time.monotonic() - began < MINUTE


def test_the_console_is_heard_whether_anybody_answers_or_not(host, driver):
    spec, machine = make(host, driver)
    said = b"\0first\r\n" * CONSOLE_BYTES + b"VPS NOT READY\r\n"
    if isinstance(host, FakeHost):
        with pytest.raises(DriverError, match="names no log"):
            driver.guest().console(spec.uuid, machine.mark)
        host.world.put("guests", spec.uuid, {"console": said.decode(), "silent": "its guest hangs"})
    else:
        host.stop_by_hand(spec)
        (host.lab.places.data / "log/qemu" / f"{spec.name}-console.log").write_bytes(said)
    assert driver.guest().console(spec.uuid, machine.mark) == said[-CONSOLE_BYTES:]


def test_only_words_that_a_guest_could_take(host, driver):
    spec, machine = make(host, driver)
    for command, stdin in (([], b""), ([""], b""), (["a\0b"], b""), (["cat"], b"x" * (MOST_STDIN + 1))):
        with pytest.raises(ValueError, match=r"a command is|more than"):
            driver.guest().run(spec.uuid, machine.mark, command, stdin)
    assert judged(("printf", "; rm -rf /"), b"") == ["printf", "; rm -rf /"]


def test_a_fake_guest_says_what_its_world_tells(tmp_path):
    host = FakeHost(tmp_path)
    driver = host.driver()
    spec, machine = make(host, driver)

    def run(*command, stdin=b""):
        return driver.guest().run(spec.uuid, machine.mark, command, stdin)

    well = json.loads(run(*REPORT).out)
    assert (well["uuid"], well["delivery"], well["health"]["state"]) == (spec.uuid, {"state": "delivered"}, "pass")
    assert run("/no/such").code == 127
    assert run("cat", stdin=b"secret").out == b"secret"
    host.world.put("guests", spec.uuid, {"answers": {"/bin/x": {"code": 4, "out": "y" * MOST_BYTES * 2, "err": "z"}}})
    said = run("/bin/x")
    assert (said.code, len(said.out), said.err, said.cut) == (4, MOST_BYTES, b"z", True)
    host.world.put("guests", spec.uuid, {"silent": "its guest hangs"})
    with pytest.raises(GuestSilent, match="its guest hangs"):
        run(*REPORT)
    host.world.put("guests", spec.uuid, {"takes": 11})
    with pytest.raises(GuestSilent, match="did not end within 10 s"):
        run(*REPORT)
