"""Rules judge the change, not the world: what was there stops nobody, what would be new or grow there is stopped."""

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.config.loader import load
from components.domain.operations import HostState, Operations
from components.engine import returned
from components.engine.judged import judged
from tests.engine.conftest import STACK, Bench

BETA = "client.beta"
TODAY = dt.datetime.now(dt.UTC).date()
TINY = """\
  tiny@2026-01:
    limits: {vcpus: 1, cpu_cap: 100 %, memory: 1 GiB, disk: 10 GiB, disk_iops: 500, disk_rate: 50 MiB/s,
      nic_rate: 50 Mbit/s}
    traffic: 1 TB
    grows_to: {vcpus: 2, memory: 4 GiB, disk: 40 GiB}
    price: {month: "9.00", set_up: "0.00"}
"""


def second(text: str, number: int, host: str = "lab1") -> str:
    """The example's client, or one VPS of it, as another one."""
    for old, new in (
        ("c-q7m2", f"c-b{number}b{number}"),
        ("v-h3k9", f"v-b{number}b{number}"),
        ("192.0.2.10", f"192.0.2.{20 + number}"),
        ("2001:db8:1::10", f"2001:db8:1::{20 + number}"),
        ("web1.coop.example", f"web{number}.beta.example"),
        ("host: lab1", f"host: {host}"),
        ('start: "2026-12-01"', 'start: "2026-01-01"'),
    ):
        text = text.replace(old, new)
    return text


@pytest.fixture
def two(bench: Bench) -> Bench:
    """Two clients on lab1, and lab2 beside it; nothing of it applied but lab1."""
    fleet = bench.project.fleet
    first = (fleet / "hosts" / "lab1.yaml").read_text().replace("memory: 8 GiB, disk", "memory: 16 GiB, disk")
    (fleet / "hosts" / "lab1.yaml").write_text(first)
    (fleet / "hosts" / "lab2.yaml").write_text(first.replace("/world", "/world2").replace("serial: ", "serial: 2-"))
    client = (fleet / "clients" / "example-coop.yaml").read_text()
    (fleet / "clients" / "beta.yaml").write_text(second(client, 1))
    catalogue = fleet / "catalogue.yaml"
    catalogue.write_text(catalogue.read_text().replace("packages:\n", f"packages:\n{TINY}", 1))
    return bench


def bad_day(bench: Bench) -> None:
    """A broken client's file, an overfull host, no spare and an expired image, all at once."""
    fleet = bench.project.fleet
    (fleet / "clients" / "gamma.yaml").write_text("vps: [\n")
    host = fleet / "hosts" / "lab1.yaml"
    host.write_text(host.read_text().replace("memory: 16 GiB, disk", "memory: 4 GiB, disk"))
    shared = fleet / "fleet.yaml"
    old = "kind: ram, model: Demo R16, count: 4, place: dc1 shelf 3"
    assert old in shared.read_text()
    shared.write_text(
        shared.read_text().replace(old, "kind: ram, model: Demo R16, supplier: Slow Ltd, lead_time: 72 h")
    )

    def expire(document: dict) -> None:
        for image in document["images"].values():
            image["built"], image["expires"] = "2025-01-01", (TODAY - dt.timedelta(days=1)).isoformat()

    bench.edit(expire, "images.lock.yaml")


