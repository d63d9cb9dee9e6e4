"""Where backups go and who can open them when the guest is gone: one target and recovery keys for the whole fleet."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from components.domain.packages import Backup
from components.domain.problems import DomainError

_TARGET = re.compile(
    r"ssh://(?P<user>[a-z_][a-z0-9_-]{0,31})@(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9/._-]+)"
)
HOST_KEY = re.compile(r"ssh-ed25519 [A-Za-z0-9+/]{68}")
RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")
INSTANT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A target's address, taken apart."""

    user: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, text: str) -> "Place":
        """`ssh://user@host:port/path`. Raises DomainError."""
        found = _TARGET.fullmatch(text)
        port = int(found["port"] or 22) if found else 0
        if not found or not 0 < port < 65536 or ".." in found["path"].split("/") or found["path"].endswith("/"):
            raise DomainError(
                f'"{text}" is no target of backups.',
                "Write it like ssh://vps-backups@backup.example:22/srv/vps-backups.",
            )
        return cls(user=found["user"], host=found["host"].strip("[]"), port=port, path=found["path"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """The network and addresses that are kept for guests into which a backup is restored to see whether it can be."""

    network: str
    ipv4: str = ""
    ipv6: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backups:
    """The target; its host key; `recovery`, the age recipients to whom passphrases are sealed.

    `admin` is the command that runs a further word as a shell command on the target as root, like `ssh root@backup1`.
    """

    target: str
    host_key: str
    recovery: tuple[str, ...]
    admin: str
    drill: Drill | None = None

    @property
    def place(self) -> Place:
        """The target's address."""
        return Place.parse(self.target)

    def settings(self, promise: Backup) -> Mapping[str, Any]:
        """What a guest is told, without anything secret."""
        return {
            "target": self.target,
            "host_key": self.host_key,
            "recovery": " ".join(self.recovery),
            "every_hours": promise.every_hours,
            "keep_days": promise.keep_days,
        }


def instant(text: str) -> datetime:
    """`2026-12-03`, which is the end of that day, or `2026-12-03T04:05:06Z`. Raises DomainError."""
    try:
        if len(text) == len("2026-12-03"):
            return datetime.strptime(f"{text}T23:59:59Z", INSTANT).replace(tzinfo=UTC)
        return datetime.strptime(text, INSTANT).replace(tzinfo=UTC)
    except ValueError:
        raise DomainError(f'"{text}" is no instant.', "Write a day like 2026-12-03, or 2026-12-03T04:05:06Z.") from None
