"""From an order to a running machine with what `vps new` and its like print as next steps, run as they are printed."""

import json
import subprocess
from collections.abc import Mapping

import pytest

from tests.engine.conftest import DEADLINE_S, Bench

pytestmark = pytest.mark.engine

WHO = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@hoster.example",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@hoster.example",
}
ACME = ("--package", "small", "--term", "3", "--name", "Acme Ltd", "--contact", "Bea Löw <bea@acme.example>")


def shell(bench: Bench, line: str) -> str:
    """A line as somebody would paste it; the engine's question is answered beforehand."""
    environment = bench.environment | WHO | {"PULUMI_SKIP_CONFIRMATIONS": "true"}
    environment["VPS_FLEET"] = str(bench.project.fleet)
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=bench.project.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, f"{line} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def follow(bench: Bench, command: str) -> list[str]:
    """Run a command, then every step that it prints."""
    said = shell(bench, command)
    steps = [line.strip() for line in said.partition("Next:\n")[2].splitlines()]
    assert steps, said
    for step in steps:
        shell(bench, step)
    return steps


def machines(bench: Bench) -> Mapping[str, dict[str, object]]:
    """Every domain on the host, by its title."""
    return {str(found["title"]): found for found in bench.domains().values()}


@pytest.fixture
def roomy(bench: Bench) -> Bench:
    """The project in git, its host with room for several."""
    bench.edit(lambda host: host["capacity"].update(memory="32 GiB"), file="hosts/lab1.yaml")
    shell(bench, "git init -q -b main && git add -A && git commit -q -m 'The example'")
    return bench


def test_from_an_order_to_machines_and_to_another_package(roomy: Bench) -> None:
    """New client, one more VPS, another package: each step is what was printed, and the fake host has it in the end."""
    words = " ".join(f"'{word}'" for word in ACME)
    steps = follow(roomy, f"vps new acme {words} --fqdn web1.acme.example --yes")
    assert [step.split()[:2] for step in steps] == [["vps", "check"], ["git", "add"], ["vps", "up"]]
    assert "stacks/pulumi/Pulumi.client.acme.yaml" in steps[1], "the engine's file is in the first commit"
    assert list(machines(roomy)) == ["acme/web1"]
    assert shell(roomy, "git status --porcelain") == ""

    follow(roomy, "vps add acme --package small --term 1 --fqdn web2.acme.example --yes")
    assert sorted(machines(roomy)) == ["acme/web1", "acme/web2"]

    told = json.loads(shell(roomy, "vps package acme/web2 medium --json"))
    effects = {one["limit"]: one["words"] for one in told["consequences"]}
    assert "live, inside the room that the guest was booted with" in effects["memoryMib"], "state knows the guest"
    follow(roomy, "vps package acme/web2 medium --yes")
    config = machines(roomy)["acme/web2"]["config"]
    assert isinstance(config, dict)
    assert (config["memoryMib"], config["cpuCapPercent"]) == (4096, 300)

    # What is in force is never placed anew, not even where it clashes.
    said = shell(roomy, "vps new --again acme")
    assert "acme/web1: in force, the state of client.acme holds it" in said
