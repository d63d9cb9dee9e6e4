"""Adopting machines that somebody else made, on every kind of host: looked at, marked, and otherwise left alone."""

from dataclasses import replace

import pytest

from components.drivers.base import Phase, Power
from components.drivers.errors import DriverError, Missing, NotOurs, Refused
from tests.drivers.fake_host import FakeHost
from tests.drivers.hosts import SEED
from tests.drivers.strangers import PROVIDER, VIRT_INSTALL, bare, describe, make, mark_otherwise


def found(driver, spec):
    return next(one for one in driver.adopter().strangers() if one.uuid == spec.uuid)


@pytest.mark.parametrize("template", [VIRT_INSTALL, PROVIDER], ids=["virt-install", "provider"])
def test_a_stranger_is_told_as_it_is(host, driver, template):
    spec = bare(host)
    make(host, spec, template)

    stranger = found(driver, spec)

    assert stranger.limits == spec.limits()
    assert (stranger.pool, stranger.volume) == ("vps", f"{spec.name}.qcow2")
    assert (stranger.mac, stranger.attach) == (spec.nics["n0"].mac, "network:public1")
    assert (stranger.name, stranger.power) == (spec.name, Power.OFF)
    assert stranger.obstacles == ()


def test_looking_changes_nothing(host, driver):
    spec = bare(host)
    make(host, spec)
    before = describe(host, spec)

    driver.adopter().strangers()
    driver.adopter().owners()
    held = driver.adopter().held()

    assert held[spec.uuid] == spec.name
    assert describe(host, spec) == before
    assert driver.read(spec.uuid).mark is None


def test_ours_are_no_strangers(host, driver):
    spec = host.spec()
    mark = host.mark(spec)
    driver.create(spec, SEED, mark)

    assert spec.uuid not in {one.uuid for one in driver.adopter().strangers()}
    assert mark.incarnation in {one.incarnation for one in driver.adopter().owners()}
    assert driver.adopter().held()[spec.uuid] == spec.name


@pytest.mark.parametrize("template", [VIRT_INSTALL, PROVIDER], ids=["virt-install", "provider"])
def test_adopting_writes_the_mark_and_nothing_else(host, driver, template):
    spec = bare(host)
    make(host, spec, template)
    before, mark = describe(host, spec), host.mark(spec)

    driver.adopter().adopt(spec, mark)

    assert describe(host, spec) == before
    machine = driver.read(spec.uuid)
    assert machine.mark == replace(mark, phase=Phase.READY, wish="off")
    assert machine.volumes == {"root": f"{spec.name}.qcow2", "seed": ""}
    assert machine.lost_disks == ()
    assert {key: reading.configured or 0 for key, reading in machine.readings.items()} == spec.limits()
    assert machine.macs == {"n0": spec.nics["n0"].mac}
    assert machine.attach == {"n0": "network:public1"}


def test_create_takes_an_adopted_machine_over_and_touches_nothing(host, driver):
    """That is how state learns of it."""
    spec = bare(host)
    make(host, spec)
    mark = host.mark(spec)
    driver.adopter().adopt(spec, mark)
    before = describe(host, spec)

    machine = driver.create(spec, b"", replace(mark, incarnation="second"))

    assert describe(host, spec) == before
    assert (machine.mark.incarnation, machine.mark.previous) == ("second", mark.incarnation)
    assert machine.power is Power.OFF


def test_adopting_again_is_done(host, driver):
    """An answer that was lost is asked for again."""
    spec = bare(host)
    make(host, spec)
    mark = host.mark(spec)
    driver.adopter().adopt(spec, mark)

    driver.adopter().adopt(spec, replace(mark, incarnation="second"))

    assert driver.read(spec.uuid).mark.incarnation == mark.incarnation


def test_every_difference_is_told_and_nothing_written(host, driver):
    spec = bare(host)
    make(host, spec)
    before = describe(host, spec)
    nic = replace(spec.nics["n0"], mac="52:54:00:00:00:01", attach="network:other", rate_mbit_s=100)
    root = replace(spec.disks["root"], size_gib=2, iops=500)
    wrong = replace(
        spec, vcpus=4, memory_mib=128, cpu_cap_percent=50, pool="else", disks={"root": root}, nics={"n0": nic}
    )

    with pytest.raises(Refused) as refused:
        driver.adopter().adopt(wrong, host.mark(spec))

    for told in (
        "vcpus: declared 4, the machine has 1",
        "memoryMib: declared 128 MiB, the machine has 64 MiB",
        "cpuCapPercent: declared 50 %, the machine has unlimited",
        "disks.root.sizeGib: declared 2 GiB, the machine has 1 GiB",
        "disks.root.iops: declared 500 IO/s, the machine has unlimited",
        "nics.n0.rateMbitS: declared 100 Mbit/s, the machine has unlimited",
        "pool: declared else, the machine has vps",
        "MAC: declared 52:54:00:00:00:01",
        "attachment: declared network:other, the machine has network:public1",
    ):
        assert told in str(refused.value)
    assert describe(host, spec) == before
    assert driver.read(spec.uuid).mark is None


