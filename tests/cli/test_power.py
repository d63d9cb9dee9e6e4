"""What each command about power does, refuses and says."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.cli.main import app
from components.domain.problems import DomainError
from components.drivers.base import Power
from components.drivers.errors import DriverError
from components.engine import lock
from components.engine.project import CHECKOUT
from tests.cli.world import TITLE, MadeWorld
from tests.engine.processes import wait_until


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeWorld:
    world = MadeWorld(tmp_path / "project")
    monkeypatch.setenv("PULUMI_BACKEND_URL", world.environment["PULUMI_BACKEND_URL"])
    return world


def _vps(made: MadeWorld, *arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments, TITLE, "--fleet", str(made.project.fleet), "--yes"])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_stop_and_start(made: MadeWorld) -> None:
    """The wish stands in the mark, each with one revision more."""
    assert _vps(made, "stop") == f"{TITLE}: shut down after 0 s\n{TITLE}: off on lab1\n"
    machine = made.machine()
    assert machine.mark is not None
    assert (machine.power, machine.mark.wish, machine.mark.revision) == (Power.OFF, "off", 2)
    assert "is off already" in _vps(made, "stop")
    assert _vps(made, "start") == f"{TITLE}: running on lab1\n"
    machine = made.machine()
    assert machine.mark is not None
    assert (machine.power, machine.mark.wish, machine.mark.revision) == (Power.RUNNING, "running", 3)
    assert "runs already" in _vps(made, "start")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["stop"], "did not shut down within 60 s: its power was cut"),
        (["stop", "--deadline", "5"], "did not shut down within 5 s: its power was cut"),
        (["stop", "--force"], "its power was cut"),
        (["suspend", "--deadline", "7"], "did not shut down within 7 s: its power was cut"),
    ],
)
def test_a_forced_end_is_said(made: MadeWorld, arguments: list[str], words: str) -> None:
    """In words, with how long its guest had."""
    made.change(deaf=True)
    assert words in _vps(made, *arguments)
    assert made.machine().power is Power.OFF


def test_reboot_brings_into_force_what_waits(made: MadeWorld) -> None:
    """And says which."""
    domain = made.world.get("domains", made.spec.uuid)
    assert domain is not None
    made.change(config=domain["config"] | {"memoryMib": 4096})
    assert made.machine().reboot_required == ("memoryMib",)
    assert "running on lab1; in force now: memoryMib" in _vps(made, "reboot")
    assert made.machine().readings["memoryMib"].effective == 4096


def test_reboot_starts_one_that_is_off(made: MadeWorld) -> None:
    """So that one that was cut in the middle goes on."""
    made.guest_shuts_down()
    _vps(made, "reboot")
    assert made.machine().power is Power.RUNNING


def test_suspended_stays_down_until_it_is_resumed(made: MadeWorld) -> None:
    """Nothing but resume brings the service back."""
    assert f"{TITLE}: suspended on lab1" in _vps(made, "suspend")
    assert "is suspended already" in _vps(made, "suspend")
    for verb in ("start", "reboot"):
        with pytest.raises(DomainError, match=r"it is suspended\. Nothing was touched\. Run: vps resume"):
            _vps(made, verb)
    assert made.machine().power is Power.OFF
    _vps(made, "resume")
    machine = made.machine()
    assert machine.mark is not None
    assert (machine.power, machine.mark.wish) == (Power.RUNNING, "running")
    _vps(made, "stop")
    with pytest.raises(DomainError, match="off, not suspended"):
        _vps(made, "resume")


def test_a_paused_one_goes_on(made: MadeWorld) -> None:
    """Whoever paused it."""
    made.change(power="paused")
    _vps(made, "resume")
    assert made.machine().power is Power.RUNNING


@pytest.mark.parametrize("declared", ["stopped", "suspended"])
@pytest.mark.parametrize("verb", ["start", "reboot", "resume"])
def test_the_file_wins(made: MadeWorld, declared: str, verb: str) -> None:
    """What a file keeps down no command starts."""
    made.declare(power=declared)
    made.guest_shuts_down()
    with pytest.raises(DomainError, match=f"declared {declared}"):
        _vps(made, verb)
    assert made.machine().power is Power.OFF


def test_stop_notes_the_wish_of_one_that_is_off(made: MadeWorld) -> None:
    """Down because of a crash: whoever stops it wants it to stay down through a host's boot."""
    made.change(power="off", live={})
    _vps(made, "stop")
    machine = made.machine()
    assert machine.mark is not None
    assert machine.mark.wish == "off"


def test_asks_first(made: MadeWorld) -> None:
    """Without a terminal and --yes nothing happens."""
    done = CliRunner().invoke(app, ["stop", TITLE, "--fleet", str(made.project.fleet)])
    assert "Its guest has 60 s to shut down, then its power is cut. Stop it?" in str(done.exception)
    assert made.machine().power is Power.RUNNING


def test_holds_the_stacks_lock(made: MadeWorld) -> None:
    """While a run is at work a command waits, says for whom, and goes on."""
    turn = lock.turn(made.environment, "client.example-coop", "vps up")
    turn.__enter__()
    release = threading.Timer(1, turn.__exit__, (None, None, None))
    release.start()
    said = _vps(made, "stop")
    release.join()
    assert f"process {os.getpid()} (vps up), holds client.example-coop since" in said
    assert made.machine().power is Power.OFF


def test_ctrl_c_says_what_may_still_happen(made: MadeWorld) -> None:
    """A guest goes down whether anybody waits for it or not, and a reboot that was cut leaves it there."""
    faults = made.project.work / "world" / "faults.json"
    faults.write_text('[{"step": "power.off", "do": "delay", "seconds": 60}]')
    # As on a terminal: whoever runs the tests in the background ignores SIGINT, and children inherit that.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{heard}; from components.cli.main import main; main()", "reboot", TITLE]
    command += ["--yes", "--fleet", str(made.project.fleet)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        wait_until(lambda: json.loads(faults.read_text())[0].get("times") == 0, "the stop has not begun")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert process.returncode != 0
    assert f"{TITLE}: cut short; a guest that was asked to shut down still may." in said
    assert f"vps reboot {TITLE}" in said


def test_a_step_that_fails_is_done_again(made: MadeWorld) -> None:
    """The mark is written last: the same command goes on."""
    (made.project.work / "world" / "faults.json").write_text('[{"step": "power.off", "do": "fail", "when": "after"}]')
    with pytest.raises(DriverError, match="asked for by a test"):
        _vps(made, "stop")
    _vps(made, "stop")
    machine = made.machine()
    assert machine.mark is not None
    assert (machine.power, machine.mark.wish) == (Power.OFF, "off")
