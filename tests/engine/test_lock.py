"""Who holds a stack, among our commands and with the real engine."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from components.domain.problems import DomainError
from components.engine import lock, state
from components.engine.project import CHECKOUT
from tests.engine.conftest import STACK, Bench
from tests.engine.processes import child, wait_until

HOLDER = """
import sys, time
from components.engine.lock import hold
with hold({"PULUMI_BACKEND_URL": sys.argv[1]}, sys.argv[2], "vps stop example-coop/web1"):
    print("held", flush=True)
    time.sleep(float(sys.argv[3]))
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"PULUMI_BACKEND_URL": f"file://{tmp_path}"}


def _held_by_another(environment: dict[str, str], seconds: float = 600) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLDER, environment["PULUMI_BACKEND_URL"], STACK, str(seconds)]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def _files(tmp_path: Path) -> list[Path]:
    return sorted(state.lock_folder(tmp_path, STACK).glob("*"))


def test_held_only_while_at_work(tmp_path: Path, environment: dict[str, str]) -> None:
    """What stands in it is what the engine reads, and what for."""
    with lock.hold(environment, STACK, "vps stop example-coop/web1"):
        (file,) = _files(tmp_path)
        content = json.loads(file.read_text())
        assert content["pid"] == os.getpid()
        assert {"username", "hostname", "timestamp"} <= set(content)
        (found,) = state.locks(environment, STACK)
        assert not found.is_dead
        assert "vps stop example-coop/web1" in found.owner
    assert _files(tmp_path) == []
    with pytest.raises(ZeroDivisionError), lock.hold(environment, STACK, "vps stop example-coop/web1"):
        1 / 0  # noqa: B018
    assert _files(tmp_path) == []


def test_waits_for_another_command_and_says_for_whom(environment: dict[str, str]) -> None:
    """Then goes on by itself."""
    said: list[str] = []
    other = _held_by_another(environment, 1.5)
    begun = time.monotonic()
    with lock.hold(environment, STACK, "vps start", say=said.append):
        assert time.monotonic() - begun > 0.5
    other.wait(timeout=10)
    (line,) = said
    assert line.startswith("waits: ")
    assert f"process {other.pid} (vps stop example-coop/web1), holds {STACK} since 20" in line


def test_gives_up_at_its_deadline(tmp_path: Path, environment: dict[str, str]) -> None:
    """With who holds it, and nothing left behind."""
    other = _held_by_another(environment)
    try:
        with (
            pytest.raises(DomainError, match=rf"locked by .*process {other.pid} .*vps unlock"),
            lock.hold(environment, STACK, "vps start", deadline_s=0.5),
        ):
            pytest.fail("two held it")
        assert len(_files(tmp_path)) == 1
    finally:
        other.kill()
        other.wait(timeout=10)


def test_lock_of_a_killed_command_is_released_with_a_line(tmp_path: Path, environment: dict[str, str]) -> None:
    """kill -9 leaves a file; whoever comes next sees that its holder is dead."""
    other = _held_by_another(environment)
    other.send_signal(signal.SIGKILL)
    other.wait(timeout=10)
    assert len(_files(tmp_path)) == 1
    said: list[str] = []
    with lock.hold(environment, STACK, "vps start", say=said.append, deadline_s=5):
        assert len(_files(tmp_path)) == 1
    assert "that process is dead" in said[0]
    assert _files(tmp_path) == []


@pytest.mark.parametrize("key", ["started", "boot"])
def test_a_number_that_was_given_to_somebody_else_holds_nothing(
    tmp_path: Path, environment: dict[str, str], key: str
) -> None:
    """Ours are known by their start, in this boot of the machine."""
    with lock.hold(environment, STACK, "vps stop"):
        (file,) = _files(tmp_path)
        content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, key: 1}))
    (found,) = state.locks(environment, STACK)
    assert found.is_dead
    lock.release(found)
    lock.release(found)
    assert _files(tmp_path) == []


