"""The fake host's world: a folder of JSON files that several processes share.

`domains/<uuid>.json`, `volumes/<pool>/<name>.json`, `images/<pool>/<name>.json`, `pools/<name>.json`,
`networks/<name>.json` and, where a test or an operator wants other than the defaults, `host.json` (`HOST`).
A write goes to a temporary name and is renamed; what must not be disturbed in between is done under one lock.
"""

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from components.drivers.errors import DriverError

Values = dict[str, Any]

HOST: Values = {"memoryMib": 1_048_576, "poolGib": 1_048_576, "unenforced": {}, "bridges": []}
"""What `host.json` may say: memory, size of each pool, limit kinds that this host can't enforce with the reason
(`{"rateMbitS": "its kernel lacks sch_sfq"}`), and the bridges that it has."""


class World:
    """The objects of one fake host. Methods are safe across threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[str, tuple[tuple[int, int], Values]] = {}

    @contextmanager
    def locked(self, name: str = "world") -> Iterator[None]:
        """Hold one lock of this world; the kernel gives it back when the holder dies."""
        locks = self.folder / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / f"{name}.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def get(self, kind: str, name: str) -> Values | None:
        """The object, or None when the world lacks it; never change it in place. `kind`: `volumes/<pool>`, …."""
        return self._load(str(self._file(kind, name)))

    def put(self, kind: str, name: str, values: Values) -> None:
        """Write the object whole."""
        path = self._file(kind, name)
        fresh = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        text = json.dumps(values, indent=1)
        try:
            fresh.write_text(text, encoding="utf-8")
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)

    def change(self, kind: str, name: str, **values: object) -> None:
        """Set some values of an existing object; keys as `put` takes them."""
        with self.locked():
            found = self.get(kind, name)
            if found is None:
                raise KeyError(name)
            self.put(kind, name, found | values)

    def remove(self, kind: str, name: str) -> None:
        """Forget the object; absent is done."""
        self._file(kind, name).unlink(missing_ok=True)

    def all(self, kind: str) -> dict[str, Values]:
        """Every object of a kind by name, sorted."""
        folder = self.folder / kind
        if not folder.is_dir():
            return {}
        with os.scandir(folder) as entries:
            paths = sorted(entry.path for entry in entries if entry.name.endswith(".json"))
        found = ((unquote(Path(path).name.removesuffix(".json")), self._load(path)) for path in paths)
        return {name: values for name, values in found if values is not None}

    def host(self) -> Values:
        """What the host is able to do."""
        try:
            said: Values = json.loads((self.folder / "host.json").read_bytes())
        except FileNotFoundError:
            return HOST
        return HOST | said

    def generation(self) -> int:
        """A number that this world never gave before: a disk that was lost and made anew shows another one."""
        with self.locked("counter"):
            path = self.folder / "counter"
            number = int(path.read_text(encoding="ascii")) + 1 if path.exists() else 1
            fresh = path.with_name(".counter")
            fresh.write_text(str(number), encoding="ascii")
            fresh.replace(path)
        return number

    def _file(self, kind: str, name: str) -> Path:
        return self.folder / kind / f"{quote(name, safe='')}.json"

    def _load(self, path: str) -> Values | None:
        """The file's values, read again only when it was replaced: a rename gives it another inode or time."""
        try:
            status = os.stat(path)  # noqa: PTH116 - called for every object of a listing, where Path costs most
            key = (status.st_ino, status.st_mtime_ns)
            seen = self._seen.get(path)
            if seen is None or seen[0] != key:
                seen = self._seen[path] = (key, json.loads(Path(path).read_bytes()))
        except FileNotFoundError:
            return None
        except ValueError as problem:
            raise DriverError(
                f"Unable to read {path}", f"it is no JSON: {problem}", "Mend or remove the file"
            ) from problem
        return seen[1]
