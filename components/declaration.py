"""From the declared fleet to resource inputs: pure, no engine, no host.

What stands here is state format: names and shapes of inputs are frozen (schema 1), and every older state must stay
readable. The plugin checks the same shapes again when they arrive.
"""

import datetime as dt
from typing import Any

from components.cloudinit import template_digest
from components.domain import names
from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.hosts import Host
from components.domain.networks import Network
from components.drivers.base import SCHEMA, HostRef
from components.engine.backend import PROJECT
from components.guest.settings import settings

Inputs = dict[str, Any]

TEMPLATE = "base"
ROOT_DISK = "root"
FIRST_NIC = "n0"


def host_ref(host: Host) -> HostRef:
    """How drivers reach the host."""
    return HostRef(name=host.name, driver=host.driver, uri=host.uri, probe=host.probe)


def host_inputs(host: Host) -> Inputs:
    """The `host` input that every resource carries; state alone is enough to refresh without the files."""
    return {"name": host.name, "driver": host.driver, "uri": host.uri, "probe": host.probe}


def machine_inputs(fleet: Fleet, client: Client, vps: Vps, backend: str, today: dt.date | None = None) -> Inputs:
    """`vps:index:Machine` of one VPS, as sold on `today` (UTC; None: this day).

    The fleet must be free of problems that block the client's stack.
    """
    sale = vps.sale(today or dt.datetime.now(dt.UTC).date())
    host = fleet.hosts[vps.host]
    network = fleet.networks[vps.network]
    package = fleet.packages[sale.package]
    limits = fleet.limits(sale)
    image = fleet.images[vps.image]
    uuid = vps.machine_uuid(fleet.id, client.id)
    addresses = [network.with_prefix(address) for address in (*vps.ipv4, *vps.ipv6)]
    mac = vps.mac or names.mac_address(uuid, FIRST_NIC)
    declared: Inputs = {
        "schema": SCHEMA,
        "fleet": fleet.id,
        "backend": backend,
        "client": client.id,
        "clientName": client.name,
        "vps": vps.id,
        "label": vps.key,
        "title": f"{client.key}/{vps.key}",
        "uuid": uuid,
        "name": names.domain_name(fleet.id, client.id, vps.id),
        "host": host_inputs(host),
        "pool": vps.pool or host.pool.name,
        "package": sale.package,
        "vcpus": limits.vcpus,
        "cpuCapPercent": limits.cpu_cap_percent,
        "memoryMib": limits.memory_mib,
        "grows": {
            "vcpus": max(package.grows_to.vcpus, limits.vcpus),
            "memoryMib": max(package.grows_to.memory_mib, limits.memory_mib),
        },
        "disks": {
            ROOT_DISK: {
                "sizeGib": limits.disk_gib,
                "iops": limits.disk_iops,
                "rateMibS": limits.disk_rate_mib_s,
                "image": {"name": image.name, "sha256": image.sha256},
                "standalone": not host.overlay or vps.is_adopted,
            }
        },
        "nics": {
            FIRST_NIC: {
                "network": vps.network,
                "attach": host.networks[vps.network],
                "mac": mac,
                "rateMbitS": limits.nic_rate_mbit_s,
                "addresses": addresses,
                "antispoof": vps.antispoof,
            }
        },
        "power": vps.power,
        "order": 0 if client.contract.support == "vip" else 1,
        "ends": vps.ends.isoformat() if vps.ends else "",
        "reinstall": vps.reinstall,
        "trashDays": fleet.trash_days,
        "seed": {
            "template": TEMPLATE,
            "templateDigest": template_digest(TEMPLATE),
            "values": _seed_values(client, vps, network, uuid, mac, addresses)
            | {"settings": settings(fleet, client, vps)},
        },
    }
    if vps.is_adopted:
        # It never had a seed of ours, and never gets one: what it is stands on its host.
        del declared["seed"]
        declared["adopted"] = True
    if vps.move:
        declared["move"] = {"from": vps.move.source, "live": vps.move.live}
    if vps.restore:
        restore = vps.restore
        origin: Inputs = {"empty": True} if restore.empty else {"disk": restore.disk, "sha256": restore.sha256}
        if restore.backup:
            origin["backup"] = restore.backup
        declared["restore"] = {"from": restore.source, **origin}
    return declared


