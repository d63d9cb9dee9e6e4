"""A part was replaced: the lines in its host's file, and the spare's count in fleet.yaml, edited in one go."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.scalarstring import PlainScalarString

from components.config.edit import Draft, brought, put
from components.config.folder import FLEET, HOSTS
from components.config.loader import load
from components.config.writing import replace, turn
from components.domain.problems import DomainError, Problem

_PLAIN = re.compile(r"[A-Za-z]+\d*([ -][A-Za-z0-9.]+)+")
"""A serial number or model that YAML takes for text without quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What took the place of what; dates as the files have them. `counted` is the spare's count before and after."""

    host: str
    old: str
    new: str
    model: str
    installed: str
    warranty: str
    spare: str
    counted: tuple[int, int] | None = None

    @classmethod
    def told(cls, host: str, data: Mapping[str, object]) -> "Replacement":
        """As an event of the ledger has it. Raises KeyError when it lacks something."""
        count = data.get("count")
        before, after = count if isinstance(count, list | tuple) and len(count) == 2 else (None, None)
        words = {name: str(data[name]) for name in ("old", "new", "model", "installed", "warranty", "spare")}
        counted = (int(before), int(after)) if before is not None and after is not None else None
        return cls(host=host, counted=counted, **words)

    def data(self) -> dict[str, object]:
        """For an event of the ledger: enough to edit the files later."""
        names = ("old", "new", "model", "installed", "warranty", "spare")
        return {name: getattr(self, name) for name in names} | {"count": list(self.counted) if self.counted else None}


class Edit:
    """The files with the replacement in them; nothing is written before `write`.

    Files that say it already, or whose count is not the one that was counted from, stay as they are. `shelf` is the
    spare's count in fleet.yaml now, None where nothing is counted; `waits` says why the host's file can't be edited.
    """

    def __init__(self, fleet: Path, replacement: Replacement) -> None:
        self.fleet, self._host = fleet, replacement.host
        self._read: list[Draft] = []
        self.shelf: int | None = None
        if replacement.counted is not None:
            shared = Draft(fleet / FLEET)
            self.shelf = _count(shared.document, replacement.spare, *replacement.counted)
            self._read.append(shared)
        self.found, self.waits = False, ""
        """Whether the host's file still lists the old part."""
        # The host's file last: while it lists the old part, a replacement that was cut is to be gone on with.
        try:
            host = Draft(fleet / HOSTS / f"{replacement.host}.yaml")
        except DomainError as problem:
            self.waits = problem.message
        else:
            self.found = _put_part(host.document, replacement)
            self._read.append(host)
        self._drafts = tuple(draft for draft in self._read if draft.text() != draft.before)

    @property
    def diff(self) -> str:
        """What would change; empty when nothing would."""
        return "".join(draft.diff() for draft in self._drafts)

    def problems(self) -> tuple[Problem, ...]:
        """What the fleet has wrong with it and not without: no spare is left, a serial stands twice.

        Raises DomainError for what must not be written: nothing could be applied on a host whose file is unreadable.
        """
        before = load(self.fleet, {draft.name: draft.before.encode() for draft in self._drafts})
        after = load(self.fleet, {draft.name: draft.text().encode() for draft in self._drafts})
        found = brought(before.problems, after.problems)
        if before.fleet.hosts.keys() != after.fleet.hosts.keys():
            told = "\n".join(f"  {problem}" for problem in found)
            raise DomainError(
                f"hosts/{self._host}.yaml could not be read any more with this part in it:\n{told}",
                "Nothing was noted or written. Say the part's model and serial number as they are on its label.",
            )
        return found

    def write(self, note: Callable[[], object] | None = None) -> None:
        """Write both files, after `note`. What is wrong with the fleet afterwards hinders nothing: it is what happened.

        Raises DomainError, and neither notes nor writes anything, when somebody changed one of them meanwhile: a count
        that is noted is then the one that is written, whoever else takes a part from the same shelf.
        """
        with turn(self.fleet):
            for draft in self._read:
                if draft.file.read_text(encoding="utf-8") != draft.before:
                    raise DomainError(
                        f"Unable to write {draft.name}: somebody changed it meanwhile.",
                        "Nothing was noted or written. Run the command again.",
                    )
            if note is not None:
                note()
            for draft in self._drafts:
                replace(draft.file, draft.text())


def _put_part(document: Any, replacement: Replacement) -> bool:  # noqa: ANN401 - ruamel.yaml's own mapping
    """Edit the line of the old serial number; whether there is one."""
    for item in document.get("inventory") or ():
        if isinstance(item, dict) and str(item.get("serial")) == replacement.old:
            put(item, "model", _text(replacement.model), after="kind")
            put(item, "serial", _text(replacement.new), after="model")
            put(item, "installed", replacement.installed, after="serial")
            put(item, "warranty", replacement.warranty, after="installed")
            return True
    return False


def _text(words: str) -> str:
    return PlainScalarString(words) if _PLAIN.fullmatch(words) else words


def _count(document: Any, spare: str, before: int, after: int) -> int | None:  # noqa: ANN401 - ruamel.yaml's own
    """Count down from `before`; what the file says as it is."""
    entry = (document.get("spares") or {}).get(spare)
    if not isinstance(entry, dict):
        return None
    found = entry.get("count", 0)
    if found == before:
        put(entry, "count", after, after="model")
    return found if isinstance(found, int) else None