def test_never_two_at_once(environment: dict[str, str]) -> None:
    """Many that come in the same instant go one after another."""
    inside, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with lock.hold(environment, STACK, "vps stop", say=lambda _: None, deadline_s=60):
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.02)
            with guard:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_steps_back_when_the_engine_came_at_the_same_time(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that appears between look and write: ours goes, theirs stays until it ends, then it is our turn."""
    engine = shutil.copy(shutil.which("sleep") or "/bin/sleep", tmp_path / "pulumi")
    theirs = state.lock_folder(tmp_path, STACK) / "theirs.json"
    rename, alone = Path.rename, []

    def appear(draft: Path, target: Path) -> Path:
        if not theirs.exists() and not alone:
            content = {"pid": process.pid, "hostname": os.uname().nodename, "timestamp": "now"}
            theirs.write_text(json.dumps(content))
            threading.Timer(1, leave).start()
        return rename(draft, target)

    def leave() -> None:
        alone.append(_files(tmp_path) == [theirs])
        theirs.unlink()

    with subprocess.Popen([engine, "600"]) as process:
        monkeypatch.setattr(Path, "rename", appear)
        with lock.hold(environment, STACK, "vps stop", say=lambda _: None, deadline_s=20):
            assert len(_files(tmp_path)) == 1
            assert alone == [True]
        process.kill()


def test_nothing_to_hold_in_another_backend() -> None:
    """There the machine's revision is the guard (decision 4)."""
    with lock.hold({"PULUMI_BACKEND_URL": "s3://bucket"}, STACK, "vps stop"):
        assert list(state.locks({"PULUMI_BACKEND_URL": "s3://bucket"}, STACK)) == []


@pytest.mark.engine
def test_the_engine_respects_our_lock(bench: Bench) -> None:
    """A plain `pulumi up` ends in the engine's own words; `vps up` waits for us."""
    with lock.hold(bench.environment, STACK, "vps stop example-coop/web1"):
        said = bench.up(code=1)
        assert "the stack is currently locked by 1 lock(s)" in said
        assert str(os.getpid()) in said
        assert bench.domains() == {}
        command = [str(CHECKOUT / ".venv" / "bin" / "vps"), "up", STACK, "--yes", "--fleet", str(bench.project.fleet)]
        log = bench.project.work / "up.log"
        with log.open("w") as stream:
            waiting = subprocess.Popen(command, env=bench.environment, stdout=stream, stderr=stream)
        wait_until(lambda: "waits: " in log.read_text(), "it does not say that it waits")
        assert bench.domains() == {}
    assert waiting.wait(timeout=120) == 0
    assert "vps stop example-coop/web1" in log.read_text()
    assert len(bench.domains()) == 1


@pytest.mark.engine
def test_we_respect_the_engines_lock(bench: Bench) -> None:
    """While an `up` is at work, a command waits, and goes on after it."""
    bench.faults({"step": "create.disk", "do": "delay", "seconds": 3, "when": "after", "times": 1})
    command = [str(CHECKOUT / ".venv" / "bin" / "vps"), "up", STACK, "--yes", "--fleet", str(bench.project.fleet)]
    with (bench.project.work / "up.log").open("w") as stream:
        process = subprocess.Popen(command, env=bench.environment, stdout=stream, stderr=stream)
    engine = child(process.pid, "pulumi")
    wait_until(lambda: '"times": 0' in (bench.world / "faults.json").read_text(), "the fault was never reached")
    said: list[str] = []
    lock.wait(bench.environment, STACK, say=said.append)
    assert f"process {engine}" in said[0]
    process.wait(timeout=60)
    (domain,) = bench.domains().values()
    assert domain["mark"]["phase"] == "ready"


@pytest.mark.engine
def test_two_ups_at_once_go_one_after_another(bench: Bench) -> None:
    """From two processes: both end well, one says whom it waits for, and one machine is there."""
    command = [str(CHECKOUT / ".venv" / "bin" / "vps"), "up", STACK, "--yes", "--fleet", str(bench.project.fleet)]
    logs = [bench.project.work / f"up{number}.log" for number in (1, 2)]
    runs = []
    for log in logs:
        with log.open("w") as stream:
            runs.append(subprocess.Popen(command, env=bench.environment, stdout=stream, stderr=stream))
    assert [run.wait(timeout=180) for run in runs] == [0, 0], [log.read_text() for log in logs]
    assert sum("waits: " in log.read_text() for log in logs) == 1
    (domain,) = bench.domains().values()
    assert domain["mark"]["phase"] == "ready"
