"""The `<filterref>` of an interface: by which addresses our filter (`guard`) knows what is the guest's own.

Pure: it reads and writes XML.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from components.drivers.libvirt import tree

FILTER = "vps-guard"
NOTE = "anti-spoofing is not enforced by this host"
"""What a machine's host notes say, before the reason."""
NO_IPV4 = ("255.255.255.255", "32")
"""Stands where a machine has no IPv4 address: every receiver drops it as a source."""


def parameters(mac: str, addresses: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What the filter needs to know of one NIC: its addresses, each with the number of bits that count.

    An address of `addresses` whose host bits are all zero (`2001:db8:1:10::/64`) is a routed range: all of it is the
    machine's.
    """
    return dict(_parameters(mac, tuple(addresses)))


@lru_cache(maxsize=4096)
def _parameters(mac: str, addresses: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    own4: list[tuple[str, str]] = []
    own6 = [(str(link_local(mac)), "128")]
    for text in addresses:
        # By hand: objects of networks take ten times as long, and a host has a thousand of these to be read at once.
        said, _, length = text.partition("/")
        address = ip_address(said)
        most = address.max_prefixlen
        bits = int(length or most)
        routed = bits < most - 1 and int(address) % (1 << (most - bits)) == 0
        pair = (str(address), str(bits if routed else most))
        (own6 if address.version == 6 else own4).append(pair)
    found: dict[str, tuple[str, ...]] = {}
    for name, pairs in (("VPS_IPV4", own4 or [NO_IPV4]), ("VPS_IPV6", own6)):
        each = sorted(set(pairs))
        found[name] = tuple(value for value, _ in each)
        found[f"{name}_BITS"] = tuple(bits for _, bits in each)
    return found


def link_local(mac: str) -> IPv6Address:
    """The link-local address that a guest makes from its MAC (EUI-64, RFC 4291 appendix A)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    return IPv6Address(b"\xfe\x80" + bytes(6) + bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:])


def put(interface: tree.Element, addresses: Sequence[str], *, on: bool) -> None:
    """Bring the `<filterref>` of an interface to what is wanted; a foreign one goes only for ours."""
    former = interface.find("filterref")
    if is_put(interface, addresses) if on else former is None or former.get("filter") != FILTER:
        return
    if former is not None:
        interface.remove(former)
    if on:
        reference = tree.add(interface, "filterref", filter=FILTER)
        for name, values in parameters(tree.attribute(interface, "mac", "address"), addresses).items():
            for value in values:
                tree.add(reference, "parameter", name=name, value=value)


def is_put(interface: tree.Element, addresses: Sequence[str]) -> bool:
    """Whether an interface names our filter with just its own MAC and these addresses."""
    reference = interface.find("filterref")
    if reference is None or reference.get("filter") != FILTER:
        return False
    said: dict[str, tuple[str, ...]] = {}
    for parameter in reference.iterfind("parameter"):
        name = parameter.get("name", "")
        said[name] = (*said.get(name, ()), parameter.get("value", ""))
    return said == parameters(tree.attribute(interface, "mac", "address"), addresses)