def machine_urn(client: Client, vps: Vps) -> str:
    """The name under which the engine knows the machine: stack, project, component and resource types, logical name.

    Frozen API: every owner mark carries it.
    """
    stack = names.client_stack(client.key)
    return f"urn:pulumi:{stack}::{PROJECT}::vps:component:Vps$vps:index:Machine::{vps.id}-machine"


def exports(vps: Vps) -> Inputs:
    """What a client's stack tells of one VPS to whoever asks for its outputs."""
    return {"fqdn": vps.fqdn, "ipv4": list(vps.ipv4), "ipv6": list(vps.ipv6), "host": vps.host}


def host_resources(fleet: Fleet, host: Host, backend: str) -> dict[str, Inputs]:
    """Everything that a host must hold, by the name under which the engine knows it."""
    stack = names.HOST_STACKS + host.name
    prefix = f"urn:pulumi:{stack}::{PROJECT}::vps:component:Host$vps:index:"
    return {
        f"{prefix}StoragePool::{host.name}-pool": pool_inputs(host, fleet.id, backend),
        **{
            f"{prefix}Network::{host.name}-network-{key}": inputs for key, inputs in network_inputs(fleet, host).items()
        },
        **{f"{prefix}Image::{host.name}-image-{key}": inputs for key, inputs in image_inputs(fleet, host).items()},
    }


def pool_inputs(host: Host, fleet: str = "", backend: str = "") -> Inputs:
    """`vps:index:StoragePool` of a host, for the fleet with that id in that backend."""
    owner = {"fleet": fleet, "backend": backend} if fleet else {}
    return {"schema": SCHEMA, **owner, "host": host_inputs(host), "name": host.pool.name, "path": host.pool.path}


def network_inputs(fleet: Fleet, host: Host) -> dict[str, Inputs]:
    """`vps:index:Network` per network that the host carries, by the fleet's name of it."""
    found = {}
    for name, attach in host.networks.items():
        network = fleet.networks[name]
        kind, _, target = attach.partition(":")
        inputs = {"schema": SCHEMA, "host": host_inputs(host), "name": target}
        if kind == "bridge":
            inputs |= {"mode": "bridge", "bridge": target, "ipv4": "", "ipv6": ""}
        else:
            inputs |= {"mode": "nat", "bridge": host.bridges[name]}
            inputs |= {"ipv4": _gateway(network, "ipv4"), "ipv6": _gateway(network, "ipv6")}
        found[name] = inputs
    return found


def image_inputs(fleet: Fleet, host: Host) -> dict[str, Inputs]:
    """`vps:index:Image` per image that the host must hold: every one that is offered and locked."""
    return {
        name: {
            "schema": SCHEMA,
            "host": host_inputs(host),
            "name": name,
            "sha256": fleet.images[name].sha256,
            "pool": host.pool.name,
        }
        for name in sorted(fleet.offers.keys() & fleet.images.keys())
    }


def _gateway(network: Network, family: str) -> str:
    gateway = network.ipv4_gateway if family == "ipv4" else network.ipv6_gateway
    return network.with_prefix(str(gateway)) if gateway else ""


def _seed_values(client: Client, vps: Vps, network: Network, uuid: str, mac: str, addresses: list[str]) -> Inputs:
    """What the first boot is rendered from. No secrets: these values stand in state."""
    users = [
        {
            "name": access.who,
            "gecos": client.contacts[access.who].name,
            "keys": [key] if (key := client.contacts[access.who].ssh_key) else [],
            "root": access.root,
        }
        for access in vps.access
    ]
    return {
        "uuid": uuid,
        "reinstall": vps.reinstall,
        "hostname": vps.fqdn.partition(".")[0],
        "fqdn": vps.fqdn,
        "client": client.id,
        "client_name": client.name,
        "vps": vps.id,
        "label": vps.key,
        "timezone": "UTC",
        "users": users,
        "nics": {
            FIRST_NIC: {
                "mac": mac,
                "addresses": addresses,
                "gateway4": str(network.ipv4_gateway) if vps.ipv4 and network.ipv4_gateway else "",
                "gateway6": str(network.ipv6_gateway) if vps.ipv6 and network.ipv6_gateway else "",
            }
        },
        "dns": list(network.dns),
    }
