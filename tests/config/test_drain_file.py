"""A plan as a file: what is written is read again, and everything wrong is told at once."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from components.config.drain_file import read_steps, text
from components.domain.drains import plan
from components.domain.problems import DomainError
from tests.domain.sample import vps
from tests.domain.test_drains import NOW, owner, three

GOOD = """
schema: 1
fleet: demo
host: kvm1
made: "2026-11-23T10:00:00Z"
steps:
  - {vps: acme/web1, id: v-1, to: kvm2, live: true, opens: "2026-11-24T10:00:00Z", minutes: 10}
"""


@pytest.mark.parametrize("live", [True, False])
def test_what_is_written_is_read_again(tmp_path: Path, live: bool) -> None:
    acme = owner("acme", vps("web1", id="v-1"), vps("web2", id="v-2"))
    made = plan(three(acme), "kvm1", now=NOW, live=live)
    file = tmp_path / "kvm1.yaml"
    file.write_text(text(made, "demo", "drains/kvm1.yaml", "# remarks: [\n"))
    host, steps = read_steps(file, "demo")
    assert host == "kvm1"
    wanted = [(one.title, one.id, one.to, one.live, one.opens, one.closes, one.lasts) for one in made.steps]
    assert [(one.title, one.id, one.to, one.live, one.opens, one.closes, one.lasts) for one in steps] == wanted


@pytest.mark.parametrize("name", ["no", "null", "1e3", "007"])
def test_a_host_is_read_again_whatever_its_name(tmp_path: Path, name: str) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text(text(replace(plan(three(), "kvm2", now=NOW), host=name), name, "plan.yaml", ""))
    assert read_steps(file, name) == (name, ())


def test_a_plan_without_steps_is_one(tmp_path: Path) -> None:
    file = tmp_path / "kvm1.yaml"
    file.write_text(text(plan(three(), "kvm2", now=NOW), "demo", "kvm1.yaml", ""))
    assert read_steps(file, "demo") == ("kvm2", ())


def test_a_step_may_be_written_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "kvm1.yaml"
    file.write_text(GOOD.replace(", minutes: 10", ""))
    _, (step,) = read_steps(file, "demo")
    assert (step.opens, step.lasts) == (dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC), dt.timedelta())


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("acme/web1", "acme", '"acme" is no CLIENT/VPS'),
        ("2026-11-24T10:00:00Z", "2026-11-31T10:00:00Z", "no such instant"),
        ("2026-11-24T10:00:00Z", "tomorrow", "opens"),
        ("to: kvm2", "to: kvm1", "acme/web1 goes to kvm1, which is to be emptied"),
        ("to: kvm2", "too: kvm2", "`to` is missing"),
        ("schema: 1", "schema: 2", "2 is too large"),
        ("live: true", "live: 1", "true or false"),
        ("fleet: demo", "fleet: other", "of the fleet other"),
        ("schema: 1", "schema: 1\nid: f-1", "Known here: fleet, host, made, schema, steps"),
        ("steps:", "vps:", "is no drain plan: it has no `steps:`"),
    ],
    ids=["title", "instant", "word", "itself", "key", "schema", "switch", "fleet", "known", "other"],
)
def test_what_is_wrong_is_told(tmp_path: Path, before: str, after: str, said: str) -> None:
    file = tmp_path / "kvm1.yaml"
    file.write_text(GOOD.replace(before, after))
    with pytest.raises(DomainError, match=r"Nothing was done") as raised:
        read_steps(file, "demo")
    assert said in str(raised.value)


def test_all_of_it_at_once_with_lines_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "kvm1.yaml"
    step = GOOD.splitlines()[-1]
    file.write_text(GOOD + step + "\n" + step.replace("acme/web1", "acme") + "\n")
    with pytest.raises(DomainError) as raised:
        read_steps(file, "demo")
    assert f"{file}:8: steps.1.vps: acme/web1 stands here twice" in str(raised.value)
    assert f'{file}:9: steps.2.vps: "acme" is no CLIENT/VPS' in str(raised.value)
    with pytest.raises(DomainError, match="There is no such file"):
        read_steps(tmp_path / "absent.yaml", "demo")
