"""The target's own side, asked by its `admin` program: who may add, what lies there since when by its own clock.

Nothing that a guest says of its backups is believed here: files, sizes and times are the target's.
"""

import base64
import re
import select
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from components.backups.kit import ADMIN
from components.domain.backups import Backups
from components.domain.problems import DomainError

DEADLINE_S = 120
"""For one act at the target; sizes of large repositories take a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A backup that was whole: when its last file was written at the target, its snapshot, all kept bytes then."""

    at: datetime
    snapshot: str
    kept_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A drill that began and has not ended: the UUID of its guest, the host that it is on, since when."""

    guest: str
    host: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the target holds of one VPS. `lost` counts snapshots that were there once and that nobody of ours removed.

    `held` is why nothing is taken: `operator`, `pruning`, `cut` (a pruning that ended in the middle); empty: it is.
    `full`: the target's file system has no room for anybody.
    `proof` is what the last drill wrote, as it was written.
    """

    uuid: str
    enrolled: bool
    sealed: int
    lost: int
    snapshots: int
    kept_bytes: int
    limit_bytes: int
    held: str
    now: datetime
    full: bool = False
    runs: tuple[Run, ...] = field(default=())
    visits: tuple[Visit, ...] = field(default=())
    proof: str = ""


class Target:
    """The target of a fleet."""

    def __init__(self, declared: Backups) -> None:
        self._declared = declared
        self._admin = shlex.split(declared.admin)

    def command(self, *words: str) -> list[str]:
        """The words that run an act of `admin` at the target."""
        return [*self._admin, shlex.join([str(ADMIN), *words])]

    def act(self, what: str, *words: str, stdin: bytes = b"") -> str:
        """Run an act and give what it prints. Raises DomainError: not reached, refused, too late."""
        try:
            done = subprocess.run(
                self.command(*words), input=stdin, capture_output=True, timeout=DEADLINE_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise _failed(what, f"it did not answer within {DEADLINE_S} s", self._declared) from None
        except OSError as problem:
            raise _failed(what, f"{self._admin[0]}: {problem.strerror}", self._declared) from problem
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
            raise _failed(what, _plain(said[-1]), self._declared)
        return done.stdout.decode(errors="replace")

    def enrol(
        self, uuid: str, title: str, limit_bytes: int, key: str, *, generation: int = 0, anew: bool = False
    ) -> str:
        """Let a key add to the VPS's own repository: `new`, `same` or `replaced`. Raises DomainError for a second.

        A higher `generation` than before is a VPS that was installed anew: it begins a new repository.
        """
        words = ["enrol", uuid, title, str(limit_bytes // 1024), key, str(generation), *(["replace"] if anew else [])]
        return self.act(f"Unable to enrol {title} at the backup target", *words).strip()

    def visit(self, uuid: str, guest: str, host: str, key: str = "") -> None:
        """Note that a drill's guest is on a host, and with its key let it read the repository, for half a day at most.

        It can't write there. Without a key the right that it had ends, and the note stays.
        """
        self.act("Unable to let a drill read the backup", "visit", uuid, guest, host, *([key] if key else []))

    def leave(self, guest: str) -> None:
        """The guest of a drill is gone: note and right with it."""
        self.act("Unable to end a drill's right to read", "leave", guest)

    def status(self, uuid: str = "") -> dict[str, Kept]:
        """What the target holds, by UUID."""
        return parse_status(self.act("Unable to look what the backup target holds", "status", uuid))

    def there(self, uuid: str) -> list[tuple[datetime, str]]:
        """Every snapshot with the time at which the target wrote it, oldest first."""
        lines = self.act("Unable to list a repository at the backup target", "there", uuid).splitlines()
        return [(_time(line.split()[0]), line.split()[1]) for line in lines]

    def no_room(self, uuid: str) -> str:
        """Why nothing more of the VPS is taken, in the words that its guest hears; empty: it is."""
        return _plain(self.act("Unable to look for room at the backup target", "refusal", uuid).strip())

    def sealed(self, uuid: str) -> list[bytes]:
        """The sealed copies of the passphrase, oldest first."""
        lines = self.act("Unable to fetch the sealed passphrase from the backup target", "escrow", uuid).split()
        return [base64.b64decode(line, validate=True) for line in lines]

    def unseal(self, uuid: str, names: Sequence[str]) -> None:
        """Remove sealed copies that nobody needs, by the SHA-256 of their bytes."""
        self.act("Unable to remove sealed copies at the backup target", "unseal", uuid, *names)

    def alone(self, uuid: str, what: str) -> AbstractContextManager[None]:
        """Nobody else prunes this repository meanwhile, from whatever controller. Raises DomainError: somebody does.

        The right ends with this process, however that ends, and `pause` with it. What an earlier pruning left that was
        cut is settled first. Raises DomainError at the end when it stays held.
        """
        return self._session(what, "alone", uuid, lets_go=True)

    def drilling(self, uuid: str, what: str) -> AbstractContextManager[None]:
        """Nobody else drills meanwhile: all drills have one address between them. Raises DomainError: somebody does."""
        return self._session(what, "drilling", uuid)

    @contextmanager
    def _session(self, what: str, *words: str, lets_go: bool = False) -> Iterator[None]:
        pipe = subprocess.PIPE
        late = False
        try:
            asked = subprocess.Popen(self.command(*words), stdin=pipe, stdout=pipe, stderr=pipe)
        except OSError as problem:
            raise _failed(what, f"{self._admin[0]}: {problem.strerror}", self._declared) from problem
        with asked:
            assert asked.stdin
            assert asked.stdout
            assert asked.stderr
            try:
                if not select.select([asked.stdout], [], [], DEADLINE_S)[0]:
                    raise _failed(what, f"it did not answer within {DEADLINE_S} s", self._declared)
                if asked.stdout.readline() != b"alone\n":
                    said = asked.stderr.read(4096).decode(errors="replace").strip().splitlines() or ["no answer"]
                    raise _failed(what, _plain(said[-1]), self._declared)
                yield
            finally:
                asked.stdin.close()
                try:
                    asked.wait(timeout=DEADLINE_S)
                except subprocess.TimeoutExpired:
                    asked.kill()
                    late = True
            # Only when what was done meanwhile went well: else that is what is to be told.
            if lets_go and (late or asked.returncode):
                said = [] if late else asked.stderr.read(4096).decode(errors="replace").strip().splitlines()
                cause = _plain(said[-1]) if said else "it did not say why"
                raise DomainError(
                    f"{what} to its end: the target ({self._declared.place.host}) did not let go of it: {cause}.",
                    "All else was done. It is held as long as `vps backups` says so: vps backups prune",
                )

    def pause(self, uuid: str, reason: str) -> None:
        """Within `alone`: take nothing of the VPS until that ends. Raises DomainError when the operator holds it."""
        self.act("Unable to hold a repository at the backup target", "pause", uuid, reason)

    def hold(self, uuid: str, reason: str) -> None:
        """Take nothing of the VPS from now on, until `release`."""
        self.act("Unable to hold a repository at the backup target", "hold", uuid, reason)

    def release(self, uuid: str) -> None:
        """Take its backups again, after `hold`."""
        self.act("Unable to release a repository at the backup target", "release", uuid)

    def forgotten(self, uuid: str, snapshots: Sequence[str]) -> None:
        """Note what is about to be removed on purpose; what is still there when `alone` ends was not."""
        for start in range(0, len(snapshots), 500):
            part = snapshots[start : start + 500]
            self.act("Unable to note at the backup target what is removed", "forgotten", uuid, *part)

    def prove(self, uuid: str, record: str) -> None:
        """Keep the record of a drill beside the repository."""
        self.act("Unable to keep the proof at the backup target", "proof", uuid, stdin=record.encode())


def parse_status(text: str) -> dict[str, Kept]:
    """The lines of `admin status`. Raises DomainError for what is none."""
    found: dict[str, Kept] = {}
    runs: dict[str, list[Run]] = {}
    proofs: dict[str, str] = {}
    visits: dict[str, list[Visit]] = {}
    for line in text.splitlines():
        kind, uuid, *rest = line.split(" ")
        try:
            if kind == "vps":
                found[uuid] = _kept(uuid, dict(word.split("=", 1) for word in rest))
            elif kind == "run":
                run = Run(at=_time(rest[0]), snapshot=rest[1], kept_bytes=int(rest[2]) * 1024)
                runs.setdefault(uuid, []).append(run)
            elif kind == "proof":
                proofs[uuid] = " ".join(rest)
            elif kind == "visit":
                visits.setdefault(uuid, []).append(Visit(guest=rest[0], host=rest[1], at=_time(rest[2])))
        except (KeyError, ValueError, IndexError) as problem:
            raise DomainError(
                f"Unable to read what the backup target says: {line[:100]!r}.",
                "Bring its kit up to date: vps backups target | ssh TARGET sudo sh",
            ) from problem
    return {
        uuid: replace(
            kept,
            runs=tuple(sorted(runs.get(uuid, []), key=lambda run: run.at)),
            proof=proofs.get(uuid, ""),
            visits=tuple(visits.get(uuid, [])),
        )
        for uuid, kept in found.items()
    }


def _kept(uuid: str, words: dict[str, str]) -> Kept:
    return Kept(
        uuid=uuid,
        enrolled=words["keyed"] == "yes",
        sealed=int(words["escrow"]),
        lost=int(words["gone"]),
        snapshots=int(words["snapshots"]),
        kept_bytes=int(words["kib"]) * 1024,
        limit_bytes=int(words["limit_kib"]) * 1024,
        full=words["full"] == "yes",
        held={"no": ""}.get(words["held"], words["held"]),
        now=_time(words["now"]),
    )


def _time(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _plain(said: str) -> str:
    return re.sub(r"[^\x20-\x7e]+", " ", said)[:300].removeprefix("backup target: ")


def _failed(what: str, cause: str, declared: Backups) -> DomainError:
    return DomainError(
        f"{what} ({declared.place.host}): {cause}.",
        f"It is reached by `{declared.admin}`, set up by: vps backups target",
    )
