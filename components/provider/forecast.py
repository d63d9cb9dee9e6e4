"""What a change will do, where more is known than its two values: the day, and what the host said it can't enforce."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from components.domain.changes import Consequence, consequence
from components.domain.growth import Guest

NOT_ENFORCED = "not enforced"
"""How the source of a limit begins that its host can't enforce."""


def forecast(
    key: str, before: object, after: object, guest: Guest | None, state: Mapping[str, Any], today: dt.date
) -> Consequence:
    """`components.domain.changes.consequence`, in the light of what `state` remembers and of the day. Never raises."""
    found = consequence(key, before, after, guest)
    if key == "ends" and after and str(after) <= today.isoformat():
        words = f"ends on {after}: that day is reached: this up records the end, the next one sends its disk to the "
        return replace(found, words=f"{words}trash")
    limits = state.get("limits")
    row = limits.get(key) if isinstance(limits, Mapping) else None
    source = str(row.get("source", "")) if isinstance(row, Mapping) else ""
    return replace(found, words=f"{found.words}, but {source}") if source.startswith(NOT_ENFORCED) else found
