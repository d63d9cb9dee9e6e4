"""A live set that fails leaves nothing half-applied: asked of QEMU, of the cgroup and of tc themselves."""

import json
from dataclasses import replace

import libvirt
import pytest

from components.drivers.errors import DriverError
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import tree
from components.drivers.libvirt.machine import config
from tests.drivers.hosts import SEED

pytestmark = pytest.mark.lab


@pytest.fixture
def host(lab_host):
    yield lab_host
    lab_host.clean()


@pytest.fixture
def driver(host):
    made = host.driver()
    yield made
    made.close()


def domain_of(host, spec):
    return libvirt.open(host.lab.uri).lookupByUUIDString(spec.uuid)


def in_force(host, spec):
    """What cgroup, QEMU and tc say, none of it through our driver's reading."""
    domain = domain_of(host, spec)
    running = tree.glance(domain.XMLDesc(0))
    tap = tree.attribute(running, "devices/interface/target", "dev")
    asked = json.dumps({"execute": "query-block"})
    drives = json.loads(host.virsh("qemu-monitor-command", spec.uuid, asked))["return"]
    throttles = [
        {key: found["inserted"][key] for key in ("iops", "bps", "iops_rd", "bps_rd")}
        for found in drives
        if found.get("inserted") and not found["inserted"]["ro"]
    ]
    said = [host.lab.run(["tc", what, "show", "dev", tap]).stdout for what in ("class", "filter")]
    cpu = host.virsh("schedinfo", spec.uuid)
    return (
        throttles,
        cpu,
        said,
        (tree.value(running, "vcpu"), tree.value(running, "memory"), tree.value(running, "title")),
    )


@pytest.mark.parametrize("step", ["update.cpuCapPercent", "update.iops", "update.title", "update.define"])
@pytest.mark.parametrize("do", ["fail", "full"])
def test_what_was_in_force_is_in_force_again(host, driver, step, do):
    spec = host.spec()
    machine = driver.create(spec, SEED, host.mark(spec))
    before = in_force(host, spec)
    disk = replace(spec.disks["root"], iops=77, rate_mib_s=7)
    wanted = replace(spec, cpu_cap_percent=33, title="other", disks={"root": disk})
    host.fault({"step": step, "do": do, "when": "after"})

    with pytest.raises(DriverError):
        driver.update(wanted, machine.mark)

    if step == "update.define":
        # It was written, only its answer was lost: configured is the new, in force the old, and the reading says so.
        seen = driver.read(spec.uuid).readings["cpuCapPercent"]
        assert (seen.configured, seen.effective) == (33, 50)
    else:
        assert driver.read(spec.uuid) == machine
    assert in_force(host, spec) == before
    done = driver.update(wanted, machine.mark)
    assert done.readings["cpuCapPercent"].effective == 33
    throttles, _cpu, _tc, (*_, title) = in_force(host, spec)
    assert throttles == [{"iops": 77, "bps": 7 * 1024**2, "iops_rd": 0, "bps_rd": 0}]
    assert title == "other"


def test_a_rate_that_the_host_does_not_take_leaves_no_class_behind(host, driver):
    if host.enforces_nic_rates:
        pytest.skip("this kernel takes NIC rates")
    spec = host.spec()
    machine = driver.create(spec, SEED, host.mark(spec))
    before = in_force(host, spec)
    domain = domain_of(host, spec)
    # As if it came from a host that can: nothing says yet that this one can't.
    marks.write(domain, marks.find(config(domain)).without_rates(""))
    nic = replace(spec.nics["n0"], rate_mbit_s=200)

    changed = driver.update(replace(spec, cpu_cap_percent=70, nics={"n0": nic}), machine.mark)

    assert in_force(host, spec)[2] == before[2] == ["", ""]
    assert changed.readings["cpuCapPercent"].effective == 70
    assert changed.readings["nics.n0.rateMbitS"].configured == 200
    assert changed.readings["nics.n0.rateMbitS"].source.startswith("not enforced by this host: ")
    assert config(domain).find("devices/interface/bandwidth") is None


def test_separate_limits_of_reads_give_way_live_as_well(host, driver):
    spec = host.spec()
    machine = driver.create(spec, SEED, host.mark(spec))
    host.virsh("blkdeviotune", spec.uuid, "vda", "--read-iops-sec", "5", "--live", "--config")
    assert driver.read(spec.uuid).readings["disks.root.iops"].absent

    mended = driver.update(spec, machine.mark)

    assert mended.readings == machine.readings
    assert in_force(host, spec)[0] == [{"iops": 500, "bps": 50 * 1024**2, "iops_rd": 0, "bps_rd": 0}]


def test_what_is_declared_unlimited_is_left_as_it_is(host, driver):
    spec = host.spec()
    machine = driver.create(spec, SEED, host.mark(spec))
    before = in_force(host, spec)
    free = replace(spec.disks["root"], iops=0, rate_mib_s=0)
    wanted = replace(spec, cpu_cap_percent=0, vcpus=1, disks={"root": free})

    driver.update(wanted, machine.mark)

    assert in_force(host, spec) == before
    assert driver.read(spec.uuid).readings == machine.readings
