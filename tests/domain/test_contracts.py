"""Versions of terms: counted in UTC where nobody says otherwise."""

from datetime import date

from components.domain.contracts import ContractVersion


def test_its_calendar_is_utc_unless_it_says_otherwise() -> None:
    plain = ContractVersion(key="standard@2026-01", title="Managed VPS", valid_from=date(2026, 1, 1))
    assert plain.time_zone == "UTC"
