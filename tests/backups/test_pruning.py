"""What goes is what the target itself knows to be over; while anything looks wrong nothing goes."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from components.backups.comeback import Archive
from components.backups.pruning import SLOWEST, look, plan, prune, settle
from components.backups.recovery import passphrase
from components.backups.store import Store
from components.backups.target import Kept, Run, Target
from components.domain.packages import Backup
from components.domain.problems import DomainError
from tests.backups.backed import Backed
from tests.backups.conftest import Recovery
from tests.backups.target_host import PLACE, TargetHost
from tests.guests import dies_with_us

NOW = datetime(2026, 12, 20, 12, tzinfo=UTC)
PROMISE = Backup(every_hours=24, keep_days=14)


def world(days: list[int], **change: object) -> tuple[Kept, list[tuple[datetime, str]]]:
    """A run for each of so many days ago, of a part and the snapshot that made it whole."""
    runs = tuple(Run(at=NOW - timedelta(days=day), snapshot=f"whole{day}", kept_bytes=1) for day in days)
    there = [(run.at - timedelta(minutes=5), run.snapshot.replace("whole", "part")) for run in runs]
    there = sorted([*there, *((run.at, run.snapshot) for run in runs)])
    kept = Kept(
        uuid="u",
        enrolled=True,
        sealed=1,
        lost=0,
        snapshots=len(there),
        kept_bytes=1,
        limit_bytes=9,
        held="",
        now=NOW,
    )
    return replace(kept, runs=runs, **change), there  # type: ignore[arg-type] # a row of a test


def test_whole_runs_go_with_their_parts_and_the_state_of_the_oldest_day_stays() -> None:
    found = plan("c/web1", PROMISE, *world([20, 18, 16, 15, 13, 5, 1, 0]))
    assert sorted(found.goes) == ["part16", "part18", "part20", "whole16", "whole18", "whole20"]
    assert (found.runs_go, found.runs_stay) == (3, 5)


def test_what_an_attempt_left_goes_with_the_run_after_it() -> None:
    kept, there = world([20, 18, 15, 3, 2, 0])
    there = sorted([*there, (NOW - timedelta(days=19), "cut short")])
    assert "cut short" in plan("c/web1", PROMISE, kept, there).goes


def test_three_stay_however_old_and_so_does_the_one_that_was_proven() -> None:
    assert plan("c/web1", Backup(every_hours=24, keep_days=1), *world([9, 5, 0])).goes == ()
    proven = '{"at": "2026-12-01T00:00:00+00:00", "differ": 0, "snapshot": "whole20"}'
    kept, there = world([20, 18, 16, 5, 1, 0], proof=proven)
    assert set(plan("c/web1", PROMISE, kept, there).goes) == {"part18", "whole18"}


@pytest.mark.parametrize(
    ("days", "change", "why"),
    [
        ([20, 18, 16, 3], {}, "the newest is 3 days old, so the old ones may be needed"),
        ([20, 1, 0], {"lost": 1}, "1 snapshots that were there are gone"),
        ([20, 1, 0], {"held": "operator"}, "the operator holds it"),
        ([], {}, "there is no whole one"),
    ],
)
def test_nothing_goes_while_it_looks_as_if_it_were_needed(days: list[int], change: dict[str, object], why: str) -> None:
    with pytest.raises(DomainError, match=why):
        plan("c/web1", PROMISE, *world(days, **change))


def test_for_want_of_room_goes_what_was_over_when_the_newest_was_made() -> None:
    """A guest that fills its room and waits does not make more old than one that goes on."""
    days = [60, 50, 40, 35, 34, 33, 30]
    found = plan("c/web1", PROMISE, *world(days), no_room="9 MiB of this VPS lie here")
    assert set(found.goes) == {"part60", "whole60"}
    goes = plan("c/web1", PROMISE, *world([day - 30 for day in days])).goes
    assert goes == ("part30", "whole30"), "the same, by its day"


def test_what_is_large_has_longer() -> None:
    """All of it is read before anything goes; an hour is enough for 7 GB over a slow line, not for 400."""
    small, large = (plan("c/web1", PROMISE, *world([1, 0], kept_bytes=size)) for size in (10**6, 4 * 10**11))
    assert 3600 <= small.deadline_s < 3610
    assert large.deadline_s > 40 * 3600


@pytest.mark.lab
def test_pruning_takes_the_old_and_leaves_the_rest_whole(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with a lock that the guest keeps fresh, and not at all when what it added is damaged."""
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    repository = f"{PLACE.path}/{backed.uuid}/repo"
    for day in ("old", "middle", "young"):
        (backed.files / "day").write_text(day)
        backed.back_up()
        # Older by the target's clock: only root there can do that.
        age = {"old": 40, "middle": 20, "young": 0}[day]
        host.run(f"find {repository}/snapshots -mmin -2 -exec touch -d '-{age} days' {{}} +")
    for _ in range(2):
        (backed.files / "day").write_text("young")
        backed.back_up()
    kept = kept_then = target.status(backed.uuid)[backed.uuid]
    found = plan(backed.title, PROMISE, kept, target.there(backed.uuid))
    assert (found.runs_go, found.runs_stay, len(found.goes)) == (1, 4, 2)
    host.run(f"cp {repository}/config {repository}/locks/{'0' * 64}; chown {PLACE.user}: {repository}/locks/*")
    words = passphrase(target, backed.uuid, recovery.file, "Unable to prune")

    # A pack that was damaged or forged: everything is read before anything goes.
    pack = host.run(f"ls {repository}/data/*/* | head -n 1").stdout.decode().strip()
    host.run(f"cp {pack} /srv/kept; printf spoilt | dd of={pack} bs=1 seek=9 conv=notrunc")
    before = target.there(backed.uuid)
    with pytest.raises(DomainError, match="found damage, nothing was removed"):
        prune(target, backed.uuid, words, found, backed.title, lambda _: None)
    assert target.there(backed.uuid) == before
    host.run(f"cat /srv/kept >{pack}")

    limits: list[float] = []
    really = Store.run

    def run(store: Store, what: str, *words: str, deadline_s: float = 0, **more: Any) -> bytes:
        limits.append(deadline_s)
        return really(store, what, *words, deadline_s=deadline_s or 3600, **more)

    monkeypatch.setattr(Store, "run", run)
    prune(target, backed.uuid, words, found, backed.title, lambda _: None)
    kept = target.status(backed.uuid)[backed.uuid]
    assert (len(kept.runs), kept.lost, kept.held) == (4, 0, "")
    assert set(limits) >= {3600.0 + kept_then.kept_bytes / SLOWEST}, "what reads all of it has the time for it"
    for wished, text in ((f"{kept.runs[0].at:%Y-%m-%dT%H:%M:%SZ}", "middle"), ("latest", "young")):
        Archive.open(target, backed.uuid, recovery.file, backed.title, wished).bring(tmp_path / text)
        assert (tmp_path / text / f"files{backed.files}/day").read_text() == text
    backed.back_up()
    assert len(target.status(backed.uuid)[backed.uuid].runs) == 5


