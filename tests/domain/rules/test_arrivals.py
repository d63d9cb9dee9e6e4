"""What is new is judged, what was there is not: with each kind of change."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.domain.clients import Client, Quota, Restore, Vps
from components.domain.fleet import Fleet
from components.domain.hosts import Loss
from components.domain.operations import NOTHING_KNOWN, HostState, Operations
from components.domain.problems import Severity
from components.domain.rules.arrivals import Before, Had, declared, growth, problems
from components.domain.sales import Sale
from tests.domain.sample import DATACENTRE, HOST, LIMITS, PACKAGE, client, fleet, spare, vps

TODAY = date(2026, 12, 10)
LATE = date(2028, 1, 1)
THERE = Had(host="kvm1", vcpus=2, memory_mib=2048, disk_gib=10)
OTHER = replace(HOST, name="kvm2", uri="qemu+ssh://root@kvm2/system")
KEY = ("c-q7m2", "v-h3k9")


def judged(one: Fleet, before: Before, today: date = TODAY, known: Operations = NOTHING_KNOWN) -> list[str]:
    found = list(problems(one, before, today, operations=known))
    assert all(problem.remedy and problem.severity is Severity.ERROR and problem.blocks for problem in found)
    return [problem.code for problem in found]


def hosts(**changes: object) -> dict[str, object]:
    return {"kvm1": replace(HOST, **changes), "kvm2": OTHER}  # type: ignore[arg-type]


NO_RAM = {kind: spare(kind) for kind in ("server", "cpu", "hard_drive")} | {"ram": replace(spare("ram"), count=0)}


@pytest.mark.parametrize(
    ("changes", "new", "moved"),
    [
        ({}, None, None),
        ({"spares": NO_RAM}, "new-on-irreplaceable-host", None),
        ({"hosts": hosts(inventory=())}, "new-on-irreplaceable-host", None),
        ({"hosts": hosts(cabinet=" ")}, "new-on-unknown-place", "new-on-unknown-place"),
        ({"hosts": hosts(datacentre="dc9")}, "new-on-insecure-host", "new-on-insecure-host"),
        (
            {"datacentres": {"dc1": replace(DATACENTRE, generator=False)}},
            "new-on-insecure-host",
            "new-on-insecure-host",
        ),
        ({"hosts": hosts(assigned="c-zzzz")}, "new-on-foreign-host", "new-on-foreign-host"),
        ({"hosts": hosts(assigned="c-q7m2")}, None, None),
        ({"hosts": hosts(lost=Loss(since="2026", fenced="off"))}, "new-on-inactive-host", "new-on-inactive-host"),
    ],
    ids=["well", "spare", "inventory", "cabinet", "no datacentre", "SEC-1", "another's", "its own", "lost"],
)
def test_who_comes_to_a_host(changes: dict[str, object], new: str | None, moved: str | None) -> None:
    one = fleet(**changes)
    assert judged(one, {}) == ([new] if new else [])
    assert judged(one, {KEY: replace(THERE, host="kvm2")}) == ([moved] if moved else [])
    assert judged(one, {KEY: THERE}) == []
    ended = fleet(client("a", vps(ends=TODAY)), **changes)
    assert judged(ended, {}) == []


@pytest.mark.parametrize("state", list(HostState))
def test_only_an_active_host_takes_anybody(state: HostState) -> None:
    known = Operations(host_states={"kvm1": state})
    expected = [] if state is HostState.ACTIVE else ["new-on-inactive-host"]
    assert judged(fleet(), {}, known=known) == expected
    assert judged(fleet(), {KEY: THERE}, known=known) == []


def test_nothing_new_comes_from_an_image_that_is_closed() -> None:
    assert judged(fleet(), {}, LATE) == ["new-from-expired-image"]
    assert judged(fleet(), {KEY: THERE}, LATE) == []
    again = fleet(client("a", vps(reinstall=1, host="kvm2", restore=Restore(source="kvm1", empty=True))))
    assert judged(again, {KEY: THERE}, LATE) == []
    found = problems(fleet(), {}, TODAY, retired={"base-debian-13": "Nobody mends it."})
    assert [one.code for one in found] == ["new-from-retired-image"]


def test_what_was_made_elsewhere_is_taken_as_it_is() -> None:
    adopted = vps(uuid="f1a5c1f4-7c39-5b1e-9a57-0d1f0f6b6b1e")
    assert judged(fleet(client("a", adopted), spares=NO_RAM), {}, LATE) == []


def test_only_those_who_are_asked_about() -> None:
    one = fleet(client("a"), client("b", vps(id="v-bbbb"), id="c-bbbb"), spares=NO_RAM)
    found = problems(one, {}, TODAY, clients={"b"})
    assert [problem.scope for problem in found] == ["VPS b/web1"]


def test_an_earlier_commit_says_who_was_there() -> None:
    one = fleet()
    assert declared(one) == {KEY: Had(host="kvm1")}
    assert judged(fleet(spares=NO_RAM), declared(one)) == []


TIGHT = {"kvm1": replace(HOST, memory_mib=4096 + 2048), "kvm2": OTHER}
BIG = replace(PACKAGE, name="big", limits=replace(LIMITS, memory_mib=4096))
SMALL = replace(PACKAGE, name="tiny", limits=replace(LIMITS, memory_mib=1024))
SOLD = {"small@2026-01": PACKAGE, "big@2026-01": BIG, "tiny@2026-01": SMALL}


def grown(one: Client, before: Before, **changes: object) -> list[str]:
    found = list(growth(fleet(one, **{"hosts": TIGHT, "packages": SOLD} | changes), one, before, TODAY))
    assert all(problem.remedy and problem.measure > 0 for problem in found)
    return [problem.code for problem in found]


def test_a_full_host_takes_no_more() -> None:
    """kvm1 has 2 GiB to sell, and QEMU needs 64 MiB beside each guest's memory."""
    assert grown(client("a"), {}) == ["host-overfilled"]
    assert grown(client("a"), {KEY: THERE}) == []
    assert grown(client("a", vps(package="big@2026-01")), {KEY: THERE}) == ["host-overfilled"]
    assert grown(client("a", vps(package="tiny@2026-01")), {KEY: THERE}) == []
    assert grown(client("a", vps(host="kvm2", package="big@2026-01")), {KEY: THERE}) == []
    assert grown(client("a", vps(ends=TODAY)), {KEY: THERE}) == []


