"""What an operator reads of a drain plan: the texts beside this file, looked over by people."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from components.domain.clients import Contact
from components.domain.drains import Plan, plan
from components.domain.operations import OpenFault, Operations
from components.report.drain import document, long, text
from tests.domain.sample import fleet, vps
from tests.domain.test_drains import HOUR, NOW, host, owner, three

FAULTS = (
    OpenFault(id="F-1", host="kvm1", part="ram ram-1", since=NOW - 3 * HOUR, due=NOW + 22 * HOUR),
    OpenFault(id="F-2", host="kvm1", part="hard_drive hard_drive-1", since=NOW - HOUR),
    OpenFault(id="F-3", host="kvm1", part="cpu cpu-1", since=NOW - 30 * HOUR, due=NOW - 2 * HOUR),
    OpenFault(id="F-4", host="kvm2", part="cpu cpu-9", since=NOW),
)


def _world():
    acme = owner("acme", vps("web1", id="v-1"), vps("db1", id="v-2", power="suspended", fqdn="db1.acme.example"))
    noted = {"uma": Contact(name="Uma Lys", email="uma@beta.example", roles=("technical",), ssh_key=None)}
    beta = replace(owner("beta", vps("shop", id="v-3", fqdn="shop.beta.example"), support="vip"), language="uk")
    beta = replace(beta, contacts=noted, name="Beta")
    late = owner("late", vps("web1", id="v-4", ends=NOW.date(), fqdn="web1.late.example"))
    hosts = {
        "kvm1": host("kvm1"),
        "kvm2": host("kvm2", memory_mib=4096 + 2 * 2112),
        "kvm3": host("kvm3", memory_mib=4096),
    }
    return three(acme, beta, late, hosts=hosts)


def _plans() -> dict[str, tuple[Plan, object]]:
    whole = _world()
    none = fleet(owner("acme", vps("web1", host="kvm2")), hosts=dict(whole.hosts))
    return {
        "live": (plan(whole, "kvm1", now=NOW), whole),
        "stopped": (plan(whole, "kvm1", Operations(faults=FAULTS), now=NOW, live=False, gib_per_hour=20), whole),
        "nobody": (plan(none, "kvm1", now=NOW), none),
    }


@pytest.mark.parametrize("name", ["live", "stopped", "nobody"])
def test_the_whole_plan_is_readable(name: str) -> None:
    made, whole = _plans()[name]
    told = text(made, whole)
    assert told == (Path(__file__).parent / "drains" / f"{name}.txt").read_text(encoding="utf-8")
    assert max(map(len, told.splitlines())) <= 120


def test_a_clock_of_a_host_without_a_plan_runs_beside_nothing() -> None:
    none = _plans()["nobody"][1]
    told = text(plan(none, "kvm1", Operations(faults=FAULTS), now=NOW), none)
    assert "no file places a VPS there" in told
    assert "22 h 00 min left" in told
    assert "before this plan" not in told


def test_the_same_as_data() -> None:
    made, whole = _plans()["stopped"]
    told = document(made, whole)
    assert [step["how"] for step in told["steps"]] == ["off", "stopped"]
    assert [one["client"] for one in told["tell"]] == ["acme", "beta"]
    assert told["tell"][1]["contacts"][0]["email"] == "uma@beta.example"
    assert [fault["due"] for fault in told["faults"]] == ["2026-11-24T08:00:00Z", "", "2026-11-23T08:00:00Z"]
    assert {stay["vps"] for stay in told["stays"]} == {"acme/web1", "late/web1"}


@pytest.mark.parametrize(
    ("lasts", "words"), [(45, "45 min"), (185, "3 h 05 min"), (52 * 60, "2 days 4 h")], ids=["short", "hours", "days"]
)
def test_lengths_in_words(lasts: int, words: str) -> None:
    assert long(dt.timedelta(minutes=lasts)) == words