@pytest.mark.lab
def test_one_that_is_refused_for_want_of_room_is_pruned_and_goes_on(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    """Its newest is late for that reason, which else refuses a pruning."""
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    (backed.files / "large").write_bytes(os.urandom(12_000_000))
    snapshots = f"{PLACE.path}/{backed.uuid}/repo/snapshots"
    for age in (40, 30, 5, 4, 3):
        backed.back_up()
        host.run(f"find {snapshots} -mmin -2 -exec touch -d '-{age} days' {{}} +")
        (backed.files / "large").unlink(missing_ok=True)
    with pytest.raises(DomainError, match="the newest is 3 days old"):
        look(target, backed.title, PROMISE, target.status(backed.uuid)[backed.uuid])
    target.enrol(backed.uuid, backed.title, 8 * 1024**2, backed.key())
    assert "and it may have 8 MiB: prune, or raise it" in backed.run("run").stderr
    found = look(target, backed.title, PROMISE, target.status(backed.uuid)[backed.uuid])
    assert (found.runs_go, found.runs_stay) == (1, 4)
    assert "it may have 8 MiB" in found.no_room
    words = passphrase(target, backed.uuid, recovery.file, "Unable to prune")
    prune(target, backed.uuid, words, found, backed.title, lambda _: None)
    assert target.no_room(backed.uuid) == ""
    target.enrol(backed.uuid, backed.title, 8 * 1024, backed.key())
    found = look(target, backed.title, PROMISE, target.status(backed.uuid)[backed.uuid])
    assert found.goes == ()
    with pytest.raises(DomainError, match="has no room for its next backup"):
        prune(target, backed.uuid, words, found, backed.title, lambda _: None)
    backed.enrol(target)
    backed.back_up()


@pytest.mark.lab
def test_it_waits_for_the_guest_s_last_session_and_two_never_take_turns(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    """A backup that is stopped in the middle counts on packs that no index names yet."""
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    first = backed.back_up()
    data = host.root / f"srv/vps-backups/{backed.uuid}/repo/data"
    before = set(data.rglob("*"))
    (backed.files / "large").write_bytes(os.urandom(60_000_000))
    running = backed.start("run")
    end = time.monotonic() + 120
    while len(set(data.rglob("*")) - before) < 2:
        assert running.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGSTOP)

    def sessions() -> int:
        words = ["pgrep", "-fc", f"rclone serve restic.*{backed.uuid}"]
        found = subprocess.run(words, capture_output=True, check=False)
        return int(found.stdout)

    assert sessions()
    with target.alone(backed.uuid, "it"):
        with (
            pytest.raises(DomainError, match="another pruning is under way"),
            target.alone(backed.uuid, "Unable to prune"),
        ):
            pass
        target.pause(backed.uuid, "somebody prunes")
        assert target.status(backed.uuid)[backed.uuid].held == "pruning"
        assert not sessions(), "what it counted on could be removed now"
        os.killpg(running.pid, signal.SIGCONT)
        assert running.wait(timeout=300) != 0
        assert b"held: somebody prunes" in backed.ssh(f"finished {first}").stderr
    with target.alone(backed.uuid, "it"):
        pass
    backed.back_up()
    assert backed.restic("--no-lock", "check").returncode == 0


CUT = """
import sys, time
from components.backups.target import Target
from components.domain.backups import Backups
admin, uuid, gone = sys.argv[1:]
target = Target(Backups(target="ssh://b@h:22/srv/b", host_key="k", recovery=(), admin=admin))
with target.alone(uuid, "it"):
    target.pause(uuid, "somebody prunes")
    target.forgotten(uuid, [gone])
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.lab
def test_one_that_is_killed_holds_nothing_for_ever(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    """Its controller dies: the target itself lets go. The target dies: it is told, and the next pruning lets go."""
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    backed.back_up()
    admin = host.target(recovery.recipient)._declared.admin
    (first, _), *_ = [(snapshot, at) for at, snapshot in target.there(backed.uuid)]

    def kept() -> Kept:
        return target.status(backed.uuid)[backed.uuid]

    controller = dies_with_us([sys.executable, "-c", CUT, admin, backed.uuid, first], stdout=subprocess.PIPE)
    assert controller.stdout
    assert controller.stdout.readline() == b"held\n"
    assert kept().held == "pruning"
    assert "held: somebody prunes" in backed.run("run").stderr
    with pytest.raises(DomainError, match="another pruning is under way"):
        settle(target, backed.title, kept())
    # restic outlives the command that began it, and goes on removing.
    removing = dies_with_us(target.command("change", backed.uuid), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert removing.stdin
    while host.run(f"flock --nonblock {PLACE.path}/{backed.uuid}/changing true").returncode == 0:
        assert removing.poll() is None
        time.sleep(0.05)
    controller.kill()
    controller.wait()
    controller.stdout.close()
    for _ in range(20):
        assert kept().held == "pruning"
        time.sleep(0.1)
    removing.stdin.close()
    removing.wait(timeout=60)
    end = time.monotonic() + 60
    while kept().held:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert settle(target, backed.title, kept()) == ""

    home = f"{PLACE.path}/{backed.uuid}"
    host.run(f"echo 'somebody prunes' >{home}/held-for-pruning; chmod 644 {home}/held-for-pruning")
    host.run(f"echo {first} >{home}/forgetting; touch {home}/repo/locks/{'0' * 64}")
    assert kept().held == "cut"
    assert "held: somebody prunes" in backed.run("run").stderr
    assert "a pruning was cut" in settle(target, backed.title, kept())
    assert (kept().held, kept().lost) == ("", 0)
    assert host.run(f"ls {home}/repo/locks").stdout == b"", "an exclusive one would keep the guest out"
    backed.back_up()
    host.run(f"rm {home}/repo/snapshots/{first}")
    assert kept().lost == 1, "it was to be removed, and was not"

    # What the operator holds stays held.
    target.hold(backed.uuid, "the operator looks")
    with target.alone(backed.uuid, "it"), pytest.raises(DomainError, match="held: the operator looks"):
        target.pause(backed.uuid, "somebody prunes")
    assert kept().held == "operator"
    target.release(backed.uuid)
    assert not kept().held
