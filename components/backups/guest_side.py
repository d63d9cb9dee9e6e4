"""What the controller asks of a guest for its backups: its public key, to begin, to take what is handed over.

Everything goes through the guest's own agent: secrets on standard input alone, and what comes back is the guest's word,
held to a strict shape before anything is done with it.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.domain.problems import DomainError
from components.drivers.guest import Said

Ask = Callable[[Sequence[str], bytes, float], Said]
"""Runs words in the guest with standard input and a deadline in seconds; raises DriverError when it is silent."""

BACKUP = "/usr/local/lib/vps/backup"
_KEY = re.compile(r"ssh-ed25519 [A-Za-z0-9+/]{68}")
_COUNTS = ("files", "bytes", "hashed", "tables", "differ")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSide:
    """One guest, called `title`, through `ask`; `reinstall` is the number of its installation by its machine's mark."""

    title: str
    ask: Ask
    reinstall: int

    def prepare(self, settings: Mapping[str, Any]) -> str:
        """Give it the settings and get its public key. Raises DomainError when what it says is none."""
        said = self._run("prepare", json.dumps(dict(settings)).encode(), 60)
        key = said.decode(errors="replace").strip()
        if not _KEY.fullmatch(key):
            raise DomainError(
                f"Unable to enrol {self.title}: what its guest gives as its public key is none.",
                "Nothing was authorised. Look into the guest: /usr/local/lib/vps/backup prepare",
            )
        return key

    def begin(self) -> None:
        """Have it make a backup now, without waiting for its end."""
        self.ask(["/usr/bin/systemctl", "start", "--no-block", "vps-backup.service"], b"", 20)

    def take(self, passphrase: str, snapshot: str) -> None:
        """Hand over the passphrase of former backups and which of them to bring back."""
        order = json.dumps({"passphrase": passphrase, "snapshot": snapshot}).encode()
        self._run("take", order, 60)

    def drill(self, deadline_s: float) -> Mapping[str, Any]:
        """Have it bring back and compare what it took. Raises DomainError when it could not, or makes no sense."""
        said = self.ask([BACKUP, "drill"], b"", deadline_s)
        try:
            found = json.loads(said.out)
            counts = {name: int(found[name]) for name in _COUNTS}
            wrong = [_plain(one) for one in found["wrong"][:20]]
            run = _plain(found["run"])
        except (ValueError, KeyError, TypeError) as problem:
            raise DomainError(
                f"Unable to restore the backup of {self.title} in a drill: {_last(said)}.",
                "The backup is not proven. Look with: vps backups fetch",
            ) from problem
        return {**counts, "wrong": wrong, "run": run}

    def _run(self, verb: str, stdin: bytes, deadline_s: float) -> bytes:
        said = self.ask([BACKUP, verb], stdin, deadline_s)
        if said.code:
            raise DomainError(
                f"Unable to have {self.title} {verb} its backups: its guest says: {_last(said)}.",
                "Its image may be from before backups: it needs /usr/local/lib/vps/backup.",
            )
        return said.out


def _last(said: Said) -> str:
    lines = [_plain(line) for line in said.err.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else f"nothing, exit status {said.code}"


def _plain(text: object) -> str:
    return re.sub(r"[^\x20-\x7e]+", " ", str(text)).strip()[:200]
