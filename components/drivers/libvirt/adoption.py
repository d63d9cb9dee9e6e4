"""Domains that somebody else made: read as strangers, and adopted by writing our metadata element and nothing else."""

from dataclasses import replace

import libvirt

from components.drivers import adoption
from components.drivers.adoption import Stranger
from components.drivers.base import MachineSpec, Mark, Phase
from components.drivers.errors import Missing
from components.drivers.faults import Faults
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import pools, strangers, tree
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.errors import is_code
from components.drivers.marks import from_values

NO_OWNER = (
    libvirt.VIR_ERR_NO_DOMAIN_METADATA,
    libvirt.VIR_ERR_NO_DOMAIN,
    libvirt.VIR_ERR_OPERATION_INVALID,
)


class Adoption:
    """Looks at and adopts what is on one host."""

    def __init__(self, connection: Connection, faults: Faults) -> None:
        self._connection = connection
        self._faults = faults

    def strangers(self) -> tuple[Stranger, ...]:
        """See `components.drivers.adoption.Adopter`. One description per domain, and what its host knows of a disk."""
        with self._connection.edge(f"Unable to list the machines on {self._connection.host.name}") as handle:
            found = []
            for domain in handle.listAllDomains(0):
                try:
                    described = machines.config(domain)
                    if not strangers.is_marked(described):
                        found.append(strangers.describe(handle, domain, described))
                except libvirt.libvirtError as problem:
                    if not is_code(problem, libvirt.VIR_ERR_NO_DOMAIN):
                        raise
            return tuple(sorted(found, key=lambda stranger: stranger.name))

    def owners(self) -> tuple[Mark, ...]:
        """See `components.drivers.adoption.Adopter`."""
        with self._connection.edge(f"Unable to list the machines on {self._connection.host.name}") as handle:
            found = (_owner(domain) for domain in handle.listAllDomains(0))
            return tuple(mark for mark in found if mark is not None)

    def held(self) -> dict[str, str]:
        """See `components.drivers.adoption.Adopter`."""
        with self._connection.edge(f"Unable to list the machines on {self._connection.host.name}") as handle:
            return {domain.UUIDString(): domain.name() for domain in handle.listAllDomains(0)}

    def adopt(self, spec: MachineSpec, mark: Mark) -> None:
        """See `components.drivers.adoption.Adopter`."""
        what = f"Unable to adopt machine {spec.uuid} on {self._connection.host.name}"
        with self._connection.changing(), self._connection.edge(what) as handle:
            domain = machines.find(handle, spec.uuid)
            if domain is None:
                remedy = "Look which host holds it with `vps adopt HOST`, and name that one in its lines"
                raise Missing(what, "the host answered and holds no machine of this UUID", remedy)
            described = machines.config(domain)
            if strangers.is_marked(described):
                noted = marks.find(described)
                adoption.is_adopted(what, None if noted is None else noted.mark, mark)
                return
            found = strangers.describe(handle, domain, described)
            adoption.need_same(what, spec, found)
            pools.adopt(what, handle, found.pool)
            wish = "off" if machines.is_off(found.power) else "running"
            notes = _notes(described, spec, found, replace(mark, phase=Phase.READY, wish=wish))
            with self._faults.step("adopt.mark"):
                _write(domain, notes)


def _write(domain: libvirt.virDomain, notes: marks.Notes) -> None:
    """Our element into the configuration and, where it runs, into what runs: the host's own kit reads it there."""
    live = libvirt.VIR_DOMAIN_AFFECT_LIVE if domain.isActive() else 0
    domain.setMetadata(
        libvirt.VIR_DOMAIN_METADATA_ELEMENT,
        marks.bare(notes),
        marks.PREFIX,
        marks.NAMESPACE,
        libvirt.VIR_DOMAIN_AFFECT_CONFIG | live,
    )


def _owner(domain: libvirt.virDomain) -> Mark | None:
    try:
        told = domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, marks.NAMESPACE, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
    except libvirt.libvirtError as problem:
        # A domain that is gone meanwhile, or that has no configuration of its own, has no owner either.
        if is_code(problem, *NO_OWNER):
            return None
        raise
    return from_values(tree.parse(told).attrib)


def _notes(described: tree.Element, spec: MachineSpec, found: Stranger, mark: Mark) -> marks.Notes:
    """What we note on an adopted machine: its devices are told by target and MAC, and it has no seed of ours."""
    ((disk, size),) = ((name, one.size_gib) for name, one in spec.disks.items())
    ((nic, interface),) = spec.nics.items()
    (drive,) = strangers.drives(described)
    return marks.Notes(
        mark=mark,
        pool=found.pool,
        seed="",
        disks={disk: marks.DiskNote(volume=found.volume, size_gib=size, target=tree.attribute(drive, "target", "dev"))},
        nics={nic: marks.NicNote(rate_mbit_s=interface.rate_mbit_s, addresses=interface.addresses, mac=interface.mac)},
    )
