"""vCPUs and memory in a domain's XML, with the room in which its running guest may grow.

The room is a property of a boot: places for more vCPUs (`<vcpu current='2'>4</vcpu>`) and for DIMMs (`<maxMemory>`,
which libvirt takes only with a NUMA cell). Machines that we made get it as their package promises; one that we adopted
keeps what it has. Pure: it reads and writes XML.
"""

from dataclasses import dataclass

from components.domain import growth
from components.drivers.base import MachineSpec
from components.drivers.libvirt import tree

SLOTS = 16
"""How often a running machine may grow its memory: each time takes one DIMM."""
LARGEST_ROOM_MIB = 256 * 1024
LARGEST_PLACES = 240
"""A boot with more room fails: CPUs may have 40 address bits only, and interrupts reach 255 vCPUs only."""
KIB = {"KiB": 1, "MiB": 1024, "GiB": 1024**2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """A domain's vCPUs and memory; `max_…` is how far the running guest may grow, at least what it has."""

    vcpus: int
    max_vcpus: int
    memory_mib: int
    max_memory_mib: int
    free_slots: int = 0


def read(domain: tree.Element) -> Sizes:
    """What the XML says; of a running domain it is what QEMU really gave, DIMMs included."""
    processors, devices = domain.find("vcpu"), domain.find("devices")
    places = 0 if processors is None else _integer(processors.text or "")
    memory = mib(domain.find("memory"))
    room = domain.find("maxMemory")
    fitted = () if devices is None else devices.findall("memory")
    dimms = [device for device in fitted if device.get("model") in {"dimm", "nvdimm"}]
    return Sizes(
        vcpus=(0 if processors is None else _integer(processors.get("current", ""))) or places,
        max_vcpus=places,
        memory_mib=memory,
        max_memory_mib=max(memory, mib(room)),
        free_slots=0 if room is None else max(_integer(room.get("slots", "")) - len(dimms), 0),
    )


def dimm_mib(running: Sizes, wanted_mib: int) -> int:
    """The size of the DIMM that brings a running domain to `wanted_mib`; 0: only its next boot does."""
    more = wanted_mib - running.memory_mib
    fits = not growth.obstacle("memoryMib", running.memory_mib, wanted_mib, running.max_memory_mib)
    return more if more > 0 and fits and running.free_slots else 0


def obstacle(domain: tree.Element, spec: MachineSpec) -> str:
    """Why the sizes of `spec` can't be written into a machine that was adopted as it is; empty: they can."""
    has = read(domain)
    resized = spec.memory_mib != has.memory_mib or spec.vcpus > has.max_vcpus
    cells = domain.findall("cpu/numa/cell")
    if resized and len(cells) > 1:
        return f"it has a NUMA layout of its own with {len(cells)} cells, and nobody said which of them shall change"
    if spec.memory_mib <= (devices := _devices_mib(domain)):
        return f"it has memory devices of its own with {devices} MiB: {spec.memory_mib} MiB leave nothing beside them"
    topology = domain.find("cpu/topology")
    if topology is not None and spec.vcpus > has.max_vcpus and spec.vcpus % _per_socket(topology):
        each = _per_socket(topology)
        return f"its CPU layout has {each} vCPUs per socket, which {spec.vcpus} vCPUs don't fill"
    return ""


def put(domain: tree.Element, spec: MachineSpec, *, adopted: bool = False) -> None:
    """Bring vCPUs, memory and room of an inactive XML to `spec`; what is as wanted stays as it was written.

    `adopted` machines get no room of ours: their guests would see other hardware at their next boot.
    """
    has = read(domain)
    places = max(spec.vcpus, has.max_vcpus if adopted else min(spec.grows_vcpus, LARGEST_PLACES))
    if (has.vcpus, has.max_vcpus) != (spec.vcpus, places):
        _vcpus(domain, spec.vcpus, places)
    if has.memory_mib != spec.memory_mib:
        for tag in ("memory", "currentMemory"):
            _write(tree.child(domain, tag), spec.memory_mib)
    elif not adopted and mib(domain.find("currentMemory")) != spec.memory_mib:
        _write(tree.child(domain, "currentMemory"), spec.memory_mib)
    _room(domain, spec, adopted=adopted)
    if not adopted or read(domain) != has:
        _cell(domain, spec.memory_mib, places)


def mib(element: tree.Element | None) -> int:
    """A size element (`<memory unit='KiB'>`) in MiB; 0 where there is none."""
    if element is None:
        return 0
    return _integer(element.text or "") * KIB.get(element.get("unit", "KiB"), 0) // 1024


def _devices_mib(domain: tree.Element) -> int:
    return sum(mib(size) for size in domain.iterfind("devices/memory/target/size"))


def _integer(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


def _write(element: tree.Element, size_mib: int) -> None:
    element.text = str(size_mib * 1024)
    element.set("unit", "KiB")


def _vcpus(domain: tree.Element, vcpus: int, places: int) -> None:
    element = tree.child(domain, "vcpu")
    before = _integer(element.text or "")
    element.text = str(places)
    element.attrib.pop("current", None)
    if vcpus != places:
        element.set("current", str(vcpus))
    # A list of single vCPUs says how many there are once more, and would be refused beside another number.
    for single in domain.findall("vcpus"):
        domain.remove(single)
    topology = domain.find("cpu/topology")
    if topology is not None and before != places:
        topology.set("sockets", str(places // _per_socket(topology)))


def _per_socket(topology: tree.Element) -> int:
    each = 1
    for part in ("dies", "clusters", "cores", "threads"):
        each *= _integer(topology.get(part, "1")) or 1
    return each


def _room(domain: tree.Element, spec: MachineSpec, *, adopted: bool) -> None:
    room = domain.find("maxMemory")
    grows_mib = min(spec.grows_memory_mib, LARGEST_ROOM_MIB)
    wanted = grows_mib if not adopted and grows_mib > spec.memory_mib else 0
    if adopted or (not wanted and domain.find("devices/memory") is not None):
        # Memory devices that somebody defined need the room; it must only not be too small.
        wanted = max(mib(room), spec.memory_mib) if room is not None else 0
    if wanted == mib(room):
        return
    if room is None:
        room = tree.Element("maxMemory", {"slots": str(SLOTS)})
        domain.insert(next(index for index, child in enumerate(domain) if child.tag == "memory"), room)
    if wanted:
        _write(room, wanted)
        tree.child(domain, "cpu/numa/cell").set("id", "0")
        return
    domain.remove(room)
    numa = domain.find("cpu/numa")
    if numa is not None and len(numa) == 1:
        tree.child(domain, "cpu").remove(numa)


def _cell(domain: tree.Element, memory_mib: int, places: int) -> None:
    """Where all vCPUs and memory stand in one NUMA cell, it says both once more."""
    cells = domain.findall("cpu/numa/cell")
    if len(cells) != 1:
        return
    (cell,) = cells
    base, cpus = memory_mib - _devices_mib(domain), f"0-{places - 1}" if places > 1 else "0"
    unit = KIB.get(cell.get("unit", "KiB"), 0)
    if _integer(cell.get("memory", "")) * unit // 1024 != base:
        cell.set("memory", str(base * 1024))
        cell.set("unit", "KiB")
    if cell.get("cpus") != cpus:
        cell.set("cpus", cpus)
