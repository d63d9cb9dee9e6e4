"""`vps deliver` waits for first boots and tells how they ended."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from components.cli import deliver
from components.cli.access import ALREADY, IS_SET, RESTORED
from components.cli.main import app
from components.domain.problems import DomainError
from components.guest import delivery
from tests.cli.world import TITLE, MadeWorld


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeWorld:
    monkeypatch.setattr(delivery, "LOOK_S", 0.05)
    return MadeWorld(tmp_path / "project")


def _run(made: MadeWorld, *words: str) -> Result:
    return CliRunner().invoke(app, ["deliver", "example-coop", *words, "--fleet", str(made.project.fleet)])


def test_delivered(made: MadeWorld) -> None:
    made.says(report={})
    done = _run(made, "--wait", "5m")
    assert done.exit_code == 0, done.output
    assert f"{TITLE}: delivered" in done.output
    assert "40 % used" in done.output


def test_not_in_time(made: MadeWorld) -> None:
    made.says(report={"delivery": {"state": "installing", "step": "50-site"}})
    done = _run(made, "--wait", "0")
    assert done.exit_code == 1
    assert f"not delivered: {TITLE}. It goes on by itself: vps deliver example-coop" in done.output


@pytest.mark.parametrize("power", ["missing", "off"])
def test_nobody_waits_for_what_is_not_there_or_off(made: MadeWorld, power: str) -> None:
    if power == "off":
        made.guest_shuts_down()
    else:
        made.world.remove("domains", made.spec.uuid)
    assert _run(made, "--wait", "5m").exit_code == 1


def test_without_the_controllers_part_it_is_not_delivered(made: MadeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def enrol(fleet: object, line: object) -> str:
        raise DomainError("The target is down.", "It is asked again.")

    made.says(report={})
    monkeypatch.setattr(deliver, "_steps", lambda: [enrol])
    done = _run(made, "--wait", "0")
    assert done.exit_code == 1
    assert f"{TITLE}: not yet: The target is down. It is asked again." in done.output


def test_who_may_log_in_is_set_as_declared_once_a_backup_is_back(made: MadeWorld) -> None:
    """With it came who had root and which keys on its day: here eve, whom no file names any more, and ada's old key."""
    old = {"ada": {"keys": ["ssh-ed25519 OLD"], "root": False}, "eve": {"keys": ["ssh-ed25519 EVE"], "root": True}}
    people = {user: values | {"locked": False} for user, values in old.items()}
    made.change(guest={"people": people})
    made.says(report={})
    assert _run(made, "--wait", "0").exit_code == 0
    assert made.world.get("domains", made.spec.uuid)["guest"] == {"people": people}
    made.declare(restore={"from": "lab1", "empty": True, "backup": "2026-01-07T03:00:00Z"})
    done = _run(made, "--wait", "0")
    assert done.exit_code == 1
    assert f"Who may log in to {TITLE} is set once its backup is back" in done.output
    made.says(report={}, answers={" ".join(RESTORED): {}, " ".join(IS_SET): {}})
    done = _run(made, "--wait", "0")
    assert done.exit_code == 0, done.output
    assert f"{TITLE}: access: set as declared, for its backup was of another day" in done.output
    found = made.world.get("domains", made.spec.uuid)["guest"]["people"]
    assert (found["eve"]["root"], found["ada"]["root"]) == (False, True)
    assert found["ada"]["keys"] != people["ada"]["keys"]


def test_who_may_log_in_is_set_once_for_a_restore(made: MadeWorld) -> None:
    """A key that somebody adds in the months after it is theirs, as `restore:` may stand in the file for as long."""
    people = {"ada": {"keys": ["ssh-ed25519 ADDED"], "root": True, "locked": False}}
    made.change(guest={"people": people})
    made.declare(restore={"from": "lab1", "empty": True, "backup": "2026-01-07T03:00:00Z"})
    made.says(report={}, answers={" ".join(RESTORED): {"code": ALREADY}})
    done = _run(made, "--wait", "0")
    assert (done.exit_code, "access:" in done.output) == (0, False), done.output
    assert made.world.get("domains", made.spec.uuid)["guest"] == {"people": people}


def test_what_a_guest_refuses_after_a_restore_is_no_delivery(made: MadeWorld) -> None:
    made.change(guest={"people": {}, "system": ["ada"]})
    made.declare(restore={"from": "lab1", "empty": True, "backup": "2026-01-07T03:00:00Z"})
    made.says(report={}, answers={" ".join(RESTORED): {}, " ".join(IS_SET): {}})
    done = _run(made, "--wait", "0")
    assert done.exit_code == 1
    assert "ada: the guest has an account of its own under this name" in done.output


@pytest.mark.parametrize(("text", "number"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("5", 5), ("0", 0)])
def test_times(text: str, number: int) -> None:
    assert deliver.seconds(text) == number


@pytest.mark.parametrize("text", ["", "soon", "-1", "1d", "9999999h"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(DomainError, match="is no time to wait"):
        deliver.seconds(text)
