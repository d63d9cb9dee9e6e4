"""What a refresh finds, over the fake driver, without an engine: shown as it is, and never made anew."""

import copy

import pytest

from components.domain.changes import Effect
from components.drivers.base import Driver, HostRef, Phase
from components.drivers.errors import NotOurs, Refused
from components.provider.machine import MachineResource
from components.provider.properties import Bag
from tests.provider.one_host import URN, behind_the_file, domain_of, interrupted, record_of, standing, up, world_of


def test_vanished_machine_stays_in_state_and_is_never_made_anew(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """Gone is not deleted."""
    _, state = resource.create(URN, news)
    record_of(host, news).unlink()
    identity, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert identity == news["uuid"]
    assert seen["status"] == "missing"
    assert [change.key for change in resource.changes(inputs, seen, news)] == ["status"]
    with pytest.raises(Refused, match="never created empty again"):
        up(resource, seen, inputs, news)
    assert driver.read(news["uuid"]) is None


@pytest.mark.parametrize(
    ("step", "phase"), [("create.seed", Phase.CREATING), ("create.start", Phase.STARTING)], ids=["creating", "starting"]
)
def test_only_what_was_creating_may_vanish(
    resource: MachineResource, host: HostRef, news: Bag, step: str, phase: Phase
) -> None:
    """A machine that may have run is missing; one that never could is simply made again."""
    state = interrupted(resource, host, news, step)
    assert state["phase"] == phase
    record_of(host, news).unlink()
    identity, seen, inputs = resource.read(news["uuid"], URN, state, news)
    if phase is Phase.CREATING:
        assert (identity, seen, inputs) == ("", {}, {})
        return
    assert (identity, seen["status"]) == (news["uuid"], "missing")
    with pytest.raises(Refused, match="never created empty again"):
        up(resource, seen, inputs, news)


def test_a_lost_disk_is_damage_and_nothing_is_made_anew(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag
) -> None:
    """Seen by refresh, refused by up."""
    _, state = resource.create(URN, news)
    for path in (world_of(host) / "volumes" / "vps").glob("*root*"):
        path.unlink()
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert seen["status"] == "a disk is gone"
    with pytest.raises(Refused, match="never made anew"):
        up(resource, seen, inputs, news)


def test_refresh_shows_a_changed_limit(resource: MachineResource, driver: Driver, host: HostRef, news: Bag) -> None:
    """A limit changed behind the file comes back as an observed input."""
    _, state = resource.create(URN, news)
    behind_the_file(host, news, lambda domain: [domain[part].update(cpuCapPercent=50) for part in ("config", "live")])
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert inputs["cpuCapPercent"] == 50
    changes = resource.changes(inputs, seen, news)
    assert [change.key for change in changes] == ["cpuCapPercent"]
    assert "150 %" in changes[0].consequence.words
    mended = up(resource, seen, inputs, news)
    assert mended["limits"]["cpuCapPercent"]["effective"] == 150


def test_a_removed_limit_is_drift(resource: MachineResource, host: HostRef, news: Bag) -> None:
    """No limit is not unknown: the client gets more than was sold."""
    _, state = resource.create(URN, news)
    behind_the_file(host, news, lambda domain: [domain[part].pop("cpuCapPercent") for part in ("config", "live")])
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert inputs["cpuCapPercent"] == 0
    assert [change.key for change in resource.changes(inputs, seen, news)] == ["cpuCapPercent"]


def test_refresh_without_drift_has_no_changes(resource: MachineResource, news: Bag) -> None:
    """Noise would blind the operator."""
    _, state = resource.create(URN, news)
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert inputs == news
    assert resource.changes(inputs, seen, news) == []


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [("mac", "52:54:00:00:00:99", "identity"), ("attach", "network:other", "only by a move")],
)
def test_another_mac_or_network_is_seen_and_refused(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, key: str, value: str, words: str
) -> None:
    """Somebody rewired the machine behind the file: shown by its name, and left for people to judge."""
    _, state = resource.create(URN, news)
    behind_the_file(host, news, lambda domain: domain["nics"]["n0"].update({key: value}))
    before = standing(driver, news)
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert inputs["nics"]["n0"][key] == value
    assert [change.key for change in resource.changes(inputs, seen, news)] == [f"nics.n0.{key}"]
    with pytest.raises(Refused, match=words):
        up(resource, seen, inputs, news)
    assert standing(driver, news) == before


