"""A part was replaced: the lines in its host's file, and the spare's count in fleet.yaml, edited in one go."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.scalarstring import PlainScalarString

from components.config.edit import Draft, brought, put
from components.config.folder import FLEET, HOSTS
from components.config.loader import load
from components.config.writing import replace, turn
from components.domain.problems import DomainError, Problem

_PLAIN = re.compile(r"[A-Za-z]+\d*(-[A-Za-z0-9]+)+")
"""A serial number that YAML takes for text without quotes."""


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

    Files that say it already, or whose count is not the one that was counted from, stay as they are.
    """

    def __init__(self, fleet: Path, replacement: Replacement) -> None:
        self.fleet = fleet
        host, shared = Draft(fleet / HOSTS / f"{replacement.host}.yaml"), Draft(fleet / FLEET)
        self.found = _put_part(host.document, replacement)
        """Whether the host's file still lists the old part."""
        if replacement.counted is not None:
            _count(shared.document, replacement.spare, *replacement.counted)
        # The host's file last: while it lists the old part, a replacement that was cut is to be gone on with.
        self._drafts = tuple(draft for draft in (shared, host) if draft.text() != draft.before)

    @property
    def diff(self) -> str:
        """What would change; empty when nothing would."""
        return "".join(draft.diff() for draft in self._drafts)

    def problems(self) -> tuple[Problem, ...]:
        """What the fleet has wrong with it and not without: no spare is left, a serial stands twice."""
        before = load(self.fleet, {draft.name: draft.before.encode() for draft in self._drafts})
        after = load(self.fleet, {draft.name: draft.text().encode() for draft in self._drafts})
        return brought(before.problems, after.problems)

    def write(self) -> None:
        """Write both files. What is wrong with the fleet afterwards hinders nothing: it is what happened.

        Raises DomainError, and writes nothing, when somebody changed one of them meanwhile.
        """
        with turn(self.fleet):
            for draft in self._drafts:
                if draft.file.read_text(encoding="utf-8") != draft.before:
                    raise DomainError(
                        f"Unable to write {draft.name}: somebody changed it meanwhile.",
                        "Run the command again: what was noted stays noted, and the files are edited then.",
                    )
            for draft in self._drafts:
                replace(draft.file, draft.text())


def _put_part(document: Any, replacement: Replacement) -> bool:  # noqa: ANN401 - ruamel.yaml's own mapping
    """Edit the line of the old serial number; whether there is one."""
    for item in document.get("inventory") or ():
        if isinstance(item, dict) and str(item.get("serial")) == replacement.old:
            serial = replacement.new
            put(item, "model", PlainScalarString(replacement.model), after="kind")
            put(item, "serial", PlainScalarString(serial) if _PLAIN.fullmatch(serial) else serial, after="model")
            put(item, "installed", replacement.installed, after="serial")
            put(item, "warranty", replacement.warranty, after="installed")
            return True
    return False


def _count(document: Any, spare: str, before: int, after: int) -> None:  # noqa: ANN401 - ruamel.yaml's own mapping
    entry = (document.get("spares") or {}).get(spare)
    if isinstance(entry, dict) and entry.get("count", 0) == before:
        put(entry, "count", after, after="model")
