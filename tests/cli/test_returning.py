"""`vps host lost` and `vps host return` on two fake hosts: what they write, ask, clear away, and leave alone."""

from dataclasses import replace

import pytest

from components.config.loader import load
from components.declaration import host_ref
from components.domain.problems import DomainError
from components.drivers.base import ImageSpec, NetworkSpec, PoolSpec, Power
from components.drivers.fake.driver import FakeDriver
from components.images.cache import path as image_path
from components.ledger.opened import existing_ledger
from tests.cli.test_move import _vps, made  # noqa: F401 - the fixture of two hosts
from tests.cli.world import TITLE, MadeWorld

FENCED = ("--fenced", "power off at the PDU, Olena, 10:40")


def _silence(made: MadeWorld) -> None:
    (made.project.work / "world").rename(made.project.work / "gone")
    (made.project.fleet / "hosts/lab1.yaml").write_text(
        (made.project.fleet / "hosts/lab1.yaml").read_text().replace("/world\n", "/no/such/world\n")
    )


def _speak(made: MadeWorld) -> None:
    (made.project.work / "gone").rename(made.project.work / "world")
    path = made.project.fleet / "hosts/lab1.yaml"
    path.write_text(path.read_text().replace("/no/such/world\n", "/world\n"))


def _restored(made: MadeWorld) -> FakeDriver:
    """The machine as `vps up` would have made it on lab2 after its host was lost."""
    fleet = load(made.project.fleet).fleet
    driver = FakeDriver(host_ref(fleet.hosts["lab2"]))
    driver.ensure_pool(PoolSpec(name="vps", path="/var/lib/aegir-vps/pool"))
    driver.ensure_network(NetworkSpec(name="public1", mode="nat", bridge="vpsbr0"))
    sha = fleet.images["base-debian-13"].sha256
    driver.ensure_image(ImageSpec(name="base-debian-13", sha256=sha, pool="vps", source=str(image_path(sha))))
    mark = made.machine().mark
    assert mark is not None
    driver.create(made.spec, b"seed", replace(mark, incarnation="second", previous="first", phase="creating"))
    return driver


def _loss(made: MadeWorld):
    return load(made.project.fleet).fleet.hosts["lab1"].lost


def _noted(made: MadeWorld) -> list[tuple[object, str]]:
    """What the ledger says of hosts."""
    with existing_ledger(made.project.fleet, {}) as ledger:
        return [] if ledger is None else [(event.data["state"], event.reason) for event in ledger.verified()]


def test_a_host_that_answers_is_not_lost(made: MadeWorld) -> None:
    with pytest.raises(DomainError, match=r"it answers, so its machines may run.*vps move"):
        _vps(made, "host", "lost", "lab1", *FENCED, "--yes")

    assert _loss(made) is None


def test_a_silent_host_is_declared_lost_with_who_fenced_it_and_how_its_machines_come_back(
    made: MadeWorld,
) -> None:
    _silence(made)
    with pytest.raises(DomainError, match="how and when"):
        _vps(made, "host", "lost", "lab1", "--fenced", "yes", "--yes")
    with pytest.raises(DomainError, match="Nobody can answer"):
        _vps(made, "host", "lost", "lab1", *FENCED)
    assert _loss(made) is None

    said = _vps(made, "host", "lost", "lab1", FENCED[0], FENCED[1].replace(" ", "\n ", 1), "--yes")

    assert f"vps restore {TITLE} --to HOST --disk FILE" in said
    assert "it runs twice" in said
    assert _loss(made).fenced == FENCED[1]
    assert _noted(made) == [("lost", FENCED[1])]
    with pytest.raises(DomainError, match="it is, since"):
        _vps(made, "host", "lost", "lab1", *FENCED, "--yes")


def test_a_returned_host_loses_its_stale_copy_to_the_trash_and_is_whole_again(made: MadeWorld) -> None:
    machine = made.machine()
    made.driver.power(machine.uuid, "off", machine.mark)
    _silence(made)
    _vps(made, "host", "lost", "lab1", *FENCED, "--yes")
    _vps(made, "restore", TITLE, "--to", "lab2", "--empty")
    _speak(made)
    other = _restored(made)

    said = _vps(made, "host", "return", "lab1", "--yes")

    assert "stale: it is running on lab2" in said
    assert made.driver.read(machine.uuid) is None
    assert other.read(machine.uuid).power is Power.RUNNING
    assert [record.why for record in made.driver.read_trash()] == ["moved to lab2"]
    assert _loss(made) is None
    assert "lab1 is back" in said


def test_what_belongs_there_stays_and_the_host_is_released(made: MadeWorld) -> None:
    before = made.machine()
    _silence(made)
    _vps(made, "host", "lost", "lab1", *FENCED, "--yes")
    _speak(made)

    said = _vps(made, "host", "return", "lab1", "--yes")

    assert "own: its file places it here" in said
    assert made.machine() == before
    assert _loss(made) is None
    assert _noted(made) == [("lost", FENCED[1]), ("active", "vps host return")]


def test_a_copy_that_runs_is_a_twin_and_nothing_is_touched(made: MadeWorld) -> None:
    _silence(made)
    _vps(made, "host", "lost", "lab1", *FENCED, "--yes")
    _vps(made, "restore", TITLE, "--to", "lab2", "--empty")
    _speak(made)
    other = _restored(made)
    before = made.machine()

    with pytest.raises(DomainError, match=r"two copies of one machine run(.|\n)*destroy NAME"):
        _vps(made, "host", "return", "lab1", "--yes")

    assert made.machine() == before
    assert other.read(before.uuid).power is Power.RUNNING
    assert _loss(made) is not None


def test_what_may_be_the_only_copy_keeps_the_host_held(made: MadeWorld) -> None:
    machine = made.machine()
    made.driver.power(machine.uuid, "off", machine.mark)
    _silence(made)
    _vps(made, "host", "lost", "lab1", *FENCED, "--yes")
    _vps(made, "restore", TITLE, "--to", "lab2", "--empty")
    (made.project.work / "world2").mkdir(exist_ok=True)
    _speak(made)

    with pytest.raises(DomainError, match="it is not clear whose"):
        _vps(made, "host", "return", "lab1", "--yes")

    assert made.driver.read(machine.uuid) is not None
    assert _loss(made) is not None


def test_a_host_that_was_never_lost_is_said_to_be_none(made: MadeWorld) -> None:
    before = made.machine()

    assert "lab1 is not declared lost" in _vps(made, "host", "return", "lab1")

    assert made.machine() == before


def test_an_unknown_host_is_named_with_the_known_ones(made: MadeWorld) -> None:
    for command in (("lost", "kvm9", *FENCED), ("return", "kvm9")):
        with pytest.raises(DomainError, match="Known: lab1, lab2"):
            _vps(made, "host", *command)
    assert _loss(made) is None
