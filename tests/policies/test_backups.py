"""Backups that are promised have somewhere to go."""

RULE = "backups-have-a-target"
TARGET = {"target": "ssh://vps-backups@backup.example:22/srv/vps-backups"}


def test_a_promise_with_a_target_passes(judge, machine, fleet):
    fleet.edit("fleet.yaml", lambda data: data.update(backups=TARGET))
    assert judge(machine, RULE) == []


def test_a_promise_without_a_target_is_told(judge, machine):
    (message,) = judge(machine, RULE)
    assert message.startswith("example-coop/web1: small@2026-01 promises a backup every 24 h, and fleet.yaml names no")


def test_an_empty_target_is_none(judge, machine, fleet):
    fleet.edit("fleet.yaml", lambda data: data.update(backups={"target": " "}))
    assert len(judge(machine, RULE)) == 1


def test_no_promise_needs_no_target(judge, machine, fleet):
    fleet.edit("catalogue.yaml", lambda data: data["packages"]["small@2026-01"].pop("backup"))
    assert judge(machine, RULE) == []