def recorded(bench: Bench, stack: str) -> None:
    """State as the engine would have left it."""
    from components import declaration
    from components.engine.backend import backend_id

    loaded = load(bench.project.fleet)
    client = loaded.fleet.clients[stack.removeprefix("client.")]
    machines = [
        {
            "type": "vps:index:Machine",
            "inputs": (bag := declaration.machine_inputs(loaded.fleet, client, vps, "b")),
            "outputs": bag,
        }
        for vps in client.vps.values()
    ]
    assert backend_id(bench.environment)
    folder = Path(bench.environment["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi/stacks/aegir-vps"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stack}.json").write_text(json.dumps({"checkpoint": {"latest": {"resources": machines}}}))


def codes(bench: Bench, stack: str = BETA, **known: object) -> list[str]:
    found = judged(bench.environment, load(bench.project.fleet), stack, **known)  # type: ignore[arg-type]
    return sorted({problem.code for problem in found.problems})


def edited(bench: Bench, old: str, new: str, file: str = "clients/beta.yaml") -> None:
    path = bench.project.fleet / file
    text = path.read_text()
    assert text.count(old) == 1, (old, text)
    path.write_text(text.replace(old, new))


def more(bench: Bench, number: int = 2, host: str = "lab1") -> None:
    """One VPS more for beta."""
    path = bench.project.fleet / "clients" / "beta.yaml"
    text = path.read_text()
    one = text[text.index("  web1:") :].replace("web1:", f"web{number}:").replace("b1b1", f"b{number}b{number}")
    one = one.replace("192.0.2.21", f"192.0.2.{20 + number}").replace("::21", f"::{20 + number}")
    path.write_text(text + one.replace("web1.beta", f"web{number}.beta").replace("host: lab1", f"host: {host}"))


def test_a_bad_day_stops_what_is_new_only(two: Bench) -> None:
    recorded(two, BETA)
    assert codes(two) == []
    bad_day(two)
    found = {problem.code for problem in load(two.project.fleet).problems}
    assert {"no-yaml", "host-oversold", "spare-too-late", "image-expired"} <= found
    assert codes(two) == []
    more(two)
    assert codes(two) == ["host-overfilled", "new-from-expired-image", "new-on-irreplaceable-host"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("power: managed", "power: suspended"),
        ("power: managed", "power: stopped"),
        ("package: small@2026-01", "package: tiny@2026-01"),
        ("    power: managed", f'    ends: "{TODAY}"\n    power: managed'),
        ("host: lab1", "host: lab2\n    move: {from: lab1}"),
        ("host: lab1", "host: lab2\n    restore: {from: lab1, empty: true}"),
    ],
    ids=["suspend", "stop", "shrink", "end", "move", "restore"],
)
def test_what_helps_is_never_stopped(two: Bench, old: str, new: str) -> None:
    """Neither by the host that is left, nor by the one that takes it in: both are as bad."""
    recorded(two, BETA)
    bad_day(two)
    bad = (two.project.fleet / "hosts" / "lab1.yaml").read_text()
    (two.project.fleet / "hosts" / "lab2.yaml").write_text(
        bad.replace("/world", "/world2").replace("serial: ", "serial: 2-").replace("memory: 4 GiB", "memory: 2560 MiB")
    )
    edited(two, old, new)
    assert codes(two) == []


def test_growth_is_stopped_where_no_room_is(two: Bench) -> None:
    recorded(two, BETA)
    edited(two, "package: small@2026-01", "package: medium@2026-01")
    assert codes(two) == []
    bad_day(two)
    assert codes(two) == ["host-overfilled"]


UPGRADE = """    package: medium@2026-01
    since: "{0}"
    before: [{{package: small@2026-01}}]
"""


@pytest.mark.parametrize("days", [20, 0])
def test_an_upgrade_for_a_later_day_stops_nothing_until_then(two: Bench, days: int) -> None:
    recorded(two, BETA)
    bad_day(two)
    edited(two, "    package: small@2026-01\n", UPGRADE.format(TODAY + dt.timedelta(days=days)))
    edited(two, "power: managed", "power: suspended")
    assert codes(two) == ([] if days else ["host-overfilled"])


def test_a_quota_stops_what_goes_beyond_it(two: Bench) -> None:
    recorded(two, BETA)
    edited(two, "vps:\n  web1", "quota: {vps: 1, memory: 1 GiB}\nvps:\n  web1")
    assert codes(two) == []
    edited(two, "package: small@2026-01", "package: medium@2026-01")
    assert codes(two) == ["client-quota"]
    edited(two, "package: medium@2026-01", "package: small@2026-01")
    more(two)
    assert codes(two) == ["client-quota"]


def test_nothing_comes_to_a_host_that_takes_none(two: Bench) -> None:
    recorded(two, BETA)
    states = Operations(host_states={"lab1": HostState.MAINTENANCE, "lab2": HostState.DRAINING})
    assert codes(two, operations=states) == []
    edited(two, "host: lab1", "host: lab2")
    assert codes(two, operations=states) == ["new-on-inactive-host"]
    assert codes(two) == []


def test_who_held_an_address_first_is_not_stopped_by_who_writes_it_later(two: Bench) -> None:
    recorded(two, STACK)
    edited(two, "192.0.2.21", "192.0.2.10")
    edited(two, "web1.beta.example", "web1.coop.example")
    assert codes(two, STACK) == []
    assert codes(two, BETA) == ["address-twice", "name-twice"]


def test_what_came_back_from_the_trash_is_not_new(two: Bench) -> None:
    bad_day(two)
    loaded = load(two.project.fleet)
    client = loaded.fleet.clients["beta"]
    assert "new-from-expired-image" in codes(two)
    returned.note(two.project.fleet, client.vps["web1"].machine_uuid(loaded.fleet.id, client.id))
    assert codes(two) == []
    # But what others hold by now is theirs.
    edited(two, "192.0.2.21", "192.0.2.10")
    edited(two, "web1.beta.example", "web1.coop.example")
    assert codes(two) == ["address-twice", "name-twice"]


