"""A half-made machine that two runs go on with: whoever lost the lease, or the machine, writes and removes nothing."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import libvirt
import pytest

from components.drivers.base import Phase
from components.drivers.errors import Interrupted
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import tree, volumes
from components.drivers.libvirt.lease import Leases
from tests.drivers.hosts import SEED
from tests.engine.processes import wait_until

pytestmark = pytest.mark.lab
LEASE = "lease-admission"


@pytest.fixture
def handle(lab_host):
    opened = libvirt.open(lab_host.ref.uri)
    yield opened
    opened.close()
    lab_host.clean()


@pytest.fixture
def pool(handle):
    return handle.storagePoolLookupByName("vps")


def half_made(host):
    """A machine whose disk is there and whose seed isn't, and the mark of the run that broke off."""
    spec = host.spec()
    mark = host.mark(spec, incarnation="first")
    host.fault({"step": "create.seed", "do": "fail"})
    with pytest.raises(Interrupted):
        host.driver().create(spec, SEED, mark)
    return spec, mark


def test_who_lost_the_lease_takes_nothing_over(lab_host, handle, pool):
    spec, _ = half_made(lab_host)
    before = handle.lookupByUUIDString(spec.uuid).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    lab_host.fault({"step": "create.claim", "do": "delay", "seconds": 1.5, "times": 1})
    with ThreadPoolExecutor(1) as aside:
        second = aside.submit(lab_host.driver().create, spec, SEED, lab_host.mark(spec, incarnation="second"))
        wait_until(lambda: volumes.find(pool, LEASE) is not None, "the second run took no lease")
        volumes.remove(pool, LEASE)
        problem = second.exception(60)

    assert isinstance(problem, Interrupted)
    assert "lost to somebody else" in str(problem)
    assert handle.lookupByUUIDString(spec.uuid).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE) == before


def test_a_run_that_was_overtaken_removes_no_volume(lab_host, handle, pool):
    """It looked whose the machine is, and was stopped before it removed what looked like its own broken disk."""
    spec, _ = half_made(lab_host)
    before = lab_host.volumes(spec)
    lab_host.fault()
    driver = lab_host.driver()
    with ThreadPoolExecutor(1) as aside:
        with Leases().hold("Unable", pool, "admission", wait=5):
            late = aside.submit(driver._creation.finish, "Unable", spec, SEED)
            time.sleep(1)
            assert lab_host.volumes(spec) == before
            domain = handle.lookupByUUIDString(spec.uuid)
            notes = marks.find(tree.parse(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)))
            assert notes.mark.phase is Phase.CREATING
            marks.write(domain, notes.marked(replace(notes.mark, incarnation="second")))
        problem = late.exception(60)

    assert isinstance(problem, Interrupted)
    assert "its incarnation is second" in str(problem)
    assert lab_host.volumes(spec) == before
