"""Everything that is recorded, judged in one run of the engine."""

import json
import shutil

import pytest

from components.domain.problems import DomainError
from components.engine import analysis
from components.engine.analysis import analyse
from components.engine.project import Project
from components.engine.run import POLICIES
from tests.engine.conftest import HOST_STACK, STACK, Bench

pytestmark = pytest.mark.engine
ADVICE = "backups-have-a-target"


@pytest.fixture(scope="module")
def applied(prepared, tmp_path_factory) -> Bench:
    """One client applied on its host; each test looks, and edits nothing but what it puts back."""
    bench = Bench(_copy(prepared, tmp_path_factory.mktemp("applied")))
    bench.up()
    return bench


def _copy(prepared, folder):
    shutil.copytree(prepared, folder / "project", symlinks=True, ignore=shutil.ignore_patterns("engine"))
    for path in (folder / "project").rglob("*"):
        if path.suffix in (".yaml", ".json") and str(prepared) in (text := path.read_text(encoding="utf-8")):
            path.write_text(text.replace(str(prepared), str(folder / "project")), encoding="utf-8")
    return Project(folder=folder / "project", fleet=folder / "project" / "stacks")


def rules(found):
    return [(one.stack, one.level, one.rule) for one in found.findings]


def test_what_was_applied_passes_with_an_advice(applied):
    """Host and client in one run; what the pack only advises is told and fails nothing."""
    found = analyse(applied.environment, POLICIES, {"lab1": "draining"})
    assert rules(found) == [(STACK, "advisory", ADVICE)]
    assert (found.stacks, found.violations, found.unread) == (2, 0, ())
    assert found.findings[0].message.startswith("example-coop/web1: small@2026-01 promises a backup")
    assert rules(analyse(applied.environment, POLICIES, {}, [HOST_STACK])) == []


def test_a_machine_against_the_rules_is_found_and_the_command_says_so(applied):
    path = next((applied.project.work / "state").rglob(f"{STACK}.json"))
    kept = path.read_text()
    document = json.loads(kept)
    (machine,) = [one for one in document["checkpoint"]["latest"]["resources"] if one["type"] == "vps:index:Machine"]
    machine["inputs"]["memoryMib"] = machine["outputs"]["memoryMib"] = 1024
    machine["protect"] = False
    path.write_text(json.dumps(document))
    try:
        shown = applied.vps("audit", code=2)
        found = json.loads(applied.vps("audit", STACK, "--json", code=2))
    finally:
        path.write_text(kept)
    assert "memoryMib is 1024 MiB, but small@2026-01 sells 2048 MiB" in shown
    assert "2 stacks with " in shown
    assert "2 violations, 1 advice." in shown
    assert {one["rule"] for one in found["findings"]} == {"limits-equal-the-package", "protected-or-ending", ADVICE}
    assert (found["violations"], found["stacks"]) == (2, 1)


def test_the_command_over_all_that_is_well(applied):
    shown = applied.vps("audit")
    assert shown.endswith("resources judged: no violations, 1 advice.\n")
    assert "No file declares stack client.nobody" in applied.vps("audit", "client.nobody", code=1)


def test_a_pack_that_can_not_start_is_no_clean_bill(applied, tmp_path):
    with pytest.raises(DomainError, match="could not judge what is recorded"):
        analyse(applied.environment, tmp_path, {})


def test_a_stack_that_only_the_engine_can_read(applied, monkeypatch):
    """As with Postgres or S3: listed and exported by the engine; what can't be exported is named."""
    monkeypatch.setattr(analysis.state, "latest", lambda *_: None)
    monkeypatch.setattr(analysis.state, "stacks", lambda *_: None)
    found = analyse(applied.environment, POLICIES, {})
    assert rules(found) == [(STACK, "advisory", ADVICE)]
    assert found.stacks == 2
    assert analyse(applied.environment, POLICIES, {}, ["client.gone"]).unread == ("client.gone",)


def test_nothing_was_ever_applied(bench):
    found = analyse(bench.environment, POLICIES, {}, [STACK])
    assert (found.stacks, found.resources, found.findings) == (0, 0, ())
