"""Who leaves and who stays."""

import datetime as dt
from dataclasses import replace

from components.domain.departures import NO_SPARE, leaving, moved, placed, wish
from components.domain.operations import NOTHING_KNOWN, HostState, Operations
from components.domain.sales import Sale
from tests.domain.sample import HOST, PACKAGE, fleet, vps
from tests.domain.test_drains import host, owner, three

TODAY = dt.date(2026, 11, 23)
BIG = replace(PACKAGE, name="big", limits=replace(PACKAGE.limits, memory_mib=8192))


def test_only_who_lives_there() -> None:
    whole = three(owner("acme", vps("web1", id="v-1"), vps("web2", id="v-2", host="kvm2")))
    found, stays = leaving(whole, "kvm1", TODAY)
    assert [one.key for _, one in found] == ["web1"]
    assert stays == []


def test_room_is_asked_for_the_most_that_is_sold() -> None:
    """One that shrinks next month is large still, one that grows will be."""
    whole = fleet(packages={PACKAGE.key: PACKAGE, BIG.key: BIG})
    owner_ = whole.clients["example-coop"]
    grows = vps(package=BIG.key, since=dt.date(2027, 1, 1), before=(Sale(package=PACKAGE.key),))
    shrinks = vps(package=PACKAGE.key, since=dt.date(2027, 1, 1), before=(Sale(package=BIG.key),))
    for one in (grows, shrinks):
        assert wish(whole, owner_, one, TODAY).sale.package == BIG.key
    asked = wish(whole, owner_, vps(), TODAY)
    assert (asked.ipv4, asked.ipv6, asked.network, asked.leaves) == (0, 0, "public1", True)


def test_vip_finds_room_before_others_where_not_all_do() -> None:
    hosts = {"kvm1": host("kvm1"), "kvm2": replace(HOST, name="kvm2", memory_mib=4096 + 2112)}
    whole = three(owner("acme", vps(id="v-1")), owner("zeta", vps(id="v-2"), support="vip"), hosts=hosts)
    standing, _ = leaving(whole, "kvm1", TODAY)
    found, stays = placed(whole, "kvm1", standing, NOTHING_KNOWN, TODAY)
    assert list(found) == ["zeta/web1"]
    assert [one.title for one in stays] == ["acme/web1"]


def test_a_spare_host_is_given_up_only_where_it_must_be() -> None:
    hosts = {name: host(name, memory_mib=4096 + 2112) for name in ("kvm1", "kvm2")}
    whole = three(owner("acme", vps(id="v-1")), hosts=hosts)
    standing, _ = leaving(whole, "kvm1", TODAY)
    found, _ = placed(whole, "kvm1", standing, NOTHING_KNOWN, TODAY)
    assert NO_SPARE not in found["acme/web1"].notes
    both = three(
        owner("acme", vps(id="v-1")),
        owner("beta", vps(id="v-2", host="kvm2")),
        hosts=hosts | {"kvm3": host("kvm3", memory_mib=6208)},
    )
    standing, _ = leaving(both, "kvm1", TODAY)
    found, _ = placed(both, "kvm1", standing, NOTHING_KNOWN, TODAY)
    assert found["acme/web1"].notes == (NO_SPARE,)


def test_a_host_that_takes_nobody_says_so() -> None:
    whole = three(owner("acme", vps(id="v-1")))
    standing, _ = leaving(whole, "kvm1", TODAY)
    states = Operations(host_states={"kvm2": HostState.MAINTENANCE, "kvm3": HostState.DRAINING})
    found, (stay,) = placed(whole, "kvm1", standing, states, TODAY)
    assert found == {}
    assert [no.code for no in stay.refused] == ["host-in-maintenance", "host-draining"]


def test_moved_changes_hosts_and_nothing_else() -> None:
    whole = three(owner("acme", vps(id="v-1")))
    standing, _ = leaving(whole, "kvm1", TODAY)
    found, _ = placed(whole, "kvm1", standing, NOTHING_KNOWN, TODAY)
    after = moved(whole, found.values())
    assert after.clients["acme"].vps["web1"] == replace(whole.clients["acme"].vps["web1"], host="kvm2")
    assert whole.clients["acme"].vps["web1"].host == "kvm1"
