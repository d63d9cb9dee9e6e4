"""Machines of other providers, as far as their inputs tell."""

import pytest

from policies import foreign
from policies.machine import Resource
from tests.policies.strangers import DOMAIN, OLD_DOMAIN, VM


def seen(type_, properties):
    return foreign.view(Resource(type=type_, name="r", protected=True, properties=properties))


def test_a_vm_of_proxmox():
    found = seen("proxmoxve:VM/virtualMachine:VirtualMachine", VM)
    assert (found.vcpus, found.cpu_cap, found.memory, found.disk) == (2, 150, 2048, 10)
    assert (found.disk_iops, found.disk_rate, found.nic_rate) == (1000, 100, 100)
    assert (found.name, found.host, found.guards) == ("demo-c-q7m2-v-h3k9", "lab1", True)
    assert found.addresses == ("192.0.2.10",)
    assert len(found.keys) == 1


def test_a_domain_of_todays_libvirt():
    found = seen("libvirt:index/domain:Domain", DOMAIN)
    assert (found.vcpus, found.cpu_cap, found.memory, found.disk) == (2, 150, 2048, None)
    assert (found.disk_iops, found.disk_rate, found.nic_rate) == (1000, 100, 100)
    assert (found.host, found.guards, found.keys) == ("", True, None)


def test_a_domain_of_former_libvirt():
    found = seen("libvirt:index/domain:Domain", OLD_DOMAIN)
    assert (found.vcpus, found.memory) == (2, 2048)
    assert (found.cpu_cap, found.disk, found.nic_rate, found.guards) == (None, None, None, None)
    assert found.addresses == ("192.0.2.10",)


@pytest.mark.parametrize(
    ("unit", "memory", "mib"),
    [("MiB", 2048, 2048), ("GiB", 2, 2048), ("KiB", 2097152, 2048), ("", 2097152, 2048), ("parsec", 1, None)],
)
def test_units_of_memory(unit, memory, mib):
    bag = {**DOMAIN, "memory": float(memory), "memoryUnit": unit}
    assert seen("libvirt:index/domain:Domain", bag).memory == mib


@pytest.mark.parametrize("properties", [{}, {"devices": 1, "disks": "x", "cpu": []}, {"networkDevices": [None, 3]}])
@pytest.mark.parametrize("type_", ["libvirt:index/domain:Domain", "proxmoxve:index/vmLegacy:VmLegacy"])
def test_a_bag_of_no_shape(type_, properties):
    found = seen(type_, properties)
    assert found.name == "r"
    assert (found.vcpus, found.memory, found.nic_rate) == (None, None, None)


@pytest.mark.parametrize(
    ("type_", "machine", "beside"),
    [
        ("libvirt:index/domain:Domain", True, False),
        ("proxmoxve:VM/virtualMachine:VirtualMachine", True, False),
        ("proxmoxve:vm/virtualMachine:VirtualMachine", True, False),
        ("proxmoxve:index/vmLegacy:VmLegacy", True, False),
        ("proxmoxve:VM/virtualMachine2:VirtualMachine2", False, False),
        ("proxmoxve:CT/container:Container", False, False),
        ("libvirt:index/volume:Volume", False, True),
        ("proxmoxve:Network/networkBridge:NetworkBridge", False, True),
        ("proxmoxve:Permission/user:User", False, True),
        ("libvirt:index/cloudInitDisk:CloudInitDisk", False, True),
    ],
)
def test_what_is_a_machine(type_, machine, beside):
    assert (foreign.is_machine(type_), foreign.is_beside(type_)) == (machine, beside)


@pytest.mark.parametrize(("average", "mbit"), [(125.0, 1), (12_500.0, 100), (125_000.0, 1000)])
def test_libvirt_counts_bandwidth_in_kilobytes(average, mbit):
    bandwidth = {way: {"average": average} for way in ("inbound", "outbound")}
    bag = DOMAIN | {"devices": {"interfaces": [{"bandwidth": bandwidth}]}}
    assert seen("libvirt:index/domain:Domain", bag).nic_rate == mbit


def test_proxmox_writes_a_cap_as_a_fraction():
    for percent in range(1, 1601):
        bag = VM | {"cpu": {"cores": 2.0, "limit": percent / 100}}
        assert seen("proxmoxve:VM/virtualMachine:VirtualMachine", bag).cpu_cap == percent


def test_proxmox_writes_a_rate_in_megabytes():
    for mbit in range(1, 1001):
        bag = VM | {"networkDevices": [{"rateLimit": mbit / 8}]}
        assert seen("proxmoxve:VM/virtualMachine:VirtualMachine", bag).nic_rate == mbit