def test_a_machine_that_runs_there_already_is_taken_over_however_full_it_is() -> None:
    adopted = vps(uuid="f1a5c1f4-7c39-5b1e-9a57-0d1f0f6b6b1e")
    assert grown(client("a", adopted), {}) == []
    assert grown(client("a", replace(adopted, package="big@2026-01")), {KEY: THERE}) == ["host-overfilled"]


def test_who_comes_from_elsewhere_brings_what_it_had() -> None:
    assert grown(client("a"), {KEY: replace(THERE, host="kvm2")}) == []
    assert grown(client("a", vps(package="big@2026-01")), {KEY: replace(THERE, host="kvm2")}) == ["host-overfilled"]


def test_what_one_gives_back_another_may_have() -> None:
    two = client("a", vps(package="tiny@2026-01"), vps("web2", id="v-2222"))
    before = {KEY: THERE, ("c-q7m2", "v-2222"): replace(THERE, memory_mib=1024)}
    assert grown(two, before) == []


def test_what_one_gives_up_on_the_way_is_free_where_it_came_from() -> None:
    """It pays for no other on the full host, which gives nothing back."""
    new = vps("web2", id="v-2222", package="tiny@2026-01")
    two, big = client("a", vps(package="tiny@2026-01"), new), replace(THERE, memory_mib=4096)
    assert grown(two, {KEY: big}) == []
    assert grown(two, {KEY: replace(big, host="kvm2")}) == ["host-overfilled"]


