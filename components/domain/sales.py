"""What of the catalogue a VPS has, and since when: a package with its extras, over half-open periods."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A package version and so many pieces of each extra, in force from `since` on; None: from the term's start."""

    package: str
    extras: Mapping[str, int] = field(default_factory=dict)
    since: date | None = None


def in_force(sales: Iterable[Sale], day: date) -> Sale:
    """The one of `sales`, which are in the order of their days, that holds on `day`; before the first, the first.

    Raises ValueError when there is none at all.
    """
    found: Sale | None = None
    for sale in sales:
        if found is None or sale.since is None or sale.since <= day:
            found = sale
    if found is None:
        raise ValueError("nothing was sold")
    return found
