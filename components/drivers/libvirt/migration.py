"""A running guest goes over: libvirt copies disks and memory while it runs, and switches at the end.

Driven by us and not by the hosts: they need a way to each other for the data, but no way to log in. A run of ours that
dies takes the migration with it, and the guest stays where it is.
"""

import threading
import time

import libvirt

from components.drivers.base import Say
from components.drivers.errors import Refused
from components.drivers.libvirt import filterref, guard, tree
from components.drivers.libvirt import mark as marks

FLAGS = (
    libvirt.VIR_MIGRATE_LIVE
    | libvirt.VIR_MIGRATE_PERSIST_DEST
    | libvirt.VIR_MIGRATE_NON_SHARED_DISK
    | libvirt.VIR_MIGRATE_AUTO_CONVERGE
    | libvirt.VIR_MIGRATE_ABORT_ON_ERROR
)
LEAST_S = 600.0
"""A migration may take this long …"""
SLOWEST_BYTES_S = 20 * 1024**2
"""… and a second more for each so many bytes of disk and memory."""
TOLD_S = 5.0
PAUSE_S = 0.2
MIB = 1024**2


def is_busy(domain: libvirt.virDomain) -> bool:
    """Whether libvirt says that a job such as a migration is at work on the running domain."""
    try:
        return bool(domain.jobInfo()[0] not in {libvirt.VIR_DOMAIN_JOB_NONE, libvirt.VIR_DOMAIN_JOB_COMPLETED})
    except libvirt.libvirtError:
        # It ended by itself in between.
        return False


def migrate(
    what: str, domain: libvirt.virDomain, target: libvirt.virConnect, described: tree.Element, say: Say
) -> None:
    """Migrate `domain` to `target`, where it boots as `described` from then on.

    Raises Refused, its guest running where it was, when it did not come to its end in time or libvirt refused it.
    """
    live = tree.parse(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE | libvirt.VIR_DOMAIN_XML_SECURE))
    if live.find(f"devices/interface/filterref[@filter='{filterref.FILTER}']") is not None:
        guard.need(what, target)
    params: dict[str, object] = {
        libvirt.VIR_MIGRATE_PARAM_DEST_XML: tree.text(running_as(live, described)),
        libvirt.VIR_MIGRATE_PARAM_PERSIST_XML: tree.text(described),
        libvirt.VIR_MIGRATE_PARAM_MIGRATE_DISKS: [
            tree.attribute(drive, "target", "dev")
            for drive in described.iterfind("devices/disk")
            if drive.find("readonly") is None and drive.find("source") is not None
        ],
    }
    failed: list[libvirt.libvirtError] = []
    thread = threading.Thread(target=_run, args=(domain, target, params, failed), name="migration", daemon=True)
    began = told = time.monotonic()
    thread.start()
    deadline, aborted = LEAST_S, False
    while thread.is_alive():
        thread.join(PAUSE_S)
        now = time.monotonic()
        done, total = _progress(domain)
        deadline = max(deadline, LEAST_S + total / SLOWEST_BYTES_S)
        if now - told > TOLD_S and total:
            told = now
            say(f"live: {done // MIB} of {total // MIB} MiB are over, the guest keeps running")
        if now - began > deadline and not aborted:
            aborted = _abort(domain)
    if not failed:
        say(f"the guest went over, running, in {time.monotonic() - began:.1f} s")
        return
    stays = "It stays where it is, running"
    if aborted:
        raise Refused(
            what,
            f"it did not come to an end within {deadline:.0f} s: its guest writes faster than the network carries",
            f"{stays}. Move it at a calmer hour, or without --live: its guest is shut down while it is copied",
        ) from failed[0]
    if failed[0].get_error_code() == libvirt.VIR_ERR_CPU_INCOMPATIBLE:
        raise Refused(
            what,
            f"the target's CPU lacks what its guest uses: {failed[0].get_error_message()}",
            f"{stays}. Move it without --live, or choose another host",
        ) from failed[0]
    raise failed[0]


def running_as(live: tree.Element, described: tree.Element) -> tree.Element:
    """The running domain's XML with the drives, networks, rates and notes of `described`; the rest stays as it runs."""
    paths = {
        tree.attribute(drive, "target", "dev"): tree.attribute(drive, "source", "file")
        for drive in described.iterfind("devices/disk")
    }
    for drive in live.iterfind("devices/disk"):
        path = paths.get(tree.attribute(drive, "target", "dev"))
        if path:
            tree.child(drive, "source").set("file", path)
        for tag in ("backingStore", "mirror"):
            for found in drive.findall(tag):
                drive.remove(found)
    wanted = {tree.attribute(nic, "mac", "address"): nic for nic in described.iterfind("devices/interface")}
    for nic in live.iterfind("devices/interface"):
        declared = wanted.get(tree.attribute(nic, "mac", "address"))
        if declared is None:
            continue
        nic.set("type", declared.get("type", ""))
        for tag in ("source", "bandwidth", "target"):
            for found in nic.findall(tag):
                nic.remove(found)
        for tag in ("source", "bandwidth"):
            nic.extend(declared.findall(tag))
    devices = tree.child(live, "devices")
    for emulator in devices.findall("emulator"):
        devices.remove(emulator)
    notes = marks.find(described)
    if notes is not None:
        marks.put(live, notes)
    return live


def _run(
    domain: libvirt.virDomain,
    target: libvirt.virConnect,
    params: dict[str, object],
    failed: list[libvirt.libvirtError],
) -> None:
    try:
        domain.migrate3(target, params, FLAGS)
    except libvirt.libvirtError as problem:
        failed.append(problem)


def _progress(domain: libvirt.virDomain) -> tuple[int, int]:
    """Bytes that are over, and bytes in all."""
    try:
        said = domain.jobStats()
    except libvirt.libvirtError:
        return 0, 0
    total = int(said.get("data_total", 0))
    return max(total - int(said.get("data_remaining", 0)), 0), total


def _abort(domain: libvirt.virDomain) -> bool:
    try:
        domain.abortJob()
    except libvirt.libvirtError:
        # It is just switching over, or has ended.
        return False
    return True
