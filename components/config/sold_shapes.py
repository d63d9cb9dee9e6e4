"""Shapes of what is sold, and how much of it: extras, periods of sale, VIP, quotas, agreements."""

from typing import Annotated

from pydantic import Field

from components.config.shape import Shape
from components.config.texts import Date, Disk, DiskRate, Memory, Money, NicRate, Percent, Text, Traffic
from components.domain import clients as domain
from components.domain.clients import SUPPORT_LEVELS
from components.domain.extras import Extra, Raise
from components.domain.sales import Sale
from components.domain.terms import Agreed


class VipShape(Shape):
    """When VIP Administration is in force (contract VIP-14 to VIP-16)."""

    since: Date
    accepted: Text
    """The recorded acceptance, a ticket like T-1042."""
    until: Date | None = None
    """The first day without it, at the earliest three months later."""

    def domain(self) -> domain.Vip:
        """The period."""
        return domain.Vip(since=self.since, accepted=self.accepted, until=self.until)


class QuotaShape(Shape):
    """The most that a client may have in all; what is left out has no limit."""

    vps: Annotated[int, Field(ge=1)] | None = None
    vcpus: Annotated[int, Field(ge=1)] | None = None
    memory: Memory | None = None
    disk: Disk | None = None

    def domain(self) -> domain.Quota:
        """The quota."""
        return domain.Quota(vps=self.vps, vcpus=self.vcpus, memory_mib=self.memory, disk_gib=self.disk)


class SaleShape(Shape):
    """What was in force before."""

    package: Text
    extras: Annotated[dict[str, int], Field(default_factory=dict)]
    since: Date | None = None
    """From when; left out: from the term's start."""

    def domain(self) -> Sale:
        """The sale."""
        return Sale(package=self.package, extras=self.extras, since=self.since)


class ExtraPriceShape(Shape):
    """In the fleet's currency, per piece."""

    month: Money
    set_up: Money


class RaiseShape(Shape):
    """What one piece adds to the limits of a package; what is left out stays."""

    vcpus: Annotated[int, Field(ge=1)] | None = None
    cpu_cap: Percent | None = None
    memory: Memory | None = None
    disk: Disk | None = None
    disk_iops: Annotated[int, Field(ge=1)] | None = None
    disk_rate: DiskRate | None = None
    nic_rate: NicRate | None = None
    traffic: Traffic | None = None

    def domain(self) -> Raise:
        """What is added."""
        return Raise(
            vcpus=self.vcpus or 0,
            cpu_cap_percent=self.cpu_cap or 0,
            memory_mib=self.memory or 0,
            disk_gib=self.disk or 0,
            disk_iops=self.disk_iops or 0,
            disk_rate_mib_s=self.disk_rate or 0,
            nic_rate_mbit_s=self.nic_rate or 0,
            traffic_gb=self.traffic or 0,
        )


class ExtraShape(Shape):
    """One version of what raises a package's limits and its price together."""

    title: Text
    adds: RaiseShape
    price: ExtraPriceShape
    most: Annotated[int, Field(ge=1)] = 1
    """So many pieces go with one VPS."""
    support: Annotated[str | None, Field(json_schema_extra={"enum": [*SUPPORT_LEVELS, None]})] = None
    """The support level without which it is not sold."""

    def domain(self, key: str) -> Extra:
        """The extra under its key, `memory@2026-01`."""
        name, _, version = key.partition("@")
        return Extra(
            name=name,
            version=version,
            title=self.title,
            adds=self.adds.domain(),
            price_month=self.price.month,
            set_up=self.price.set_up,
            most=self.most,
            support=self.support or "",
        )


class AgreedShape(Shape):
    """Both recorded approvals of a change of the term while it runs; one alone is none (contract TERM-2)."""

    client: Text
    """The client's, like the ticket T-1077."""
    provider: Text
    """Ours: another ticket, or who approved."""

    def domain(self) -> Agreed:
        """The approvals."""
        return Agreed(client=self.client, provider=self.provider)
