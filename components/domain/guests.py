"""What is declared of guests themselves: when they may be rebooted, where their mail goes, their flavour's options."""

from collections.abc import Mapping
from dataclasses import dataclass

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Option = str | int | bool | tuple[str, ...]
"""What a flavour's option may be."""
Options = Mapping[str, Option]


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """The weekly window in which a VPS may be rebooted: from a time of day (UTC, `03:00`), for so many hours."""

    day: str = "sunday"
    opens: str = "03:00"
    hours: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """What holds for every guest. `smarthost` (`mail.example:587`) takes their mail; empty: nobody does."""

    maintenance: Maintenance = Maintenance()
    smarthost: str = ""
