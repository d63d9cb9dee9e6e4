"""The owner mark in libvirt's metadata: one element of our own namespace, with what libvirt can't hold for us.

`<vps:machine … pool="vps"><vps:disk name="root" volume="…" sizeGib="10"/><vps:nic name="n0" rateMbitS="100"
addresses="192.0.2.10/24" leftOut="…"/></vps:machine>`: `sizeGib` is what was promised when the disk was made or grown
last (admission counts it before the disk is there); `leftOut` says why the host could not take the rate as
`<bandwidth>`. Devices of adopted machines carry no alias of ours: `target="vda"` and `mac="…"` tell them.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import libvirt

from components.drivers.base import MachineSpec, Mark
from components.drivers.libvirt import tree
from components.drivers.marks import as_values, from_values

NAMESPACE = "urn:aegir-vps:machine"
PREFIX = "vps"
_TAG = f"{{{NAMESPACE}}}"
_MACHINE, _DISK, _NIC = f"{_TAG}machine", f"{_TAG}disk", f"{_TAG}nic"
tree.name_prefix(PREFIX, NAMESPACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskNote:
    """A disk as we noted it: the volume in the machine's pool, and the size promised in GiB.

    `target` (`vda`) tells the disk of an adopted machine, whose devices carry no alias of ours.
    """

    volume: str
    size_gib: int
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NicNote:
    """A NIC as we noted it: its rate, its addresses, and why the rate stands in no `<bandwidth>` (empty: it does).

    `mac` tells the NIC of an adopted machine, whose devices carry no alias of ours. `unguarded` says why the host could
    not take a wanted `<filterref>` (empty: it did, or none is wanted).
    """

    rate_mbit_s: int
    addresses: tuple[str, ...] = ()
    left_out: str = ""
    mac: str = ""
    unguarded: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Everything in our metadata element."""

    mark: Mark
    pool: str
    seed: str
    disks: dict[str, DiskNote] = field(default_factory=dict)
    nics: dict[str, NicNote] = field(default_factory=dict)

    @property
    def is_adopted(self) -> bool:
        """Whether somebody else made the machine: its devices are then told by what we noted of them."""
        return any(disk.target for disk in self.disks.values()) or any(nic.mac for nic in self.nics.values())

    def marked(self, mark: Mark) -> "Notes":
        """The same notes under another mark."""
        return replace(self, mark=mark)

    def limited(self, spec: MachineSpec) -> "Notes":
        """The same notes with the sizes, rates and addresses of `spec`."""
        disks = {name: replace(note, size_gib=spec.disks[name].size_gib) for name, note in self.disks.items()}
        nics = {
            name: replace(
                note,
                rate_mbit_s=spec.nics[name].rate_mbit_s,
                addresses=spec.nics[name].addresses,
                unguarded=note.unguarded if spec.nics[name].antispoof else "",
            )
            for name, note in self.nics.items()
        }
        return replace(self, disks=disks, nics=nics)

    def without_rates(self, reason: str) -> "Notes":
        """The same notes where no NIC rate stands in the configuration, because of `reason` (empty: all do)."""
        nics = {name: replace(note, left_out=reason if note.rate_mbit_s else "") for name, note in self.nics.items()}
        return replace(self, nics=nics)

    def without_guard(self, names: Collection[str], reason: str) -> "Notes":
        """The same notes where these NICs carry no filter, because of `reason` (empty: they do again)."""
        nics = {name: replace(note, unguarded=reason) for name, note in self.nics.items() if name in names}
        return replace(self, nics={**self.nics, **nics})


def element(notes: Notes) -> tree.Element:
    """The metadata element."""
    values = {name: tree.clean(text) for name, text in as_values(notes.mark).items()}
    made = tree.Element(f"{_TAG}machine", {**values, "pool": notes.pool, "seed": notes.seed})
    for name, disk in notes.disks.items():
        noted = tree.add(made, f"{_TAG}disk", name=name, volume=disk.volume, sizeGib=str(disk.size_gib))
        if disk.target:
            noted.set("target", disk.target)
    for name, nic in notes.nics.items():
        addresses = " ".join(nic.addresses)
        rate = str(nic.rate_mbit_s)
        noted = tree.add(made, f"{_TAG}nic", name=name, rateMbitS=rate, addresses=addresses, leftOut=nic.left_out)
        if nic.mac:
            noted.set("mac", nic.mac)
        if nic.unguarded:
            noted.set("unguarded", tree.clean(nic.unguarded))
    return made


def bare(notes: Notes) -> str:
    """The element as libvirt's call for metadata takes it: without the namespace, which libvirt puts in itself."""
    made = element(notes)
    for part in made.iter():
        part.tag = part.tag.removeprefix(_TAG)
    return tree.text(made)


def find(domain: tree.Element) -> Notes | None:
    """Our notes in a domain's XML, or None when it carries none that we can read."""
    metadata = domain.find("metadata")
    found = None if metadata is None else metadata.find(_MACHINE)
    if found is None:
        return None
    mark = from_values(found.attrib)
    if mark is None:
        return None
    return Notes(
        mark=mark,
        pool=found.get("pool", ""),
        seed=found.get("seed", ""),
        disks={
            disk.get("name", ""): DiskNote(
                volume=disk.get("volume", ""),
                size_gib=_number(disk.get("sizeGib")),
                target=disk.get("target", ""),
            )
            for disk in found.findall(_DISK)
        },
        nics={
            nic.get("name", ""): NicNote(
                rate_mbit_s=_number(nic.get("rateMbitS")),
                addresses=tuple(nic.get("addresses", "").split()),
                left_out=nic.get("leftOut", ""),
                mac=nic.get("mac", ""),
                unguarded=nic.get("unguarded", ""),
            )
            for nic in found.findall(_NIC)
        },
    )


def put(domain: tree.Element, notes: Notes) -> None:
    """Write our element into a domain's XML, in the place of the former one; other metadata stays."""
    metadata = domain.find("metadata")
    if metadata is None:
        metadata = tree.Element("metadata")
        # libvirt's order: name, uuid, …, metadata before memory.
        before = next((index for index, child in enumerate(domain) if child.tag in {"maxMemory", "memory"}), 0)
        domain.insert(before, metadata)
    former = metadata.find(f"{_TAG}machine")
    if former is None:
        metadata.append(element(notes))
    else:
        metadata[list(metadata).index(former)] = element(notes)


def write(domain: libvirt.virDomain, notes: Notes) -> None:
    """Write our metadata element into the configuration and touch nothing else."""
    domain.setMetadata(
        libvirt.VIR_DOMAIN_METADATA_ELEMENT,
        bare(notes),
        PREFIX,
        NAMESPACE,
        libvirt.VIR_DOMAIN_AFFECT_CONFIG,
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0
