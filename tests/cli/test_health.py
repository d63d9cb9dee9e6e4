"""`vps health`: 0 well, 2 not, 1 could not tell."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from components.cli.health import exit_code
from components.cli.main import app
from components.domain.problems import DomainError
from components.drivers.fake.guest import HEALTH
from tests.cli.world import TITLE, MadeWorld

BAD = {"name": "queue", "what": "a task goes through", "state": "degraded", "message": "slow"}


@pytest.fixture
def made(tmp_path: Path) -> MadeWorld:
    return MadeWorld(tmp_path / "project")


def _run(made: MadeWorld, *words: str) -> Result:
    return CliRunner().invoke(app, ["health", *words, "--fleet", str(made.project.fleet)])


def _second(made: MadeWorld) -> None:
    """A VPS that is declared and was never made."""
    path = made.project.fleet / "clients" / "example-coop.yaml"
    lines = path.read_text().split("  web1:\n")
    extra = (
        lines[1]
        .replace("v-h3k9", "v-new1")
        .replace("192.0.2.10", "192.0.2.11")
        .replace("2001:db8:1::10", "2001:db8:1::11")
    )
    path.write_text(f"{lines[0]}  web1:\n{lines[1].rstrip()}\n  web2:\n{extra}")


def test_well(made: MadeWorld) -> None:
    made.says(report={})
    done = _run(made, TITLE)
    assert done.exit_code == 0, done.output
    assert "the guest's own word" in done.output
    assert "40 % used" in done.output


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ({"health": {"checks": [BAD]}}, "degraded"),
        ({"delivery": {"state": "failed", "step": "50-site", "reason": "no room"}}, "failed at 50-site: no room"),
    ],
)
def test_not_well(made: MadeWorld, report: dict[str, object], words: str) -> None:
    made.says(report=report)
    done = _run(made, TITLE)
    assert (done.exit_code, words in done.output) == (2, True), done.output


def test_could_not_tell(made: MadeWorld) -> None:
    made.says(silent="its guest hangs", console="VPS NOT READY v-h3k9: why")
    done = _run(made, TITLE)
    assert done.exit_code == 1
    assert "says nothing: its guest hangs" in done.output
    assert "  | VPS NOT READY v-h3k9: why" in done.output


def test_off_is_no_finding(made: MadeWorld) -> None:
    made.guest_shuts_down()
    assert _run(made, TITLE).exit_code == 0


def test_now_runs_the_checks(made: MadeWorld) -> None:
    made.says(report={}, takes=31)
    assert "did not end within 30 s" in _run(made, TITLE).output
    made.says(report={}, answers={HEALTH: {"code": 1}})
    assert _run(made, TITLE, "--now").exit_code == 0


def test_all_of_the_fleet(made: MadeWorld) -> None:
    """The worst decides; each has a line with what does not pass."""
    _second(made)
    made.says(report={"health": {"checks": [BAD]}})
    done = _run(made, "--all")
    assert done.exit_code == 2
    assert [" ".join(line.split()) for line in done.output.splitlines()] == [
        "degraded example-coop/web1 queue: slow",
        "unknown example-coop/web2 lab1 answered and does not hold it",
        "2 VPSs, by their own word: 1 degraded, 1 unknown",
    ]
    made.says(report={})
    assert _run(made, "--all").exit_code == 1
    told = json.loads(_run(made, "example-coop", "--json").output)["vps"]
    assert (told[TITLE]["state"], told["example-coop/web2"]["power"]) == ("pass", "missing")


@pytest.mark.parametrize("words", [(), (TITLE, "--all")])
def test_one_of_both(made: MadeWorld, words: tuple[str, ...]) -> None:
    assert isinstance(_run(made, *words).exception, DomainError)


def test_the_worst_decides() -> None:
    assert [exit_code(states) for states in ([], ["pass", "off"], ["unknown"], ["unknown", "fail"])] == [0, 0, 1, 2]
    assert exit_code(["pass"], unread=True) == 1
