"""A place for new VPSs: never oversold, no address twice, every refusal true; golden placements in `placements`."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.domain.capacity import Demand, Room, of_sale, rooms
from components.domain.clients import Client
from components.domain.failover import without
from components.domain.fleet import Fleet
from components.domain.hosts import Loss
from components.domain.operations import NOTHING_KNOWN, HostState, OpenFault, Operations
from components.domain.placement import Placed, Refusal, Unplaced, Wish, misfit, place, place_each
from components.domain.problems import Problem
from components.domain.rules import arrivals
from components.domain.rules.common_ground import unusable
from tests.domain.placed import GOLDEN, LARGE, PACKAGES, SCENES, TODAY, host, made, text, wish
from tests.domain.sample import NETWORK, PACKAGE, client, vps

LAN = replace(NETWORK, name="lan", ipv6=None, ipv6_gateway=None)


@pytest.mark.parametrize("name", SCENES)
def test_a_placement_is_told_as_it_was_read_and_found_right(name: str) -> None:
    """After a change: `python -m tests.domain.placed`, then read the difference."""
    assert text(SCENES[name]()) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_every_golden_placement_has_its_scene() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == set(SCENES)


def test_every_reason_for_a_refusal_stands_in_the_table() -> None:
    """Machines read the codes (`vps add --json`), people the table of components/domain/README.md."""
    root = Path(__file__).resolve().parents[2] / "components" / "domain"
    table = set(re.findall(r"^\| `([a-z-]+)` \|", (root / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    placing = (root / "placement.py").read_text(encoding="utf-8")
    used = set(re.findall(r'code="([a-z-]+)"', placing))
    standing = (root / "standing.py").read_text(encoding="utf-8")
    used |= set(re.findall(r'(?:return |: \()"([a-z-]+)", f?"', standing))
    assert table == used


def test_all_or_none_is_placed() -> None:
    known = made(host("a", 17), host("b", 17), sold={"a": 4, "b": 3})
    assert all(isinstance(one, Placed) for one in place(known, [wish("web1")], NOTHING_KNOWN, TODAY))
    refused = place(known, [wish("web1"), wish("web2")], NOTHING_KNOWN, TODAY)
    assert [one.code for one in refused if isinstance(one, Problem)] == ["no-host-takes-it"]


def test_what_fits_nowhere_is_a_problem_with_numbers() -> None:
    (problem,) = place(made(host("kvm1", 4), sold={"kvm1": 1}), [wish("web1")], NOTHING_KNOWN, TODAY)
    assert isinstance(problem, Problem)
    assert problem.path == ("clients", "example-coop", "vps", "web1")
    assert "(2112 MiB of memory, 2 vcpus, 10 GiB of disk)" in problem.message
    assert "kvm1: memory: 2112 MiB needed, 1984 MiB free" in problem.message


def test_a_message_of_a_hundred_hosts_stays_readable() -> None:
    known = made(*(host(f"kvm{number:03d}", 1) for number in range(100)))
    (problem,) = place(known, [wish("web1")], NOTHING_KNOWN, TODAY)
    assert isinstance(problem, Problem)
    assert "; 88 more: no-room" in problem.message


def test_a_vps_that_leaves_keeps_its_addresses_on_a_host_that_carries_its_network() -> None:
    mine = client("example-coop", vps(host="a", network="lan"))
    hosts = (host("a"), host("b"), host("c", networks={"lan": "bridge:br1"}))
    known = made(*hosts, networks={"public1": NETWORK, "lan": LAN})
    known = replace(known, clients={"example-coop": mine})
    moved = wish("web1", ipv4=0, ipv6=0, network="lan", leaves=True)
    (placed,) = place(known, [moved], Operations(host_states={"a": HostState.DRAINING}), TODAY)
    assert isinstance(placed, Placed)
    assert (placed.host, placed.network, placed.ipv4, placed.ipv6) == ("c", "lan", (), ())


def test_while_a_host_is_drained_no_other_needs_to_be_able_to_fail() -> None:
    known = made(host("a", 17), host("b", 17), sold={"a": 4, "b": 4})
    (refused,) = place_each(known, [wish("web1")], NOTHING_KNOWN, TODAY)
    assert isinstance(refused, Unplaced)
    assert {one.code for one in refused.refused} == {"no-room-for-a-host-down"}
    (placed,) = place_each(known, [wish("web1", keeps_spare=False)], NOTHING_KNOWN, TODAY)
    assert isinstance(placed, Placed)


def _chosen(known: Fleet, wanted: Wish) -> str:
    (placed,) = place(known, [wanted], NOTHING_KNOWN, TODAY)
    assert isinstance(placed, Placed)
    return placed.host


def test_a_host_with_an_open_fault_is_taken_only_when_no_other_is_and_it_is_said() -> None:
    fault = OpenFault(id="F-1", host="a", part="ram R1", since=datetime(2027, 1, 14, tzinfo=UTC))
    known = made(host("a"), host("b"), host("c", 1), sold={"b": 1})
    for among, chosen, notes in ((None, "b", ()), ({"a", "c"}, "a", ("a has an open fault: ram R1 (F-1)",))):
        wanted = wish("web1", among=frozenset(among) if among else None)
        (placed,) = place(known, [wanted], Operations(faults=(fault,)), TODAY)
        assert isinstance(placed, Placed)
        assert (placed.host, placed.notes) == (chosen, notes)


def test_an_empty_host_stays_empty_while_others_have_room() -> None:
    for sold, words in (({"b": 3}, True), ({"a": 1, "b": 1, "c": 1}, False), ({}, False)):
        (placed,) = place(made(host("a"), host("b"), host("c"), sold=sold), [wish("web1")], NOTHING_KNOWN, TODAY)
        assert isinstance(placed, Placed)
        assert placed.host == "b" or not words
        assert ("empty ones come last" in placed.why) == words, sold


def test_what_takes_much_memory_goes_where_much_of_it_is_free() -> None:
    """Of two hosts that are sold as far in sum; else each ends with what nobody can use."""
    whole = Demand(memory_mib=100, vcpus=100, disk_gib=100)
    memory = Room(host=host("a"), sellable=whole, sold=Demand(memory_mib=10, vcpus=30, disk_gib=50))
    disk = Room(host=host("b"), sellable=whole, sold=Demand(memory_mib=50, vcpus=30, disk_gib=10))
    assert misfit(memory, Demand(memory_mib=20, vcpus=5, disk_gib=5)) < misfit(
        disk, Demand(memory_mib=20, vcpus=5, disk_gib=5)
    )
    assert misfit(memory, Demand(memory_mib=5, vcpus=5, disk_gib=20)) > misfit(
        disk, Demand(memory_mib=5, vcpus=5, disk_gib=20)
    )


HOSTS = st.builds(
    host,
    st.sampled_from("abcde"),
    st.integers(2, 20),
    cabinet=st.sampled_from(["A1", "B1", ""]),
    assigned=st.sampled_from(["shared", "shared", "c-q7m2", "c-other"]),
    networks=st.sampled_from([{"public1": "bridge:br0"}, {"lan": "bridge:br1"}, {"lan": "b", "public1": "b"}]),
    vcpus=st.integers(1, 8),
    disk_gib=st.integers(10, 200),
    traffic_gb=st.none() | st.integers(500, 9000),
    lost=st.none() | st.just(Loss(since="yesterday", fenced="so")),
)
STATES = st.dictionaries(st.sampled_from("abcde"), st.sampled_from(list(HostState)), max_size=2)
WISHES = st.builds(
    wish,
    st.sampled_from(["w1", "w2", "w3", "w4"]),
    st.sampled_from([PACKAGE, PACKAGE, LARGE]),
    ipv4=st.integers(0, 2),
    ipv6=st.integers(0, 1),
    network=st.sampled_from([None, None, "lan", "public1"]),
    keeps_spare=st.booleans(),
)


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    hosts = draw(st.lists(HOSTS, max_size=5, unique_by=lambda one: one.name))
    sold = draw(st.dictionaries(st.sampled_from([one.name for one in hosts]), st.integers(0, 5))) if hosts else {}
    return made(*hosts, sold=sold, networks={"public1": NETWORK, "lan": LAN})


FLEETS = fleets()
LISTS = st.lists(WISHES, max_size=4, unique_by=lambda one: one.name)
SLOWLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _with(known: Fleet, found: Sequence[Placed | Unplaced]) -> Fleet:
    """The fleet with what was placed."""
    new = [
        vps(one.wish.name, id=f"v-new-{one.wish.name}", host=one.host, network=one.network, ipv4=one.ipv4,
            ipv6=one.ipv6, package=one.wish.sale.package)
        for one in found
        if isinstance(one, Placed)
    ]  # fmt: skip
    mine: Client = replace(client("example-coop"), vps={one.key: one for one in new})
    return replace(known, clients={**known.clients, "example-coop": mine})


def _lacks_nothing(room: Room) -> bool:
    return all(getattr(room.free, key) >= 0 for key in room.counted)


@SLOWLY
@given(known=FLEETS, wishes=LISTS, states=STATES)
def test_no_host_is_oversold_and_none_is_taken_that_must_not_be(
    known: Fleet, wishes: list[Wish], states: dict[str, HostState]
) -> None:
    found = place_each(known, wishes, Operations(host_states=states), TODAY)
    after = rooms(_with(known, found), TODAY)
    for one in found:
        if isinstance(one, Placed):
            taken = known.hosts[one.host]
            assert _lacks_nothing(after[one.host])
            assert taken.lost is None
            assert states.get(one.host, HostState.ACTIVE) is HostState.ACTIVE
            assert taken.cabinet
            assert taken.assigned in ("shared", "c-q7m2")
            assert one.network in taken.networks
            assert one.wish.network in (None, one.network)


@SLOWLY
@given(known=FLEETS, wishes=LISTS)
def test_addresses_are_free_of_the_network_and_nobody_s_twice(known: Fleet, wishes: list[Wish]) -> None:
    found = [one for one in place_each(known, wishes, NOTHING_KNOWN, TODAY) if isinstance(one, Placed)]
    given_out = [(one, ip_address(address)) for one in found for address in (*one.ipv4, *one.ipv6)]
    assert len(given_out) == len({address for _, address in given_out})
    for one, address in given_out:
        network = known.networks[one.network]
        whole = network.range_of(address)
        assert whole is not None
        assert address in whole
        assert address != network.gateway_of(address)
        assert not unusable(network, address)
        assert not any(address in reserved for reserved in network.reserved)
        assert str(address) not in {text for _, held in known.machines() for text in (*held.ipv4, *held.ipv6)}
    for one in found:
        assert (len(one.ipv4), len(one.ipv6)) == (one.wish.ipv4, one.wish.ipv6)


@SLOWLY
@given(known=FLEETS, wishes=LISTS, dice=st.randoms())
def test_no_order_matters(known: Fleet, wishes: list[Wish], dice: object) -> None:
    """Of wishes, hosts and clients: two branches that are put together in either order agree."""
    shuffle = dice.shuffle  # type: ignore[attr-defined]
    first = {one.wish.name: one for one in place_each(known, wishes, NOTHING_KNOWN, TODAY)}
    for mapping in ("hosts", "clients", "networks"):
        items = list(getattr(known, mapping).items())
        shuffle(items)
        known = replace(known, **{mapping: dict(items)})
    shuffle(wishes)
    assert {one.wish.name: one for one in place_each(known, wishes, NOTHING_KNOWN, TODAY)} == first


@SLOWLY
@given(known=FLEETS, wishes=LISTS, states=STATES)
def test_what_was_placed_passes_the_check(known: Fleet, wishes: list[Wish], states: dict[str, HostState]) -> None:
    """The rules that judge a change have nothing against it, written by others than who chose."""
    operations = Operations(host_states=states)
    after = _with(known, place_each(known, wishes, operations, TODAY))
    before = arrivals.declared(known)
    mine = after.clients["example-coop"]
    found = arrivals.problems(after, before, TODAY, clients=["example-coop"], operations=operations)
    assert [*found, *arrivals.growth(after, mine, before, TODAY)] == []


@SLOWLY
@given(known=FLEETS, wanted=WISHES, states=STATES)
def test_every_refusal_is_true(known: Fleet, wanted: Wish, states: dict[str, HostState]) -> None:
    """Judged again without any of the bookkeeping."""
    operations = Operations(host_states=states)
    (found,) = place_each(known, [wanted], operations, TODAY)
    assert isinstance(found, Unplaced) or found.host not in {one.host for one in found.refused}
    for refusal in found.refused:
        assert _is_true(known, wanted, operations, refusal), refusal
    if isinstance(found, Unplaced):
        assert {one.host for one in found.refused} == set(known.hosts), "of each host it is said why"


def _is_true(known: Fleet, wanted: Wish, operations: Operations, refusal: Refusal) -> bool:
    refused, need = known.hosts[refusal.host], of_sale(known, wanted.sale)
    match refusal.code:
        case "host-lost":
            return refused.lost is not None or operations.state(refused.name) is HostState.LOST
        case "host-draining" | "host-failed" | "host-in-maintenance":
            return operations.state(refused.name).value in refusal.code
        case "no-place":
            return not refused.cabinet
        case "host-of-another-client":
            return refused.assigned == "c-other"
        case "network-not-carried":
            return wanted.network is not None and wanted.network not in refused.networks
        case "no-address":
            return wanted.ipv6 > 0 and (wanted.network or "lan") == "lan"
        case "no-room":
            free = rooms(known, TODAY)[refused.name].free
            return (
                need.memory_mib > free.memory_mib
                or need.vcpus > free.vcpus
                or need.disk_gib > free.disk_gib
                or (refused.traffic_gb is not None and need.traffic_gb > free.traffic_gb)
            )
        case "no-room-for-a-host-down":
            return any(_worse(known, wanted, operations, refused.name, network) for network in refused.networks)
    return False


def _worse(known: Fleet, wanted: Wish, operations: Operations, name: str, network: str) -> bool:
    placed = Placed(wish=wanted, host=name, network=network, ipv4=(), ipv6=(), why="")
    after = _with(known, [placed])
    before_rooms, after_rooms = rooms(known, TODAY), rooms(after, TODAY)
    return any(
        without(after, after_rooms, other, TODAY, operations).count
        > without(known, before_rooms, other, TODAY, operations).count
        for other in known.hosts
    )


def test_what_is_sold_for_later_has_its_room_already() -> None:
    """Else the day of the change would find none."""
    grows = vps(host="a", package=LARGE.key, since=date(2027, 3, 1), before=(wish("x").sale,), ipv4=(), ipv6=())
    known = replace(made(host("a", 10)), clients={"other": replace(client("other", grows), id="c-other")})
    assert PACKAGES[LARGE.key] is LARGE
    (refused,) = place_each(known, [wish("web1")], NOTHING_KNOWN, TODAY)
    assert isinstance(refused, Unplaced)
    assert refused.refused[0].why == "memory: 2112 MiB needed, 1984 MiB free"
