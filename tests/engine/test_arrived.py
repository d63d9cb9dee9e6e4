"""What was made is no arrival, and what was not made yet is one, whatever git says."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from components.config.loader import load
from components.config.verdict import verdict
from components.domain.operations import HostState, Operations
from components.domain.problems import Blame
from components.engine.arrived import there, unmade
from tests.config.test_revision import commit
from tests.engine.conftest import STACK, Bench
from tests.engine.test_judged import recorded

TODAY = dt.date(2026, 12, 10)
SHUT = Operations(host_states={"lab1": HostState.DRAINING})
CLIENT = "example-coop"


def told(bench: Bench, environment: Mapping[str, str] | None = None) -> list[tuple[str, str, int]]:
    loaded = load(bench.project.fleet, today=TODAY)
    found = unmade(environment or bench.environment, loaded, SHUT, TODAY)
    return [(one.code, one.file, one.line) for one in found]


def test_who_was_not_made_yet_is_told_where_a_host_takes_none(bench: Bench, tmp_path: Path) -> None:
    """Where no stack was ever made nobody says so: a machine that only checks knows of none."""
    (tmp_path / "empty").mkdir()
    assert told(bench, {**bench.environment, "PULUMI_BACKEND_URL": f"file://{tmp_path}/empty"}) == []
    assert len(told(bench)) == 1
    recorded(bench, STACK)
    assert told(bench) == []
    second(bench)
    (one,) = told(bench)
    assert one[:2] == ("new-on-inactive-host", f"clients/{CLIENT}.yaml")
    assert one[2] > 0
    assert told(bench, {**bench.environment, "PULUMI_BACKEND_URL": "s3://bucket"}) == []
    loaded = load(bench.project.fleet, today=TODAY)
    assert list(unmade(bench.environment, loaded, Operations(), TODAY)) == []


def test_who_was_made_is_new_nowhere(bench: Bench) -> None:
    """An apply comes before its merge: the trunk doesn't know the VPS yet, and the host is drained meanwhile."""
    fleet = bench.project.fleet
    commit(fleet)
    second(bench)
    alone = verdict(fleet, today=TODAY, operations=SHUT)
    assert [(one.code, one.blame) for one in alone.problems] == [("new-on-inactive-host", Blame.NEW)]
    recorded(bench, STACK)

    def known(loaded: object, clients: object) -> object:
        return there(bench.environment, loaded, clients)  # type: ignore[arg-type]

    assert verdict(fleet, today=TODAY, operations=SHUT, there=known).problems == ()  # type: ignore[arg-type]


def test_a_state_that_can_t_be_read_is_nobody_s_answer(bench: Bench) -> None:
    recorded(bench, STACK)
    folder = Path(bench.environment["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi/stacks/aegir-vps"
    (folder / f"{STACK}.json").write_text("[")
    assert there(bench.environment, load(bench.project.fleet), [CLIENT]) == {}


def second(bench: Bench) -> None:
    """One VPS more in the client's file."""
    path = bench.project.fleet / "clients" / f"{CLIENT}.yaml"
    text = path.read_text()
    one = text[text.index("  web1:") :]
    for old, new in (("web1:", "web2:"), ("v-h3k9", "v-new1"), ("192.0.2.10", "192.0.2.30"), ("::10", "::30")):
        one = one.replace(old, new)
    path.write_text(text + one.replace("web1.coop", "web2.coop"))
