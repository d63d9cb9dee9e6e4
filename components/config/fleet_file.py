"""fleet.yaml: what all hosts and clients share: datacentres, networks, spares, currency, retention."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from components.config.backups import BackupsShape
from components.config.guest_shapes import GuestsShape
from components.config.shape import NEVER_EMPTY, FileShape, Shape
from components.config.sold_shapes import QuotaShape
from components.config.texts import Address4, Address6, Days, Hours, Range4, Range6, Reserved, Text
from components.domain.authorities import Authority
from components.domain.datacentres import Datacentre
from components.domain.hardware import KINDS, Spare
from components.domain.networks import Network
from components.domain.services import Support


class PowerShape(Shape):
    """Contract SEC-1."""

    ups: bool
    generator: bool


class ClimateShape(Shape):
    """Contract SEC-2."""

    temperature: bool
    humidity: bool


class EntryShape(Shape):
    """Contract SEC-3."""

    cards: bool
    """Magnetic access cards."""
    registered: Annotated[tuple[Text, ...], Field(strict=False)]
    """Pre-registered personnel of ours."""
    approved: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    """Others whom we approved explicitly."""


class DetectionShape(Shape):
    """Contract SEC-4."""

    intrusion: bool
    cameras: bool


class DatacentreShape(Shape):
    """A datacentre with its physical security."""

    title: Text
    address: Text
    power: PowerShape
    climate: ClimateShape
    entry: EntryShape
    detection: DetectionShape

    def domain(self, name: str) -> Datacentre:
        """The datacentre."""
        return Datacentre(
            name=name,
            title=self.title,
            address=self.address,
            ups=self.power.ups,
            generator=self.power.generator,
            temperature_control=self.climate.temperature,
            humidity_control=self.climate.humidity,
            access_cards=self.entry.cards,
            registered=self.entry.registered,
            approved=self.entry.approved,
            intrusion_detection=self.detection.intrusion,
            cameras=self.detection.cameras,
        )


class Family4Shape(Shape):
    """IPv4 of a network."""

    range: Range4
    gateway: Address4


class Family6Shape(Shape):
    """IPv6 of a network."""

    range: Range6
    gateway: Address6


class NetworkShape(Shape):
    """A network with IPv4, IPv6 or both."""

    ipv4: Family4Shape | None = None
    ipv6: Family6Shape | None = None
    reserved: Annotated[tuple[Reserved, ...], Field(strict=False)] = ()
    """Addresses that no VPS gets; the gateways needn't be listed."""
    dns: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    """Addresses of the resolvers that guests use."""
    reverse_dns: Text | None = None
    """Where the names of its addresses are set: name servers of ours, or whom to ask."""

    def domain(self, name: str) -> Network:
        """The network."""
        return Network(
            name=name,
            ipv4=self.ipv4.range if self.ipv4 else None,
            ipv4_gateway=self.ipv4.gateway if self.ipv4 else None,
            ipv6=self.ipv6.range if self.ipv6 else None,
            ipv6_gateway=self.ipv6.gateway if self.ipv6 else None,
            reserved=self.reserved,
            dns=self.dns,
            reverse_dns=self.reverse_dns or "",
        )


class SpareShape(Shape):
    """Where replacements of one model come from: our shelf, or a supplier with a lead time."""

    kind: Annotated[str, Field(json_schema_extra={"enum": list(KINDS)})]
    model: Text
    count: Annotated[int, Field(ge=0)] = 0
    place: Text | None = None
    """Where the `count` pieces lie."""
    supplier: Text | None = None
    lead_time: Hours | None = None

    def domain(self, name: str) -> Spare:
        """The spare."""
        return Spare(
            name=name,
            kind=self.kind,
            model=self.model,
            count=self.count,
            place=self.place or "",
            supplier=self.supplier or "",
            lead_time_hours=self.lead_time,
        )


class AptShape(Shape):
    """Where images get Debian's packages, at the build and ever after; left out: as the building machine does."""

    archive: Text
    """URL of the archive."""
    security: Text
    """URL of the security archive."""


class RetentionShape(Shape):
    """How long things are kept."""

    trash: Days
    """Disks of ended VPSs."""


class SupportShape(Shape):
    """How clients reach the provider; it stands in every client's kit."""

    email: Text
    url: Text | None = None
    """Of the helpdesk, where tickets are opened."""
    phone: Text | None = None
    hours: Text | None = None
    """When somebody answers, in words."""

    def domain(self) -> Support:
        """The support."""
        return Support(email=self.email, url=self.url or "", phone=self.phone or "", hours=self.hours or "")


class AcmeShape(Shape):
    """Who gives certificates to sites with SSL; left out: sites are served by plain http."""

    directory: Text
    """URL of the ACME directory."""
    email: Text | None = None
    """Whom the authority warns."""
    staging: bool
    """Whether it is for trials only, so that browsers refuse what it gives."""
    ca_file: Text | None = None
    """File beside fleet.yaml with the certificate, in PEM, of a private CA."""
    hsts: Days | None = None
    """For how long browsers are told to insist on https; left out: they aren't."""

    def domain(self, ca: str) -> Authority:
        """The authority, with what `ca_file` holds."""
        return Authority(
            directory=self.directory,
            email=self.email or "",
            staging=self.staging,
            ca=ca,
            hsts_days=self.hsts or 0,
        )


class FleetFile(FileShape):
    """fleet.yaml: what all hosts and clients share: datacentres, networks, spares, currency, retention."""

    stand_ins: ClassVar[Mapping[str, object]] = {
        "id": "unread",
        "name": "unread",
        "currency": "XXX",
        "languages": [],
        "datacentres": {},
        "networks": {},
        "retention": {"trash": "30 days"},
    }

    id: Text
    """Permanent: 2 to 8 lower-case letters and digits; machines' names and UUIDs hang on it."""
    name: Text
    currency: Annotated[Text, Field(json_schema_extra={"pattern": "^[A-Z]{3}$"})]
    """Three letters, like EUR."""
    languages: Annotated[tuple[Text, ...], Field(strict=False)]
    """In which support is given."""
    datacentres: Annotated[dict[str, DatacentreShape], Field(json_schema_extra=NEVER_EMPTY)]
    networks: Annotated[dict[str, NetworkShape], Field(json_schema_extra=NEVER_EMPTY)]
    spares: Annotated[dict[str, SpareShape], Field(default_factory=dict)]
    retention: RetentionShape
    apt: AptShape | None = None
    mirror: Text | None = None
    """Where the sources of bundles are fetched: a folder or an address; left out: upstream."""
    support: SupportShape | None = None
    backups: BackupsShape | None = None
    acme: AcmeShape | None = None
    guests: GuestsShape | None = None
    client_quota: QuotaShape | None = None
    """The most that one client may have in all, where its own file has no quota; left out: no limit."""
