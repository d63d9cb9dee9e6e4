"""Only what clashes is placed anew: a host without room, an address that somebody else may have."""

from dataclasses import replace
from datetime import date

from components.domain.anew import Anew, anew
from components.domain.operations import NOTHING_KNOWN, HostState, Operations
from components.domain.wishes import Unplaced
from tests.domain.sample import HOST, NETWORK, client, fleet, vps

TODAY = date(2026, 11, 22)
OTHER = replace(HOST, name="kvm2", uri="qemu+ssh://root@kvm2/system", cabinet="A2")
THIRD = replace(HOST, name="kvm3", uri="qemu+ssh://root@kvm3/system", cabinet="A3")
HOSTS = {one.name: one for one in (HOST, OTHER, THIRD)}
MINE = client()
THEIRS = client(
    "other", vps("web1", id="v-b8x2", host="kvm2", ipv4=("192.0.2.11",), ipv6=("2001:db8:1::11",)), id="c-other"
)


def found(*clients, operations=NOTHING_KNOWN, **changes):
    held = fleet(*clients, **{"hosts": HOSTS, **changes})
    mine = held.clients["example-coop"]
    return anew(held, mine, mine.vps["web1"], operations, TODAY)


def test_what_does_not_clash_is_left_alone() -> None:
    assert found(MINE, THEIRS) is None


def test_an_address_that_somebody_else_has_gives_way_and_the_rest_stays() -> None:
    twice = replace(THEIRS, vps={"web1": replace(THEIRS.vps["web1"], ipv4=("192.0.2.10",))})

    made = found(MINE, twice)

    assert isinstance(made, Anew)
    assert made.why == ("192.0.2.10 is taken",)
    assert made.vps == replace(MINE.vps["web1"], ipv4=("192.0.2.11",))


def test_of_several_addresses_only_the_taken_one_is_replaced_where_it_stands() -> None:
    mine = client("example-coop", vps(ipv4=("192.0.2.20", "192.0.2.11", "192.0.2.30")))

    made = found(mine, THEIRS)

    assert isinstance(made, Anew)
    assert made.vps.ipv4 == ("192.0.2.20", "192.0.2.10", "192.0.2.30")
    assert made.vps.ipv6 == ("2001:db8:1::10",)


def test_quarantine_reserve_and_gateway_are_nobodys() -> None:
    kept = Operations(quarantine={"2001:db8:1::10": date(2026, 12, 24)})
    made = found(MINE, operations=kept)
    assert isinstance(made, Anew)
    assert made.vps.ipv4 == ("192.0.2.10",)
    assert made.vps.ipv6 not in ((), ("2001:db8:1::10",))
    for reserved in ("192.0.2.1", "192.0.2.5", "192.0.2.255", "198.51.100.1"):
        made = found(client("example-coop", vps(ipv4=(reserved,))))
        assert isinstance(made, Anew), reserved
        assert made.vps.ipv4 == ("192.0.2.10",)


def test_a_host_that_was_filled_meanwhile_gives_way_and_the_addresses_stay() -> None:
    full = {**HOSTS, "kvm1": replace(HOST, memory_mib=HOST.free_memory_mib + 1024)}

    made = found(MINE, THEIRS, hosts=full)

    assert isinstance(made, Anew)
    assert made.vps == replace(MINE.vps["web1"], host=made.placed.host)
    assert made.vps.host != "kvm1"
    assert "kvm1" in made.why[0]
    assert "memory" in made.why[0]


def test_a_host_that_takes_nobody_now_gives_way() -> None:
    made = found(MINE, operations=Operations(host_states={"kvm1": HostState.MAINTENANCE}))
    assert isinstance(made, Anew)
    assert made.vps.host != "kvm1"


def test_another_network_is_taken_when_no_host_of_its_own_has_room() -> None:
    second = replace(NETWORK, name="public2", ipv4=None, ipv4_gateway=None)
    full = {
        "kvm1": replace(HOST, memory_mib=HOST.free_memory_mib + 1024),
        "kvm2": replace(OTHER, networks={"public2": "bridge:br1"}),
        "kvm3": replace(THIRD, networks={"public2": "bridge:br1"}),
    }
    mine = client("example-coop", vps(ipv4=()))
    made = found(mine, hosts=full, networks={"public1": NETWORK, "public2": second})
    assert isinstance(made, Anew)
    assert made.vps.network == "public2"
    assert len(made.vps.ipv6) == 1


def test_nowhere_is_said_with_why() -> None:
    full = {name: replace(one, memory_mib=one.free_memory_mib + 1024) for name, one in HOSTS.items()}
    made = found(MINE, hosts=full)
    assert isinstance(made, Unplaced)
    assert {one.host for one in made.refused} == set(HOSTS)
