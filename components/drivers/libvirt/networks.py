"""Networks that machines are attached to."""

from contextlib import suppress
from ipaddress import ip_interface

import libvirt

from components.drivers.base import Fact, NetworkSpec
from components.drivers.errors import Missing, Refused
from components.drivers.libvirt import guard, tree
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.errors import is_code


class Networks:
    """The networks of one host."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, spec: NetworkSpec) -> Fact:
        """See `components.drivers.base.Driver`."""
        what = f"Unable to make network {spec.name} on {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            with suppress(libvirt.libvirtError):
                # A host without filters still carries networks; machines are refused there, in words.
                guard.ensure(handle)
            if spec.mode == "bridge":
                if not _has_bridge(handle, spec.bridge):
                    raise Missing(
                        what, f"the host has no bridge {spec.bridge}", "Make it on the host, or change its file"
                    )
                return Fact(name=spec.name, made=False, values=_wanted(spec))
            network = find(handle, spec.name)
            if network is None:
                network = handle.networkDefineXML(_render(spec))
            found, wanted = _found(network), _wanted(spec)
            if differing := [
                f"{key} is {found[key] or 'empty'}, not {wanted[key] or 'empty'}"
                for key in wanted
                if found[key] != wanted[key]
            ]:
                cause = f"a network of this name differs: {', '.join(differing)}"
                raise Refused(what, cause, "Change the host's file, or remove that network when no machine is attached")
            if not network.isActive():
                network.create()
            if _is_ours(network):
                network.setAutostart(1)
            return Fact(name=spec.name, made=_is_ours(network), values=found)

    def read(self, spec: NetworkSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        with self._connection.edge(f"Unable to read network {spec.name} on {self._connection.host.name}") as handle:
            if spec.mode == "bridge":
                there = _has_bridge(handle, spec.bridge)
                return Fact(name=spec.name, made=False, values=_wanted(spec)) if there else None
            network = find(handle, spec.name)
            if network is None or not network.isActive():
                return None
            return Fact(name=spec.name, made=_is_ours(network), values=_found(network))

    def delete(self, spec: NetworkSpec) -> None:
        """See `components.drivers.base.Driver`."""
        what = f"Unable to remove network {spec.name} on {self._connection.host.name}"
        with self._connection.edge(what) as handle:
            network = find(handle, spec.name)
            if spec.mode == "bridge" or network is None or not _is_ours(network):
                return
            for domain in handle.listAllDomains(0):
                described = tree.parse(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
                for source in described.iterfind("devices/interface/source"):
                    if source.get("network") == spec.name:
                        cause = f"machine {domain.name()} is attached to it"
                        raise Refused(what, cause, "End or move that machine first")
            if network.isActive():
                network.destroy()
            network.undefine()


def find(handle: libvirt.virConnect, name: str) -> libvirt.virNetwork | None:
    """The network of that name, active or not, or None."""
    try:
        return handle.networkLookupByName(name)
    except libvirt.libvirtError as problem:
        if is_code(problem, libvirt.VIR_ERR_NO_NETWORK):
            return None
        raise


def need(handle: libvirt.virConnect, what: str, attach: str, host: str) -> None:
    """Raises Missing when what a NIC is attached to isn't up on the host."""
    mode, _, name = attach.partition(":")
    if mode == "bridge":
        there = _has_bridge(handle, name)
    else:
        network = find(handle, name)
        there = network is not None and bool(network.isActive())
    if not there:
        raise Missing(what, f"{mode} {name} is not up on the host", f"Bring up the host's stack: `vps up host.{host}`")


OURS = "urn:aegir-vps:network"


def _is_ours(network: libvirt.virNetwork) -> bool:
    return tree.parse(network.XMLDesc(0)).find(f"metadata/{{{OURS}}}made") is not None


def _has_bridge(handle: libvirt.virConnect, bridge: str) -> bool:
    """Whether the host has that bridge; a libvirtd without its interface driver can't say, and starting will."""
    try:
        handle.interfaceLookupByName(bridge)
    except libvirt.libvirtError as problem:
        return is_code(problem, libvirt.VIR_ERR_NO_SUPPORT)
    return True


def _render(spec: NetworkSpec) -> str:
    network = tree.Element("network")
    tree.add(network, "name", spec.name)
    tree.add(tree.add(network, "metadata"), f"{{{OURS}}}made")
    tree.add(network, "forward", mode=spec.mode)
    tree.add(network, "bridge", name=spec.bridge, stp="off", delay="0")
    for address, family in ((spec.ipv4, "ipv4"), (spec.ipv6, "ipv6")):
        if address:
            interface = ip_interface(address)
            prefix = str(interface.network.prefixlen)
            tree.add(network, "ip", family=family, address=str(interface.ip), prefix=prefix)
    return tree.text(network)


def _wanted(spec: NetworkSpec) -> dict[str, str | int | bool]:
    return {
        "mode": spec.mode,
        "bridge": spec.bridge,
        "ipv4": str(ip_interface(spec.ipv4)) if spec.ipv4 else "",
        "ipv6": str(ip_interface(spec.ipv6)) if spec.ipv6 else "",
    }


def _found(network: libvirt.virNetwork) -> dict[str, str | int | bool]:
    described = tree.parse(network.XMLDesc(0))
    addresses = {"ipv4": "", "ipv6": ""}
    for ip in described.iterfind("ip"):
        text = f"{ip.get('address')}/{ip.get('prefix') or ip.get('netmask') or 32}"
        family = ip.get("family", "ipv4")
        addresses[family] = addresses.get(family) or str(ip_interface(text))
    return {
        "mode": tree.attribute(described, "forward", "mode"),
        "bridge": tree.attribute(described, "bridge", "name"),
        **addresses,
    }
