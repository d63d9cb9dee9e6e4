"""Versions of the terms that clients sign (contract CHG-2): immutable, with the time zone of their calendar (J4)."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractVersion:
    """One version of the terms; months, terms and days of its contracts are counted in `time_zone` (an IANA name)."""

    key: str
    title: str
    valid_from: date
    time_zone: str = "UTC"
