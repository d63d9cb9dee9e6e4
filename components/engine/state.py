"""What the engine remembers: checkpoints and locks of a `file://` backend, read without starting the engine."""

import datetime as dt
import json
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from components.domain.problems import DomainError
from components.engine.backend import PROJECT, local_folder

MACHINE = "vps:index:Machine"
COMPRESSED = ".gz"
"""How the engine's files end where PULUMI_DIY_BACKEND_GZIP is set; it changes over with the next run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A stack's lock: who holds it since when. `is_dead` only when that is certain: same host, process gone."""

    path: Path
    user: str
    host: str
    pid: int
    since: str
    is_dead: bool
    doing: str = ""
    """What for, where the holder is a command of ours."""

    @property
    def owner(self) -> str:
        """Who, for people."""
        return f"{self.user}@{self.host}, process {self.pid}{f' ({self.doing})' if self.doing else ''},"

    def __str__(self) -> str:
        """Who and since when, for people."""
        return f"{self.owner} since {self.since}"


def is_initialised(environment: Mapping[str, str], stack: str) -> bool | None:
    """Whether the backend knows the stack; None where only the engine can tell."""
    folder = local_folder(environment)
    return None if folder is None else any(path.is_file() for path in _checkpoints(folder, stack))


def stacks(environment: Mapping[str, str]) -> list[str] | None:
    """Every stack that the backend knows, by name; None where only the engine can tell."""
    folder = local_folder(environment)
    if folder is None:
        return None
    kept = (path.name for every in _checkpoints(folder, "*") for path in every.parent.glob(every.name))
    return sorted({name.removesuffix(COMPRESSED).removesuffix(".json") for name in kept})


def latest(environment: Mapping[str, str], stack: str) -> dict[str, Any] | None:
    """The stack's whole state as the engine last wrote it, empty before its first run; None where only it can tell.

    Raises DomainError for a checkpoint that can't be read.
    """
    folder = local_folder(environment)
    if folder is None:
        return None
    for path in _checkpoints(folder, stack):
        try:
            found: dict[str, Any] = document(path).get("checkpoint", {}).get("latest") or {}
        except FileNotFoundError:
            continue
        except ValueError as error:
            raise DomainError(
                f"The state of {stack} is broken: {path}: {error}.",
                "Nothing was touched. Its last good copy stands beside it, with the ending .bak.",
            ) from error
        return found
    return {}


def document(path: Path) -> dict[str, Any]:
    """What the engine wrote into a file, compressed or not. Raises ValueError for what is no map, and OSError."""
    content = path.read_bytes()
    if path.name.endswith(COMPRESSED):
        content = _decompressed(content)
    found = orjson.loads(content)
    if not isinstance(found, dict):
        raise ValueError("it holds no map")
    return found


def _decompressed(content: bytes) -> bytes:
    import gzip
    import zlib

    try:
        return gzip.decompress(content)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(str(error)) from error


def resources(environment: Mapping[str, str], stack: str) -> list[dict[str, Any]] | None:
    """Every resource that the stack's state holds; None and raises as `latest`."""
    found = latest(environment, stack)
    return None if found is None else [one for one in found.get("resources", []) if not one.get("delete", False)]


def machines(environment: Mapping[str, str], stack: str) -> list[dict[str, Any]] | None:
    """The outputs of every machine that the stack's state holds; None and raises as `resources`."""
    found = resources(environment, stack)
    if found is None:
        return None
    return [resource.get("outputs", {}) for resource in found if resource.get("type") == MACHINE]


def locks(environment: Mapping[str, str], stack: str) -> Iterator[Lock]:
    """Every lock of the stack in a `file://` backend; a lock file that can't be read is a living one."""
    folder = local_folder(environment)
    if folder is None:
        return
    for path in sorted(lock_folder(folder, stack).glob("*.json")):
        try:
            yield lock_of(path, path.read_bytes())
        except FileNotFoundError:
            continue


def lock_of(path: Path, content: bytes) -> Lock:
    """The lock that stands in a file; one that can't be read is a living one."""
    try:
        found = json.loads(content)
        values: dict[str, Any] = found if isinstance(found, dict) else {}
        pid = int(values.get("pid", 0))
    except ValueError:
        values, pid = {}, 0
    host = str(values.get("hostname", "?"))
    written = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    return Lock(
        path=path,
        user=str(values.get("username", "?")),
        host=host,
        pid=pid,
        since=_plain(str(values.get("timestamp", written.isoformat()))),
        is_dead=pid > 0 and host == socket.gethostname() and not _lives(pid, values),
        doing=str(values.get("doing", "")),
    )


def lock_folder(folder: Path, stack: str) -> Path:
    """Where the engine keeps the locks of a stack, one file each, in the backend's folder."""
    return folder / ".pulumi" / "locks" / "organization" / PROJECT / stack


def started(pid: int) -> int:
    """When a process started, in clock ticks after boot: with the boot, its identity. 0 when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])


def boot_id() -> str:
    """The id of this machine's present boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _checkpoints(folder: Path, stack: str) -> tuple[Path, Path]:
    """Where the stack's state may stand: plain, or compressed."""
    plain = folder / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"
    return plain, plain.with_name(plain.name + COMPRESSED)


def _plain(timestamp: str) -> str:
    """A time as people write it; as it stands when it is none."""
    try:
        found = dt.datetime.fromisoformat(re.sub(r"\.\d+", "", timestamp))
    except ValueError:
        return timestamp
    return timestamp if found.tzinfo is None else found.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _lives(pid: int, values: Mapping[str, Any]) -> bool:
    """Whether the holder still runs: ours are known by boot and start, an engine by its executable."""
    if "started" in values:
        return values.get("boot") == boot_id() and values["started"] == started(pid)
    return _is_engine(pid)


def _is_engine(pid: int) -> bool:
    """Whether the process lives and is an engine: its number may have been given to somebody else since."""
    try:
        executable = Path(f"/proc/{pid}/exe").readlink().name
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return "pulumi" in executable
