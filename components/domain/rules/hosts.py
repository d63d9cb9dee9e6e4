"""Rules for hosts: they stand somewhere known (contract VPS-3), can be reached, and can be repaired (HW-8)."""

import re
from collections.abc import Iterator

from components.domain import hardware
from components.domain.fleet import Fleet
from components.domain.hosts import DRIVERS, SHARED, Host
from components.domain.names import is_client_id, is_label
from components.domain.problems import Problem
from components.domain.rules.common_ground import LABEL_REMEDY
from components.domain.rules.references import DATACENTRE, NETWORK, SPARE, Steps, Unread, choice, unknown

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ATTACH = re.compile(r"(?:network|bridge):[A-Za-z0-9._-]+", re.ASCII)
_INTERFACE = re.compile(r"[A-Za-z0-9._-]{1,15}", re.ASCII)
_URI = re.compile(r"[a-z][a-z0-9+.-]*://\S*", re.ASCII)


def problems(fleet: Fleet, unread: Unread) -> Iterator[Problem]:
    """What is wrong with the files of hosts/."""
    for name, host in fleet.hosts.items():
        path: Steps = ("hosts", name)
        if not is_label(name):
            remedy = f"Rename the file. {LABEL_REMEDY}"
            yield Problem(code="bad-name", path=path, message=f'"{name}" is no name for a host.', remedy=remedy)
        yield from _reach(path, host)
        yield from unknown((*path, "datacentre"), host.datacentre, DATACENTRE, fleet.datacentres, unread, blocks=False)
        if host.assigned != SHARED and not is_client_id(host.assigned):
            yield Problem(
                code="bad-assignment",
                blocks=False,
                path=(*path, "assigned"),
                message=f'"{host.assigned}" is neither shared nor the id of a client.',
                remedy="Write shared, or the client's id like c-q7m2.",
            )
        for network in host.networks:
            yield from unknown((*path, "networks", network), network, NETWORK, fleet.networks, unread)
        if not unread.covers(*path, "capacity"):
            yield from _capacity(path, host)
        yield from _inventory(path, host, fleet, unread)


def _reach(path: Steps, host: Host) -> Iterator[Problem]:
    yield from choice((*path, "driver"), host.driver, DRIVERS, "driver", code="unknown-driver")
    if not _URI.fullmatch(host.uri):
        remedy = "Write scheme, :// and place, like qemu+ssh://root@kvm1/system."
        yield Problem(code="bad-uri", path=(*path, "uri"), message=f'"{host.uri}" is no connection URI.', remedy=remedy)
    if not EMAIL.fullmatch(host.contact.email):
        message = f'"{host.contact.email}" is no e-mail address.'
        yield Problem(
            code="bad-contact",
            blocks=False,
            path=(*path, "contact", "email"),
            message=message,
            remedy="Write it like duty@hoster.example.",
        )
    if not host.pool.path.startswith("/") or ".." in host.pool.path.split("/"):
        remedy = "Write an absolute path as the host sees it."
        yield Problem(
            code="bad-pool-path",
            path=(*path, "pool", "path"),
            message=f'"{host.pool.path}" is no such path.',
            remedy=remedy,
        )
    for network, attach in host.networks.items():
        if not _ATTACH.fullmatch(attach):
            yield Problem(
                code="bad-attachment",
                path=(*path, "networks", network, "attach"),
                message=f'"{attach}" says not how guests are attached.',
                remedy="Write network:<libvirt network> or bridge:<bridge>.",
            )
        elif attach.startswith("network:") and network not in host.bridges:
            yield Problem(
                code="bad-attachment",
                path=(*path, "networks", network),
                message=f"It doesn't say on which bridge {attach.removeprefix('network:')} is made.",
                remedy="Add `bridge: …`, a name of at most 15 characters.",
            )
    for network, bridge in host.bridges.items():
        if not _INTERFACE.fullmatch(bridge):
            message = f'"{bridge}" is no name for a bridge.'
            remedy = "Use at most 15 letters, digits, dots and hyphens."
            yield Problem(
                code="bad-attachment", path=(*path, "networks", network, "bridge"), message=message, remedy=remedy
            )


def _capacity(path: Steps, host: Host) -> Iterator[Problem]:
    for key, free, whole in (
        ("memory", host.free_memory_mib, host.memory_mib),
        ("disk", host.free_disk_gib, host.disk_gib),
    ):
        if free >= whole:
            yield Problem(
                code="nothing-to-sell",
                blocks=False,
                path=(*path, "keeps_free", key),
                message="It is all that the host has, or more.",
                remedy="Write less than under capacity; to sell no more here, write 0 % under sells.",
            )


def _inventory(path: Steps, host: Host, fleet: Fleet, unread: Unread) -> Iterator[Problem]:
    found = {part.kind for part in host.inventory}
    lacking = [kind for kind in hardware.KINDS_OF_A_HOST if kind not in found]
    if lacking:
        yield Problem(
            code="inventory-incomplete",
            blocks=False,
            path=(*path, "inventory"),
            message=f"It lists no {', '.join(lacking)}: what fails there can't be replaced in time (contract HW-8).",
            remedy="Add each piece with kind, model, serial, installed, warranty and spare.",
        )
    for index, part in enumerate(host.inventory):
        here = (*path, "inventory", index)
        yield from choice(
            (*here, "kind"),
            part.kind,
            hardware.KINDS,
            "kind of equipment (contract HW-2)",
            code="unknown-equipment",
            blocks=False,
        )
        yield from unknown((*here, "spare"), part.spare, SPARE, fleet.spares, unread, blocks=False)
        spare = fleet.spares.get(part.spare)
        if spare is not None and spare.kind != part.kind:
            yield Problem(
                code="spare-other-kind",
                blocks=False,
                path=(*here, "spare"),
                message=f"{part.spare} is a spare {spare.kind}, not a {part.kind}.",
                remedy=f"Name a spare {part.kind}.",
            )
        if part.warranty < part.installed:
            yield Problem(
                code="warranty-before-installation",
                blocks=False,
                path=(*here, "warranty"),
                message=f"The warranty ends on {part.warranty}, before it was installed.",
                remedy="Write the last day of the warranty.",
            )
