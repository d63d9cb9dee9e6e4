"""`vps reboot --pending`: in the window, once in it, and nobody else."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from typer.testing import CliRunner, Result

from components.cli.main import app
from components.cli.reboots import pending
from components.domain.guests import WEEKDAYS
from components.domain.problems import DomainError
from tests.cli.world import TITLE, MadeWorld

WAITS = {"updates": {"reboot_pending": True, "reboot_why": ["kernel 6.1 runs, 6.12 is installed"]}}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeWorld:
    world = MadeWorld(tmp_path / "project")
    monkeypatch.setenv("PULUMI_BACKEND_URL", world.environment["PULUMI_BACKEND_URL"])
    world.says(report=WAITS)
    return world


def _run(made: MadeWorld, *words: str) -> Result:
    return CliRunner().invoke(app, ["reboot", "--pending", *words, "--yes", "--fleet", str(made.project.fleet)])


def _window(made: MadeWorld, *, is_open: bool) -> None:
    """A day's window that holds this instant and a good while after it, or one half a week away."""
    start = dt.datetime.now(dt.UTC) - (dt.timedelta(hours=1) if is_open else dt.timedelta(days=3))
    made.declare(
        maintenance={
            "day": WEEKDAYS[start.weekday()],
            "from": DoubleQuotedScalarString(f"{start:%H:%M}"),
            "hours": 12 if is_open else 1,
        }
    )


def _boots(made: MadeWorld) -> int:
    domain = made.world.get("domains", made.spec.uuid)
    assert domain is not None
    return int(domain["boots"])


def test_in_its_window_once(made: MadeWorld) -> None:
    """It goes on saying so: once is enough, and that is told."""
    _window(made, is_open=True)
    before = _boots(made)
    done = _run(made)
    assert done.exit_code == 0, done.output
    assert f"{TITLE}: waits: kernel 6.1 runs, 6.12 is installed" in done.output
    assert "running on lab1" in done.output
    assert _boots(made) == before + 1
    done = _run(made)
    assert done.exit_code == 1
    assert "was rebooted in this window already" in done.output
    assert _boots(made) == before + 1
    assert _run(made, "--now").exit_code == 0
    assert _boots(made) == before + 2


def test_one_that_was_cut_is_done_again(made: MadeWorld) -> None:
    """What stands on the note is that it began; only the machine's revision says that it was done."""
    _window(made, is_open=True)
    before = _boots(made)
    faults = made.project.work / "world" / "faults.json"
    faults.write_text('[{"step": "power.off", "do": "fail", "when": "after"}]')
    assert _run(made).exit_code == 1
    assert len(list(made.project.work.rglob("aegir-vps-reboots/*.json"))) == 1
    assert _run(made).exit_code == 0
    assert _boots(made) == before + 1


def test_a_machine_that_is_down_long_after_was_shut_down_by_its_client(made: MadeWorld) -> None:
    _window(made, is_open=True)
    faults = made.project.work / "world" / "faults.json"
    faults.write_text('[{"step": "power.off", "do": "fail", "when": "after"}]')
    assert _run(made).exit_code == 1
    (note,) = made.project.work.rglob("aegir-vps-reboots/*.json")
    long_ago = (dt.datetime.now(dt.UTC) - dt.timedelta(days=7)).isoformat()
    note.write_text(json.dumps({**json.loads(note.read_text()), "at": long_ago}))
    before = _boots(made)
    done = _run(made)
    assert "Nobody is rebooted now." in done.output
    assert _boots(made) == before


def test_what_could_not_begin_leaves_no_note(made: MadeWorld) -> None:
    """Somebody else works on the stack, or the file keeps it down: nothing was begun that would be gone on with."""
    _window(made, is_open=True)

    def refused(title: str, ready: object) -> None:
        raise DomainError(f"{title}: held", "")

    with pytest.raises(typer.Exit):
        pending(None, made.project.fleet, yes=True, anytime=False, reboot=refused)
    assert not list(made.project.work.rglob("aegir-vps-reboots/*.json"))


def test_two_runs_at_once_reboot_once(made: MadeWorld) -> None:
    """The second has seen what the first saw; it looks again when the lock is its own."""
    _window(made, is_open=True)
    before = _boots(made)
    asked: list[bool] = []

    def late(_: str, ready: Callable[[], bool]) -> None:
        assert _run(made).exit_code == 0
        asked.append(ready())

    with pytest.raises(typer.Exit) as ended:
        pending(None, made.project.fleet, yes=True, anytime=False, reboot=late)
    assert (asked, ended.value.exit_code) == ([False], 1)
    assert _boots(made) == before + 1


def test_outside_its_window_it_says_when(made: MadeWorld) -> None:
    _window(made, is_open=False)
    before = _boots(made)
    done = _run(made)
    assert f"{TITLE}: its maintenance window is closed; it opens on " in done.output
    assert done.exit_code == 1
    assert _boots(made) == before
    assert _run(made, TITLE).exit_code == 1
    assert _run(made, TITLE, "--now").exit_code == 0
    assert _boots(made) == before + 1


def test_who_does_not_wait_is_left_alone(made: MadeWorld) -> None:
    _window(made, is_open=True)
    made.says(report={})
    before = made.machine()
    done = _run(made)
    assert (done.exit_code, done.output) == (0, "Nobody is rebooted now.\n")
    assert made.machine() == before
    made.guest_shuts_down()
    assert _run(made).exit_code == 0
    assert made.machine().power == "off"


def test_who_is_silent_is_told_and_left_alone(made: MadeWorld) -> None:
    made.says(silent="its guest hangs")
    done = _run(made)
    assert done.exit_code == 1
    assert f"could not tell: {TITLE}: its guest hangs" in done.output


def test_what_a_file_keeps_down_is_not_started(made: MadeWorld) -> None:
    _window(made, is_open=True)
    made.declare(power="suspended")
    done = _run(made)
    assert done.exit_code == 1
    assert "declared suspended" in done.output


def test_a_file_that_can_t_be_read_is_told(made: MadeWorld) -> None:
    made.says(report={})
    (made.project.fleet / "clients" / "broken.yaml").write_text("{")
    done = _run(made)
    assert (done.exit_code, "could not tell: clients/broken.yaml" in done.output) == (1, True)


def test_a_broken_note_keeps_nobody(made: MadeWorld) -> None:
    _window(made, is_open=True)
    _run(made)
    (note,) = made.project.work.rglob("aegir-vps-reboots/*.json")
    assert set(json.loads(note.read_text())) == {"opened", "revision", "at"}
    note.write_text("{")
    assert _run(made).exit_code == 0


@pytest.mark.parametrize("words", [["reboot"], ["reboot", TITLE, "--now"]])
def test_it_must_be_said_which(made: MadeWorld, words: list[str]) -> None:
    done = CliRunner().invoke(app, [*words, "--yes", "--fleet", str(made.project.fleet)])
    assert "Say which" in str(done.exception)
