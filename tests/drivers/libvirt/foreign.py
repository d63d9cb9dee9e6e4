"""Machines that others made, as libvirt dumps them (`golden/foreign`), and what of them a change may touch."""

from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree as ET

from components.drivers.base import DiskSpec, ImageRef, MachineSpec, Mark, NicSpec, Phase
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import tree

GOLDEN = Path(__file__).parent / "golden/foreign"
IMAGE = ImageRef(name="none", sha256="0" * 64)
MARK = Mark(
    fleet="test", backend="b1", urn="urn:x", client="c-test", vps="v-test", phase=Phase.READY, incarnation="abc"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """One of them: its disk and NIC that a file would declare, and the volume and size of that disk."""

    name: str
    target: str
    volume: str
    mac: str
    vcpus: int
    memory_mib: int
    cpu_cap_percent: int = 0
    iops: int = 0
    rate_mbit_s: int = 0

    @property
    def xml(self) -> str:
        return (GOLDEN / f"{self.name}.xml").read_text()

    @property
    def spec(self) -> MachineSpec:
        """As it is: a cap that it lacks is 0."""
        described = tree.glance(self.xml)
        return MachineSpec(
            uuid=tree.value(described, "uuid"),
            name=tree.value(described, "name"),
            title="our own title",
            pool="vps",
            vcpus=self.vcpus,
            cpu_cap_percent=self.cpu_cap_percent,
            memory_mib=self.memory_mib,
            disks={"root": DiskSpec(size_gib=1, iops=self.iops, rate_mib_s=0, image=IMAGE)},
            nics={
                "n0": NicSpec(
                    attach="network:public1",
                    mac=self.mac,
                    rate_mbit_s=self.rate_mbit_s,
                    addresses=("192.0.2.9/24",),
                    antispoof=False,
                )
            },
            grows_vcpus=8,
            grows_memory_mib=16384,
        )

    @property
    def notes(self) -> marks.Notes:
        return marks.Notes(
            mark=MARK,
            pool="vps",
            seed="",
            disks={"root": marks.DiskNote(volume=self.volume, size_gib=1, target=self.target)},
            nics={"n0": marks.NicNote(rate_mbit_s=self.rate_mbit_s, addresses=("192.0.2.9/24",), mac=self.mac)},
        )


FOREIGN = [
    Foreign(
        name="uefi",
        target="vda",
        volume="shop.qcow2",
        mac="52:54:00:aa:bb:01",
        vcpus=4,
        memory_mib=4096,
        iops=400,
        rate_mbit_s=100,
    ),
    Foreign(
        name="legacy",
        target="hda",
        volume="mail.img",
        mac="52:54:00:aa:bb:03",
        vcpus=1,
        memory_mib=128,
        cpu_cap_percent=50,
    ),
    Foreign(name="numa", target="sda", volume="db.qcow2", mac="52:54:00:aa:bb:04", vcpus=2, memory_mib=768),
]


def disk(spec: MachineSpec, **changes: int) -> MachineSpec:
    return replace(spec, disks={"root": replace(spec.disks["root"], **changes)})


def nic(spec: MachineSpec, **changes: int) -> MachineSpec:
    return replace(spec, nics={"n0": replace(spec.nics["n0"], **changes)})


CHANGES = {
    "nothing": lambda spec: spec,
    "cap": lambda spec: replace(spec, cpu_cap_percent=70),
    "iops": lambda spec: disk(spec, iops=700),
    "rate": lambda spec: disk(spec, rate_mib_s=70),
    "nic": lambda spec: nic(spec, rate_mbit_s=70),
    "more vcpus": lambda spec: replace(spec, vcpus=6),
    "fewer vcpus": lambda spec: replace(spec, vcpus=1),
    "more memory": lambda spec: replace(spec, memory_mib=6144),
    "less memory": lambda spec: replace(spec, memory_mib=512),
}
"""What each may touch, as paths; `disk` and `nic` stand for the declared one."""
TOUCHES = {
    "cap": ("cputune/global_period", "cputune/global_quota"),
    "iops": ("disk/iotune/total_iops_sec",),
    "rate": ("disk/iotune/total_bytes_sec", "disk/iotune/read_bytes_sec", "disk/iotune/write_bytes_sec"),
    "nic": ("nic/bandwidth/inbound@average", "nic/bandwidth/outbound@average"),
    "vcpus": ("vcpu", "vcpu@current", "vcpus", "cpu/topology@sockets", "cpu/numa/cell@cpus"),
    "memory": ("memory", "currentMemory", "maxMemory", "cpu/numa/cell@memory"),
}


def apart_from(text: str, change: str, foreign: Foreign) -> str:
    """The XML in canonical form without our metadata and without what `change` may touch."""
    domain = tree.parse(text)
    ours = domain.find(f"metadata/{{{marks.NAMESPACE}}}machine")
    if ours is not None:
        domain.find("metadata").remove(ours)
        if not len(domain.find("metadata")):
            domain.remove(domain.find("metadata"))
    for path in TOUCHES.get(change.rsplit(maxsplit=1)[-1], ()):
        _cut(domain, path, foreign)
    for emptied in ("devices/disk/iotune", "devices/interface/bandwidth", "cputune"):
        for parent in list(domain.iterfind(emptied.rpartition("/")[0] or ".")):
            for element in parent.findall(emptied.rpartition("/")[2]):
                if all(not len(part) and not part.attrib and not (part.text or "").strip() for part in element):
                    parent.remove(element)
    return ET.canonicalize(tree.text(domain), strip_text=True)


def _cut(domain: ET.Element, path: str, foreign: Foreign) -> None:
    here, _, attribute = path.partition("@")
    first, _, rest = here.partition("/")
    if first in ("disk", "nic"):
        noted = {"disk": ("disk", "target", "dev", foreign.target), "nic": ("interface", "mac", "address", foreign.mac)}
        tag, part, name, wanted = noted[first]
        (start,) = [found for found in domain.iterfind(f"devices/{tag}") if found.find(part).get(name) == wanted]
        here = rest
    else:
        start = domain
    for element in start.findall(here):
        if attribute:
            element.attrib.pop(attribute, None)
        else:
            parent = start if "/" not in here else start.find(here.rpartition("/")[0])
            parent.remove(element)
