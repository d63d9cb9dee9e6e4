"""What is wrong with declared data: said once, with place, meaning and remedy."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a problem is: an error fails `vps check`, a warning is told."""

    ERROR = "error"
    WARNING = "warning"


class Blame(StrEnum):
    """Whether a change brought a problem, made it worse, or found it there."""

    NEW = "new"
    WORSE = "worse"
    OLD = "old"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that must be mended before a change is applied.

    `path` leads from the fleet's root to the value: `("clients", "example-coop", "vps", "web1", "ipv4", 0)`.
    `file` and `line` (1-based) are filled in by the loader, which knows where a path was written.
    `code` is stable, for machines and for the table in rules/README.md. `measure` says how far something goes beyond
    what is right (MiB oversold, days overdue), so that a change can be seen to make it worse; larger is worse.
    One that does not block is reported and fails a check, but stops no apply: it stood before.
    """

    path: tuple[str | int, ...]
    message: str
    remedy: str
    file: str = ""
    line: int = 0
    blocks: bool = True
    code: str = ""
    severity: Severity = Severity.ERROR
    measure: int = 0
    blame: Blame | None = None
    """None while nobody compared it with an earlier state."""

    @property
    def scope(self) -> str:
        """Whom it concerns: `fleet`, `host <name>`, `client <name>` or `VPS <client>/<name>`."""
        match self.path:
            case ("clients", client, "vps", vps, *_):
                return f"VPS {client}/{vps}"
            case ("clients", client, *_):
                return f"client {client}"
            case ("hosts", host, *_):
                return f"host {host}"
            case _:
                return "fleet"

    def __str__(self) -> str:
        """As people read it: place, path, what is wrong, what to do."""
        place = f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        dotted = ".".join(str(step) for step in self.path)
        return f"{place}{dotted + ': ' if dotted else ''}{self.message} {self.remedy}".rstrip()


class DomainError(ValueError):
    """A value that the domain refuses; `message` says what was seen, `remedy` what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".rstrip())
        self.message = message
        self.remedy = remedy
