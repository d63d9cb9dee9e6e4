"""Where a lab keeps its things, all made from its name."""

import re
import uuid
from dataclasses import dataclass
from pathlib import Path

from components.domain.names import NAMESPACE
from components.lab.command import LabError

RUN = Path("/run/aegir-vps")
DATA = Path("/var/lib/aegir-vps/labs")

_NAME = re.compile(r"[a-z][a-z0-9-]{0,14}")


@dataclass(frozen=True, slots=True)
class Places:
    """Paths, names and numbers of one lab. Raises LabError when the name could not stand in all of them."""

    name: str

    def __post_init__(self) -> None:
        """Refuse a name that can't be a hostname, a folder and part of a namespace's name."""
        if not _NAME.fullmatch(self.name) or self.name.endswith("-"):
            raise LabError(
                f"Unable to use {self.name!r} as the name of a lab",
                "it has to be 1 to 15 lower-case letters, digits and inner hyphens and begin with a letter",
                "Choose another name, for example lab1.",
            )

    @property
    def run(self) -> Path:
        """What lives as long as the lab is up: sockets, pid files, namespaces."""
        return RUN / self.name

    @property
    def data(self) -> Path:
        """What stays when the lab goes down: domains, volumes, logs, configuration."""
        return DATA / self.name

    @property
    def namespaces(self) -> Path:
        """The private mount that the namespaces are bound in: `mnt`, `uts`, `cgroup`."""
        return self.run / "ns"

    @property
    def record(self) -> Path:
        """What is known of the running lab, as JSON."""
        return self.run / "lab.json"

    @property
    def socket(self) -> Path:
        """Libvirtd's socket; a path socket is reachable from any network namespace."""
        return self.run / "libvirt-sock"

    @property
    def uri(self) -> str:
        """How a libvirt client reaches the lab."""
        return f"qemu+unix:///system?socket={self.socket}"

    @property
    def netns(self) -> str:
        """The network namespace, as `ip netns` lists it."""
        return f"vps-{self.name}"

    @property
    def netns_file(self) -> Path:
        """The network namespace's file."""
        return Path("/run/netns") / self.netns

    @property
    def enter_network(self) -> list[str]:
        """The command's head that enters the network only: files and tools stay the caller's."""
        return ["nsenter", f"--net={self.netns_file}"]

    @property
    def enter(self) -> list[str]:
        """The command's head that stands where the lab's libvirtd stands."""
        files = (f"--{kind}={self.namespaces / file}" for kind, file in _KINDS)
        return ["nsenter", f"--net={self.netns_file}", *files]

    @property
    def host_uuid(self) -> str:
        """The host's identity in libvirt; without a fixed one it changes with each start."""
        return str(uuid.uuid5(NAMESPACE, f"lab/{self.name}"))

    @property
    def slot(self) -> int:
        """0 to 39, from the name: keeps port ranges of most labs apart (each has its own network anyway)."""
        return uuid.UUID(self.host_uuid).int % 40

    @property
    def migration_address(self) -> str:
        """The lab's own IPv6 address on every link to another lab, with 64 bits from its name."""
        digits = self.host_uuid.replace("-", "")[:16]
        return "fd00:0:0:a6:" + ":".join(digits[at : at + 4] for at in range(0, 16, 4))


_KINDS = (("mount", "mnt"), ("uts", "uts"), ("cgroup", "cgroup"))