def test_a_backend_elsewhere_is_not_guessed_about(two: Bench) -> None:
    bad_day(two)
    away = {**two.environment, "PULUMI_BACKEND_URL": "s3://bucket"}
    found = judged(away, load(two.project.fleet), BETA)
    assert found.problems == ()
    assert "nobody compared it here" in found.note
    begun_by_us = judged({**away, "VPS_KNOWN": "/somewhere"}, load(two.project.fleet), BETA)
    assert begun_by_us.note == "", "who started the engine has compared it, and said so"


def test_a_holder_is_stopped_by_nobody_wherever_state_is(two: Bench) -> None:
    edited(two, "192.0.2.21", "192.0.2.10")
    away = {**two.environment, "PULUMI_BACKEND_URL": "s3://bucket"}
    for stack in (STACK, BETA):
        assert judged({**away, "VPS_KNOWN": "/somewhere"}, load(two.project.fleet), stack).problems == ()
        # Nothing but the program judges where somebody else starts the engine.
        (problem,) = judged(away, load(two.project.fleet), stack).problems
        assert (problem.code, "`vps up`" in problem.remedy) == ("address-twice", True)
    edited(two, "id: v-b1b1", "id: c-b1b1")
    assert {one.code for one in judged(away, load(two.project.fleet), BETA).problems} == {"address-twice", "bad-id"}


def test_a_state_that_only_the_engine_reads_is_compared_as_well(two: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(two, STACK)
    folder = Path(two.environment["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi/stacks/aegir-vps"
    resources = json.loads((folder / f"{STACK}.json").read_text())["checkpoint"]["latest"]["resources"]
    held: dict[str, object] | None = {"deployment": {"resources": resources}}
    monkeypatch.setattr("components.engine.audit.export", lambda *_: held)
    away = {**two.environment, "PULUMI_BACKEND_URL": "s3://bucket"}
    edited(two, "192.0.2.21", "192.0.2.10")
    bad_day(two)
    assert judged(away, load(two.project.fleet), STACK, by_engine=True).problems == ()
    held = {"deployment": {}}
    found = judged(away, load(two.project.fleet), BETA, by_engine=True)
    assert "address-twice" in {one.code for one in found.problems}
    assert found.note == ""
    held = None
    found = judged(away, load(two.project.fleet), BETA, by_engine=True)
    assert (found.problems, "nobody compared it here" in found.note) == ((), True)


def test_a_rebuild_finds_what_is_there_and_is_not_judged_as_new(two: Bench) -> None:
    bad_day(two)
    assert judged({**two.environment, "VPS_REBUILD": "[]"}, load(two.project.fleet), BETA).problems == ()


@pytest.fixture
def applied(two: Bench) -> Iterator[Bench]:
    two.vps("init", "host.lab2", BETA)
    two.up("host.lab2")
    two.up()
    two.up(BETA)
    yield two
    shutil.rmtree(two.world, ignore_errors=True)


@pytest.mark.engine
def test_on_a_bad_day_others_are_applied_and_everybody_can_leave(applied: Bench) -> None:
    bench = applied
    bad_day(bench)
    report = json.loads(bench.vps("check", "--json", code=1).split("\nerror")[0])
    found = {problem["code"] for problem in report["problems"]}
    assert {"no-yaml", "host-oversold", "spare-too-late", "image-expired"} <= found

    more(bench)
    refused = bench.vps("up", BETA, "--yes", code=1)
    assert "host-overfilled" in refused or "has no room" in refused
    assert "expired" in refused
    assert "host-overfilled" in bench.up(BETA, code=1), "the program refuses as well, whoever starts the engine"
    assert len(bench.domains()) == 2
    path = bench.project.fleet / "clients" / "beta.yaml"
    text = path.read_text()
    path.write_text(text[: text.index("  web2:")])

    edited(bench, "power: managed", "power: suspended")
    edited(bench, "package: small@2026-01", "package: tiny@2026-01")
    bench.vps("up", BETA, "--yes")

    for stack in (STACK, BETA):
        bench.vps("move", f"{stack.removeprefix('client.')}/web1", "lab2")
        bench.vps("up", stack, "--yes")
    assert bench.domains() == {}

    bench.vps("end", "beta/web1", "--on", TODAY.isoformat(), "--yes")
    bench.vps("up", BETA, "--yes")
    bench.vps("up", BETA, "--yes")
    assert not [one for one in bench.state(BETA) if one["type"] == "vps:index:Machine"]
