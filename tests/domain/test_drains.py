"""Who leaves a host, for where, in which order: never more than fits, never silently left behind."""

import datetime as dt
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from components.domain.clients import Move
from components.domain.drains import NOTICE, TELLING, plan
from components.domain.fleet import Fleet
from components.domain.guests import Maintenance
from components.domain.operations import HostState, OpenFault, Operations
from tests.domain.sample import HOST, client, fleet, part, vps

NOW = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def host(name: str, **changes):
    kinds = ("server", "cpu", "ram", "hard_drive")
    return replace(HOST, name=name, inventory=tuple(part(kind, name) for kind in kinds), **changes)


def three(*clients, **changes) -> Fleet:
    """Hosts kvm1, kvm2 and kvm3; the clients' VPSs are where they say."""
    hosts = {name: host(name) for name in ("kvm1", "kvm2", "kvm3")}
    return fleet(*clients, **({"hosts": hosts} | changes))


def owner(key: str, *machines, support: str = "standard"):
    found = client(key, *machines, id=f"c-{key}")
    return replace(found, contract=replace(found.contract, support=support))


def test_everybody_leaves_and_nobody_meets_a_neighbour_of_the_same_client() -> None:
    acme = owner("acme", vps("web1", id="v-1"), vps("web2", id="v-2"))
    found = plan(three(acme), "kvm1", now=NOW)
    assert {step.title: step.to for step in found.steps} == {"acme/web1": "kvm2", "acme/web2": "kvm3"}
    assert found.stays == ()
    assert (found.before["kvm1"].vps, found.after["kvm1"].vps) == (2, 0)
    assert [step.live for step in found.steps] == [True, True]
    assert [step.opens for step in found.steps] == [NOW + TELLING + NOTICE] * 2
    assert found.steps[1].planned == found.steps[0].ends


def test_small_and_standard_first_while_the_host_is_sound_and_vip_first_when_it_is_not() -> None:
    clients = (owner("alpha", vps("web1", id="v-1"), support="vip"), owner("beta", vps("web1", id="v-2")))
    whole = three(*clients)
    order = [step.client for step in plan(whole, "kvm1", now=NOW).steps]
    assert order == ["beta", "alpha"]
    fault = OpenFault(id="F-1", host="kvm1", part="ram ram-1", since=NOW, due=NOW + 20 * HOUR)
    broken = plan(whole, "kvm1", Operations(faults=(fault,)), now=NOW)
    assert [step.client for step in broken.steps] == ["alpha", "beta"]
    assert broken.faults == (fault,)
    failed = plan(whole, "kvm1", Operations(host_states={"kvm1": HostState.FAILED}), now=NOW)
    assert [step.client for step in failed.steps] == ["alpha", "beta"]


def test_what_fits_nowhere_stays_and_every_host_says_why() -> None:
    full = {"kvm1": host("kvm1"), "kvm2": host("kvm2", memory_mib=4096), "kvm3": host("kvm3", networks={})}
    found = plan(three(owner("acme", vps("web1", id="v-1")), hosts=full), "kvm1", now=NOW)
    assert found.steps == ()
    (stay,) = found.stays
    assert stay.title == "acme/web1"
    assert {no.host: no.code for no in stay.refused} == {"kvm2": "no-room", "kvm3": "network-not-carried"}


def test_a_host_whose_loss_the_rest_could_not_bear_is_taken_and_said() -> None:
    """With one host less anybody who stays would be worse off."""
    two = {name: host(name, memory_mib=4096 + 2112) for name in ("kvm1", "kvm2", "kvm3")}
    acme = owner("acme", vps("web1", id="v-1"), vps("web2", id="v-2", host="kvm2"))
    found = plan(three(acme, hosts=two), "kvm1", now=NOW)
    (step,) = found.steps
    assert step.to == "kvm3"
    assert step.notes == ("with it no other host may fail: its machines would find no room",)


def test_only_hosts_that_were_named_and_of_the_same_kind() -> None:
    acme = owner("acme", vps("web1", id="v-1"))
    assert plan(three(acme), "kvm1", now=NOW, targets=("kvm3",)).steps[0].to == "kvm3"
    fake = {"kvm1": host("kvm1"), "kvm2": host("kvm2", driver="fake")}
    (stay,) = plan(three(acme, hosts=fake), "kvm1", now=NOW, targets=("kvm2",)).stays
    assert stay.why == "none of kvm2 takes it"
    assert [no.code for no in stay.refused] == ["other-driver"]


