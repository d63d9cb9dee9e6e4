"""What the engine remembers: checkpoints and locks of a `file://` backend, read without starting the engine."""

import datetime as dt
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.domain.problems import DomainError
from components.engine.backend import PROJECT, local_folder

MACHINE = "vps:index:Machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A stack's lock: who holds it since when. `is_dead` only when that is certain: same host, process gone."""

    path: Path
    user: str
    host: str
    pid: int
    since: str
    is_dead: bool

    def __str__(self) -> str:
        """For people."""
        return f"{self.user}@{self.host}, process {self.pid}, since {self.since}"


def is_initialised(environment: Mapping[str, str], stack: str) -> bool | None:
    """Whether the backend knows the stack; None where only the engine can tell."""
    folder = local_folder(environment)
    return None if folder is None else _checkpoint(folder, stack).is_file()


def machines(environment: Mapping[str, str], stack: str) -> list[dict[str, Any]] | None:
    """The outputs of every machine that the stack's state holds; None where only the engine can tell.

    Raises DomainError for a checkpoint that can't be read.
    """
    folder = local_folder(environment)
    if folder is None:
        return None
    try:
        document = json.loads(_checkpoint(folder, stack).read_bytes())
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise DomainError(
            f"The state of {stack} is broken: {_checkpoint(folder, stack)}: {error}.",
            "Nothing was touched. Its last good copy stands beside it, with the ending .bak.",
        ) from error
    latest = document.get("checkpoint", {}).get("latest") or {}
    return [
        resource.get("outputs", {})
        for resource in latest.get("resources", [])
        if resource.get("type") == MACHINE and not resource.get("delete", False)
    ]


def locks(environment: Mapping[str, str], stack: str) -> Iterator[Lock]:
    """Every lock of the stack in a `file://` backend; a lock file that can't be read is a living one."""
    folder = local_folder(environment)
    if folder is None:
        return
    for path in sorted((folder / ".pulumi" / "locks" / "organization" / PROJECT / stack).glob("*.json")):
        try:
            content = json.loads(path.read_bytes())
        except FileNotFoundError:
            continue
        except ValueError:
            content = {}
        pid, host = int(content.get("pid", 0)), str(content.get("hostname", "?"))
        written = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        yield Lock(
            path=path,
            user=str(content.get("username", "?")),
            host=host,
            pid=pid,
            since=str(content.get("timestamp", written)),
            is_dead=pid > 0 and host == socket.gethostname() and not _is_engine(pid),
        )


def _checkpoint(folder: Path, stack: str) -> Path:
    return folder / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"


def _is_engine(pid: int) -> bool:
    """Whether the process lives and is an engine: its number may have been given to somebody else since."""
    try:
        executable = Path(f"/proc/{pid}/exe").readlink().name
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return "pulumi" in executable
