"""Outside commands have a deadline, leave their words in the log and don't outlive us."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.images.errors import ImageError
from components.images.steps import Steps


@pytest.fixture
def said():
    return []


@pytest.fixture
def steps(tmp_path, said):
    return Steps("small", tmp_path / "build.log", said.append)


def test_a_step_returns_what_it_printed_and_tells_its_seconds(steps, said):
    steps.log.write_text("before\n")
    assert steps.run("greet", ["sh", "-c", "cat; echo err >&2"], deadline_s=20, stdin="hello\n") == "hello\nerr\n"
    assert said == ["small: greet … [0 s]"]
    assert "== greet: sh -c" in steps.log.read_text()


def test_a_failing_step_shows_its_last_lines_and_the_log(steps):
    with pytest.raises(ImageError) as caught:
        steps.run("count", ["sh", "-c", "seq 1 100; exit 3"], deadline_s=20)
    text = str(caught.value)
    assert "the step 'count' ended with exit code 3" in text
    assert "    100\n" in text
    assert "    85\n" not in text
    assert str(steps.log) in text


def test_a_step_that_overruns_is_killed_with_its_children(steps, tmp_path):
    pid = tmp_path / "pid"
    with pytest.raises(ImageError, match="took longer than 1 s"):
        steps.run("hang", ["sh", "-c", f"sleep 60 & echo $! > {pid}; wait"], deadline_s=1)
    wait_for(lambda: is_gone(int(pid.read_text())))


def test_a_missing_command_names_the_set_up(steps):
    with pytest.raises(ImageError, match=r"no-such-command is missing.*\./run setup"):
        steps.run("x", ["no-such-command"], deadline_s=20)


def test_a_step_dies_with_the_process_that_began_it(tmp_path):
    program = (
        "from pathlib import Path; from components.images.steps import Steps;"
        f"Steps('x', Path({str(tmp_path / 'log')!r}), print).run('s', ['sh', '-c',"
        f"'echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 60'], deadline_s=90)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL)
    wait_for((tmp_path / "pid").exists)
    child = int((tmp_path / "pid").read_text())
    assert not is_gone(child)
    parent.kill()
    parent.wait()
    wait_for(lambda: is_gone(child))


def test_secrets_of_the_environment_stay_out(steps, monkeypatch):
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "hidden")
    assert "hidden" not in steps.run("env", ["env"], deadline_s=20)


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
