"""The whole fleet as declared: what every file says, put together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from components.domain.authorities import Authority
from components.domain.backups import Backups
from components.domain.clients import Client, Quota, Vps
from components.domain.contracts import ContractVersion
from components.domain.datacentres import Datacentre
from components.domain.extras import Extra, raised
from components.domain.guests import Guests
from components.domain.hardware import Spare
from components.domain.hosts import Host
from components.domain.images import Image, ImageOffer
from components.domain.limits import Limits
from components.domain.networks import Network
from components.domain.packages import Package
from components.domain.sales import Sale
from components.domain.services import Service, Support
from components.domain.terms import Discount


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything declared, each by the name that files use.

    `packages`, `extras` and `contracts` are keyed `small@2026-01`, `clients` and `hosts` by the stem of their file;
    `images` are the locked ones, `offers` what the catalogue says of images.
    """

    id: str
    name: str
    currency: str
    languages: tuple[str, ...] = ("en",)
    trash_days: int = 30
    """How long the disks of an ended VPS are kept before they may be destroyed."""
    datacentres: Mapping[str, Datacentre] = field(default_factory=dict)
    networks: Mapping[str, Network] = field(default_factory=dict)
    spares: Mapping[str, Spare] = field(default_factory=dict)
    packages: Mapping[str, Package] = field(default_factory=dict)
    offers: Mapping[str, ImageOffer] = field(default_factory=dict)
    extras: Mapping[str, Extra] = field(default_factory=dict)
    contracts: Mapping[str, ContractVersion] = field(default_factory=dict)
    discounts: tuple[Discount, ...] = ()
    images: Mapping[str, Image] = field(default_factory=dict)
    support: Support | None = None
    """How clients reach us; None while nobody declared it."""
    authority: Authority | None = None
    """Who gives certificates; None: sites are served by plain http."""
    guests: Guests = field(default_factory=Guests)
    """What holds for every guest."""
    backups: Backups | None = None
    """Where backups go; None while nobody declared it."""
    services: Mapping[str, Service] = field(default_factory=dict)
    """What is sold beside packages, in the catalogue's order."""
    quota: Quota = field(default_factory=Quota)
    """The most that a client may have in all, where its own file says nothing else."""
    hosts: Mapping[str, Host] = field(default_factory=dict)
    clients: Mapping[str, Client] = field(default_factory=dict)

    def limits(self, sale: Sale) -> Limits:
        """The limits of what was sold, extras included. Raises KeyError for a package or extra that is not sold."""
        package = self.packages[sale.package]
        if not sale.extras:
            return package.limits
        return raised(package.limits, {self.extras[key]: count for key, count in sale.extras.items()})

    def machines(self) -> Iterator[tuple[Client, Vps]]:
        """Every VPS with its client, in the order of files and lines."""
        for client in self.clients.values():
            for vps in client.vps.values():
                yield client, vps
