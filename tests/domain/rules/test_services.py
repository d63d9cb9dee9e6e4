"""Rules for services and support."""

from dataclasses import replace

import pytest

from components.domain.fleet import Fleet
from components.domain.rules.services import problems as judged
from components.domain.services import Service, Support, Wording
from tests.domain.sample import fleet
from tests.domain.sample import judged as by_all_rules

SOUND = Service(key="ip-change", kind="work", title="Another address", currency="USD", row="WORK-13")
SUPPORT = Support(email="help@hoster.example", url="https://help.hoster.example/new?queue=1")


def _fleet(service: Service = SOUND, support: Support = SUPPORT) -> Fleet:
    return replace(fleet(), services={service.key: service}, support=support)


def test_sound_ones_pass() -> None:
    """Also where nothing of it is declared."""
    assert list(judged(_fleet())) == []
    assert list(judged(replace(fleet(), services={}, support=None))) == []


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"key": "IP change"}, ("services", "IP change")),
        ({"kind": "gift"}, ("services", "ip-change", "kind")),
        ({"currency": "dollars"}, ("services", "ip-change", "currency")),
        ({"row": "WORK-0"}, ("services", "ip-change", "row")),
        ({"translations": {"ua": Wording(title="x")}}, ("services", "ip-change", "translations", "ua")),
    ],
)
def test_a_broken_service_is_named(changed: dict[str, object], place: tuple[str, ...]) -> None:
    (problem,) = judged(_fleet(replace(SOUND, **changed)))
    assert problem.path == place
    assert problem.remedy


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"email": "help"}, "email"),
        ({"url": "http://help.hoster.example/"}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "https://help.hoster.example/ <b>"}, "url"),
    ],
)
def test_a_broken_way_to_support_is_named(changed: dict[str, str], key: str) -> None:
    """Clients are sent there."""
    (problem,) = judged(_fleet(support=replace(SUPPORT, **changed)))
    assert problem.path == ("support", key)


def test_they_are_asked_with_all_other_rules() -> None:
    broken = _fleet(replace(SOUND, kind="gift"))
    assert ("services", "ip-change", "kind") in [problem.path for problem in by_all_rules(broken)]
