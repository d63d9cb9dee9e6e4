"""What every driver promises: that each has it all. How each keeps it is for the contract suites."""

import inspect

import pytest

from components.drivers.base import Driver, Mark, Phase
from components.drivers.fake.driver import FakeDriver
from components.drivers.libvirt.driver import LibvirtDriver


@pytest.mark.parametrize("kind", [FakeDriver, LibvirtDriver])
def test_every_driver_has_every_method_with_the_same_arguments(kind: type) -> None:
    """A protocol is checked where types are; a caller by name meets it here."""
    promised = {name: method for name, method in vars(Driver).items() if inspect.isfunction(method)}
    methods = {name: method for name, method in promised.items() if not name.startswith("_")}
    assert {"create", "read", "update", "power", "delete", "gate", "close"} <= methods.keys()
    for name, method in methods.items():
        wanted = list(inspect.signature(method).parameters)
        assert list(inspect.signature(getattr(kind, name)).parameters)[: len(wanted)] == wanted, name


def test_a_mark_of_an_older_release_means_what_it_meant() -> None:
    """Fields that came later have the value that nothing had before."""
    mark = Mark(
        fleet="demo",
        backend="b1",
        urn="urn:x",
        client="c-q7m2",
        vps="v-h3k9",
        phase=Phase.READY,
        incarnation="i1",
    )
    assert (mark.power, mark.order, mark.move, mark.previous, mark.wish) == ("managed", 1, "", "", "running")
