"""What is sold beside packages."""

from decimal import Decimal

from components.domain.services import REBATES, RESPONSE_S, UPTIME_PERCENT, Service, Wording


def test_words_of_another_language_stand_in_for_the_catalogues_own() -> None:
    """One by one: a missing unit is no reason to lose a translated title."""
    service = Service(
        key="hour",
        kind="work",
        title="Administration",
        per="hour",
        note="To the minute.",
        translations={"uk": Wording(title="Адміністрування")},
    )
    assert service.worded("uk") == Wording(title="Адміністрування", per="hour", note="To the minute.")
    assert service.worded("en") == Wording(title="Administration", per="hour", note="To the minute.")


def test_promised_numbers_are_the_contracts() -> None:
    """TKT-3, UPT-1, REB-2 to REB-4."""
    assert RESPONSE_S == {"standard": 45 * 60, "vip": 10 * 60}
    assert Decimal("99.99") == UPTIME_PERCENT
    assert [(str(bound), percent) for bound, percent in REBATES] == [("99.5", 5), ("98", 10), ("0", 20)]
