"""Judged by the target's word alone: what is kept, broken, unknown, never promised."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from components.backups.promise import State, judge, proof_of, spoken
from components.backups.target import Kept, Run, Visit
from components.domain.packages import Backup

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
PROMISE = Backup(every_hours=24, keep_days=14)


def run(hours: float) -> Run:
    return Run(at=NOW - timedelta(hours=hours), snapshot=f"{int(hours):064x}", kept_bytes=1000)


KEPT = Kept(
    uuid="u",
    enrolled=True,
    sealed=1,
    lost=0,
    snapshots=6,
    kept_bytes=5_000,
    limit_bytes=10_000,
    held="",
    now=NOW,
    runs=(run(30), run(6)),
)


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        ({}, State.KEPT, ""),
        ({"held": "operator"}, State.KEPT, "held by the operator"),
        ({"held": "cut"}, State.KEPT, "held by a pruning that was cut: vps backups prune"),
        ({"held": "cut", "runs": (run(30),)}, State.BROKEN, "24 h are promised; held by a pruning that was cut"),
        ({"visits": (Visit(guest="g", host="kvm2", at=NOW),)}, State.KEPT, "began 2026-12-01 12:00 on kvm2 has not"),
        ({"full": True}, State.KEPT, "the target has no room"),
        ({"kept_bytes": 9_500}, State.KEPT, "prune"),
        ({"runs": (run(25.9),)}, State.KEPT, ""),
        ({"runs": (run(26.1),)}, State.BROKEN, "26 h old, 24 h are promised"),
        ({"runs": (run(24 * 9),)}, State.BROKEN, "9 days old"),
        ({"runs": (run(30),), "kept_bytes": 9_500}, State.BROKEN, "24 h are promised; nearly all of its room"),
        ({"runs": ()}, State.BROKEN, "none yet"),
        ({"sealed": 0}, State.BROKEN, "does not count"),
        ({"lost": 2}, State.BROKEN, "2 snapshots that were there are gone"),
        ({"enrolled": False}, State.BROKEN, "not authorised"),
    ],
)
def test_verdicts(change: dict[str, object], state: State, words: str) -> None:
    found = judge("c/web1", PROMISE, replace(KEPT, **change))  # type: ignore[arg-type] # a row of the table
    assert (found.state, words in found.words) == (state, True), found.words


def test_nothing_promised_and_nothing_there() -> None:
    assert judge("c/web1", None, None).state is State.NONE
    assert judge("c/web1", None, KEPT).state is State.NONE
    assert judge("c/web1", None, replace(KEPT, lost=1)).state is State.BROKEN
    missing = judge("c/web1", PROMISE, None)
    assert (missing.state, "vps backups enrol c/web1" in missing.words) == (State.BROKEN, True)


def test_for_machines() -> None:
    record = {"at": "2026-11-30T10:00:00+00:00", "differ": 0, "files": 10}
    found = judge("c/web1", PROMISE, replace(KEPT, proof=json.dumps(record))).as_json()
    assert (found["state"], found["age_hours"], found["runs"]) == ("kept", 6.0, 2)
    assert (found["proven"], found["snapshot"]) == (record, run(6).snapshot)


@pytest.mark.parametrize("text", ["", "noise", "[]", "{}", '{"at": "soon", "differ": 0}', '{"at": "2026-01-01"}'])
def test_a_record_that_is_none_proves_nothing(text: str) -> None:
    assert proof_of(replace(KEPT, proof=text)) is None


def test_ages_are_spoken() -> None:
    assert [spoken(timedelta(hours=hours)) for hours in (0.5, 71, 72, 500)] == ["0 h", "71 h", "3 days", "20 days"]
