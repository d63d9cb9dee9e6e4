"""Whether the VPSs of a host that fails find room on the others."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from components.domain.capacity import Demand, rooms
from components.domain.failover import Evacuation, Standby, without
from components.domain.fleet import Fleet
from components.domain.hosts import Host, Loss
from components.domain.operations import HostState, Operations
from tests.domain.sample import HOST, client, fleet, vps

TODAY = date(2027, 1, 15)


def _fleet(hosts: list[Host], *machines: tuple[str, int]) -> Fleet:
    """Hosts, and so many small VPSs on each of them."""
    made = [
        vps(f"web{number}-{host}", id=f"v-{host}{number}", host=host)
        for host, count in machines
        for number in range(count)
    ]
    return fleet(client("example-coop", *made), hosts={host.name: host for host in hosts})


def _host(name: str, small: int) -> Host:
    """A host with room for so many small VPSs."""
    return replace(HOST, name=name, memory_mib=small * 2112, free_memory_mib=0, vcpus=1000, disk_gib=10000)


def _without(known: Fleet, host: str, operations: Operations = Operations()) -> Evacuation:  # noqa: B008 - frozen
    return without(known, rooms(known, TODAY), host, TODAY, operations)


def test_where_there_is_room_everybody_finds_it() -> None:
    found = _without(_fleet([_host("a", 4), _host("b", 2), _host("c", 2)], ("a", 4)), "a")
    assert (found.vps, found.count) == (4, 0)
    assert {name: used[0] // 2112 for name, used in found.used.items()} == {"b": 2, "c": 2}


def test_who_finds_none_is_counted_with_what_they_would_need() -> None:
    found = _without(_fleet([_host("a", 4), _host("b", 2), _host("c", 2)], ("a", 4), ("b", 1)), "a")
    assert found.count == 1
    assert found.lacking.memory_mib == 2112


def test_a_host_that_lost_drains_or_carries_another_network_takes_nobody() -> None:
    roomy = _host("b", 9)
    for other in (replace(roomy, lost=Loss(since="now", fenced="so")), replace(roomy, networks={"lan": "bridge:br1"})):
        assert _without(_fleet([_host("a", 4), other], ("a", 4)), "a").count == 4
    draining = Operations(host_states={"b": HostState.DRAINING})
    assert _without(_fleet([_host("a", 4), roomy], ("a", 4)), "a", draining).count == 4


def test_equipment_of_one_client_takes_only_theirs() -> None:
    known = _fleet([_host("a", 4), replace(_host("b", 9), assigned="c-q7m2")], ("a", 4))
    assert _without(known, "a").count == 0
    others = replace(known, clients={"example-coop": replace(known.clients["example-coop"], id="c-0000")})
    assert _without(others, "a").count == 4


COUNTS = st.lists(st.tuples(st.integers(1, 8), st.integers(0, 8)), min_size=1, max_size=5)


@given(COUNTS)
def test_who_finds_room_really_has_it_and_with_one_size_nobody_is_turned_away_for_nothing(
    counts: list[tuple[int, int]],
) -> None:
    """Nothing is counted twice, and no host takes more than it has free."""
    names = [chr(ord("a") + number) for number in range(len(counts))]
    known = _fleet(
        [_host(name, room) for name, (room, _) in zip(names, counts, strict=True)],
        *((name, min(room, sold)) for name, (room, sold) in zip(names, counts, strict=True)),
    )
    here = rooms(known, TODAY)
    for name in names:
        found = _without(known, name)
        taken = {other: used[0] // 2112 for other, used in found.used.items()}
        assert name not in taken
        free = {other: here[other].free.memory_mib // 2112 for other in names if other != name}
        assert all(count <= free[other] for other, count in taken.items())
        assert sum(taken.values()) + found.count == here[name].vps
        assert found.count == max(0, here[name].vps - sum(free.values()))


def test_what_is_left_in_all_is_what_remains_after_the_worst_failure() -> None:
    known = _fleet([_host("a", 8), _host("b", 8), _host("c", 8)], ("a", 3), ("b", 1))
    standby = Standby(known, rooms(known, TODAY), Operations(), TODAY)
    left = standby.left_in_all()
    assert left is not None
    assert left.memory_mib // 2112 == 12, "16 are free on two hosts, less what they hold of those of the third"
    full = _fleet([_host("a", 8), _host("b", 8)], ("a", 8), ("b", 1))
    assert Standby(full, rooms(full, TODAY), Operations(), TODAY).left_in_all() is None


def test_one_more_on_a_host_is_refused_where_then_somebody_finds_no_room() -> None:
    known = _fleet([_host("a", 4), _host("b", 4)], ("a", 2), ("b", 1))
    standby = Standby(known, rooms(known, TODAY), Operations(), TODAY)
    small = standby.kind(Demand(memory_mib=2112, vcpus=2, disk_gib=10), "public1", "c-q7m2")
    assert list(standby.strands("b", small)) == []
    standby.put("b", small)
    assert [(one.host, one.count) for one in standby.strands("b", small)] == [("b", 1), ("a", 1)]