@pytest.mark.parametrize("other", [{"fleet": "theirs"}, {"backend": "b2"}, {"urn": "urn:pulumi:x::y::z::w"}])
def test_a_machine_with_an_owner_is_not_adopted(host, driver, other):
    spec = bare(host)
    make(host, spec)
    mark_otherwise(host, spec, phase=Phase.READY, **other)

    with pytest.raises(NotOurs):
        driver.adopter().adopt(spec, host.mark(spec))

    assert driver.read(spec.uuid).mark == host.mark(spec, phase=Phase.READY, incarnation=ANY, **other)


def test_a_mark_of_a_newer_release_is_an_owner(host, driver):
    spec = bare(host)
    make(host, spec)
    mark_otherwise(host, spec, schema=99)

    with pytest.raises(NotOurs, match="this release can't read"):
        driver.adopter().adopt(spec, host.mark(spec))

    assert spec.uuid not in {one.uuid for one in driver.adopter().strangers()}


def test_what_is_not_there_is_missing(host, driver):
    spec = bare(host)
    with pytest.raises(Missing, match="holds no machine"):
        driver.adopter().adopt(spec, host.mark(spec))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_is_mended_by_asking_again(host, driver, when):
    spec = bare(host)
    make(host, spec)
    mark = host.mark(spec)
    host.fault({"step": "adopt.mark", "do": "fail", "when": when, "times": 1})

    with pytest.raises(DriverError):
        driver.adopter().adopt(spec, mark)
    driver.adopter().adopt(spec, mark)

    assert driver.read(spec.uuid).mark == replace(mark, phase=Phase.READY, wish="off")


def test_a_running_machine_goes_on_running(host, driver):
    spec = bare(host)
    make(host, spec)
    host.start_by_hand(spec)
    mark = host.mark(spec)

    driver.adopter().adopt(spec, mark)
    if not isinstance(host, FakeHost):
        assert f'incarnation="{mark.incarnation}"' in host.virsh("dumpxml", spec.uuid).replace("'", '"')
    machine = driver.create(spec, b"", mark)

    assert (machine.power, machine.mark.wish) == (Power.RUNNING, "running")
    assert machine.reboot_required == ()


def test_a_limit_given_later_is_the_only_thing_that_changes(host, driver):
    """Everything else of the definition stays, byte for byte; the caps that are still unlimited are not written."""
    spec = bare(host)
    make(host, spec)
    mark = host.mark(spec)
    driver.adopter().adopt(spec, mark)
    before = describe(host, spec)

    machine = driver.update(replace(spec, cpu_cap_percent=50), driver.read(spec.uuid).mark)

    assert machine.readings["cpuCapPercent"].configured == 50
    assert machine.readings["disks.root.iops"].absent
    assert machine.readings["nics.n0.rateMbitS"].configured in (None, 0)
    if not isinstance(host, FakeHost):
        # libvirtd puts controllers in another order when it reads them again; each keeps its address.
        before, after = sorted(before.splitlines()), sorted(describe(host, spec).splitlines())
        assert [line for line in after if line not in before] == [
            "    <global_period>100000</global_period>",
            "    <global_quota>50000</global_quota>",
            "  </cputune>",
            "  <cputune>",
        ]
        assert [line for line in before if line not in after] == []


def test_its_end_keeps_its_disk(host, driver):
    """The trash holds it where it always was."""
    spec = bare(host)
    make(host, spec)
    mark = host.mark(spec)
    driver.adopter().adopt(spec, mark)

    driver.delete(spec.uuid, mark.incarnation)

    assert driver.read(spec.uuid) is None
    assert set(host.volumes(spec)) == {f"{spec.name}.qcow2"}
    (trashed,) = [one for one in driver.read_trash() if one.uuid == spec.uuid]
    assert trashed.volumes["root"] == f"{spec.name}.qcow2"
    assert trashed.lost == ()


def test_who_returns_gets_an_adopted_machine_back(host, driver):
    """It has no seed of ours, whose volume would have to be there."""
    spec = bare(host)
    make(host, spec)
    mark = host.mark(spec)
    driver.adopter().adopt(spec, mark)
    driver.delete(spec.uuid, mark.incarnation)

    restored = driver.restore(spec.uuid)
    machine = driver.create(spec, b"", replace(mark, incarnation="second"))

    assert (restored.mark.phase, restored.power) == (Phase.STARTING, Power.OFF)
    assert (machine.mark.phase, machine.mark.incarnation) == (Phase.READY, "second")
    assert machine.power is Power.RUNNING
    assert machine.volumes == {"root": f"{spec.name}.qcow2", "seed": ""}


class _Any:
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


ANY = _Any()
