"""The `<filterref>` of an interface: by which addresses our filter (`guard`) knows what is the guest's own.

Pure: it reads and writes XML.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from components.drivers.libvirt import tree

FILTER = "vps-guard"
NOTE = "anti-spoofing is not enforced by this host"
"""What a machine's host notes say, before the reason."""
NO_IPV4 = ("255.255.255.255", "32")
"""Stands where a machine has no IPv4 address: every receiver drops it as a source."""
EMBEDDING = bytes(10)
"""How IPv6 addresses begin in which libc writes an IPv4 address with dots."""


def parameters(mac: str, addresses: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What the filter needs to know of one NIC: its addresses, each with the number of bits that count.

    An address of `addresses` whose host bits are all zero (`2001:db8:1:10::/64`) is a routed range: all of it is the
    machine's.
    """
    return dict(_parameters(mac, tuple(addresses)))


@lru_cache(maxsize=4096)
def _parameters(mac: str, addresses: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    own4: list[tuple[str, str]] = []
    own6 = [(inet_ntop(AF_INET6, _link_local(mac)), "128")]
    for text in addresses:
        # By hand: objects of addresses take ten times as long, and a host has a thousand of these to be read at once.
        said, _, length = text.partition("/")
        written, packed = _address(said)
        most = 8 * len(packed)
        bits = int(length or most)
        routed = bits < most - 1 and int.from_bytes(packed, "big") % (1 << (most - bits)) == 0
        pair = (written, str(bits if routed else most))
        (own6 if most == 128 else own4).append(pair)
    found: dict[str, tuple[str, ...]] = {}
    for name, pairs in (("VPS_IPV4", own4 or [NO_IPV4]), ("VPS_IPV6", own6)):
        each = sorted(set(pairs))
        found[name] = tuple(value for value, _ in each)
        found[f"{name}_BITS"] = tuple(bits for _, bits in each)
    return found


def link_local(mac: str) -> IPv6Address:
    """The link-local address that a guest makes from its MAC (EUI-64, RFC 4291 appendix A)."""
    return IPv6Address(_link_local(mac))


def _link_local(mac: str) -> bytes:
    octets = bytes.fromhex(mac.replace(":", ""))
    return b"\xfe\x80" + bytes(6) + bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:]


def _address(said: str) -> tuple[str, bytes]:
    """An address as `ipaddress` writes it, and its bytes. Raises ValueError for what is none."""
    try:
        family = AF_INET6 if ":" in said else AF_INET
        packed = inet_pton(family, said)
        if not packed.startswith(EMBEDDING):
            return inet_ntop(family, packed), packed
    except OSError:
        pass  # Also an IPv6 address with a zone, which only `ipaddress` reads.
    address = ip_address(said)
    return str(address), address.packed


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
    for parameter in reference.findall("parameter"):
        name = parameter.get("name", "")
        said[name] = (*said.get(name, ()), parameter.get("value", ""))
    return said == _parameters(tree.attribute(interface, "mac", "address"), tuple(addresses))
