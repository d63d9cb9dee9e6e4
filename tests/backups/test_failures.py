"""Backups in trouble: the target away, full or held, a run killed in the middle, another host, no recipient."""

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from components.backups.comeback import Archive
from components.backups.target import Target
from tests.backups.backed import GIB, LIB, Backed
from tests.backups.conftest import Recovery
from tests.backups.target_host import PLACE, TargetHost
from tests.guests import dies_with_us

pytestmark = pytest.mark.lab

PR_SET_CHILD_SUBREAPER = 36
"""Of prctl(2)."""


@pytest.fixture
def backed(host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path) -> Backed:
    """Enrolled, with something to back up."""
    made = Backed(tmp_path / "one", host, recovery.recipient)
    made.enrol(target)
    (made.files / "some").write_text("data\n")
    return made


@contextmanager
def reaping() -> Iterator[None]:
    """Whose parent is gone is ours to bury, as a guest's first process does it: restic takes a zombie for alive."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def state(backed: Backed) -> dict[str, str]:
    found: dict[str, str] = json.loads((backed.state / "backup" / "state.json").read_text())
    return found


def test_a_run_that_was_killed_leaves_nothing_that_counts_and_the_next_goes_on(
    backed: Backed, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    first = backed.back_up()
    repository = backed.host.root / f"srv/vps-backups/{backed.uuid}/repo"
    (backed.files / "large").write_bytes(os.urandom(60_000_000))
    before = set((repository / "data").rglob("*"))
    running = backed.start("run")
    end = time.monotonic() + 120
    while len(set((repository / "data").rglob("*")) - before) < 2 or not list((repository / "locks").iterdir()):
        assert running.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < end
        time.sleep(0.02)
    with reaping():
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        with suppress(ChildProcessError):
            while os.waitpid(-running.pid, 0):
                pass
    assert list((repository / "locks").iterdir()), "its lock is left"
    assert [run.snapshot for run in target.status(backed.uuid)[backed.uuid].runs] == [first]
    second = backed.back_up()
    assert [run.snapshot for run in target.status(backed.uuid)[backed.uuid].runs] == [first, second]
    # A lock that its dead owner left keeps nobody out, as adding takes no exclusive one, and goes with the next run.
    assert not list((repository / "locks").iterdir())
    Archive.open(target, backed.uuid, recovery.file, backed.title, "latest").bring(tmp_path / "back")
    assert (tmp_path / f"back/files{backed.files}/large").read_bytes() == (backed.files / "large").read_bytes()


def test_a_target_that_is_away_is_told_and_nothing_is_lost(backed: Backed, target: Target) -> None:
    first = backed.back_up()
    settings = backed.folder / "guest.json"
    good = settings.read_text()
    settings.write_text(good.replace(f":{PLACE.port}/", ":9/"))
    done = backed.run("run")
    assert done.returncode == 1
    assert "the target can't be reached" in done.stderr
    said = state(backed)
    assert (said["state"], "can't be reached" in said["message"]) == ("failed", True)
    assert said["newest"], "what was whole before is still known"
    settings.write_text(good)
    second = backed.back_up()
    assert state(backed)["state"] == "done"
    assert [run.snapshot for run in target.status(backed.uuid)[backed.uuid].runs] == [first, second]


def test_another_machine_at_its_address_gets_nothing(backed: Backed) -> None:
    settings = json.loads((backed.folder / "guest.json").read_text())
    settings["backup"]["host_key"] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAMvAzTr0Yh3XQ8rA5YzWcOq1m7iY0p3m3s0e6w6T1Jk"
    (backed.folder / "guest.json").write_text(json.dumps(settings))
    done = backed.run("run")
    assert done.returncode == 1
    assert "Host key verification failed" in done.stderr


def test_a_target_that_fills_up_during_a_run_is_told_at_once_and_harms_no_old_backup(
    backed: Backed, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    """restic tries again for a quarter of an hour what is not taken; the run ends as soon as the target says why."""
    first = backed.back_up()
    filling = "fallocate -l $(($(df -Pk /srv | awk 'NR==2 {print $4}') - %d))K /srv/filler%d"
    backed.host.run(filling % (8192, 1))
    try:
        (backed.files / "large").write_bytes(os.urandom(30_000_000))
        running = backed.start("run")
        end = time.monotonic() + 300
        while running.poll() is None and state(backed)["state"] != "failed":
            assert time.monotonic() < end, "nobody is told"
            time.sleep(0.1)
        if running.poll() is None:
            assert "is tried again: Save(<data/" in state(backed)["message"]
            # What was written in vain is removed again, so there may be room for less.
            backed.host.run(filling % (512, 2))
        assert running.wait(timeout=300) == 1
        said = state(backed)
        assert (said["state"], "the target takes nothing now: no room" in said["message"]) == ("failed", True), said
        assert said["newest"]
        assert target.status(backed.uuid)[backed.uuid].full
    finally:
        backed.host.run("rm -f /srv/filler*")
    assert not target.status(backed.uuid)[backed.uuid].full
    assert [run.snapshot for run in target.status(backed.uuid)[backed.uuid].runs] == [first]
    Archive.open(target, backed.uuid, recovery.file, backed.title, "latest").bring(tmp_path / "back")
    backed.back_up()
    assert len(target.status(backed.uuid)[backed.uuid].runs) == 2


TRANSIENT = """
now=$1
VPS_LIB=$2
. "$VPS_LIB/backup-run.sh"
: >"$now/err"
round=0
sleep() {
    round=$((round + 1))
    case $round in 2 | 3 | 90) echo 'Save(<data/1>) returned error, retrying after 1s' >>"$now/err" ;; esac
    [ "$round" -lt 100 ]
}
there() { echo "$round look" >>"$now/said"; }
note() { echo "$round $1"; } >>"$now/said"
refusals 0
"""


def test_one_failure_is_looked_at_once_and_forgotten_when_it_goes_on(tmp_path: Path) -> None:
    """Hours of an upload follow, and each look has the target count all that lies there."""
    subprocess.run(["sh", "-c", TRANSIENT, "sh", str(tmp_path), str(LIB)], check=True, timeout=60)
    said = (tmp_path / "said").read_text().splitlines()
    assert said == ["2 look", "2 failed", "3 look", "27 running", "90 look", "90 failed"]


def test_no_more_room_than_it_has_and_no_writing_while_held(backed: Backed, target: Target) -> None:
    backed.back_up()
    target.enrol(backed.uuid, backed.title, 1024, backed.key())
    done = backed.run("run")
    assert "it may have 0 MiB" in done.stderr
    target.enrol(backed.uuid, backed.title, GIB, backed.key())
    target.hold(backed.uuid, "the operator prunes")
    done = backed.run("run")
    assert "the target takes nothing now: held: the operator prunes" in done.stderr
    target.release(backed.uuid)
    backed.back_up()


def test_empty_files_are_room_too_and_a_drill_reads_only(backed: Backed, target: Target, tmp_path: Path) -> None:
    """A file of no bytes takes a place that is everybody's; a drill's guest is as hostile as its client."""
    backed.back_up()
    home = f"/srv/vps-backups/{backed.uuid}"
    backed.host.run(f"mkdir {home}/repo/data/more; cd {home}/repo/data/more; seq 30000 | xargs touch")
    done = backed.run("run")
    assert (done.returncode, "files of this VPS lie here, and it may have" in done.stderr) == (1, True)
    backed.host.run(f"rm -rf {home}/repo/data/more")
    visitor = Backed(tmp_path / "visitor", backed.host, backed.settings["recovery"])
    target.visit(backed.uuid, visitor.uuid, "lab1", visitor.key())
    words = (backed.secrets / "backup-passphrase").read_text().strip()

    def files() -> bytes:
        return backed.host.run(f"cd {home} && find . | sort").stdout

    before = files()
    assert visitor.restic("--no-lock", "snapshots", passphrase=words).returncode == 0
    assert visitor.restic("--no-lock", "ls", "latest", passphrase=words).returncode == 0
    visitor.restic("backup", str(backed.files), passphrase=words, timeout=15)
    assert files() == before
    # A drill that was cut leaves its key: not for long.
    host_side = f"/etc/vps-backups/keys/{visitor.uuid}.visit"
    backed.host.run(f"touch -d '-13 hours' {host_side}")
    assert b"the time of this drill is over" in visitor.ssh("repository").stderr
    backed.host.run(f"ln {host_side} {host_side}.was")
    target.visit(backed.uuid, visitor.uuid, "lab1")
    assert visitor.key() in backed.host.run(f"cat {host_side}.was").stdout.decode(), "a cut would have left half of it"
    backed.host.run(f"rm {host_side}.was")
    assert visitor.ssh("repository").returncode == 255, "its key is none any more"
    assert [visit.host for visit in target.status(backed.uuid)[backed.uuid].visits] == ["lab1"]
    target.leave(visitor.uuid)
    assert not target.status(backed.uuid)[backed.uuid].visits


def test_a_session_that_is_ended_leaves_nobody_counting(backed: Backed) -> None:
    """What looks after its room would go on for ever, and once kill whoever has the number of its rclone."""
    backed.back_up()
    serve = f"/usr/local/lib/vps-backups/serve {backed.uuid}"

    def at_work() -> int:
        return int(subprocess.run(["pgrep", "-fc", f"/bin/sh {serve}"], capture_output=True, check=False).stdout)

    words = [*backed.host.admin, f"exec env SSH_ORIGINAL_COMMAND=repository /bin/sh {serve}"]
    session = dies_with_us(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert session.stdin
    end = time.monotonic() + 60
    while at_work() < 2:
        assert session.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    session.terminate()
    session.wait(timeout=60)
    session.stdin.close()
    while at_work():
        assert time.monotonic() < end, "somebody of it goes on"
        time.sleep(0.05)


def test_without_a_recovery_key_nothing_is_backed_up(backed: Backed) -> None:
    settings = json.loads((backed.folder / "guest.json").read_text())
    settings["backup"]["recovery"] = ""
    (backed.folder / "guest.json").write_text(json.dumps(settings))
    assert "nobody could open a backup" in backed.run("run").stderr
    settings["backup"]["recovery"] = "age1nonsense"
    (backed.folder / "guest.json").write_text(json.dumps(settings))
    done = backed.run("run")
    assert done.returncode == 1
    assert "could not be sealed" in done.stderr


def test_nothing_is_backed_up_while_a_first_boot_or_a_restore_is_on_its_way(backed: Backed, target: Target) -> None:
    """Half of a VPS must not become its newest backup, nor take away what its restore stands on."""
    standing = backed.state / "backup" / "now" / "head.json"
    standing.parent.mkdir()
    standing.write_text("{}")
    (backed.state / "delivered").unlink()
    done = backed.run("run")
    assert (done.returncode, "when this VPS is delivered" in done.stdout) == (0, True)
    assert (backed.state / "backup" / "wished").exists(), "its end begins the one that was wished"
    (backed.state / "delivered").touch()
    settings = backed.folder / "guest.json"
    told = json.loads(settings.read_text())
    settings.write_text(json.dumps(told | {"restore": {"archive": "latest"}}))
    done = backed.run("run")
    assert (done.returncode, "before what is to be restored is back" in done.stdout) == (0, True)
    assert standing.exists()
    assert not target.status(backed.uuid)[backed.uuid].runs
    (backed.state / "backup" / "restored.json").write_text("{}")
    backed.back_up()
    assert not (backed.state / "backup" / "wished").exists()


def test_a_restore_waits_for_a_backup_and_a_backup_for_neither(backed: Backed) -> None:
    lock = backed.state / "backup" / "lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        running = backed.start("restore")
        end = time.monotonic() + 60
        while f"{lock.stat().st_ino} 0 EOF" not in "".join(
            line for line in Path("/proc/locks").read_text().splitlines(keepends=True) if "->" in line
        ):
            assert running.poll() is None, "it did not wait"
            assert time.monotonic() < end
            time.sleep(0.05)
    assert running.wait(timeout=60) == 1, "and then it has no order"


def test_two_runs_at_once_are_one(backed: Backed) -> None:
    (backed.files / "large").write_bytes(os.urandom(20_000_000))
    running = backed.start("run")
    end = time.monotonic() + 60
    while not (backed.state / "backup" / "now").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert "another backup is under way" in backed.run("run").stderr
    assert running.wait(timeout=300) == 0
