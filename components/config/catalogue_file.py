"""catalogue.yaml: what is sold, under which terms, from which images. A version that was sold never changes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import Field

from components.config.shape import NEVER_EMPTY, FileShape, Shape
from components.config.sold_shapes import ExtraShape
from components.config.texts import (
    CountCap,
    Date,
    Days,
    Disk,
    DiskRateCap,
    Hours,
    Memory,
    Money,
    NicRateCap,
    Percent,
    PercentCap,
    Text,
    Traffic,
)
from components.domain.contracts import ContractVersion
from components.domain.images import ImageOffer
from components.domain.limits import Limits
from components.domain.packages import Backup, Growth, Package
from components.domain.services import SERVICE_KINDS, Service, Wording
from components.domain.terms import LENGTHS, Discount


class LimitsShape(Shape):
    """All hard limits of a package: none may be missing (contract VPS-4). `unlimited` is for adopted machines alone."""

    vcpus: Annotated[int, Field(ge=1)]
    cpu_cap: PercentCap
    """In percent of one core for the whole machine."""
    memory: Memory
    disk: Disk
    disk_iops: CountCap
    """Operations per second, read and write together."""
    disk_rate: DiskRateCap
    nic_rate: NicRateCap

    def domain(self) -> Limits:
        """The limits."""
        return Limits(
            vcpus=self.vcpus,
            cpu_cap_percent=self.cpu_cap,
            memory_mib=self.memory,
            disk_gib=self.disk,
            disk_iops=self.disk_iops,
            disk_rate_mib_s=self.disk_rate,
            nic_rate_mbit_s=self.nic_rate,
        )


class GrowthShape(Shape):
    """How far a VPS may grow while it runs."""

    vcpus: Annotated[int, Field(ge=1)]
    memory: Memory
    disk: Disk


class BackupShape(Shape):
    """The backup promise."""

    every: Hours
    keep: Days


class PriceShape(Shape):
    """In the fleet's currency."""

    month: Money
    set_up: Money
    deposit: Money = Decimal(0)
    """Payable at signing."""


class PackageShape(Shape):
    """One version of a package."""

    limits: LimitsShape
    traffic: Traffic
    """Per month, in and out together."""
    grows_to: GrowthShape
    backup: BackupShape | None = None
    price: PriceShape
    about: Text | None = None
    """What it is for, in a sentence for clients."""
    adopted: bool = False
    """Whether it only says what adopted machines have: nothing new is sold under it, and caps may be `unlimited`."""

    def domain(self, key: str) -> Package:
        """The package under its key, `small@2026-01`."""
        name, _, version = key.partition("@")
        return Package(
            name=name,
            version=version,
            limits=self.limits.domain(),
            traffic_gb=self.traffic,
            price_month=self.price.month,
            set_up=self.price.set_up,
            grows_to=Growth(vcpus=self.grows_to.vcpus, memory_mib=self.grows_to.memory, disk_gib=self.grows_to.disk),
            backup=Backup(every_hours=self.backup.every, keep_days=self.backup.keep) if self.backup else None,
            about=self.about or "",
            deposit=self.price.deposit,
            adopted=self.adopted,
        )


class DiscountShape(Shape):
    """What a term takes off the monthly price."""

    months: Annotated[int, Field(json_schema_extra={"enum": list(LENGTHS)})]
    percent: Percent

    def domain(self) -> Discount:
        """The discount."""
        return Discount(months=self.months, percent=self.percent)


class ContractShape(Shape):
    """One version of the terms that clients sign."""

    title: Text
    from_: Annotated[Date, Field(alias="from")]
    timezone: Text = "UTC"
    """In which months, terms and days are counted, like Europe/Brussels."""

    def domain(self, key: str) -> ContractVersion:
        """The version under its key, `standard@2026-01`."""
        return ContractVersion(key=key, title=self.title, valid_from=self.from_, time_zone=self.timezone)


class OfferShape(Shape):
    """An image that VPSs may be made from."""

    title: Text
    new_installs_until: Date | None = None
    """The last day on which a new VPS may be made from it."""

    def domain(self, name: str) -> ImageOffer:
        """The offer."""
        return ImageOffer(name=name, title=self.title, new_installs_until=self.new_installs_until)


class WordingShape(Shape):
    """How a service is called in another language."""

    title: Text | None = None
    per: Text | None = None
    note: Text | None = None

    def domain(self) -> Wording:
        """The words."""
        return Wording(title=self.title or "", per=self.per or "", note=self.note or "")


class ServiceShape(Shape):
    """One thing that clients may order beside their package."""

    kind: Annotated[str, Field(json_schema_extra={"enum": list(SERVICE_KINDS)})]
    """option: runs on beside a VPS; work: done once, on order; offer: for information only."""
    title: Text
    price: Money | None = None
    """Left out: quoted on request."""
    currency: Annotated[Text | None, Field(pattern="^[A-Z]{3}$")] = None
    """Left out: the fleet's. Nothing is ever converted."""
    per: Text | None = None
    """What the price is for, like hour, or VPS and month."""
    note: Text | None = None
    """Conditions: what of it is free, what it needs."""
    free_with_vip: bool = False
    row: Text | None = None
    """The row of the contract that promises it, like WORK-13."""
    translations: Annotated[dict[str, WordingShape], Field(default_factory=dict)]
    """By language, like uk."""

    def domain(self, key: str) -> Service:
        """The service."""
        return Service(
            key=key,
            kind=self.kind,
            title=self.title,
            price=self.price,
            currency=self.currency or "",
            per=self.per or "",
            note=self.note or "",
            free_with_vip=self.free_with_vip,
            row=self.row or "",
            translations={language: one.domain() for language, one in self.translations.items()},
        )


class CatalogueFile(FileShape):
    """catalogue.yaml: what is sold, under which terms, from which images. A version that was sold never changes."""

    stand_ins: ClassVar[Mapping[str, object]] = {"packages": {}, "contracts": {}, "images": {}}

    packages: Annotated[dict[str, PackageShape], Field(json_schema_extra=NEVER_EMPTY)]
    """By name and version, like small@2026-01."""
    extras: Annotated[dict[str, ExtraShape], Field(default_factory=dict)]
    """What raises a package's limits and price together, by name and version, like memory@2026-01."""
    term_discounts: Annotated[tuple[DiscountShape, ...], Field(strict=False)] = ()
    contracts: Annotated[dict[str, ContractShape], Field(json_schema_extra=NEVER_EMPTY)]
    """By name and version, like standard@2026-01."""
    images: Annotated[dict[str, OfferShape], Field(json_schema_extra=NEVER_EMPTY)]
    """By name; their digests stand in images.lock.yaml."""
    services: Annotated[dict[str, ServiceShape], Field(default_factory=dict)]
    """What may be ordered beside a package; it stands in every client's kit, in this order."""
