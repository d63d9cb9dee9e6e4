"""What of a repository may go, and how: only on the operator's side, and never because a guest wished it.

Times are the target's own, of when it wrote a snapshot's file: a guest that dates its snapshots into the future, or
stops making backups to wait until the old ones are over, changes nothing about what is kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from components.backups.kit import ADMIN
from components.backups.promise import SLACK, proof_of, spoken
from components.backups.store import HOUR_S, Store
from components.backups.target import Kept, Target
from components.domain.packages import Backup
from components.domain.problems import DomainError

ALWAYS = 3
"""Whole backups that stay, however old."""
SLOWEST = 2_000_000
"""Bytes a second at which everything is read at least; below that it is taken for stuck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Snapshots that go, how many whole backups stay, how many bytes have to be read before, why the guest is refused.

    One that is refused is pruned also when no snapshot goes: what attempts left lies there as well.
    """

    goes: tuple[str, ...]
    runs_stay: int
    runs_go: int
    kept_bytes: int
    no_room: str = ""

    @property
    def deadline_s(self) -> float:
        """For each act that may have to read all of it."""
        return HOUR_S + self.kept_bytes / SLOWEST


def look(target: Target, title: str, promise: Backup, kept: Kept) -> Plan:
    """`plan` of what lies there now. Raises DomainError as it does, and when the target does not answer."""
    no_room = target.no_room(kept.uuid) if _overdue(promise, kept) else ""
    return plan(title, promise, kept, target.there(kept.uuid), no_room)


def _overdue(promise: Backup, kept: Kept) -> bool:
    return bool(kept.runs) and kept.now - kept.runs[-1].at > timedelta(hours=promise.every_hours) + SLACK


def plan(title: str, promise: Backup, kept: Kept, there: Sequence[tuple[datetime, str]], no_room: str = "") -> Plan:
    """What is older than promised. Raises DomainError while anything looks as if old backups will be needed.

    `no_room` is why the target takes nothing of a VPS: then what was over when it made its newest goes, and no more.
    """
    what = f"Unable to prune the backups of {title}"
    if kept.held == "operator":
        raise DomainError(f"{what}: the operator holds it.", f"At the target, as root: {ADMIN} release {kept.uuid}")
    if kept.lost:
        raise DomainError(
            f"{what}: {kept.lost} snapshots that were there are gone, and nobody of ours removed them.",
            "Nothing was removed. Find out at the target what happened, before anything else goes.",
        )
    if not kept.runs:
        raise DomainError(f"{what}: there is no whole one.", "Nothing was removed.")
    age = kept.now - kept.runs[-1].at
    if _overdue(promise, kept) and not no_room:
        raise DomainError(
            f"{what}: the newest is {spoken(age)} old, so the old ones may be needed.",
            "Nothing was removed. Mend the backups first: vps backups list",
        )
    # A run that ended before that instant is over, but for the newest of those: it is the state of that day.
    today = kept.runs[-1].at if no_room else kept.now
    oldest = today - timedelta(days=promise.keep_days)
    over = [run for run in kept.runs if run.at < oldest][:-1]
    proven = (proof_of(kept) or {}).get("snapshot")
    stays = {run.snapshot for run in kept.runs[-ALWAYS:]} | {proven}
    goes: list[str] = []
    before = datetime.min.replace(tzinfo=kept.now.tzinfo)
    for run in kept.runs:
        # What was written since the run before belongs to this one: its parts, and what an attempt left.
        parts = [snapshot for at, snapshot in there if before < at <= run.at]
        before = run.at
        if run in over and run.snapshot not in stays:
            goes += parts
    gone = sum(run.snapshot in goes for run in kept.runs)
    return Plan(
        goes=tuple(goes),
        runs_stay=len(kept.runs) - gone,
        runs_go=gone,
        kept_bytes=kept.kept_bytes,
        no_room=no_room,
    )


def settle(target: Target, title: str, kept: Kept) -> str:
    """End what a pruning left that was cut: words of it, none when there is nothing. Raises DomainError: one lives."""
    if kept.held not in ("cut", "pruning"):
        return ""
    with target.alone(kept.uuid, f"Unable to prune the backups of {title}"):
        return f"{title}: a pruning was cut and still held it; its backups are taken again"


def prune(target: Target, uuid: str, passphrase: str, found: Plan, title: str, say: Callable[[str], None]) -> None:
    """Read and check everything, remove what the plan names, check again; the guest is held off meanwhile.

    Everything is read before anything goes: an index that a guest poisoned could make restic take a worthless copy for
    the good one. Raises DomainError; what was interrupted is safe to run again.
    """
    what = f"Unable to prune the backups of {title}"
    with target.alone(uuid, what):
        _prune(target, uuid, Store(target, uuid, passphrase, writes=True), found, title, say)
    if found.no_room and (still := target.no_room(uuid)):
        raise DomainError(
            f"{title} has no room for its next backup, although nothing is over any more: {still}.",
            "A VPS has four times its disk: declare a larger package, and after vps up: vps backups enrol. "
            "Or have fewer days kept, or a larger target.",
        )


def _prune(target: Target, uuid: str, store: Store, found: Plan, title: str, say: Callable[[str], None]) -> None:
    what = f"Unable to prune the backups of {title}"
    damage = f"{what}: the check before found damage, nothing was removed"
    limit = found.deadline_s
    target.pause(uuid, "the operator prunes old backups")
    store.run(what, "unlock", "--remove-all", "--quiet")
    say(f"{title}: everything is read and checked")
    store.run(damage, "check", "--read-data", "--quiet", deadline_s=limit)
    say(f"{title}: {len(found.goes)} snapshots go")
    for start in range(0, len(found.goes), 200):
        part = found.goes[start : start + 200]
        target.forgotten(uuid, part)
        store.run(what, "forget", "--quiet", *part)
    store.run(what, "prune", "--quiet", deadline_s=limit)
    store.run(f"{what}: the check afterwards found damage", "check", "--quiet", deadline_s=limit)
