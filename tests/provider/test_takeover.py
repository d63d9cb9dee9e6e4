"""Before a machine is created: what is there already decides, in the preview as in the act."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from components.drivers.base import Driver, HostRef, Phase
from components.drivers.errors import NotOurs, Refused
from components.drivers.fake.driver import FakeDriver
from components.engine.rebuild import REBUILD
from components.provider import takeover
from components.provider.inputs import MachineInputs, parse
from components.provider.machine import MachineResource, PartlyCreated
from components.provider.properties import Bag
from components.provider.takeover import new_mark
from tests.provider.one_host import URN


def of(news: Bag) -> MachineInputs:
    return parse(MachineInputs, news)


def made(driver: Driver, news: Bag, **changes: object) -> None:
    """The machine of `news`, delivered under a mark with `changes`."""
    inputs = of(news)
    driver.create(inputs.spec(), b"seed", replace(new_mark(URN, inputs), **changes))  # type: ignore[arg-type]


def test_nothing_there_nothing_said(driver: Driver, news: Bag) -> None:
    assert takeover.look(driver, of(news), new_mark(URN, of(news))) == (None, "")


def test_what_is_there_is_taken_over_and_the_preview_says_so(driver: Driver, news: Bag) -> None:
    made(driver, news)
    machine, words = takeover.look(driver, of(news), new_mark(URN, of(news)))
    assert machine is not None
    assert "taken over, and nothing of it touched" in words


def test_an_installation_that_came_back_from_the_trash_is_not_installed_anew_by_the_way(
    driver: Driver, news: Bag
) -> None:
    """Its file still has the newer number: taken over so, the next run would take it for a wish."""
    made(driver, news)
    machine = driver.read(news["uuid"])
    assert machine is not None
    assert machine.mark is not None
    driver.delete(machine.uuid, machine.mark.incarnation, "2030-01-01")
    driver.restore(machine.uuid)
    with pytest.raises(Refused, match="Write `reinstall: 0`"):
        takeover.look(driver, of({**news, "reinstall": 1}), new_mark(URN, of(news)))


@pytest.mark.parametrize("changes", [{"backend": "other"}, {"fleet": "other"}, {"urn": "urn:other"}])
def test_anybody_elses_is_refused_before_anything(driver: Driver, news: Bag, changes: dict[str, str]) -> None:
    made(driver, news, **changes)
    with pytest.raises(NotOurs):
        takeover.look(driver, of(news), new_mark(URN, of(news)))


def test_a_second_backend_makes_nothing_on_the_host(driver: Driver, news: Bag) -> None:
    """Not even a machine that the first one knows nothing of; both ids and the way out are named."""
    made(driver, news, backend="first")
    another = {**news, "uuid": "11111111-2222-3333-4444-555555555555", "name": "demo-another"}
    with pytest.raises(Refused) as refused:
        takeover.look(driver, of(another), new_mark(URN, of(another)))
    for word in ("first", news["backend"], "vps rebuild", "PULUMI_BACKEND_URL"):
        assert word in str(refused.value)


def test_a_host_is_asked_once_in_a_run(driver: Driver, news: Bag, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of all marks for each of a hundred new machines would be a hundred lists."""
    asked = []
    adopter = driver.adopter()
    monkeypatch.setattr(driver, "adopter", lambda: asked.append(1) or adopter)
    for _ in range(3):
        takeover.look(driver, of(news), new_mark(URN, of(news)))
    assert len(asked) == 1


def test_another_fleet_on_the_host_is_no_second_backend(driver: Driver, news: Bag) -> None:
    made(driver, news, fleet="theirs", backend="theirs")
    another = {**news, "uuid": "11111111-2222-3333-4444-555555555555", "name": "demo-another"}
    assert takeover.look(driver, of(another), new_mark(URN, of(another))) == (None, "")


def adopted(news: Bag) -> Bag:
    return {key: value for key, value in news.items() if key != "seed"} | {"adopted": True}


