"""`vps audit`: what it prints of what was found; tests/engine/test_analysis.py runs it for real."""

import json

import pytest
import typer

from components.cli import audit
from components.engine.analysis import Analysis, Finding

ADVICE = Finding(stack="client.a", resource="m", rule="r", level="advisory", message="a/web1: one.")
BREACH = Finding(stack="client.b", resource="m", rule="s", level="mandatory", message="b/web1: two.")


def shown(capsys, found):
    audit._print_text(found)
    return capsys.readouterr()


def test_nothing_found(capsys):
    assert shown(capsys, Analysis(stacks=1, resources=5, findings=())).out == (
        "1 stack with 5 resources judged: no violations, no advice.\n"
    )


def test_findings_stand_under_their_stack(capsys):
    found = shown(capsys, Analysis(stacks=2, resources=9, findings=(ADVICE, BREACH), unread=("client.c",)))
    assert found.out == (
        "client.a\n  advisory r: a/web1: one.\nclient.b\n  mandatory s: b/web1: two.\n"
        "2 stacks with 9 resources judged: 1 violation, 1 advice.\n"
    )
    assert found.err == "client.c: its state can't be read, so nothing is said of it.\n"


def test_for_machines(capsys):
    audit._print_json(Analysis(stacks=2, resources=9, findings=(ADVICE, BREACH)))
    found = json.loads(capsys.readouterr().out)
    assert (found["violations"], found["stacks"], found["unread"]) == (1, 2, [])
    assert found["findings"][1]["rule"] == "s"


def test_what_is_alike_is_told_once_and_lowered_rules_are_named(capsys):
    audit._print_text(Analysis(stacks=1, resources=2, findings=(BREACH, BREACH)), ["policies.yaml lowers s."])
    assert capsys.readouterr().out == (
        "client.b\n  mandatory s: b/web1: two. (2 times)\n1 stack with 2 resources judged: 2 violations, no advice.\n"
        "Note: policies.yaml lowers s.\n"
    )


def test_the_command_tells_what_the_fleet_lowered(tmp_path, monkeypatch, capsys):
    from components.lab.example import make_fake_project

    project = make_fake_project(tmp_path / "project")
    (project.fleet / "policies.yaml").write_text("levels: {keys-only: disabled}\n")
    monkeypatch.setattr("components.engine.analysis.analyse", lambda *_: Analysis(stacks=1, resources=1, findings=()))
    for as_json in (False, True):
        with pytest.raises(typer.Exit):
            audit.audit(None, project.fleet, as_json=as_json)
        told = "policies.yaml lowers keys-only of the policy pack from mandatory to disabled."
        shown = capsys.readouterr().out
        assert json.loads(shown)["lowered"] == [told] if as_json else f"Note: {told}\n" in shown


@pytest.mark.parametrize(
    ("findings", "unread", "code"),
    [((), (), 0), ((ADVICE,), (), 0), ((ADVICE, BREACH), (), 2), ((), ("client.c",), 1), ((BREACH,), ("client.c",), 2)],
)
def test_exit_status(tmp_path, monkeypatch, findings, unread, code):
    from components.lab.example import make_fake_project

    project = make_fake_project(tmp_path / "project")
    made = Analysis(stacks=1, resources=1, findings=findings, unread=unread)
    monkeypatch.setattr("components.engine.analysis.analyse", lambda *_: made)
    with pytest.raises(typer.Exit) as ended:
        audit.audit(None, project.fleet)
    assert ended.value.exit_code == code
