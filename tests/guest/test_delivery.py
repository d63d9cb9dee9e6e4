"""A first boot followed from outside: each change is told once, and the controller's part is done before its end."""

import threading
import time
from pathlib import Path

import pytest

from components.cli.guests import choose
from components.domain.problems import DomainError
from components.guest import delivery
from components.guest.delivery import Watch
from tests.cli.world import TITLE, MadeWorld
from tests.engine.processes import wait_until


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeWorld:
    monkeypatch.setattr(delivery, "LOOK_S", 0.05)
    monkeypatch.setattr(delivery, "RETRY_S", 0.0)
    return MadeWorld(tmp_path / "project")


def _watch(made: MadeWorld, *steps: object) -> tuple[Watch, list[str]]:
    said: list[str] = []
    chosen = choose(TITLE, made.project.fleet)
    return Watch(chosen.fleet, chosen.lines[0], steps, said.append), said  # type: ignore[arg-type]


def _soon() -> float:
    """An end for what never comes: a test that waits for ever keeps the whole run from ending."""
    return time.monotonic() + 300


def test_each_step_is_told_once_as_it_comes(made: MadeWorld) -> None:
    """From a guest that has no agent yet, by a step that fails, to the end."""
    watch, said = _watch(made)
    made.says(silent="its guest has no agent at work", console="boots\r\nVPS NOT READY v-h3k9: cloud-init: no seed\r\n")
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(watch.until(_soon())[1]), daemon=True)
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


def test_the_controllers_part_is_done_before_it_is_delivered(made: MadeWorld) -> None:
    """One that can't be done yet is done once more, and told once."""
    made.says(report={})
    asked: list[str] = []

    def enrol(fleet: object, line: object) -> str:
        asked.append("again")
        if len(asked) < 3:
            raise DomainError("The target is down.", "It is asked again.")
        return "enrolled"

    watch, said = _watch(made, enrol, lambda fleet, line: "")
    assert watch.until(_soon())[1]
    assert said == [
        f"{TITLE}: delivered",
        f"{TITLE}: not yet: The target is down. It is asked again.",
        f"{TITLE}: enrolled",
    ]
    watch, _ = _watch(made, lambda fleet, line: enrol(asked.clear(), None))
    assert not watch.until(0)[1]


def test_what_is_no_news_before_delivery_is_not_told(made: MadeWorld) -> None:
    """A key that the first boot has not made yet."""

    def enrol(fleet: object, line: object) -> str:
        raise DomainError("There is no key yet.", "")

    made.says(report={"delivery": {"state": "installing"}})
    watch, said = _watch(made, enrol)
    assert not watch.until(0)[1]
    assert said == [f"{TITLE}: installing"]