@pytest.mark.parametrize("notes_us", [True, False], ids=["noting us", "noting nobody"])
@pytest.mark.parametrize(
    "theirs",
    [
        {"urn": "urn:pulumi:client.other::aegir-vps::vps:index:Machine::v-h3k9-machine"},
        {"backend": "b2"},
        {"fleet": "other"},
    ],
    ids=["another URN", "another backend", "another fleet"],
)
def test_a_machine_that_a_stranger_took_over_is_not_ours_any_more(
    resource: MachineResource, driver: Driver, host: HostRef, news: Bag, theirs: Bag, notes_us: bool
) -> None:
    """Told as not present, and no update touches it, even where the stranger notes whose it was (`previous`)."""
    _, state = resource.create(URN, news)
    mark = {**theirs, "incarnation": "theirs", "previous": state["incarnation"] if notes_us else ""}
    behind_the_file(host, news, lambda domain: domain["mark"].update(mark))
    before = standing(driver, news)
    assert before.mark is not None
    assert before.mark.incarnation == "theirs"
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert seen["status"] == "not ours any more"
    assert seen["incarnation"] == state["incarnation"]
    assert [change.key for change in resource.changes(inputs, seen, news)] == ["status"]
    with pytest.raises(Refused, match="somebody else took it over"):
        up(resource, seen, inputs, {**news, "cpuCapPercent": 200})
    with pytest.raises(NotOurs):
        resource.update(news["uuid"], URN, state, news, [])
    assert standing(driver, news) == before


@pytest.mark.parametrize("power", ["managed", "stopped", "suspended"])
def test_a_machine_of_the_first_release_is_no_drift_and_goes_on_as_it_is(
    resource: MachineResource, host: HostRef, news: Bag, power: str
) -> None:
    """Its inputs, mark and NICs say nothing of what came later; the next run writes that, and cuts nobody off."""
    inputs = {**news, "power": power}
    _, state = resource.create(URN, inputs)
    state = {key: value for key, value in state.items() if key not in ("room", "guarded")}

    def age(domain: Bag) -> None:
        domain["mark"] = {key: domain["mark"][key] for key in domain["mark"] if key not in ("power", "order", "move")}
        domain["nics"]["n0"].pop("antispoof")
        domain.pop("grows")
        domain.pop("room", None)

    behind_the_file(host, news, age)
    before = domain_of(host, news)
    _, state, observed = resource.read(news["uuid"], URN, state, inputs)
    assert observed == inputs
    nics = {"n0": {**news["nics"]["n0"], "antispoof": True}}
    later = {"grows": {"vcpus": 4, "memoryMib": 4096}, "order": 1, "trashDays": 30, "nics": nics}
    now = {**inputs, **later}
    changes = resource.changes(observed, state, now)
    assert {change.key for change in changes} == {
        "grows.memoryMib", "grows.vcpus", "nics.n0.antispoof", "order", "trashDays"
    }  # fmt: skip
    assert {change.consequence.effect for change in changes} <= {Effect.RECORDED, Effect.LIVE}
    after = resource.update(news["uuid"], URN, state, now, changes)
    domain = domain_of(host, news)
    assert (domain["power"], domain["boots"], domain["live"]) == (before["power"], before["boots"], before["live"])
    assert (domain["mark"]["power"], after["guarded"]) == (power, {"n0": True})
    _, again, observed = resource.read(news["uuid"], URN, after, now)
    assert (again, observed) == (after, now)


def _retold(news: Bag) -> Bag:
    """The same after an edit of the fleet file and with another release's template."""
    found = copy.deepcopy(news)
    found["seed"]["templateDigest"] = "0" * 64
    settings = found["seed"]["values"]["settings"]
    settings["smarthost"] = "mail.hoster.example"
    settings["acme"] = {"directory": "https://acme.example/directory", "staging": True}
    del settings["maintenance"]
    return found


def test_what_a_first_boot_alone_goes_by_is_no_change_of_a_machine_that_stands(
    resource: MachineResource, news: Bag
) -> None:
    """A preview stays empty; a state of a release that knew no settings is no change either."""
    _, state = resource.create(URN, news)
    _, seen, inputs = resource.read(news["uuid"], URN, state, news)
    assert resource.changes(inputs, seen, _retold(news)) == []
    older = copy.deepcopy(news)
    del older["seed"]["values"]["settings"]
    assert resource.changes(older, seen, news) == []
    after = up(resource, seen, inputs, {**_retold(news), "cpuCapPercent": 100})
    assert after["seed"] == _retold(news)["seed"]


def test_other_values_of_its_first_boot_are_told_as_before(resource: MachineResource, news: Bag) -> None:
    _, state = resource.create(URN, news)
    edited = _retold(news)
    edited["seed"]["values"]["fqdn"] = "shop.coop.example"
    assert [change.key for change in resource.changes(news, state, edited)] == ["seed.values.fqdn"]


def test_one_that_is_still_to_be_made_or_made_anew_is_told_with_its_settings(
    resource: MachineResource, host: HostRef, news: Bag
) -> None:
    """Its first boot is to come, and goes by them."""
    settings = "seed.values.settings.smarthost"
    cut = interrupted(resource, host, news, "create.seed")
    assert settings in {change.key for change in resource.changes(news, cut, _retold(news))}
    made = resource.update(news["uuid"], URN, cut, news, [])
    again = {**_retold(news), "reinstall": 1}
    words = {change.key: change.consequence.words for change in resource.changes(news, made, again)}
    assert words[settings].endswith("comes with the new installation")
    record_of(host, news).unlink()
    _, seen, inputs = resource.read(news["uuid"], URN, made, news)
    assert settings in {change.key for change in resource.changes(inputs, seen, _retold(news))}
