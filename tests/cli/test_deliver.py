"""`vps deliver` tells each step of a first boot once, and ends when it is through."""

import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from components.cli import deliver
from components.cli.main import app
from components.domain.problems import DomainError
from tests.cli.world import TITLE, MadeWorld
from tests.engine.processes import wait_until


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeWorld:
    monkeypatch.setattr(deliver, "LOOK_S", 0.05)
    return MadeWorld(tmp_path / "project")


def _run(made: MadeWorld, *words: str) -> Result:
    return CliRunner().invoke(app, ["deliver", "example-coop", *words, "--fleet", str(made.project.fleet)])


def _watch(made: MadeWorld, steps: list[object]) -> tuple[deliver.Watch, list[str]]:
    from components.cli.guests import choose

    said: list[str] = []
    chosen = choose(TITLE, made.project.fleet)
    return deliver.Watch(chosen.fleet, chosen.lines[0], steps, said.append), said  # type: ignore[arg-type]


def test_delivered(made: MadeWorld) -> None:
    made.says(report={})
    done = _run(made)
    assert done.exit_code == 0, done.output
    assert f"{TITLE}: delivered" in done.output
    assert "40 % used" in done.output


def test_each_step_is_told_once_as_it_comes(made: MadeWorld) -> None:
    """From a guest that has no agent yet, by a step that fails, to the end."""
    watch, said = _watch(made, [])
    made.says(silent="its guest has no agent at work", console="boots\r\nVPS NOT READY v-h3k9: cloud-init: no seed\r\n")
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(watch.until(float("inf"))[1]))
    thread.start()
    wait_until(lambda: len(said) == 2, f"it said {said}", 60)
    step = {"state": "installing", "step": "50-site", "what": "create the site", "attempt": 1}
    made.says(report={"delivery": step})
    wait_until(lambda: len(said) == 3, f"it said {said}", 60)
    made.says(report={"delivery": {**step, "state": "failed", "reason": "no room", "log": ["a", "full"]}})
    wait_until(lambda: len(said) == 6, f"it said {said}", 60)
    made.says(report={})
    thread.join(60)
    assert ended == [True]
    assert said == [
        f"{TITLE}: says nothing yet: its guest has no agent at work",
        f"{TITLE}: on its serial console: VPS NOT READY v-h3k9: cloud-init: no seed",
        f"{TITLE}: installing at 50-site (create the site)",
        f"{TITLE}: failed at 50-site (create the site): no room",
        f"{TITLE}:   | a",
        f"{TITLE}:   | full",
        f"{TITLE}: delivered",
    ]


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
    assert _run(made, "--wait", "2h").exit_code == 1


def test_the_controllers_part_is_done_before_it_is_delivered(made: MadeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that can't be done yet is done once more, and told once."""
    monkeypatch.setattr(deliver, "RETRY_S", 0.0)
    made.says(report={})
    asked: list[str] = []

    def enrol(fleet: object, line: object) -> str:
        asked.append("again")
        if len(asked) < 3:
            raise DomainError("The target is down.", "It is asked again.")
        return "enrolled"

    watch, said = _watch(made, [enrol, lambda fleet, line: ""])
    assert watch.until(float("inf"))[1]
    assert said == [
        f"{TITLE}: delivered",
        f"{TITLE}: not yet: The target is down. It is asked again.",
        f"{TITLE}: enrolled",
    ]
    watch, _ = _watch(made, [lambda fleet, line: enrol(asked.clear(), None)])
    assert not watch.until(0)[1]


@pytest.mark.parametrize(("text", "number"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("5", 5), ("0", 0)])
def test_times(text: str, number: int) -> None:
    assert deliver.seconds(text) == number


@pytest.mark.parametrize("text", ["", "soon", "-1", "1d", "9999999h"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(DomainError, match="is no time to wait"):
        deliver.seconds(text)
