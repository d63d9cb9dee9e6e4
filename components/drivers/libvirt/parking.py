"""Parked drives: a domain's disks as a note in its metadata, so that whatever starts it can't run on them.

They stand there whole, addresses on the bus included, and come back as they were. The element is one of its own
(`urn:aegir-vps:parked`), because our other one is written anew with each mark.
"""

import copy

from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import patch, tree

NAMESPACE = "urn:aegir-vps:parked"
_TAG = f"{{{NAMESPACE}}}drives"
tree.name_prefix("vpsparked", NAMESPACE)


def is_parked(domain: tree.Element) -> bool:
    """Whether the drives of `domain` (its inactive XML) are parked."""
    return _note(domain) is not None


def park(domain: tree.Element) -> None:
    """Take every drive out of the devices and note it."""
    devices, metadata = tree.child(domain, "devices"), tree.child(domain, "metadata")
    note = _note(domain)
    if note is None:
        note = tree.Element(_TAG)
        metadata.append(note)
    for drive in devices.findall("disk"):
        devices.remove(drive)
        note.append(drive)


def unpark(domain: tree.Element) -> None:
    """Put every drive back as it was noted."""
    note = _note(domain)
    if note is None:
        return
    devices = tree.child(domain, "devices")
    for place, drive in enumerate(list(note)):
        devices.insert(place, drive)
    tree.child(domain, "metadata").remove(note)


def armed(domain: tree.Element) -> tree.Element:
    """A copy of `domain` with its drives attached."""
    made = copy.deepcopy(domain)
    unpark(made)
    return made


def rehouse(domain: tree.Element, notes: marks.Notes, fresh: marks.Notes, *, pool_path: str) -> None:
    """Let each drive of `domain` (not parked) lie in another host's pool, under the names of `fresh`."""
    for name in notes.disks:
        drive = patch.find_disk(domain, name, notes)
        if drive is not None:
            _lay(drive, f"{pool_path}/{fresh.disks[name].volume}")
    seed = find_seed(domain, notes)
    if seed is not None:
        _lay(seed, f"{pool_path}/{fresh.seed}")


def find_seed(domain: tree.Element, notes: marks.Notes) -> tree.Element | None:
    """The drive that holds the seed, or None."""
    if not notes.seed:
        return None
    for drive in domain.iterfind("devices/disk"):
        if tree.attribute(drive, "source", "file").endswith(f"/{notes.seed}"):
            return drive
    return None


def _lay(drive: tree.Element, path: str) -> None:
    drive.set("type", "file")
    source = tree.child(drive, "source")
    source.attrib.clear()
    source.set("file", path)
    # A copy stands on no golden image.
    for backing in drive.findall("backingStore"):
        drive.remove(backing)


def _note(domain: tree.Element) -> tree.Element | None:
    return domain.find(f"metadata/{_TAG}")
