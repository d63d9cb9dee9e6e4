"""`vps list`: what is declared, what hosts answer and, where asked, what guests say."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from components.cli.main import app
from tests.cli.world import TITLE, MadeWorld

WAITS = {"updates": {"reboot_pending": True, "reboot_since": "2026-11-20T04:00:00Z", "reboot_why": ["kernel"]}}


@pytest.fixture
def made(tmp_path: Path) -> MadeWorld:
    return MadeWorld(tmp_path / "project")


def _run(made: MadeWorld, *words: str) -> Result:
    return CliRunner().invoke(app, ["list", *words, "--fleet", str(made.project.fleet)])


def test_a_line_for_each_and_no_guest_is_asked(made: MadeWorld) -> None:
    made.says(silent="its guest hangs")
    done = _run(made)
    assert done.exit_code == 0, done.output
    assert " ".join(done.output.splitlines()[1].split()).startswith(
        f"{TITLE} small@2026-01 lab1 running base-debian-13"
    )
    assert "hangs" not in done.output


def test_guests_say_how_they_are(made: MadeWorld) -> None:
    made.says(report={"delivery": {"state": "installing"}})
    (row,) = json.loads(_run(made, "--guests", "--json").output)["vps"]
    assert (row["power"], row["delivered"], row["health"], row["reboot"]) == ("running", "installing", "pass", "")


def test_who_waits_for_a_reboot_since_when(made: MadeWorld) -> None:
    made.says(report={})
    assert "0 of 1 VPSs wait" in _run(made, "--reboot-pending").output
    made.says(report=WAITS)
    assert "waits since 2026-11-20T04:00:00Z: kernel" in _run(made, "--reboot-pending").output
    (row,) = json.loads(_run(made, "--reboot-pending", "--json").output)["vps"]
    assert row["since"] == "2026-11-20T04:00:00Z"


def test_limits_that_wait_are_the_host_s_word(made: MadeWorld) -> None:
    domain = made.world.get("domains", made.spec.uuid)
    assert domain is not None
    made.change(config=domain["config"] | {"memoryMib": 4096})
    made.says(report=WAITS)
    assert "limits: memoryMib\n" in _run(made).output
    assert "limits: memoryMib; waits since" in _run(made, "--reboot-pending").output


def test_who_could_not_tell_is_named(made: MadeWorld) -> None:
    made.says(silent="its guest hangs")
    done = _run(made, "--reboot-pending")
    assert done.exit_code == 1
    assert f"could not tell: {TITLE}: its guest hangs" in done.output
    made.guest_shuts_down()
    assert _run(made, "--reboot-pending").exit_code == 0
