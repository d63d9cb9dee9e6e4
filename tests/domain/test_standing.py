"""Whether a host takes any VPS: its state, its faults, its place, its spares."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from components.domain.hosts import Host, Loss
from components.domain.operations import NOTHING_KNOWN, HostState, OpenFault, Operations
from components.domain.standing import barred
from tests.domain.sample import DATACENTRE, HOST, fleet, spare

TODAY = date(2027, 1, 15)


def _why(host: Host = HOST, operations: Operations = NOTHING_KNOWN, **changes: object) -> tuple[str, str] | None:
    return barred(fleet(hosts={"kvm1": host}, **changes), host, operations, TODAY)


def test_a_sound_host_takes_vpss() -> None:
    assert _why() is None


@pytest.mark.parametrize("state", [state for state in HostState if state is not HostState.ACTIVE])
def test_only_an_active_host_takes_any(state: HostState) -> None:
    found = _why(operations=Operations(host_states={"kvm1": state}))
    assert found is not None
    assert state.value in found[0]


def test_a_lost_host_takes_none_whatever_the_ledger_says() -> None:
    assert _why(replace(HOST, lost=Loss(since="2027-01-14", fenced="by hand"))) == (
        "host-lost",
        "it is lost since 2027-01-14",
    )


def test_a_fault_bars_a_host_once_its_24_hours_are_over() -> None:
    due = datetime(2027, 1, 15, 8, tzinfo=UTC)
    fault = OpenFault(id="F-7", host="kvm1", part="hard_drive D1", since=datetime(2027, 1, 14, tzinfo=UTC), due=due)
    assert _why(operations=Operations(faults=(fault,), at=due)) is None
    found = _why(operations=Operations(faults=(fault,), at=due.replace(second=1)))
    assert found == ("fault-overdue", "a fault is overdue since 2027-01-15 08:00: hard_drive D1 (F-7) (contract HW-1)")
    assert _why(operations=Operations(faults=(fault,))) is None, "without an instant the day counts whole"
    assert _why(operations=Operations(faults=(replace(fault, due=None),), at=due.replace(year=2028))) is None
    assert _why(operations=Operations(faults=(replace(fault, host="kvm2"),), at=due.replace(year=2028))) is None


def test_a_host_without_a_place_takes_none() -> None:
    for host in (replace(HOST, cabinet=" "), replace(HOST, datacentre="elsewhere")):
        found = _why(host)
        assert found is not None
        assert found[0] == "no-place"
        assert "VPS-3" in found[1]


def test_every_shortfall_of_its_datacentre_is_named() -> None:
    found = _why(datacentres={"dc1": replace(DATACENTRE, ups=False, cameras=False)})
    assert found is not None
    assert found[0] == "datacentre-not-secure"
    assert "(SEC-1)" in found[1]
    assert "(SEC-4)" in found[1]


def test_what_can_not_be_replaced_in_24_hours_bars_a_host() -> None:
    slow = replace(spare("cpu"), count=0, place="", supplier="Parts Ltd", lead_time_hours=36)
    spares = {kind: spare(kind) for kind in ("server", "ram", "hard_drive")}
    found = _why(spares={**spares, "cpu": slow})
    assert found is not None
    assert found[0] == "not-replaceable"
    assert "no cpu is left, and Parts Ltd takes 36 h" in found[1]
    assert _why(spares={**spares, "cpu": replace(slow, lead_time_hours=24)}) is None
    assert _why(replace(HOST, inventory=())) is not None
