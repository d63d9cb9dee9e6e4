"""What keeps onboarding incomplete is told by name (contract KIT-6)."""

from dataclasses import replace

import pytest

from components.domain.authorities import Authority
from components.domain.fleet import Fleet
from tests.kit.conftest import made

ALWAYS = ["ACC-1", "ACC-2", "ACC-3", "ACC-4", "KIT-1", "KIT-2", "KIT-4", "UPD-2"]


def test_what_is_not_built_is_told_though_all_is_declared(fleet: Fleet) -> None:
    kit = made(fleet)
    assert [one.element for one in kit.missing] == ALWAYS
    assert all(one.what and one.do for one in kit.missing)
    (reverse,) = (one for one in kit.missing if one.element == "KIT-4")
    assert "2.0.192.in-addr.arpa" in reverse.what


def test_what_no_nightly_update_touches_is_told_by_its_names(fleet: Fleet) -> None:
    """The client's document says that newer versions are brought by hand: somebody has to."""
    (pinned,) = (one for one in made(fleet).missing if one.element == "UPD-2")
    assert "backdrop, hosting, hosting_civicrm_ansible" in pinned.what
    images = {name: replace(image, flavour="") for name, image in fleet.images.items()}
    assert "UPD-2" not in [one.element for one in made(replace(fleet, images=images)).missing]


@pytest.mark.parametrize(
    ("changes", "element", "word"),
    [
        ({"support": None}, "KIT-2", "support"),
        ({"services": {}}, "KIT-5", "services"),
        ({"backups": None}, "KIT-1", "backups"),
        ({"authority": None}, "OPT-1", "www.coop.example"),
        ({"authority": Authority(directory="https://x.example/", staging=True)}, "OPT-1", "www.coop.example"),
    ],
)
def test_what_is_not_declared_is_told_too(fleet: Fleet, changes: dict[str, object], element: str, word: str) -> None:
    found = [one for one in made(replace(fleet, **changes)).missing if one.element == element]  # type: ignore[arg-type]
    assert any(word in one.what for one in found)
    assert len(made(replace(fleet, **changes)).missing) == len(ALWAYS) + 1  # type: ignore[arg-type]


def test_where_reverse_records_are_set_is_what_the_networks_declare(fleet: Fleet) -> None:
    """Whoever makes the kit may be another one than who runs the name servers."""

    def do(known: Fleet) -> str:
        (found,) = [one for one in made(known).missing if one.element == "KIT-4"]
        return found.do

    assert do(fleet) == "Set those of dns/reverse-*.zone at your name servers."
    networks = {name: replace(one, reverse_dns="noc@upstream.example") for name, one in fleet.networks.items()}
    assert do(replace(fleet, networks=networks)) == "Set those of dns/reverse-*.zone at noc@upstream.example."