def test_a_guest_that_is_shut_down_waits_for_its_own_window() -> None:
    window = Maintenance(day="thursday", opens="22:00", hours=1)
    acme = owner("acme", vps("web1", id="v-1", maintenance=window), vps("web2", id="v-2"))
    found = plan(three(acme), "kvm1", now=NOW, live=False)
    assert [(step.vps, step.opens, step.closes) for step in found.steps] == [
        ("web1", dt.datetime(2026, 11, 26, 22, tzinfo=dt.UTC), dt.datetime(2026, 11, 26, 23, tzinfo=dt.UTC)),
        ("web2", dt.datetime(2026, 11, 29, 3, tzinfo=dt.UTC), dt.datetime(2026, 11, 29, 5, tzinfo=dt.UTC)),
    ]
    slow = plan(three(acme), "kvm1", now=NOW, live=False, gib_per_hour=5)
    notes = {step.vps: step.notes for step in slow.steps}
    assert notes["web1"][0].startswith("it takes longer than its window of 1 hour:")


def test_who_shares_a_window_is_announced_for_all_of_it_and_need_not_wait_for_a_slot() -> None:
    found = plan(three(owner("acme", vps("web1", id="v-1"), vps("web2", id="v-2"))), "kvm1", now=NOW, live=False)
    first, second = found.steps
    assert (first.opens, first.closes) == (second.opens, second.closes)
    assert second.planned == first.ends


def test_one_that_is_off_is_copied_at_any_time() -> None:
    (step,) = plan(three(owner("acme", vps("web1", id="v-1", power="suspended"))), "kvm1", now=NOW).steps
    assert (step.live, step.off, step.closes) == (False, True, None)


def test_hours_are_of_the_declared_disk_and_of_memory_where_it_goes_over_too() -> None:
    acme = owner("acme", vps("web1", id="v-1"))
    (live,) = plan(three(acme), "kvm1", now=NOW, gib_per_hour=12).steps
    assert live.lasts == dt.timedelta(minutes=65)
    (cold,) = plan(three(acme), "kvm1", now=NOW, gib_per_hour=12, live=False).steps
    assert cold.lasts == dt.timedelta(minutes=55)


def test_who_ends_anyway_and_who_is_sold_what_nobody_sells_stays() -> None:
    ended = vps("web1", id="v-1", ends=NOW.date())
    odd = vps("web2", id="v-2", package="gone@2026-01")
    found = plan(three(owner("acme", ended, odd)), "kvm1", now=NOW)
    assert found.steps == ()
    assert [stay.why.partition(":")[0] for stay in found.stays] == [
        "its end was reached on 2026-11-23",
        "the catalogue lacks what was sold",
    ]


def test_one_whose_file_says_it_already_only_lacks_the_up() -> None:
    moved = vps("web1", id="v-1", host="kvm3", move=Move(source="kvm1", live=False))
    found = plan(three(owner("acme", moved)), "kvm1", now=NOW, under_way=[("acme", "web1")])
    (step,) = found.steps
    assert (step.to, step.declared, step.live) == ("kvm3", True, False)


def test_there_is_time_to_tell_people_and_a_whole_hour_to_tell() -> None:
    late = NOW + dt.timedelta(minutes=20)
    (step,) = plan(three(owner("acme", vps("web1", id="v-1"))), "kvm1", now=late).steps
    assert step.opens - NOTICE == NOW + 2 * HOUR


def test_what_was_never_made_takes_nobodys_time_and_comes_first() -> None:
    acme = owner("acme", vps("web1", id="v-1"), vps("web2", id="v-2"))
    found = plan(three(acme), "kvm1", now=NOW, unmade=[("acme", "web2")])
    new, old = found.steps
    assert [(step.vps, step.made) for step in (new, old)] == [("web2", False), ("web1", True)]
    assert (found.going, found.gib, found.busy, found.ends) == ((old,), old.disk_gib, old.lasts, old.ends)
    assert old.planned == found.earliest
    assert found.after["kvm1"].vps == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["kvm1", "kvm1", "kvm2", "kvm3"]), st.booleans()), min_size=1, max_size=12),
    st.integers(4, 16),
    st.booleans(),
)
def test_nothing_is_forgotten_oversold_or_done_twice(places, gib, live) -> None:
    clients = [
        owner(f"c{number}", vps("web1", id=f"v-{number}", host=name), support="vip" if vip else "standard")
        for number, (name, vip) in enumerate(places)
    ]
    hosts = {name: host(name, memory_mib=4096 + gib * 1024) for name in ("kvm1", "kvm2", "kvm3")}
    whole = three(*clients, hosts=hosts)
    found = plan(whole, "kvm1", now=NOW, live=live)
    leaving = {f"{one.key}/web1" for one in clients if one.vps["web1"].host == "kvm1"}
    titles = [one.title for one in (*found.steps, *found.stays)]
    assert sorted(titles) == sorted(leaving)
    for name, room in found.after.items():
        if name != "kvm1":
            grown = room.sold.memory_mib > found.before[name].sold.memory_mib
            assert not grown or room.free.memory_mib >= 0
    assert all(step.to in ("kvm2", "kvm3") and step.opens >= NOW + TELLING + NOTICE for step in found.steps)
    assert all(one.ends <= other.planned for one, other in pairwise(found.steps))
    assert plan(replace(whole, clients=dict(reversed(whole.clients.items()))), "kvm1", now=NOW, live=live) == found
