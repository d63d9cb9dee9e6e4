"""What an audit found: differences, each of a class that says how soon somebody should look at it."""

from dataclasses import asdict, dataclass
from typing import Any

CLASSES = ("breach", "danger", "missing", "foreign", "giveaway", "unknown", "benign")
"""In the order in which somebody should look at them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference. `machine` is `client/vps`, or empty for one of a whole host; `key` the limit or part."""

    kind: str
    machine: str
    host: str
    key: str
    words: str
    stack: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything that was found; `notes` are facts that are no difference."""

    machines: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def is_unsure(self) -> bool:
        """Whether somebody did not answer."""
        return any(finding.kind == "unknown" for finding in self.findings)

    @property
    def has_drift(self) -> bool:
        """Whether anything differs for certain."""
        return any(finding.kind != "unknown" for finding in self.findings)

    @property
    def is_late(self) -> bool:
        """Whether state and host were perhaps read before and after a run of the engine: both are to be read again."""
        return any(finding.kind not in ("unknown", "benign") and finding.stack for finding in self.findings)

    @property
    def has_strangers(self) -> bool:
        """Whether a machine carries the fleet's mark that neither state nor the declared UUIDs know."""
        return any(finding.kind == "foreign" and not finding.stack for finding in self.findings)

    def document(self) -> dict[str, Any]:
        """As data."""
        return {"machines": self.machines, "findings": [asdict(f) for f in self.findings], "notes": list(self.notes)}
