"""Which machine a command is about, and whether it is ours."""

import json
from pathlib import Path

import pytest

from components.cli.subject import Subject
from components.domain.problems import DomainError
from components.drivers.errors import HostUnreachable
from tests.cli.world import TITLE, MadeWorld


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeWorld:
    world = MadeWorld(tmp_path / "project")
    monkeypatch.setenv("PULUMI_BACKEND_URL", world.environment["PULUMI_BACKEND_URL"])
    return world


def _host(made: MadeWorld, *, starts: bool = True) -> str:
    with Subject.find(TITLE, made.project.fleet).home(starts=starts) as home:
        return home.host


def _second_host(made: MadeWorld) -> Path:
    """A host `lab2` like the first, the machine declared to have moved there from lab1."""
    first = made.project.fleet / "hosts" / "lab1.yaml"
    text = first.read_text().replace(str(made.project.work / "world"), str(made.project.work / "world2"))
    first.with_name("lab2.yaml").write_text(text)
    made.declare(host="lab2", move={"from": "lab1", "live": False})
    other = made.project.work / "world2"
    (other / "domains").mkdir(parents=True)
    return other


def _remember(made: MadeWorld, incarnation: str) -> None:
    folder = Path(made.environment["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi" / "stacks" / "aegir-vps"
    folder.mkdir(parents=True)
    resource = {"type": "vps:index:Machine", "outputs": {**made.inputs, "incarnation": incarnation}}
    content = {"checkpoint": {"latest": {"resources": [resource]}}}
    (folder / "client.example-coop.json").write_text(json.dumps(content))


def test_where_it_lives(made: MadeWorld) -> None:
    """Its file's host, or the one that a move starts from."""
    assert _host(made) == "lab1"
    _second_host(made)
    assert _host(made) == "lab1"


def test_two_copies_are_touched_by_nobody(made: MadeWorld) -> None:
    """Said with where."""
    other = _second_host(made)
    domain = json.dumps(made.world.get("domains", made.spec.uuid))
    (other / "domains" / f"{made.spec.uuid}.json").write_text(domain)
    with pytest.raises(DomainError, match=r"lab2 \(running\) and lab1 \(running\) hold it"):
        _host(made, starts=False)


def test_what_is_not_armed_counts_as_no_copy(made: MadeWorld) -> None:
    """A move's copy without disks."""
    other = _second_host(made)
    domain = made.world.get("domains", made.spec.uuid)
    assert domain is not None
    copy = {**domain, "power": "off", "mark": domain["mark"] | {"phase": "arriving"}}
    (other / "domains" / f"{made.spec.uuid}.json").write_text(json.dumps(copy))
    assert _host(made) == "lab1"


def test_a_silent_host_stops_a_start_only(made: MadeWorld) -> None:
    """Nobody can tell whether it runs there."""
    other = _second_host(made)
    (other / "faults.json").write_text('[{"step": "reach.*", "do": "unreachable", "times": -1}]')
    assert _host(made, starts=False) == "lab1"
    with pytest.raises(HostUnreachable):
        _host(made, starts=True)


def test_a_host_that_is_declared_lost_is_asked_and_not_waited_for(made: MadeWorld) -> None:
    """While it answers, what it holds is there."""
    other = _second_host(made)
    path = made.project.fleet / "hosts/lab2.yaml"
    path.write_text(path.read_text() + 'lost: {since: "2026-11-22 10:00 UTC", fenced: "power pulled by Olena"}\n')
    (other / "domains" / f"{made.spec.uuid}.json").write_text(json.dumps(made.world.get("domains", made.spec.uuid)))
    with pytest.raises(DomainError, match=r"lab2 \(running\) and lab1 \(running\) hold it"):
        _host(made)
    (other / "faults.json").write_text('[{"step": "reach.*", "do": "unreachable", "times": -1}]')
    assert _host(made, starts=True) == "lab1"


def test_a_stale_copy_on_a_lost_host_that_is_back_is_no_second_home(made: MadeWorld) -> None:
    """It is off, and from before the restore."""
    other = _second_host(made)
    path = made.project.fleet / "hosts/lab2.yaml"
    path.write_text(path.read_text() + 'lost: {since: "2026-11-22 10:00 UTC", fenced: "power pulled by Olena"}\n')
    domain = made.world.get("domains", made.spec.uuid)
    assert domain is not None
    _remember(made, "first")
    stale = {**domain, "power": "off", "mark": domain["mark"] | {"incarnation": "before"}}
    (other / "domains" / f"{made.spec.uuid}.json").write_text(json.dumps(stale))
    assert _host(made) == "lab1"
    (other / "domains" / f"{made.spec.uuid}.json").write_text(json.dumps({**stale, "power": "running"}))
    with pytest.raises(DomainError, match="hold it"):
        _host(made)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ({"backend": "other"}, "another state backend"),
        ({"fleet": "other"}, "does not carry our mark"),
        ({"vps": "v-x"}, "does not carry our mark"),
    ],
)
def test_whose_it_is(made: MadeWorld, mark: dict[str, str], words: str) -> None:
    """Another's is left alone, said why."""
    domain = made.world.get("domains", made.spec.uuid)
    assert domain is not None
    made.change(mark=domain["mark"] | mark)
    with pytest.raises(DomainError, match=words):
        _host(made)


def test_state_that_knows_another_incarnation(made: MadeWorld) -> None:
    """Somebody took it over."""
    _remember(made, "second")
    with pytest.raises(DomainError, match="its incarnation is first, state knows second"):
        _host(made)


def test_nothing_there(made: MadeWorld) -> None:
    """Never made up."""
    made.world.remove("domains", made.spec.uuid)
    with pytest.raises(DomainError, match="no host where it is or was holds it"):
        _host(made)


@pytest.mark.parametrize(("title", "words"), [("nobody/web1", "Known: example-coop"), ("example-coop/x", "web1")])
def test_unknown_names(made: MadeWorld, title: str, words: str) -> None:
    """The known ones are told."""
    with pytest.raises(DomainError, match=words):
        Subject.find(title, made.project.fleet)