def test_a_quota_is_not_exceeded_any_more_than_it_was() -> None:
    room = {"kvm1": HOST}
    tight = client("a", quota=Quota(vps=0, memory_mib=1024))
    assert grown(tight, {}, hosts=room) == ["client-quota", "client-quota"]
    assert grown(tight, {KEY: THERE}, hosts=room) == []
    assert grown(replace(tight, vps={"web1": vps(package="big@2026-01")}), {KEY: THERE}, hosts=room) == ["client-quota"]


def upgraded(day: date, **changes: object) -> Vps:
    return vps(package="big@2026-01", since=day, before=(Sale(package="small@2026-01"),), **changes)


def test_an_upgrade_for_a_later_day_is_judged_on_that_day() -> None:
    """Until then it takes nothing, so it keeps nobody from being suspended or moved (design 7)."""
    later, quota = TODAY + timedelta(days=20), Quota(memory_mib=3072)
    one = client("a", upgraded(later, power="suspended"), quota=quota)
    assert grown(one, {KEY: THERE}) == []
    assert grown(client("a", upgraded(later)), {KEY: replace(THERE, host="kvm2")}) == []
    assert grown(client("a", upgraded(later, ends=TODAY)), {KEY: THERE}) == []
    assert grown(client("a", upgraded(later)), {}) == ["host-overfilled"]
    assert grown(client("a", upgraded(TODAY), quota=quota), {KEY: THERE}) == ["host-overfilled", "client-quota"]
    one = client("a", upgraded(TODAY, power="suspended"))
    (found,) = growth(fleet(one, hosts=TIGHT, packages=SOLD), one, {KEY: THERE}, TODAY)
    assert found.remedy.endswith("What fell due for web1 may wait: give it a later `since`.")


def test_an_upgrade_that_was_never_applied_keeps_nobody_from_ending() -> None:
    """On a host whose disk is oversold, where it fell due before its end, and where it never comes in force."""
    full = {"kvm1": replace(HOST, disk_gib=30)}
    wide = replace(BIG, limits=replace(LIMITS, disk_gib=40))
    sold = SOLD | {"big@2026-01": wide}
    due, day = TODAY - timedelta(days=1), TODAY - timedelta(days=5)
    assert grown(client("a", upgraded(due)), {KEY: THERE}, hosts=full, packages=sold) == ["host-overfilled"]
    for ends in (TODAY, day):
        assert grown(client("a", upgraded(due, ends=ends)), {KEY: THERE}, hosts=full, packages=sold) == []
        assert grown(client("a", upgraded(due, ends=ends)), {}, hosts=full, packages=sold) == []


machines = st.lists(st.tuples(st.sampled_from(sorted(SOLD)), st.sampled_from(["", *sorted(SOLD)])), min_size=1)


@given(machines)
def test_what_did_not_change_stops_nothing(packages: list[tuple[str, str]]) -> None:
    """However oversold the host is, whatever the quota says, and whatever was sold for a later day."""
    named: dict[str, Vps] = {}
    for number, (package, later) in enumerate(packages[:5]):
        plain = vps(f"web{number}", id=f"v-000{number}", package=package)
        waits = {"package": later, "since": date(2026, 12, 30), "before": (Sale(package=package),)} if later else {}
        named[plain.key] = replace(plain, **waits)  # type: ignore[arg-type]
    one = client("a", *named.values(), quota=Quota(vps=0))
    before = {
        (one.id, machine.id): Had(
            host="kvm1", vcpus=2, memory_mib=SOLD[machine.sale(TODAY).package].limits.memory_mib, disk_gib=10
        )
        for machine in named.values()
    }
    assert grown(one, before) == []
    assert judged(fleet(one, spares=NO_RAM, packages=SOLD), before, LATE) == []
