"""Networks: address ranges, what of them is reserved, and how a guest writes an address of them."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from components.domain.problems import DomainError

Address = IPv4Address | IPv6Address


def address_of(text: str) -> Address:
    """The address that a text is. Raises ValueError, also for one with a zone.

    What stands behind `%` may be any text, and another's address with it would look like a free one.
    """
    if "%" in text:
        raise ValueError(f"{text!r} has a zone")
    return ip_address(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRange:
    """The addresses from `first` to `last`, both included; of one family."""

    first: Address
    last: Address

    @classmethod
    def parse(cls, text: str) -> "AddressRange":
        """`192.0.2.2-192.0.2.9`, `192.0.2.8/30` or one address. Raises DomainError."""
        remedy = "Write one address, a first and last one (192.0.2.2-192.0.2.9) or a range (192.0.2.8/30)."
        try:
            if "/" in text:
                whole = ip_network(text)
                return cls(first=whole[0], last=whole[-1])
            start, _, end = text.partition("-")
            first, last = address_of(start.strip()), address_of((end or start).strip())
        except ValueError as error:
            raise DomainError(f'"{text}" is no range of addresses: {error}.', remedy) from error
        if first.version != last.version or int(first) > int(last):
            raise DomainError(f'"{text}" is no range of addresses: its end lies before its start.', remedy)
        return cls(first=first, last=last)

    def __contains__(self, address: Address) -> bool:
        """Whether `address` lies in it."""
        return self.first.version == address.version and int(self.first) <= int(address) <= int(self.last)

    def __str__(self) -> str:
        """As it is written in files."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network; a host that lists it carries it. At least one of the two families is there."""

    name: str
    ipv4: IPv4Network | None
    ipv4_gateway: IPv4Address | None
    ipv6: IPv6Network | None
    ipv6_gateway: IPv6Address | None
    reserved: tuple[AddressRange, ...]
    dns: tuple[str, ...]
    reverse_dns: str = ""
    """Where the names of its addresses are set: name servers of ours, or whom to ask; empty: nobody said."""

    def range_of(self, address: Address) -> IPv4Network | IPv6Network | None:
        """The network's range of that family."""
        return self.ipv4 if isinstance(address, IPv4Address) else self.ipv6

    def gateway_of(self, address: Address) -> Address | None:
        """The network's gateway of that family."""
        return self.ipv4_gateway if isinstance(address, IPv4Address) else self.ipv6_gateway

    def with_prefix(self, address: str) -> str:
        """`192.0.2.10` → `192.0.2.10/24`, in its shortest form. Raises DomainError when it isn't of this network."""
        try:
            parsed = address_of(address)
        except ValueError as error:
            raise DomainError(f'"{address}" is no address.', "Write it like 192.0.2.10 or 2001:db8::10.") from error
        whole = self.range_of(parsed)
        if whole is None or parsed not in whole:
            here = " and ".join(str(found) for found in (self.ipv4, self.ipv6) if found)
            raise DomainError(f"{address} lies outside the network {self.name} ({here}).", "Choose one inside it.")
        return f"{parsed}/{whole.prefixlen}"
