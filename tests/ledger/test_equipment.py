"""Events of hosts and parts, read in order: always the same story, and no other."""

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.faults import FaultState, Waiting
from components.domain.operations import HostState
from components.ledger import equipment
from components.ledger.events import Entry, Event, LedgerError, event_of, row_of
from tests.ledger.test_store import NOW

HOUR = dt.timedelta(hours=1)


def events(*told: tuple[str, str, dict[str, object]]) -> list[Event]:
    """Events an hour apart: kind, host, data."""
    return [
        event_of(row_of(Entry(at=NOW + HOUR * number, kind=kind, subject=equipment.subject(host), actor="olena",
                              reason="because", data=data), number + 1, "", NOW))
        for number, (kind, host, data) in enumerate(told)
    ]  # fmt: skip


PART = {"fault": "f-1", "kind": "hard_drive", "serial": "D1", "model": "D", "spare": "disk", "assigned": "shared"}
STORY = events(
    ("host.state", "kvm1", {"state": "draining", "was": "active"}),
    ("fault.reported", "kvm1", PART),
    ("fault.diagnosed", "kvm1", {"fault": "f-1"}),
    ("fault.paused", "kvm1", {"fault": "f-1", "waiting": "client"}),
    ("fault.resumed", "kvm1", {"fault": "f-1", "pause": 1}),
    ("host.state", "kvm2", {"state": "failed", "was": "active"}),
    ("fault.replaced", "kvm1", {"fault": "f-1", "old": "D1", "new": "D2", "spare": "disk", "count": [2, 1]}),
    ("fault.restored", "kvm1", {"fault": "f-1"}),
    ("fault.of_the_future", "kvm1", {"fault": "f-1"}),
    ("host.state", "kvm1", {"state": "active", "was": "draining"}),
    ("another.kind", "kvm3", {"state": "odd"}),
)


def test_the_story_is_read_step_by_step() -> None:
    seen = [equipment.faults(STORY[:length])["f-1"].state for length in range(2, len(STORY) + 1)]
    assert [state for state, _ in itertools.groupby(seen)] == [
        *(FaultState.REPORTED, FaultState.DIAGNOSED, FaultState.WAITING_CLIENT, FaultState.DIAGNOSED),
        *(FaultState.REPLACED, FaultState.RESTORED),
    ]
    fault = equipment.faults(STORY)["f-1"]
    assert (fault.host, fault.part, fault.replacement, fault.spare) == ("kvm1", "hard_drive D1", "D2", "disk")
    assert fault.clock(NOW + HOUR * 90).net_s == 3 * 3600


def test_the_last_word_about_a_host_counts() -> None:
    found = equipment.standings(STORY)
    assert {host: standing.state for host, standing in found.items()} == {
        "kvm1": HostState.ACTIVE,
        "kvm2": HostState.FAILED,
    }
    assert (found["kvm2"].actor, found["kvm2"].reason) == ("olena", "because")


def test_operations_are_what_is_open_now() -> None:
    now = NOW + HOUR * 4
    known = equipment.operations_of(STORY[:4], now)
    [fault] = known.faults
    assert (fault.id, fault.host, fault.part) == ("f-1", "kvm1", "hard_drive D1")
    assert fault.due == now + HOUR * 23
    assert known.state("kvm1") is HostState.DRAINING
    assert known.at == now
    assert equipment.operations_of(STORY, now).faults == ()
    assert equipment.operations_of(STORY[:2], now).faults[0].due is None


@pytest.mark.parametrize(
    "broken",
    [
        STORY[2:3],
        [*STORY[:3], STORY[2]],
        events(("fault.reported", "kvm1", {"fault": "f-1"})),
        events(("host.state", "kvm1", {"state": "sleepy"})),
        [*STORY[:3], *events(("fault.paused", "kvm1", {"fault": "f-1", "waiting": "spare"}))],
    ],
    ids=["unknown-fault", "twice", "half", "state", "no-pause"],
)
def test_what_can_not_be_is_told(broken: list[Event]) -> None:
    with pytest.raises(LedgerError, match=r"Unable to read event \d+"):
        equipment.operations_of(broken, NOW)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["diagnose", "pause", "resume", "replace", "restore", "withdraw"]), st.integers(0, 50_000)
    ),
    max_size=12,
)


@given(STEPS)
def test_reading_again_gives_the_same(steps: list[tuple[str, int]]) -> None:
    """Whatever was allowed when it happened is told by its events, and by nothing else."""
    told: list[tuple[dt.datetime, str, dict[str, object]]] = [(NOW, equipment.REPORTED, PART)]

    def read() -> list[Event]:
        return [
            event_of(row_of(Entry(at=at, kind=kind, subject="host kvm1", actor="a", data=data), number, "", NOW))
            for number, (at, kind, data) in enumerate(told, 1)
        ]

    fault = equipment.faults(read())["f-1"]
    for verb, after in steps:
        at = fault.last + dt.timedelta(seconds=after)
        try:
            match verb:
                case "diagnose":
                    fault, kind, data = fault.diagnose(at), equipment.DIAGNOSED, {}
                case "pause":
                    fault, kind, data = fault.pause(at, Waiting.CLIENT), equipment.PAUSED, {"waiting": "client"}
                case "resume":
                    pause = fault.open_pauses[0].number if fault.open_pauses else 1
                    fault, kind, data = fault.resume(at, pause), equipment.RESUMED, {"pause": pause}
                case "replace":
                    fault, kind, data = fault.replace(at, "D2"), equipment.REPLACED, {"new": "D2"}
                case "restore":
                    fault, kind, data = fault.restore(at), equipment.RESTORED, {}
                case _:
                    fault, kind, data = fault.withdraw(at), equipment.WITHDRAWN, {}
        except ValueError:
            continue
        told.append((at, kind, {"fault": "f-1", **data}))
    assert equipment.faults(read()) == {"f-1": fault}
