"""Machines made by hand on each kind of host: as virt-install makes them, and as the libvirt providers of others do."""

import re
from dataclasses import replace
from xml.etree import ElementTree

from components.drivers.base import MachineSpec
from components.drivers.marks import as_values
from tests.drivers.fake_host import FakeHost
from tests.drivers.hosts import Host
from tests.drivers.libvirt_host import LibvirtHost

VIRT_INSTALL = """
<domain type='qemu'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <metadata>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
      <libosinfo:os id="http://debian.org/debian/12"/>
    </libosinfo:libosinfo>
  </metadata>
  <memory unit='KiB'>{memory}</memory>
  <currentMemory unit='KiB'>{memory}</currentMemory>
  <vcpu placement='static'>{vcpus}</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/></features>
  <clock offset='utc'><timer name='rtc' tickpolicy='catchup'/><timer name='hpet' present='no'/></clock>
  <pm><suspend-to-mem enabled='no'/><suspend-to-disk enabled='no'/></pm>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/>
      <source file='{path}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
    <controller type='usb' index='0' model='qemu-xhci' ports='15'/>
    <interface type='network'>
      <mac address='{mac}'/>
      <source network='{network}'/>
      <model type='virtio'/>
    </interface>
    <console type='pty'><target type='serial' port='0'/></console>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <memballoon model='virtio'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
"""

PROVIDER = """
<domain type='qemu'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='KiB'>{memory}</memory>
  <currentMemory unit='KiB'>{memory}</currentMemory>
  <vcpu placement='static'>{vcpus}</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/><pae/></features>
  <devices>
    <disk type='volume' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source pool='vps' volume='{volume}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'>
      <mac address='{mac}'/>
      <source network='{network}'/>
      <model type='virtio'/>
    </interface>
    <console type='pty'><target type='serial' port='0'/></console>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
  </devices>
</domain>
"""


def bare(host: Host, **changes: object) -> MachineSpec:
    """What a hand-made machine is when declared: one disk, one NIC, and no cap at all."""
    spec = host.spec(cpu_cap_percent=0, name=f"old-{host.spec().name}", **changes)
    disks = {name: replace(disk, iops=0, rate_mib_s=0, standalone=True) for name, disk in spec.disks.items()}
    nics = {name: replace(nic, rate_mbit_s=0, antispoof=False) for name, nic in spec.nics.items()}
    return replace(spec, disks=disks, nics=nics)


def make(host: Host, spec: MachineSpec, template: str = VIRT_INSTALL) -> None:
    """Have the machine on the host, made by somebody else."""
    if isinstance(host, FakeHost):
        _make_fake(host, spec)
    else:
        assert isinstance(host, LibvirtHost)
        volume = f"{spec.name}.qcow2"
        host.virsh("vol-create-as", "vps", volume, f"{spec.disks['root'].size_gib}G", "--format", "qcow2")
        nic = spec.nics["n0"]
        path = host.folder / "stranger.xml"
        path.write_text(
            template.format(
                name=spec.name,
                uuid=spec.uuid,
                memory=spec.memory_mib * 1024,
                vcpus=spec.vcpus,
                path=f"/var/lib/aegir-vps/pool/{volume}",
                volume=volume,
                mac=nic.mac,
                network=nic.attach.partition(":")[2],
            )
        )
        host.virsh("define", str(path))


def _make_fake(host: FakeHost, spec: MachineSpec) -> None:
    from components.drivers.fake.machine import define

    volume = f"{spec.name}.qcow2"
    host.world.put(
        "volumes/vps",
        volume,
        {"kind": "disk", "uuid": spec.uuid, "sizeGib": 1, "backing": "", "trash": "", "generation": 7},
    )
    made = define(spec, host.mark(spec), {"root": volume}, "")
    config = {key: value for key, value in made["config"].items() if value}
    nics = {name: {**nic, "addresses": ["192.0.2.77/24"]} for name, nic in made["nics"].items()}
    host.world.put("domains", spec.uuid, made | {"mark": None, "config": config, "nics": nics})


def describe(host: Host, spec: MachineSpec) -> str:
    """Everything that the host says of the machine's configuration, without our mark."""
    if isinstance(host, FakeHost):
        domain = host.world.get("domains", spec.uuid) or {}
        return str({key: value for key, value in domain.items() if key not in ("mark", "nics")})
    assert isinstance(host, LibvirtHost)
    return without_mark(host.virsh("dumpxml", "--inactive", spec.uuid))


def without_mark(xml: str) -> str:
    """A domain's XML in canonical form, less our element and the metadata element where it held nothing else."""
    plain = re.sub(r"\n\s*<vps:machine\b.*?</vps:machine>", "", ElementTree.canonicalize(xml), flags=re.DOTALL)
    return re.sub(r"\n\s*<metadata>\s*</metadata>", "", plain)


def mark_otherwise(host: Host, spec: MachineSpec, **changes: object) -> None:
    """Write another owner's mark onto the machine."""
    mark = host.mark(spec, **changes)
    if isinstance(host, FakeHost):
        host.world.change("domains", spec.uuid, mark=as_values(mark))
    else:
        assert isinstance(host, LibvirtHost)
        values = " ".join(f'{name}="{value}"' for name, value in as_values(mark).items())
        host.virsh(
            "metadata", spec.uuid, "urn:aegir-vps:machine", "--config", "--key", "vps", "--set", f"<machine {values}/>"
        )
