"""What is wrong with declared data: said once, with place, meaning and remedy."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that must be mended before a change is applied.

    `path` leads from the fleet's root to the value: `("clients", "example-coop", "vps", "web1", "ipv4", 0)`.
    `file` and `line` (1-based) are filled in by the loader, which knows where a path was written.
    One that does not block is reported and fails a check, but stops no apply: it stood before.
    """

    path: tuple[str | int, ...]
    message: str
    remedy: str
    file: str = ""
    line: int = 0
    blocks: bool = True

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
