"""The real engine over the fake driver: killed in the middle of a change, an end, a reinstallation; runs at once."""

import datetime as dt
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from components.engine.project import CHECKOUT
from tests.engine.conftest import STACK, Bench, bench, prepared
from tests.faults.fake_world import look
from tests.faults.view import Problem, problems

__all__ = ["bench", "prepared"]
pytestmark = pytest.mark.engine

Edit = Callable[[Any], object]


def _grow(client: Any) -> None:
    client["vps"]["web1"]["package"] = "medium@2026-01"


def _stop(client: Any) -> None:
    client["vps"]["web1"]["power"] = "stopped"


def _reinstall(client: Any) -> None:
    client["vps"]["web1"]["reinstall"] = 1


@pytest.mark.parametrize(
    ("edit", "step", "when"),
    [
        (_grow, "update.define", "before"),
        (_stop, "power.off", "after"),
        (_reinstall, "reinstall.trash", "after"),
    ],
    ids=["grow", "stop", "reinstall"],
)
def test_plugin_killed_the_next_up_converges(
    bench: Bench, edit: Edit, step: str, when: str, count: Callable[[str, int, list[Problem]], None]
) -> None:
    bench.up()
    before = look(bench.world)
    bench.edit(edit)
    bench.faults({"step": step, "do": "kill", "when": when, "times": 1})
    bench.up(code=1)
    wreck = look(bench.world)

    bench.up()

    after = look(bench.world)
    found = [*problems(before, wreck, settled=False), *problems(wreck, after, settled=True)]
    found += problems(before, after, settled=True)
    count("real engine, fake driver", 1, found)
    assert found == []
    bench.pulumi("preview", "--stack", STACK, "--expect-no-changes")


def test_plugin_killed_while_it_ends_a_machine_the_next_up_ends_it(bench: Bench) -> None:
    bench.up()
    before = look(bench.world)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    bench.edit(lambda client: client["vps"]["web1"]["term"].update(start=DoubleQuotedScalarString("2026-01-01")))
    bench.edit(lambda client: client["vps"]["web1"].update(ends=DoubleQuotedScalarString(today)))
    bench.vps("up", STACK, "--yes")
    bench.faults({"step": "delete.trash", "do": "kill", "when": "after", "times": 1})
    bench.vps("up", STACK, "--yes", code=1)

    bench.vps("up", STACK, "--yes")

    assert bench.domains() == {}
    assert problems(before, look(bench.world), settled=True) == []


def test_two_ups_of_one_stack_take_turns(bench: Bench) -> None:
    """The second waits, says for whom, and finds nothing left to do."""
    bench.faults({"step": "create.disk", "do": "delay", "seconds": 5, "when": "after", "times": 1})
    first, second = _up(bench, STACK), _up(bench, STACK)

    said = [process.communicate(timeout=240)[0] for process in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0], "\n".join(said)
    assert [text for text in said if "waits" in text], "\n".join(said)
    (domain,) = bench.domains().values()
    assert (domain["mark"]["phase"], domain["power"], domain["boots"]) == ("ready", "running", 1)
    assert problems(look(bench.world), look(bench.world), settled=True) == []


def _up(bench: Bench, stack: str) -> "subprocess.Popen[str]":
    command = [CHECKOUT / ".venv" / "bin" / "vps", "up", stack, "--yes", "--fleet", bench.project.fleet]
    return subprocess.Popen(
        command,
        cwd=bench.project.folder,
        env=bench.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
