"""What is wanted of a host, in plain data: machines, and what they stand on."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRef:
    """How to reach a host. `probe` is a shell command that reads a read-only script on stdin there, or empty."""

    name: str
    driver: str
    uri: str
    probe: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """A golden image: its name and the SHA-256 of its bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFile:
    """A qcow2 file on the machine that applies, and the SHA-256 of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpec:
    """One disk; `image` is what it is made from at creation and never looked at again."""

    size_gib: int
    iops: int
    rate_mib_s: int
    image: ImageRef
    standalone: bool = True
    """A whole copy of the image (production) rather than an overlay on it (lab)."""
    origin: DiskFile | None = None
    """Where a restored disk's content comes from, instead of the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NicSpec:
    """One network interface. `attach` is `network:<libvirt network>` or `bridge:<bridge>`."""

    attach: str
    mac: str
    rate_mbit_s: int
    addresses: tuple[str, ...]
    """With prefix length, the IPv4 and IPv6 addresses that belong to this interface."""
    antispoof: bool = True
    """Whether the host drops what comes from it under any other MAC or address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSpec:
    """What a machine shall be. Disks and NICs are keyed by names that never change (`root`, `n0`)."""

    uuid: str
    name: str
    title: str
    pool: str
    vcpus: int
    cpu_cap_percent: int
    memory_mib: int
    disks: Mapping[str, DiskSpec]
    nics: Mapping[str, NicSpec]
    start: bool = True
    """Start once at creation. Later power is the client's (design section 5, Power)."""
    grows_vcpus: int = 0
    grows_memory_mib: int = 0
    """How far the running guest may grow without a reboot: the room it is booted with (0: none)."""

    def limits(self) -> dict[str, int]:
        """Every declared limit by its key (`components.domain.limits`)."""
        found = {"vcpus": self.vcpus, "cpuCapPercent": self.cpu_cap_percent, "memoryMib": self.memory_mib}
        for name, disk in self.disks.items():
            found[f"disks.{name}.sizeGib"] = disk.size_gib
            found[f"disks.{name}.iops"] = disk.iops
            found[f"disks.{name}.rateMibS"] = disk.rate_mib_s
        for name, nic in self.nics.items():
            found[f"nics.{name}.rateMbitS"] = nic.rate_mbit_s
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    """A golden image to keep on a host. `source` is the local file to upload when the host lacks it."""

    name: str
    sha256: str
    pool: str
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSpec:
    """A directory pool. One that exists under this name and path is used as it is."""

    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSpec:
    """A network that hosts attach machines to: `mode` is `nat` or `bridge` (an existing bridge of the host).

    `ipv4` and `ipv6` are the host's own addresses in it with prefix length (the guests' gateways); empty for `bridge`.
    """

    name: str
    mode: str
    bridge: str
    ipv4: str = ""
    ipv6: str = ""
