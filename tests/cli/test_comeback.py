"""`vps restore` from a backup: what it writes, what it refuses, and the hand-over."""

from pathlib import Path

import pytest

from components.config.loader import load
from components.domain.clients import Restore
from tests.backups.backed import Backed
from tests.backups.conftest import Recovery, host, recovery, wire  # noqa: F401 - fixtures
from tests.backups.target_host import TargetHost
from tests.cli.backed_world import BackedWorld
from tests.cli.world import TITLE

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def backed(host: TargetHost, recovery: Recovery, tmp_path_factory: pytest.TempPathFactory) -> Backed:  # noqa: F811
    """One whole backup, at which all tests here look."""
    world = BackedWorld(tmp_path_factory.mktemp("backed"), host, recovery)
    world.run("backups", "enrol", TITLE)
    world.backed.back_up()
    return world.backed


@pytest.fixture
def made(host: TargetHost, recovery: Recovery, backed: Backed, tmp_path: Path) -> BackedWorld:  # noqa: F811 - fixtures
    return BackedWorld(tmp_path, host, recovery, backed)


def at(made: BackedWorld) -> str:
    (run,) = made.target.status(made.spec.uuid)[made.spec.uuid].runs
    return f"{run.at:%Y-%m-%dT%H:%M:%SZ}"


def test_a_lost_machine_is_declared_to_come_from_its_newest_backup(made: BackedWorld) -> None:
    done = made.run("restore", TITLE)
    assert "answers and holds it" in str(done.exception)
    assert "--from DATE --in-place" in str(done.exception)
    made.world.remove("domains", made.spec.uuid)
    done = made.run("restore", TITLE)
    assert done.exit_code == 0, (done.output, done.exception)
    vps = load(made.project.fleet).fleet.clients["example-coop"].vps["web1"]
    assert vps.restore == Restore(source="lab1", empty=True, backup=at(made))
    assert f"vps restore {TITLE} --run" in done.output


def test_in_place_the_disk_gives_way(made: BackedWorld) -> None:
    done = made.run("restore", TITLE, "--from", "latest", "--in-place")
    assert done.exit_code == 0, (done.output, done.exception)
    vps = load(made.project.fleet).fleet.clients["example-coop"].vps["web1"]
    assert (vps.reinstall, vps.restore) == (1, Restore(source="lab1", empty=True, backup=at(made)))
    # Once more before `vps up`: the number is one above that of the machine, not above that of the file.
    made.run("restore", TITLE, "--from", "latest", "--in-place")
    assert load(made.project.fleet).fleet.clients["example-coop"].vps["web1"].reinstall == 1
    # And until `vps up` no key is handed to the guest of before.
    made.says(answers={"/usr/local/lib/vps/backup": {"out": "ssh-ed25519 " + "N" * 68}})
    done = made.run("restore", TITLE, "--run", "--recovery-key", str(made.recovery.file))
    assert "installation 0 of it runs, and its file says reinstall: 1" in str(done.exception)


def test_there_has_to_be_a_backup_of_then(made: BackedWorld) -> None:
    made.world.remove("domains", made.spec.uuid)
    assert "the oldest whole backup is of" in str(made.run("restore", TITLE, "--from", "2020-01-01").exception)
    assert "is no instant" in str(made.run("restore", TITLE, "--from", "yesterday").exception)


def test_the_hand_over_needs_key_and_declaration(made: BackedWorld) -> None:
    assert "Give --recovery-key FILE" in str(made.run("restore", TITLE, "--run").exception)
    key = str(made.recovery.file)
    done = made.run("restore", TITLE, "--run", "--recovery-key", key)
    assert "its file names no backup" in str(done.exception)
    made.declare(restore={"from": "lab1", "empty": True, "backup": at(made)})
    new = "ssh-ed25519 " + "N" * 68
    made.says(answers={"/usr/local/lib/vps/backup": {"out": new}})
    done = made.run("restore", TITLE, "--run", "--recovery-key", key)
    assert "its key is authorised (replaced)" in done.output, done.exception
    assert "passphrase" not in done.output
