"""A host emptied step by step with the real engine: cut in the midst, gone on with, everybody there exactly once."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from components.engine.project import CHECKOUT, Project
from tests.engine.conftest import Bench
from tests.engine.processes import wait_until
from tests.three_hosts import HOSTS, placed, spread

pytestmark = pytest.mark.engine
CLIENTS = ("beta", "example-coop")
PLAN = "stacks/drains/lab1.yaml"


@pytest.fixture
def three(bench: Bench) -> Bench:
    """Three hosts and both clients, applied."""
    spread(bench.project)
    bench.vps("init", "host.lab2", "host.lab3", "client.beta")
    for name in HOSTS:
        bench.up(f"host.{name}")
    for client in CLIENTS:
        bench.vps("up", f"client.{client}", "--yes")
    return bench


def _world(project: Project, host: str) -> Path:
    return project.work / ("world" if host == "lab1" else f"world-{host}")


def _machines(bench: Bench) -> dict[str, list[str]]:
    """The titles of the machines of each host that run."""
    found = {}
    for host in HOSTS:
        domains = [json.loads(path.read_text()) for path in (_world(bench.project, host) / "domains").glob("*.json")]
        found[host] = sorted(one["title"] for one in domains if one["power"] == "running")
    return found


def test_a_drain_that_is_killed_goes_on_where_it_was(three: Bench) -> None:
    everybody = sorted(title for titles in _machines(three).values() for title in titles)
    assert len(everybody) == 4
    three.vps("host", "set", "lab1", "draining", "--reason", "new memory")
    three.vps("fault", "open", "lab1", "ram", "--reason", "ECC errors")
    assert "not diagnosed: its clock has not begun" in three.vps("drain", "lab1", "--to", "lab3,lab2")
    assert "from " in three.vps("drain", "--run", PLAN, "--yes", code=2)
    assert len(_machines(three)["lab1"]) == 3, "an hour that was announced for tomorrow is not today's"

    command = [str(CHECKOUT / ".venv/bin/vps"), "drain", "--run", PLAN, "--now", "--yes"]
    command += ["--fleet", str(three.project.fleet)]
    with subprocess.Popen(
        command,
        cwd=three.project.folder,
        env=three.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:

        def second_is_declared() -> bool:
            return process.poll() is not None or sum(host != "lab1" for host in placed(three.project).values()) == 3

        wait_until(second_is_declared, "the second step was never begun", 240)
        assert process.poll() is None, "it was over before it could be cut"
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    told = json.loads(three.vps("drain", "--run", PLAN, "--look", "--json", code=2))
    stands = sorted(step["stand"] for step in told["steps"])
    assert stands[0] == "declared, to be carried out"
    assert stands[-1] == "to move"
    assert told["problems"] == []

    said = three.vps("drain", "--run", PLAN, "--now", "--yes")
    assert "step 1 of 2" in said
    assert "No VPS is left on lab1" in said
    machines = _machines(three)
    assert machines["lab1"] == []
    assert sorted(title for titles in machines.values() for title in titles) == everybody
    for client in CLIENTS:
        assert "nothing to change" in three.vps("preview", f"client.{client}")
    assert "3 of 3 steps are done" in three.vps("drain", "--run", PLAN, "--yes")


def test_a_step_that_fails_stops_it_and_says_what_is_left(three: Bench) -> None:
    three.vps("drain", "lab1", "--to", "lab3")
    file = _world(three.project, "lab3") / "faults.json"
    file.write_text(json.dumps([{"step": "move.arrive", "do": "fail", "times": 9}]))
    said = three.vps("drain", "--run", PLAN, "--now", "--yes", code=1)
    assert "stopped. Left of this run on lab1: " in said
    assert said.count("step 1 of 3") == 1
    assert "step 2 of 3" not in said
    assert len(_machines(three)["lab1"]) == 3
    file.unlink()

    full = three.project.fleet / "hosts" / "lab3.yaml"
    roomy = full.read_text()
    full.write_text(roomy.replace("memory: 17 GiB", "memory: 5 GiB"))
    said = three.vps("drain", "--run", PLAN, "--now", "--yes", code=1)
    assert "does not fit the fleet any more" in said
    assert "not enough" in said or "memory: 2112 MiB needed" in said
    assert len(_machines(three)["lab1"]) == 3
    full.write_text(roomy)
    assert "No VPS is left on lab1" in three.vps("drain", "--run", PLAN, "--now", "--yes")


def test_a_yes_to_moves_shuts_nobody_down_early_and_does_nothing_else(three: Bench) -> None:
    """A move that its file says already waits for its hour; what waits in a client's file is not carried out."""
    three.vps("move", "beta/shop", "lab3")
    three.vps("drain", "lab1", "--to", "lab3", "--stopped")
    assert "beta/shop to lab3: declared, to be carried out: from " in three.vps(
        "drain", "--run", PLAN, "--look", code=2
    )
    three.vps("drain", "--run", PLAN, "--yes", code=2)
    assert _machines(three)["lab1"] == ["beta/shop", "example-coop/web1", "example-coop/web2"]

    three.edit(lambda document: document["vps"]["web3"].update(reinstall=1))
    said = three.vps("drain", "--run", PLAN, "--now", "--yes", code=1)
    assert _machines(three)["lab3"] == ["beta/shop"]
    assert "example-coop/web1 was not begun: `vps up client.example-coop`" in said
    assert "example-coop/web3: reinstall: 0 -> 1: DOWNTIME AND A NEW, EMPTY DISK" in said
    assert placed(three.project)["example-coop", "web1"] == "lab1"

    three.edit(lambda document: document["vps"]["web3"].pop("reinstall"))

    # One that was cut while its guest was down is another matter: it goes on at once, and the rest waits.
    (_world(three.project, "lab1") / "faults.json").write_text('[{"step": "move.send", "do": "kill"}]')
    three.vps("drain", "--run", PLAN, "--now", "--yes", code=1)
    assert _machines(three) == {"lab1": ["example-coop/web2"], "lab2": ["example-coop/web3"], "lab3": ["beta/shop"]}
    said = three.vps("drain", "--run", PLAN, "--yes", code=2)
    assert "example-coop/web1: lab1 to lab3, its guest shut down if it runs, begun" in said
    assert "example-coop/web2 to lab3: to move: from " in said
    assert _machines(three)["lab3"] == ["beta/shop", "example-coop/web1"]
    assert _machines(three)["lab1"] == ["example-coop/web2"]
    assert "No VPS is left on lab1" in three.vps("drain", "--run", PLAN, "--now", "--yes")
