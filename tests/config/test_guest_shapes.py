"""What files say of guests is read, and refused with a line where it can't be."""

import pytest
from pydantic import ValidationError

from components.config.client_file import PanelShape
from components.config.fleet_file import FleetFile
from components.config.guest_shapes import GuestsShape, MaintenanceShape, Options, options
from components.config.shape import Shape, flaws
from components.domain.guests import Guests, Maintenance


class Optioned(Shape):
    """What has options."""

    options: Options


def test_a_window_and_a_mail_server_are_read() -> None:
    declared = {"maintenance": {"day": "monday", "from": "22:30", "hours": 4}, "smarthost": "mail.example:587"}
    window = Maintenance(day="monday", opens="22:30", hours=4)
    assert GuestsShape.model_validate(declared).domain() == Guests(maintenance=window, smarthost="mail.example:587")
    assert GuestsShape.model_validate({}).domain() == Guests()


@pytest.mark.parametrize(
    "wrong", [{"day": "Monday"}, {"from": "3:00"}, {"from": "24:00"}, {"hours": 0}, {"hours": 25}, {"opens": "03:00"}]
)
def test_no_other_window_is_taken(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MaintenanceShape.model_validate(wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"day": "Sunday"}, '"Sunday" is no day. Write it small: sunday.'),
        ({"day": "someday"}, '"someday" is no day. Write one of monday, '),
        ({"from": "25:00"}, '"25:00" is no time of day. Write hours and minutes in quotes, "00:00" to "23:59".'),
        ({"hours": 99}, "99 is too large. Write at most 24."),
    ],
)
def test_a_wrong_window_is_told_in_words(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        MaintenanceShape.model_validate(wrong)
    (flaw,) = flaws(caught.value, MaintenanceShape)
    assert said in f"{flaw.message} {flaw.remedy}"


@pytest.mark.parametrize("wrong", [{"b": [1]}, [1], None, 1.5])
def test_a_wrong_option_is_one_fault_at_its_own_place(wrong: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Optioned.model_validate({"options": {"a": wrong, "fine": ["x"]}})
    (flaw,) = flaws(caught.value, Optioned)
    assert flaw.path == ("options", "a")
    assert "list of texts" in flaw.message


def test_a_mail_server_in_the_wrong_place_is_sent_where_it_belongs() -> None:
    with pytest.raises(ValidationError) as caught:
        FleetFile.model_validate({"smarthost": "mail.example"})
    (remedy,) = (flaw.remedy for flaw in flaws(caught.value, FleetFile) if flaw.path == ("smarthost",))
    assert remedy == "It belongs under `guests:`."


@pytest.mark.parametrize("wrong", ["mail.example;rm", "mail example", "mail.example:99x", "[mail.example]", ""])
def test_a_mail_server_is_a_name_and_a_port(wrong: str) -> None:
    with pytest.raises(ValidationError):
        GuestsShape.model_validate({"smarthost": wrong})


def test_the_panels_ranges_are_addresses_of_either_family() -> None:
    """An empty list is not the same as none."""
    panel = PanelShape.model_validate({"admin": "ada", "allow": ["198.51.100.0/24", "2001:db8::1"]}).domain()
    assert panel.allow == ("198.51.100.0/24", "2001:db8::1")
    assert PanelShape.model_validate({"admin": "ada"}).domain().allow is None
    assert PanelShape.model_validate({"admin": "ada", "allow": []}).domain().allow == ()
    for wrong in ("198.51.100.1/24", "anywhere", "198.51.100.0/24; deny all"):
        with pytest.raises(ValidationError, match="no address or range"):
            PanelShape.model_validate({"admin": "ada", "allow": [wrong]})


def test_options_are_plain_values() -> None:
    assert options({"sites": 3, "modules": ["views"], "beta": True}) == {
        "sites": 3,
        "modules": ("views",),
        "beta": True,
    }
