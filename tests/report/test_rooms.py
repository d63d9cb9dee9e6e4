"""Hosts in a line: state, what is sold, what is free, now and with any one host down."""

import datetime as dt
from dataclasses import replace

from components.domain.fleet import Fleet
from components.domain.hosts import Loss
from components.domain.operations import NOTHING_KNOWN, HostState, OpenFault, Operations
from components.report import rooms
from tests.domain.sample import HOST, client, fleet, vps

TODAY = dt.date(2027, 1, 15)
NOON = dt.datetime(2027, 1, 15, 12, tzinfo=dt.UTC)


def _fleet(**sold: int) -> Fleet:
    """Hosts with room for eight small VPSs by memory, and so many on each."""
    made = [vps(f"w{n}{host}", id=f"v-{host}{n}", host=host) for host, count in sold.items() for n in range(count)]
    host = replace(HOST, memory_mib=8 * 2112, free_memory_mib=0, vcpus=100, disk_gib=1000)
    hosts = {name: replace(host, name=name) for name in sold}
    return fleet(client("example-coop", *made), hosts=hosts)


def _table(known: Fleet, operations: Operations = NOTHING_KNOWN) -> list[str]:
    return rooms.table(rooms.hosts(known, operations, TODAY))


def test_what_is_free_with_any_one_host_down_is_less_than_what_is_free() -> None:
    """If a fails its four must go to b and c, which have room for nine; b's one goes anywhere."""
    found = rooms.hosts(_fleet(a=4, b=1, c=6), NOTHING_KNOWN, TODAY)
    free = {row["host"]: row["memory_mib"]["free"] // 2112 for row in found["hosts"]}
    left = {row["host"]: row["memory_mib"]["left"] // 2112 for row in found["hosts"]}
    assert free == {"a": 4, "b": 7, "c": 2}
    assert left == {"a": 4, "b": 5, "c": 2}
    together = found["summary"]["memory_mib"]
    assert (together["sold"] // 2112, together["free"] // 2112, together["left"] // 2112) == (11, 13, 5)
    assert all(row["stranded_if_down"] == 0 for row in found["hosts"])


def test_where_a_host_may_not_fail_nothing_is_left_in_all_and_it_says_so() -> None:
    found = rooms.hosts(_fleet(a=8, b=7), NOTHING_KNOWN, TODAY)
    assert found["summary"]["memory_mib"]["left"] is None
    first, _ = found["hosts"]
    assert (first["stranded_if_down"], first["memory_mib"]["left"]) == (7, 0)
    assert "down, 7 VPSs find no room" in _table(_fleet(a=8, b=7))[2]
    assert "down, 1 VPS finds no room" in _table(_fleet(a=8, b=1))[2]


def test_a_fleet_of_one_host_has_nothing_to_say_of_others() -> None:
    found = rooms.hosts(_fleet(a=1), NOTHING_KNOWN, TODAY)
    assert found["hosts"][0]["memory_mib"]["left"] is None
    assert found["hosts"][0]["stranded_if_down"] == 0


def test_states_and_faults_are_told_and_such_hosts_count_for_nothing() -> None:
    late = OpenFault(id="f-7", host="c", part="cpu C1", since=NOON, due=NOON - dt.timedelta(hours=1))
    young = OpenFault(id="f-8", host="d", part="ram R1", since=NOON)
    known = Operations(host_states={"b": HostState.DRAINING}, faults=(late, young), at=NOON)
    declared = _fleet(a=1, b=1, c=1, d=1, e=1)
    lost = replace(declared.hosts["e"], lost=Loss(since="2027-01-14", fenced="by hand"))
    found = rooms.hosts(replace(declared, hosts={**declared.hosts, "e": lost}), known, TODAY)
    told = {row["host"]: (row["state"], row["takes_vps"], row["overdue"]) for row in found["hosts"]}
    assert told == {
        "a": ("active", True, []),
        "b": ("draining", False, []),
        "c": ("active", False, ["f-7"]),
        "d": ("active", True, []),
        "e": ("lost", False, []),
    }
    assert (found["summary"]["hosts"], found["summary"]["taking"]) == (5, 2)
    lines = rooms.table(found)
    assert lines[4].endswith("takes none; 1 overdue")
    assert lines[5].endswith("1 fault")
    assert lines[7].startswith("in all              5  13 %    28      26 ")
    assert lines[8:] == [
        "2 of 5 hosts take VPSs; what is free in all is free on those",
        "c takes none:",
        "    a fault is overdue since 2027-01-15 11:00: cpu C1 (f-7) (contract HW-1)",
    ]


def test_a_fleet_that_sells_nothing_has_nothing_free_and_says_once_why() -> None:
    """Its VPSs are sold all the same."""
    declared = _fleet(a=4, b=1, c=1)
    known = replace(declared, hosts={key: replace(one, cabinet="") for key, one in declared.hosts.items()})
    found = rooms.hosts(known, NOTHING_KNOWN, TODAY)
    memory = found["summary"]["memory_mib"]
    assert (memory["sold"] // 2112, memory["free"], memory["left"]) == (6, 0, 0)
    assert rooms.table(found)[5:] == [
        "in all            6  25 %     0       0   1 %     0       0   3 %     0       0",
        "none of 3 hosts takes VPSs; what is free in all is free on those",
        "a, b, c take none:",
        "    it names no cabinet (contract VPS-3)",
    ]


def test_a_full_host_takes_vpss_by_its_state_and_is_counted() -> None:
    """And what it has sold too much is not taken off what others have."""
    known = _fleet(a=9, b=8, c=0)
    found = rooms.hosts(known, NOTHING_KNOWN, TODAY)
    assert [row["full"] for row in found["hosts"]] == [True, True, False]
    assert found["summary"]["memory_mib"]["free"] // 2112 == 8
    lines = rooms.table(found)
    assert "oversold" in lines[2]
    assert "full" in lines[3]
    assert lines[6] == "all 3 hosts take VPSs, 2 of them full"


def test_a_vps_whose_package_nobody_knows_lives_there_and_is_told() -> None:
    known = fleet(client("example-coop", vps(host="a"), vps("web2", id="v-two2", host="a", package="gone@2026-01")))
    found = rooms.hosts(replace(known, hosts={"a": replace(HOST, name="a")}), NOTHING_KNOWN, TODAY)
    (row,) = found["hosts"]
    assert (row["vps"], row["unsized"], found["summary"]["vps"]) == (2, 1, 2)
    assert rooms.table(found)[2].endswith("1 of a package nobody knows, counted as nothing")


def test_it_fits_the_terminal() -> None:
    """Notes go under their rows, then some columns go and are named."""
    known = _fleet(kvm1=4, kvm200=1)
    known = replace(known, hosts={**known.hosts, "kvm1": replace(known.hosts["kvm1"], assigned="c-q7m2")})
    found = rooms.hosts(known, NOTHING_KNOWN, TODAY)
    lines = rooms.table(found, 80)
    assert max(map(len, lines)) <= 80
    assert lines[3] == "    only c-q7m2"
    assert lines[-1] == "left out, for the terminal is narrow: at"
    lines = rooms.table(found, 74)
    assert max(map(len, lines)) <= 74
    assert lines[0].index("disk GiB") == lines[1].rindex("sold")
    assert lines[0].index("vcpus") == lines[1].index("free", lines[1].index("1 down"))
    assert lines[-1] == "left out, for the terminal is narrow: at, vcpus sold"


def test_numbers_stand_under_their_heads() -> None:
    known = _fleet(a=4, kvm100=1)
    known = replace(known, hosts={**known.hosts, "a": replace(known.hosts["a"], assigned="c-q7m2", traffic_gb=9000)})
    assert _table(known) == [
        "                     memory GiB          vcpus               disk GiB",
        "host    state   vps  sold  free  1 down  sold  free  1 down  sold  free  1 down  at",
        "a       active    4  50 %     8       6   2 %   392     390   5 %   940     930  dc1 A1  only c-q7m2",
        "kvm100  active    1  13 %    14       6   1 %   398     390   2 %   970     930  dc1 A1",
        "in all            5  32 %    22       6   2 %   790     390   3 %  1910     930",
        "all 2 hosts take VPSs",
    ]


def test_traffic_is_told_where_it_is_declared() -> None:
    known = _fleet(a=4)
    counted = replace(known, hosts={"a": replace(known.hosts["a"], traffic_gb=9000)})
    (row,) = rooms.hosts(counted, NOTHING_KNOWN, TODAY)["hosts"]
    assert row["traffic_gb"] == {"sellable": 9000, "sold": 4000, "free": 5000, "left": None}
    assert "traffic_gb" not in rooms.hosts(known, NOTHING_KNOWN, TODAY)["hosts"][0]
