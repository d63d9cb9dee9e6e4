"""Outside commands end: by themselves, by their deadline, or with this process."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.bundles.command import Said, run
from components.bundles.errors import BundleError


def test_what_it_says_is_returned():
    said = run(["sh", "-c", "echo out; echo err >&2; exit 3"], deadline_s=60)
    assert (said.code, said.out, said.err) == (3, b"out\n", "err\n")
    assert said.why() == "err"


def test_it_gets_no_input_and_is_not_asked():
    assert run(["cat"], deadline_s=60).out == b""


def test_one_that_overruns_is_stopped_with_its_children(tmp_path):
    mark = tmp_path / "child"
    said = run(["sh", "-c", f"sleep 600 & echo $! >{mark}; wait"], deadline_s=2)
    assert said.code is None
    assert said.why() == "it took too long and was stopped"
    child = int(mark.read_text())
    for _ in range(100):
        try:
            state = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            break
        if state == "Z":
            break
        time.sleep(0.1)
    else:
        raise AssertionError(f"{child} still runs")


def test_a_command_that_is_missing_is_told():
    with pytest.raises(BundleError, match="Unable to run no-such-command: it is not installed"):
        run(["no-such-command"], deadline_s=60)


def test_words_are_one_clean_line():
    assert Said(1, b"", "a\x1b[31mb\n\nc\n").why() == "a [31mb; c"
    assert Said(1, b"", "").why() == "exit code 1"


def test_it_dies_with_this_process(tmp_path):
    mark = tmp_path / "pid"
    script = (
        f"from components.bundles.command import run\nrun(['sh','-c','echo $$ >{mark}; exec sleep 600'],deadline_s=600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script])
    while not mark.exists() or not mark.read_text().strip():
        assert parent.poll() is None
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    child = int(mark.read_text())
    for _ in range(200):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("the command outlived its parent")
