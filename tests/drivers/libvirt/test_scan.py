"""A large host on libvirt's own test driver: calls, parts and what is not ours."""

import re
import threading
from collections import Counter
from dataclasses import replace

import libvirt
import pytest

from components.domain.names import machine_uuid
from components.drivers.base import HostRef, Mark, Phase, Power
from components.drivers.libvirt import scan, tree
from components.drivers.libvirt.domain_xml import add_drives, notes_for, render
from components.drivers.libvirt.probe import Probe
from tests.drivers.fake_host import FakeHost

COUNT = 40
PROBE = "cat >/dev/null; echo 'nic testnet0 100Mbit 50Mbit'; echo end"


class Counting:
    """A connection that counts what is asked of it."""

    def __init__(self, handle, calls):
        self._handle, self._calls = handle, calls

    def __getattr__(self, name):
        self._calls[name] += 1
        return getattr(self._handle, name)


@pytest.fixture
def handle(tmp_path):
    """`test:///` of this process, with machines of ours of which each second one runs, and one of somebody else."""
    opened = libvirt.open("test:///default")
    host = FakeHost(tmp_path)
    for number in range(COUNT):
        vps = f"v-{number:04}"
        spec = replace(host.spec(), uuid=machine_uuid("test", "c-test", vps), name=f"test-c-test-{vps}")
        mark = Mark(
            fleet="test", backend="b", urn="u", client="c-test", vps=vps, phase=Phase.READY, incarnation=f"{number}"
        )
        notes = notes_for(spec, mark)
        domain = tree.parse(render(spec, notes, accelerated=False))
        domain.set("type", "test")
        add_drives(domain, spec, notes, pool_path="/var/lib/aegir-vps/pool")
        text = re.sub(r"network:public1|network=\"public1\"", 'network="default"', tree.text(domain))
        defined = opened.defineXML(text)
        if number % 2:
            defined.create()
    yield opened
    for domain in opened.listAllDomains(0):
        if domain.name().startswith("test-c-test"):
            if domain.isActive():
                domain.destroy()
            domain.undefine()
    opened.close()


def run(handle, probe=PROBE):
    host = HostRef(name="h", driver="libvirt", uri="", probe=probe)
    return list(scan.Scan(handle, Probe(host)).machines())


def test_every_machine_of_ours_and_nothing_else(handle):
    found = run(handle)

    assert {machine.name for machine in found} == {f"test-c-test-v-{number:04}" for number in range(COUNT)}
    assert Counter(machine.power for machine in found) == {Power.RUNNING: COUNT // 2, Power.OFF: COUNT // 2}
    for machine in found:
        running = machine.power is Power.RUNNING
        assert machine.readings["memoryMib"].effective == (64 if running else None)
        assert machine.readings["disks.root.iops"].source == ("the running domain" if running else "machine is off")
        assert machine.readings["disks.root.sizeGib"].configured == 1


def test_parts_are_joined_without_loss(handle, monkeypatch):
    monkeypatch.setattr(scan, "PART", 7)

    assert len(run(handle)) == COUNT


def test_calls_per_host_do_not_grow_with_its_machines(handle):
    calls = Counter()

    run(Counting(handle, calls))

    assert calls["getAllDomainStats"] == 1
    assert calls["storagePoolLookupByName"] == 1
    assert sum(calls.values()) == 2


def test_the_probe_runs_once_and_says_what_is_in_force(handle, tmp_path):
    note = tmp_path / "runs"

    found = run(handle, f"echo >> {note}; {PROBE}")

    assert len(note.read_text()) == 1
    (told,) = {machine.readings["nics.n0.rateMbitS"].source for machine in found if machine.power is Power.RUNNING}
    assert told.startswith(("tc on the host", "unknown: "))


def test_a_libvirtd_that_describes_nothing_is_given_up(handle, monkeypatch):
    class Stuck:
        def UUIDString(self):  # noqa: N802 - libvirt's name
            return "u"

        def XMLDesc(self, flags):  # noqa: N802 - libvirt's name
            threading.Event().wait(20)

    class Listing:
        def getAllDomainStats(self, stats, flags):  # noqa: N802 - libvirt's name
            return [(Stuck(), {"state.state": libvirt.VIR_DOMAIN_RUNNING})]

    monkeypatch.setattr(scan, "DEADLINE_S", 0.3)
    with pytest.raises(TimeoutError):
        run(Listing())
