"""A real libvirtd with one machine of a test's own among others: the same view and the same words as the fake world."""

import json
import os
import secrets
import signal
import subprocess
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import libvirt

from components.domain.names import domain_name, mac_address, machine_uuid
from components.drivers.base import HostRef
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import tree
from components.lab.host import Lab
from tests.drivers.libvirt_host import LibvirtHost
from tests.faults.fake_world import example
from tests.faults.view import Guest, View, Volume

GIB = 1024**3
SMALL = {"vcpus": 1, "cpuCapPercent": 100, "memoryMib": 64}
_POWER = {
    libvirt.VIR_DOMAIN_RUNNING: "running",
    libvirt.VIR_DOMAIN_PAUSED: "paused",
    libvirt.VIR_DOMAIN_SHUTDOWN: "running",
}


class LabWorld:
    """One lab; `fresh` gives the next test a machine and a folder of its own."""

    def __init__(self, lab: Lab, host: LibvirtHost, folder: Path, inputs: dict[str, Any]) -> None:
        self.lab = lab
        self.folder = folder
        self._host = host
        self._inputs = inputs

    @classmethod
    def furnish(cls, lab: Lab, folder: Path) -> "LabWorld":
        """Pool, network and a blank image are there, and a stranger's machine."""
        folder.mkdir()
        host = LibvirtHost(folder, lab)
        stranger = host.spec()
        host.stranger(replace(stranger, name=f"stranger-{secrets.token_hex(3)}"))
        inputs = example(folder / "project")
        inputs["disks"]["root"] |= {"image": asdict(host.image), "sizeGib": 1}
        return cls(lab, host, folder, {**inputs, **SMALL})

    def fresh(self, number: int) -> "LabWorld":
        """The same lab with another machine."""
        vps = f"v-{secrets.token_hex(3)}"
        uuid = machine_uuid("demo", "c-q7m2", vps)
        mac = mac_address(uuid, "n0")
        addresses = [f"192.0.2.{20 + number}/24", f"2001:db8:1::{0x2000 + number:x}/64"]
        own = {"vps": vps, "uuid": uuid, "name": domain_name("demo", "c-q7m2", vps), "title": f"example-coop/{vps}"}
        nic = {**self._inputs["nics"]["n0"], "mac": mac, "addresses": addresses}
        folder = self.folder / vps
        folder.mkdir()
        return LabWorld(self.lab, self._host, folder, {**self._inputs, **own, "nics": {"n0": nic}})

    def inputs(self, host: str = "", **changes: Any) -> dict[str, Any]:
        """What the program sends for this machine."""
        del host
        return {**self._inputs, "host": asdict(self.host()), **changes}

    def host(self) -> HostRef:
        return self._host.ref

    def leave(self) -> None:
        """Take the stranger away: the lab is others' afterwards."""
        self._host.clean()

    @property
    def urn(self) -> str:
        """Each machine has its own."""
        kind = "vps:component:Vps$vps:index:Machine"
        return f"urn:pulumi:client.example-coop::aegir-vps::{kind}::{self._inputs['vps']}-machine"

    def environ(self) -> dict[str, str]:
        return {
            "VPS_FAULTS": str(self._faults),
            "VPS_HOSTS": json.dumps({self.host().name: asdict(self.host())}),
        }

    def fault(self, *faults: dict[str, Any]) -> None:
        self._faults.write_text(json.dumps(faults))

    def struck(self) -> int:
        return sum(1 for fault in json.loads(self._faults.read_text()) if fault["times"] == 0)

    def heal(self) -> None:
        self._faults.unlink(missing_ok=True)

    def kill_libvirtd(self) -> None:
        """The daemon dies; the lab starts it again, as its host's init would."""
        os.kill(self.lab.status().pid, signal.SIGKILL)
        self.lab.up()

    def kill_qemu(self) -> bool:
        """The process of this machine dies; False when there is none."""
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes()
            except OSError:
                continue
            if words.startswith((b"/usr/bin/qemu", b"qemu")) and f"guest={self._inputs['name']},".encode() in words:
                os.kill(int(path.parent.name), signal.SIGKILL)
                return True
        return False

    def look(self) -> View:
        """What stands in the lab now."""
        handle = _opened(self.lab.uri)
        try:
            guests = tuple(self._guest(domain) for domain in handle.listAllDomains(0))
            pool = handle.storagePoolLookupByName("vps")
            pool.refresh(0)
            return View(guests=guests, volumes=tuple(self._volumes(pool)))
        finally:
            handle.close()

    def clean(self) -> None:
        """Take this test's machine away, and all that lies in the pool under its name."""
        handle = _opened(self.lab.uri)
        for domain in handle.listAllDomains(0):
            if domain.name() == self._inputs["name"]:
                if domain.isActive():
                    domain.destroy()
                domain.undefine()
        handle.close()
        uuid = self._inputs["uuid"]
        for path in self._host.pool_folder.iterdir():
            if path.name.startswith((self._inputs["name"], f"trash-{uuid}", "lease-")):
                path.unlink()

    @property
    def _faults(self) -> Path:
        return self.folder / "faults.json"

    def _guest(self, domain: libvirt.virDomain) -> Guest:
        described = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        notes = marks.find(tree.parse(described))
        volumes = () if notes is None else (*(disk.volume for disk in notes.disks.values()), notes.seed)
        return Guest(
            host="lab",
            uuid=domain.UUIDString(),
            name=domain.name(),
            owner="" if notes is None else f"{notes.mark.client}/{notes.mark.vps}",
            phase="" if notes is None else str(notes.mark.phase),
            power=_POWER.get(domain.state()[0], "off"),
            memory_mib=domain.maxMemory() // 1024,
            volumes=frozenset(volumes),
            whole=described,
        )

    def _volumes(self, pool: libvirt.virStoragePool) -> list[Volume]:
        names = {volume.name(): volume.info()[1] for volume in pool.listAllVolumes(0)}
        trash = "".join((self._host.pool_folder / name).read_text() for name in names if name.startswith("trash-"))
        found = []
        for name, size in names.items():
            if name.startswith(("image-", "aegir-vps-pool", "lease-", "trash-")):
                continue
            stat = subprocess.run(
                ["stat", "-c", "%i %w", self._host.pool_folder / name], capture_output=True, text=True, check=True
            )
            found.append(
                Volume(host="lab", name=name, content=stat.stdout.strip(), size_gib=size / GIB, kept=name in trash)
            )
        return found


def _opened(uri: str) -> libvirt.virConnect:
    """A connection, as soon as libvirtd is there again."""
    for _ in range(50):
        try:
            return libvirt.open(uri)
        except libvirt.libvirtError:
            time.sleep(0.1)
    return libvirt.open(uri)
