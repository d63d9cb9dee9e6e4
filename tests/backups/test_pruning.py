"""What goes is what the target itself knows to be over; while anything looks wrong nothing goes."""

import os
import signal
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.backups.comeback import Archive
from components.backups.pruning import plan, prune
from components.backups.recovery import passphrase
from components.backups.target import Kept, Run, Target
from components.domain.packages import Backup
from components.domain.problems import DomainError
from tests.backups.backed import Backed
from tests.backups.conftest import Recovery
from tests.backups.target_host import PLACE, TargetHost

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
        held=False,
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
        ([], {}, "there is no whole one"),
    ],
)
def test_nothing_goes_while_it_looks_as_if_it_were_needed(days: list[int], change: dict[str, object], why: str) -> None:
    with pytest.raises(DomainError, match=why):
        plan("c/web1", PROMISE, *world(days, **change))


@pytest.mark.lab
def test_pruning_takes_the_old_and_leaves_the_rest_whole(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
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
    kept = target.status(backed.uuid)[backed.uuid]
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

    prune(target, backed.uuid, words, found, backed.title, lambda _: None)
    kept = target.status(backed.uuid)[backed.uuid]
    assert (len(kept.runs), kept.lost, kept.held) == (4, 0, False)
    for wished, text in ((f"{kept.runs[0].at:%Y-%m-%dT%H:%M:%SZ}", "middle"), ("latest", "young")):
        Archive.open(target, backed.uuid, recovery.file, backed.title, wished).bring(tmp_path / text)
        assert (tmp_path / text / f"files{backed.files}/day").read_text() == text
    backed.back_up()
    assert len(target.status(backed.uuid)[backed.uuid].runs) == 5


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
        target.hold(backed.uuid, "somebody prunes")
        assert not sessions(), "what it counted on could be removed now"
        os.killpg(running.pid, signal.SIGCONT)
        assert running.wait(timeout=300) != 0
        assert b"held: somebody prunes" in backed.ssh(f"finished {first}").stderr
        target.release(backed.uuid)
    with target.alone(backed.uuid, "it"):
        pass
    backed.back_up()
    assert backed.restic("--no-lock", "check").returncode == 0
