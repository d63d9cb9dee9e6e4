"""`vps backups`: against the real target, exit codes and figures included; the machine itself is the fake's."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from components.backups.drill import Stand, clear
from components.backups.enrolment import Enrolled
from components.config.loader import load
from components.engine.backend import backend_id
from tests.backups.conftest import Recovery, host, recovery, wire  # noqa: F401 - fixtures
from tests.backups.target_host import TargetHost
from tests.cli.backed_world import BackedWorld, spoil
from tests.cli.world import TITLE, MadeWorld
from tests.guests import dies_with_us

pytestmark = pytest.mark.lab

COUNTS = {"files": 12, "bytes": 3456, "hashed": 10, "tables": 2, "differ": 0, "wrong": [], "run": "2026"}


@pytest.fixture
def made(host: TargetHost, recovery: Recovery, tmp_path: Path) -> BackedWorld:  # noqa: F811 - fixtures
    return BackedWorld(tmp_path, host, recovery)


def test_without_a_target_a_promise_is_broken(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from components.cli.main import app

    world = MadeWorld(tmp_path / "plain")
    done = CliRunner().invoke(app, ["backups", "--fleet", str(world.project.fleet)])
    assert (done.exit_code, "declares no target" in done.output) == (2, True)
    done = CliRunner().invoke(app, ["backups", "target", "--url", "ssh://b@h:22/srv/b", "--fleet", "nowhere"])
    assert done.output.startswith("#!/bin/sh")


def test_from_nothing_to_kept_to_broken(made: BackedWorld, host: TargetHost) -> None:  # noqa: F811 - a fixture
    done = made.run("backups")
    assert (done.exit_code, "not enrolled" in done.output) == (2, True)
    done = made.run("backups", "enrol", TITLE)
    assert "its key was authorised (new)" in done.output, done.exception
    assert "nothing to do" in made.run("backups", "enrol", TITLE).output
    assert made.run("backups", "list", TITLE, "--json").exit_code == 2
    made.backed.back_up()
    done = made.run("backups", "--json")
    assert done.exit_code == 0
    (row,) = json.loads(done.output)
    assert (row["vps"], row["state"], row["runs"], row["proven"]) == (TITLE, "kept", 1, None)
    assert row["kept_bytes"] > 1000
    assert "never" in made.run("backups", TITLE).output
    spoil(host, made.spec.uuid)
    done = made.run("backups", TITLE)
    assert (done.exit_code, "gone, and nobody of ours removed them" in done.output) == (2, True)


def test_a_target_that_does_not_answer_is_no_verdict(made: BackedWorld) -> None:
    file = made.project.fleet / "fleet.yaml"
    yaml = YAML()
    document = yaml.load(file)
    document["backups"]["admin"] = "sh -c 'exit 255'"
    yaml.dump(document, file)
    done = made.run("backups")
    assert (done.exit_code, "unknown" in done.output) == (1, True)


def test_fetch_writes_files_here(made: BackedWorld, tmp_path: Path) -> None:
    made.run("backups", "enrol", TITLE)
    (made.backed.files / "notes").write_text("of the client")
    made.backed.back_up()
    key = str(made.recovery.file)
    done = made.run("backups", "fetch", TITLE, "--recovery-key", key, "--into", str(tmp_path / "here"))
    assert done.exit_code == 0, done.exception
    assert (tmp_path / f"here/files{made.backed.files}/notes").read_text() == "of the client"
    again = made.run("backups", "fetch", TITLE, "--recovery-key", key, "--into", str(tmp_path / "here"))
    assert "is there already" in str(again.exception)


def test_prune_says_what_stays(made: BackedWorld, host: TargetHost) -> None:  # noqa: F811 - a fixture
    made.run("backups", "enrol", TITLE)
    made.backed.back_up()
    home = f"/srv/vps-backups/{made.spec.uuid}"
    host.run(f"echo cut >{home}/held-for-pruning; chmod 644 {home}/held-for-pruning")
    assert "held by a pruning that was cut" in made.run("backups").output
    for number in range(20):
        made.backed.ssh("escrow", b"age-encryption.org/v1\n" + str(number).encode())
    done = made.run("backups", "prune", "--recovery-key", str(made.recovery.file), "--yes")
    assert "a pruning was cut and still held it" in done.output
    assert "11 sealed copies go, 5 stay" in done.output
    assert "held" not in made.run("backups").output
    done = made.run("backups", "prune", "--recovery-key", str(made.recovery.file), "--yes")
    assert (done.exit_code, f"{TITLE}: 0 backups go, 1 stay" in done.output) == (0, True)


def test_a_drill_leaves_its_proof_and_nothing_else(
    made: BackedWorld,
    host: TargetHost,  # noqa: F811 - a fixture
) -> None:
    """The guest is made, asked, and destroyed with its disk; the record is at the target, and `backups` shows it."""
    made.run("backups", "enrol", TITLE)
    made.backed.back_up()
    fleet = load(made.project.fleet).fleet
    client = fleet.clients["example-coop"]
    enrolled = Enrolled.of(fleet, client, client.vps["web1"])
    assert enrolled is not None
    stand = Stand.of(enrolled, "lab1", backend_id(made.environment))
    assert stand.spec.uuid != made.spec.uuid
    assert [nic.addresses for nic in stand.spec.nics.values()] == [("192.0.2.250/24",)]
    key = "ssh-ed25519 " + "D" * 68
    program = "/usr/local/lib/vps/backup"
    answers = {f"{program} prepare": {"out": key}, f"{program} take": {}}
    answers[f"{program} drill"] = {"out": json.dumps(COUNTS)}
    made.world.put("guests", stand.spec.uuid, {"answers": answers})
    before = sorted(made.world.all("volumes/vps"))

    words = ["backups", "drill", TITLE, "--recovery-key", str(made.recovery.file), "--yes"]
    done = made.run(*words)

    assert done.exit_code == 0, (done.output, done.exception)
    assert "12 files (10 checksums, 3456 bytes) and 2 tables compared, 0 differ" in done.output
    assert made.driver.read(stand.spec.uuid) is None
    assert not [one for one in made.driver.read_trash() if one.uuid == stand.spec.uuid]
    assert sorted(made.world.all("volumes/vps")) == before
    (row,) = json.loads(made.run("backups", "--json").output)
    assert (row["proven"]["files"], row["proven"]["differ"]) == (12, 0)
    assert row["proven"]["snapshot"] == row["snapshot"]

    # One that was cut: it is told, its guest goes with the next drill, of whatever VPS, and two are never at once.
    made.driver.create(stand.spec, stand.seed, stand.mark)
    made.target.visit(made.spec.uuid, stand.spec.uuid, "lab1", key)
    assert "on lab1 has not ended" in made.run("backups").output
    with made.target.drilling(made.spec.uuid, "it"):
        assert "another drill is under way" in str(made.run(*words).exception)
    clear(fleet, made.target, lambda _: None)
    assert made.driver.read(stand.spec.uuid) is None
    assert "has not ended" not in made.run("backups").output
    assert stand.spec.uuid not in host.run("cat /etc/vps-backups/authorized_keys").stdout.decode()

    made.world.put("guests", stand.spec.uuid, {"silent": "it boots"})
    program_words = [sys.executable, "-c", "from components.cli.main import main; main()", *words]
    cut = dies_with_us([*program_words, "--fleet", str(made.project.fleet)], stdout=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while made.driver.read(stand.spec.uuid) is None:
        assert cut.poll() is None
        assert time.monotonic() < end
        time.sleep(0.1)
    cut.kill()
    cut.wait()
    assert "on lab1 has not ended" in made.run("backups").output
    answers[f"{program} drill"] = {"code": 1, "out": json.dumps(COUNTS | {"differ": 1, "wrong": ["/a: missing"]})}
    made.world.put("guests", stand.spec.uuid, {"answers": answers})
    done = made.run(*words)
    assert (done.exit_code, "/a: missing" in done.output) == (2, True)
    assert "left on lab1 was removed" in done.output
    assert "DIFFERS" in made.run("backups").output
