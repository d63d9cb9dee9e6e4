"""What is sold beside packages, and how the provider's support is reached (contract OPT-2, KIT-5, WORK, SUP-22)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

SERVICE_KINDS = ("option", "work", "offer")
"""`option`: runs on beside a VPS; `work`: done once, on order; `offer`: for information only (contract OPT-2)."""

RESPONSE_S: Mapping[str, int] = {"standard": 2700, "vip": 600}
"""Within how many seconds a human answers a ticket, by the level of support (contract TKT-3); the limit is included."""

UPTIME_PERCENT = Decimal("99.99")
"""Guaranteed for each VPS and calendar month (contract UPT-1)."""

REBATES: tuple[tuple[Decimal, int], ...] = ((Decimal("99.5"), 5), (Decimal(98), 10), (Decimal(0), 20))
"""Below the guarantee, from this uptime on: this many percent of the monthly fee (contract REB-2 to REB-4)."""

CLAIM_DAYS = 30
"""Within how many days from the end of the month a rebate is claimed (contract CLM-2)."""

INCLUDED_MINUTES = 60
"""Of hourly work in each calendar month, without roll-over (contract SUP-26)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """How clients reach the provider. Only a ticket starts a clock, so `url` or `email` says where one is opened."""

    email: str
    url: str = ""
    """Of the helpdesk."""
    phone: str = ""
    hours: str = ""
    """When somebody answers, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How a service is called in another language; what is empty stays in the catalogue's own."""

    title: str = ""
    per: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One thing that clients may order. Without a `price` it is quoted on request.

    `currency` is empty where it is the fleet's: the contract's prices of work are in US dollars, and nothing converts.
    """

    key: str
    kind: str
    title: str
    price: Decimal | None = None
    currency: str = ""
    per: str = ""
    """What the price is for: `change`, `hour`, `VPS and month`."""
    note: str = ""
    """Conditions: what of it is free, what it needs."""
    free_with_vip: bool = False
    """Contract VIP-19."""
    row: str = ""
    """The row of the contract that promises it: `WORK-13`."""
    translations: Mapping[str, Wording] = field(default_factory=dict)

    def worded(self, language: str) -> Wording:
        """Title, unit and note in that language, each in the catalogue's own where it has no translation."""
        found = self.translations.get(language, Wording())
        return Wording(title=found.title or self.title, per=found.per or self.per, note=found.note or self.note)