def test_an_adopted_machine_is_never_made(driver: Driver, news: Bag) -> None:
    inputs = of(adopted(news))
    with pytest.raises(Refused, match="does not hold"):
        takeover.look(driver, inputs, new_mark(URN, inputs))
    assert driver.read(inputs.uuid) is None


def test_a_preview_says_what_a_take_over_brings_it_to(resource: MachineResource, driver: Driver, news: Bag) -> None:
    """The file was edited since: what Create does about that is no surprise."""
    made(driver, news)
    assert resource.announce(URN, news).endswith("it is taken over, and nothing of it touched")
    wanted = {**news, "cpuCapPercent": 50, "power": "stopped"}
    words = resource.announce(URN, wanted)
    assert "nothing of it touched" not in words
    assert "taken over, then brought to what is declared: cpuCapPercent: 150 % -> 50 %: live, no reboot" in words
    assert words.endswith("it is declared stopped: the guest is shut down")
    _, state = resource.create(URN, wanted)
    assert (state["limits"]["cpuCapPercent"]["configured"], state["observedPower"]) == (50, "off")


def test_a_rebuild_makes_nothing_and_remembers_what_is_missing(
    resource: MachineResource, driver: Driver, news: Bag, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that was delivered once is never made empty; the next update refuses by name."""
    monkeypatch.setenv(REBUILD, "[]")
    assert "recorded as missing" in resource.announce(URN, news)
    with pytest.raises(PartlyCreated) as partly:
        resource.create(URN, news)
    assert driver.read(news["uuid"]) is None
    assert (partly.value.state["status"], partly.value.state["phase"]) == ("missing", Phase.READY)
    monkeypatch.delenv(REBUILD)
    _, state, inputs = resource.read(news["uuid"], URN, partly.value.state, news)
    (change,) = resource.changes(inputs, state, news)
    assert change.key == "status"
    assert change.consequence.words.startswith("refused")


@pytest.mark.parametrize("change", [{"cpuCapPercent": 50}, {"power": "stopped"}, {"reinstall": 1}])
def test_a_rebuild_that_finds_state_changes_nothing(
    resource: MachineResource, driver: Driver, news: Bag, change: Bag, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody saw a preview: what the files say waits for an `up`."""
    _, state = resource.create(URN, news)
    before = driver.read(news["uuid"])
    monkeypatch.setenv(REBUILD, "[]")
    wanted = {**news, **change}
    changes = resource.changes(news, state, wanted)
    with pytest.raises(Refused, match="a rebuild touches no machine"):
        resource.update(news["uuid"], URN, state, wanted, changes)
    assert driver.read(news["uuid"]) == before


@pytest.mark.parametrize("kind", [lambda news: news, adopted], ids=["made", "adopted"])
def test_a_preview_refuses_as_up_does_what_lies_in_the_trash(
    resource: MachineResource, driver: Driver, news: Bag, kind: Callable[[Bag], Bag]
) -> None:
    """Its end was withdrawn after it was carried out: nothing is promised to be made, and the way back is named."""
    made(driver, news)
    machine = driver.read(news["uuid"])
    assert machine is not None
    assert machine.mark is not None
    driver.delete(machine.uuid, machine.mark.incarnation, "2030-01-01")
    with pytest.raises(Refused, match=r"lies in the trash with its disk.*`vps trash restore` brings it back"):
        resource.announce(URN, kind(news))
    driver.restore(news["uuid"])
    assert "started" in resource.announce(URN, kind(news))


def test_a_silent_host_is_told_in_a_preview(news: Bag) -> None:
    """A laptop without a way to the hosts can preview all the same."""
    host = HostRef(name="lab1", driver="fake", uri="fake:///no/such/folder/world")
    resource = MachineResource(lambda _: FakeDriver(host), dt.date.today)
    assert "could not look whether it is there already" in resource.announce(URN, news)


def test_another_installation_than_declared_is_no_take_over(driver: Driver, news: Bag) -> None:
    """State would believe in a reinstallation that nobody carried out."""
    made(driver, news)
    again = {**news, "reinstall": 1}
    with pytest.raises(Refused, match="with reinstall 0, and 1 is declared"):
        takeover.look(driver, of(again), new_mark(URN, of(again)))
