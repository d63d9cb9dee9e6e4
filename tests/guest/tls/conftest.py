"""A guest, names and authorities on one wire, a set for each file of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acme import ADDRESSES, Authority, Names
from tests.guest.tls.web_guest import ADDRESS, ADDRESS6, FQDN, SITE, web_guest
from tests.guests import Guest, Wire


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """The network of this file's guest."""
    with Wire(*ADDRESSES) as made:
        yield made


@pytest.fixture(scope="module")
def names(wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Names]:
    """DNS, as the world sees it."""
    made = Names(wire, tmp_path_factory.mktemp("names"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def machine(golden_tree: Path, wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """The guest of this file."""
    with web_guest(golden_tree, tmp_path_factory.mktemp("guest"), wire) as guest:
        guest.wait(lambda: guest.run("systemctl is-active nginx").returncode == 0, "nginx doesn't run")
        yield guest


@pytest.fixture
def guest(machine: Guest, names: Names) -> Guest:
    """The guest, its panel's name leading to it."""
    names.set(FQDN, ADDRESS, ADDRESS6)
    names.set(SITE)
    return machine


@pytest.fixture(scope="module")
def authority(wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """Whom the fleet declares."""
    made = Authority(wire, tmp_path_factory.mktemp("authority") / "one", 14000).start()
    yield made
    made.stop()
