"""When a host may be called empty: only once it answered that it holds nobody, whatever files and state say."""

from pathlib import Path

import pytest

from components.cli.occupants import occupants
from components.config.loader import load
from components.drivers.base import Mark, Phase
from components.drivers.fake.world import World
from components.drivers.marks import as_values
from components.engine.project import Project
from tests.cli.test_drain import _record as record
from tests.cli.test_drain import project  # noqa: F401 - a fixture

AWAY = "host: lab2\n    move: {from: lab1, live: true}"


def elsewhere(project: Project) -> None:  # noqa: F811
    """Every file places its VPSs on lab2."""
    for file in (project.fleet / "clients").glob("*.yaml"):
        file.write_text(file.read_text().replace("host: lab1", "host: lab2"))


def hold(project: Project, *, uuid: str = "", mark: dict[str, str] | None = None) -> None:  # noqa: F811
    """Let lab1 hold beta/shop, or a machine of another UUID; `mark` changes its mark, which {} keeps from it."""
    loaded = load(project.fleet)
    client = loaded.fleet.clients["beta"]
    uuid = uuid or client.vps["shop"].machine_uuid(loaded.fleet.id, client.id)
    plain = Mark(
        fleet="demo", backend="b", urn="u", client=client.id, vps="v-d3r3", phase=Phase.READY, incarnation="first"
    )
    kept = None if mark == {} else as_values(plain) | (mark or {})
    domain = {"uuid": uuid, "name": "its-name", "title": "", "mark": kept, "power": "running", "pool": "vps"}
    domain |= {"config": {}, "live": {}, "nics": {}, "disks": {}, "seed": "", "boots": 1}
    World(project.work / "world").put("domains", uuid, domain)


def _told(project: Project) -> list[str]:  # noqa: F811
    return occupants(load(project.fleet), "lab1")


def test_a_host_that_answers_and_holds_nobody_is_empty(project: Project) -> None:  # noqa: F811
    elsewhere(project)
    assert _told(project) == []


OTHER = "5d1f6c1e-8f0b-4f39-9d0a-7b1c2d3e4f50"


@pytest.mark.parametrize(
    ("uuid", "mark", "words"),
    [
        ("", None, "lab1 holds beta/shop (running)"),
        (OTHER, {"fleet": "another"}, "lab1 holds its-name (running)"),
        (OTHER, {}, "lab1 holds its-name, without an owner's mark that this release reads"),
        ("", {"schema": "999"}, "lab1 holds beta/shop, without an owner's mark that this release reads"),
    ],
    ids=["declared elsewhere", "nobody's here", "never adopted", "of a newer release"],
)
def test_whom_a_host_holds_lives_there(
    project: Project,  # noqa: F811
    uuid: str,
    mark: dict[str, str] | None,
    words: str,
) -> None:
    elsewhere(project)
    hold(project, uuid=uuid, mark=mark)
    (told,) = _told(project)
    assert told.startswith(words)


def test_who_left_lives_elsewhere(project: Project) -> None:  # noqa: F811
    elsewhere(project)
    hold(project, mark={"phase": "left"})
    assert _told(project) == []


def test_a_host_that_is_silent_is_not_empty(project: Project) -> None:  # noqa: F811
    elsewhere(project)
    (project.work / "world").mkdir(parents=True, exist_ok=True)
    (project.work / "world/faults.json").write_text('[{"step": "reach.read_all", "do": "unreachable", "times": -1}]')
    (told,) = _told(project)
    assert told.startswith("could not tell: lab1 does not say whether it holds anybody: ")


def test_a_lost_host_is_not_asked(project: Project) -> None:  # noqa: F811
    elsewhere(project)
    file: Path = project.fleet / "hosts" / "lab1.yaml"
    file.write_text(file.read_text() + 'lost: {since: "2026-11-22 10:00 UTC", fenced: "power pulled by Olena"}\n')
    (told,) = _told(project)
    assert told.startswith("could not tell: lab1 is lost since ")


def test_a_file_that_can_not_be_read_may_name_somebody(project: Project) -> None:  # noqa: F811
    elsewhere(project)
    (project.fleet / "clients" / "broken.yaml").write_text("{")
    assert _told(project) == ["could not tell: clients/broken.yaml can't be read as it is: vps check"]


def test_a_move_that_was_not_carried_out_moved_nobody(project: Project) -> None:  # noqa: F811
    elsewhere(project)
    file = project.fleet / "clients" / "beta.yaml"
    file.write_text(file.read_text().replace("host: lab2", AWAY))
    record(project, "beta", "v-d3r3", "lab1")
    assert _told(project) == ["beta/shop lives there until its move is carried out: vps up client.beta"]
