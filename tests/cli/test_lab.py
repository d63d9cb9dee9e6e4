import json

import pytest
from typer.testing import CliRunner

from components.cli.main import app

pytestmark = pytest.mark.lab


def run(*arguments):
    return CliRunner().invoke(app, ["lab", *arguments])


def test_status_in_words_and_as_json(lab):
    done = run("status", lab.name)
    assert done.exit_code == 0
    assert f"{lab.name}: running" in done.output
    assert "acceleration" in done.output
    assert "NIC rates" in done.output
    facts = json.loads(run("status", lab.name, "--json").output)
    assert facts["running"]
    assert facts["uri"] == lab.uri


def test_status_of_a_lab_that_is_not_up_is_exit_code_3():
    done = run("status", "absent")
    assert done.exit_code == 3
    assert "absent: not running" in done.output


def test_up_of_one_that_is_up_says_so(lab):
    assert f"Lab {lab.name} is up already." in run("up", lab.name).output


def test_down_of_one_that_never_was_is_no_error():
    done = run("down", "absent")
    assert (done.exit_code, done.output) == (0, "Lab absent is not up.\n")
