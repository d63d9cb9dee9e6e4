"""What a run would do, judged without the engine, and never otherwise than the engine judges."""

import copy
import datetime as dt
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from components.config.loader import load
from components.engine import lock
from components.engine.outlook import Outlook, outlook
from components.provider.connections import ADDRESSES, addresses
from tests.engine.conftest import HOST_STACK, STACK, Bench

pytestmark = pytest.mark.engine

SAID = f"{STACK}: nothing to change. 1 resource as declared, as recorded, and as lab1 answered just now"


@pytest.fixture
def applied(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench.up()
    monkeypatch.setenv("VPS_FLEET", str(bench.project.fleet))
    return bench


def found(bench: Bench, stack: str = STACK) -> Outlook | None:
    loaded = load(bench.project.fleet)
    hosts = {ADDRESSES: addresses(loaded.fleet.hosts.values())}
    return outlook({**bench.environment, **hosts}, loaded, stack)


def checkpoint(bench: Bench, change: Callable[[dict], object]) -> None:
    """Edit state itself, as a crash or another tool might leave it."""
    path = bench.project.work / "state/.pulumi/stacks/aegir-vps" / f"{STACK}.json"
    document = json.loads(path.read_text())
    change(document["checkpoint"]["latest"])
    path.write_text(json.dumps(document))


def machine(latest: dict) -> dict:
    return next(one for one in latest["resources"] if one["type"] == "vps:index:Machine")


def domain(bench: Bench, change: Callable[[dict], object]) -> None:
    """Edit the machine on its host, past everybody."""
    (path,) = (bench.world / "domains").glob("*.json")
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def web1(client: dict) -> dict:
    return client["vps"]["web1"]


def second(client: dict) -> None:
    client["vps"]["web2"] = {
        **copy.deepcopy(web1(client)),
        "id": "v-zzzz",
        "fqdn": "w2.coop.example",
        "ipv4": ["192.0.2.77"],
    }
    client["vps"]["web2"].pop("ipv6", None)


def smaller(catalogue: dict) -> None:
    package = copy.deepcopy(catalogue["packages"]["small@2026-01"])
    catalogue["packages"]["less@2026-01"] = {
        **package,
        "limits": {**package["limits"], "vcpus": 1, "cpu_cap": "100 %", "memory": "1 GiB"},
    }


def is_provider(one: dict) -> bool:
    return one["type"].startswith("pulumi:providers:")


def lose_the_component(latest: dict) -> None:
    latest["resources"] = [one for one in latest["resources"] if one["type"] != "vps:component:Vps"]


def lose_the_component_and_its_trace(latest: dict) -> None:
    lose_the_component(latest)
    machine(latest).pop("parent")


def declare_more(bench: Bench) -> None:
    program = bench.project.fleet / "__main__.py"
    program.write_text(program.read_text() + 'pulumi.export("more", "of it")\n')


WILL_BE_DONE: dict[str, Callable[[Bench], object]] = {
    "the name in the file": lambda bench: bench.edit(lambda client: web1(client).update(fqdn="other.coop.example")),
    "a second VPS": lambda bench: bench.edit(second),
    "an end that is declared": lambda bench: bench.edit(
        lambda client: web1(client).update(ends=(dt.datetime.now(dt.UTC).date() + dt.timedelta(days=90)).isoformat())
    ),
    "the host's address": lambda bench: bench.edit(
        lambda host: host.update(uri=host["uri"].replace("/world", "/./world")), file="hosts/lab1.yaml"
    ),
    "a guard that is taken off, against an advice of the pack": lambda bench: bench.edit(
        lambda client: web1(client).update(antispoof=False)
    ),
    "a guest that was switched off": lambda bench: domain(bench, lambda found: found.update(power="off")),
    "protection that was lifted": lambda bench: checkpoint(bench, lambda latest: machine(latest).pop("protect")),
    "an output of the stack": lambda bench: checkpoint(
        bench, lambda latest: latest["resources"][0]["outputs"]["web1"].update(fqdn="old.example")
    ),
}
REFUSED_OR_UNSURE: dict[str, Callable[[Bench], object]] = {
    "an advice of the pack that the fleet has made an order": lambda bench: (
        bench.project.fleet / "policies.yaml"
    ).write_text("levels: {backups-have-a-target: mandatory}\n"),
    "a machine that vanished": lambda bench: next((bench.world / "domains").glob("*.json")).unlink(),
    "an operation that was cut off": lambda bench: checkpoint(
        bench,
        lambda latest: latest.update(pending_operations=[{"type": "updating", "resource": machine(latest)}]),
    ),
    "a resource that the engine has marked": lambda bench: checkpoint(
        bench, lambda latest: machine(latest).update(initErrors=["cut off"])
    ),
    "a resource of somebody else": lambda bench: checkpoint(
        bench,
        lambda latest: latest["resources"].append(
            {"urn": latest["resources"][0]["urn"] + "x", "custom": False, "type": "other:index:Thing"}
        ),
    ),
    "a component that state lacks": lambda bench: checkpoint(bench, lose_the_component),
    "a component that state never had": lambda bench: checkpoint(bench, lose_the_component_and_its_trace),
    "a provider that state lacks": lambda bench: checkpoint(
        bench, lambda latest: latest["resources"].remove(next(filter(is_provider, latest["resources"])))
    ),
    "a machine that the engine would not look at": lambda bench: checkpoint(
        bench, lambda latest: machine(latest).pop("refreshBeforeUpdate")
    ),
    "outputs that are no map": lambda bench: checkpoint(bench, lambda latest: machine(latest).update(outputs="none")),
    "an engine that is told not to look at hosts": lambda bench: bench.environment.update(
        PULUMI_DISABLE_REFRESH_BEFORE_UPDATE="true"
    ),
    "an option for the engine": lambda bench: bench.environment.update(PULUMI_OPTION_POLICY_PACK="/of/another"),
    "a rebuild": lambda bench: bench.environment.update(VPS_REBUILD="[]"),
    "a program that declares more": declare_more,
    "a host that is declared lost, yet answers": lambda bench: bench.edit(
        lambda host: host.update(lost={"since": "2026-01-01T00:00:00Z", "fenced": "power off"}), file="hosts/lab1.yaml"
    ),
    "what the policy pack forbids": lambda bench: bench.edit(
        lambda host: host["inventory"][1].pop("serial"), file="hosts/lab1.yaml"
    ),
}


def test_at_rest_it_is_said_without_an_engine_run(applied: Bench) -> None:
    """Same words for preview and up, no history of a run; the engine agrees, and can be asked."""
    runs = len(list((applied.project.work / "state/.pulumi/history").rglob("*.history.json")))

    for command in (("preview", STACK), ("up", STACK, "--yes")):
        said = applied.vps(*command)
        assert said.startswith(SAID), said
        assert "Previewing" not in said
        assert "`vps list --guests` tells who is behind" in said, "an edited panel is nothing that this run looks at"

    assert len(list((applied.project.work / "state/.pulumi/history").rglob("*.history.json"))) == runs
    applied.pulumi("preview", "--expect-no-changes", "--stack", STACK)
    assert "Previewing update" in applied.vps("preview", STACK, "--engine")
    host = applied.vps("preview", HOST_STACK)
    assert host.startswith(f"{HOST_STACK}: nothing to change. ")
    assert "guests" not in host


@pytest.mark.parametrize("change", REFUSED_OR_UNSURE.values(), ids=REFUSED_OR_UNSURE.keys())
def test_what_is_refused_or_unsure_is_the_engines_business(applied: Bench, change: Callable[[Bench], object]) -> None:
    """One file, one host, one line of state that is other than it was: nothing is concluded here."""
    (advice,) = (before := found(applied)).told
    assert before == Outlook(changes={}, resources=1, hosts=("lab1",), waiting={}, told=(advice,))
    assert advice.startswith("backups-have-a-target: example-coop/web1: ")
    change(applied)
    assert found(applied) is None


@pytest.mark.parametrize("change", WILL_BE_DONE.values(), ids=WILL_BE_DONE.keys())
def test_what_is_foretold_is_done_without_being_judged_twice(applied: Bench, change: Callable[[Bench], object]) -> None:
    """Told in words before the one run of the engine; afterwards all is still, for the engine as well."""
    change(applied)
    before = found(applied)
    assert before is not None
    assert not before.is_still

    said = applied.vps("up", STACK, "--yes")

    for title, words in before.changes.items():
        assert all(f"{title}: {word}\n" in said.partition("Updating")[0] for word in words), said
    assert "Previewing" not in said
    after = found(applied)
    assert after is not None
    assert after.is_still
    applied.pulumi("preview", "--expect-no-changes", "--stack", STACK)


def test_a_client_that_is_new_is_foretold(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """State is empty, and nothing has that name anywhere."""
    monkeypatch.setenv("VPS_FLEET", str(bench.project.fleet))
    before = found(bench)
    assert before is not None
    assert list(before.changes) == ["example-coop/web1"]
    assert "Previewing" not in bench.vps("up", STACK, "--yes")
    assert len(bench.domains()) == 1


def test_a_silent_host_is_the_engines_business(applied: Bench) -> None:
    """It would be no news that state is as state was."""
    applied.world.rename(applied.world.with_name("elsewhere"))
    assert found(applied) is None


def test_an_end_that_is_reached_is_the_engines_business(applied: Bench) -> None:
    """Although state and host are at rest before it is carried out."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    term = {"months": 3, "start": "2026-01-01", "renew": True}
    applied.edit(lambda client: web1(client).update(ends=today, term=term))
    applied.vps("up", STACK, "--yes")
    assert found(applied) is None


def test_a_limit_that_waits_is_told(applied: Bench) -> None:
    """At rest is also a machine whose next boot is waited for."""
    applied.edit(smaller, file="catalogue.yaml")
    applied.edit(lambda client: web1(client).update(package="less@2026-01"))
    applied.vps("up", STACK, "--yes")
    still = found(applied)
    assert still is not None
    assert still.waiting == {"example-coop/web1": ("vcpus", "memoryMib")}
    assert "example-coop/web1: vcpus, memoryMib will be in force after its next boot" in applied.vps("preview", STACK)


def test_a_backend_that_only_the_engine_reads_is_its_business(applied: Bench) -> None:
    """No file to look into."""
    loaded = load(applied.project.fleet)
    assert outlook({**applied.environment, "PULUMI_BACKEND_URL": "s3://elsewhere"}, loaded, STACK) is None


def test_files_that_came_while_it_waited_are_applied(applied: Bench) -> None:
    """Whoever held the stack applied them perhaps, or the checkout was brought up to date meanwhile."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        with lock.hold(applied.environment, STACK, "a test"):
            up = beside.submit(applied.vps, "up", STACK, "--yes")
            turn = applied.project.work / "state" / "aegir-vps-turns" / f"{STACK}.json"
            while len(openers(turn)) < 2 and not up.done():
                time.sleep(0.05)
            applied.edit(lambda client: web1(client).update(fqdn="other.coop.example"))
        said = up.result()
    assert "waits: " in said
    assert "nothing to change" not in said
    assert machine({"resources": applied.state()})["inputs"]["seed"]["values"]["fqdn"] == "other.coop.example"


def openers(file: Path) -> list[int]:
    """The processes that hold the file open."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(handle.readlink() == file for handle in process.glob("fd/*")):
                found.append(int(process.name))
    return found
