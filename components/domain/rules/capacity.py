"""Rules for what may be sold of a host: a plain sum of packages against what is left to sell.

They are reported and stop no apply: what was sold before stays; a host's own admission refuses what
it really can't hold.
"""

from collections import defaultdict
from collections.abc import Iterator

from components.domain.fleet import Fleet
from components.domain.problems import Problem
from components.domain.units import DISK, MEMORY


def problems(fleet: Fleet) -> Iterator[Problem]:
    """Hosts that are oversold."""
    memory: defaultdict[str, int] = defaultdict(int)
    disk: defaultdict[str, int] = defaultdict(int)
    vcpus: defaultdict[str, int] = defaultdict(int)
    for _, vps in fleet.machines():
        package = fleet.packages.get(vps.package)
        if package is not None:
            memory[vps.host] += package.limits.memory_mib
            disk[vps.host] += package.limits.disk_gib
            vcpus[vps.host] += package.limits.vcpus
    for name, host in fleet.hosts.items():
        for key, sold, sellable, text in (
            ("memory", memory[name], host.sellable_memory_mib, MEMORY.format),
            ("disk", disk[name], host.sellable_disk_gib, DISK.format),
            ("vcpus", vcpus[name], host.sellable_vcpus, str),
        ):
            if sold > sellable:
                yield Problem(
                    path=("hosts", name, "sells", key),
                    message=f"{text(sold)} of {key} are sold here, {text(sold - sellable)} more than may be.",
                    remedy="Place VPSs on another host, or change capacity, sells or keeps_free.",
                    blocks=False,
                )
