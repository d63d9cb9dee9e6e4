"""Quantities as files write them: `2 GiB`, `100 Mbit/s`, `1 TB`, `150 %`; the only place that knows factors.

Each kind of quantity has one base unit, in which the domain counts, and the units that a file may use.
"""

import re
from dataclasses import dataclass

from components.domain.problems import DomainError

_QUANTITY = re.compile(r"(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,6}))? ?([^\s\d.]\S{0,11})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One kind of quantity: its allowed units with their factors, the base unit (factor 1) first."""

    units: tuple[tuple[str, int], ...]

    @property
    def pattern(self) -> str:
        """A regular expression of what a file may say, for JSON Schema."""
        names = "|".join(name for name, _ in self.units)
        return f"^(0|[1-9][0-9]{{0,11}}) ?({names})$"

    def parse(self, text: object) -> int:
        """The quantity in its base unit. Raises DomainError that says what to write."""
        allowed = " or ".join(f"`{8 if name != '%' else 150} {name}`" for name, _ in self.units)
        if not isinstance(text, str):
            raise DomainError(f"{text!r} has no unit.", f"Write it like {allowed}.")
        found = _QUANTITY.fullmatch(text)
        if found is None:
            raise DomainError(f'"{text}" is no quantity.', f"Write a whole number and a unit, like {allowed}.")
        whole, fraction, unit = found.groups()
        factor = dict(self.units).get(unit)
        if factor is None:
            names = " or ".join(name for name, _ in self.units)
            raise DomainError(f'"{text}" has the unit {unit}; allowed here: {names}.', f"Write it like {allowed}.")
        if fraction is not None:
            exact = int(whole + fraction) * factor
            if exact % 10 ** len(fraction) == 0:
                remedy = f"Write `{self.format(exact // 10 ** len(fraction))}`."
            else:
                remedy = f"Write a whole number, in a smaller unit if need be: {allowed}."
            raise DomainError(f'"{text}" is not a whole number.', remedy)
        return int(whole) * factor

    def format(self, value: int) -> str:
        """`value` of the base unit in the largest unit that states it exactly: 2048 (MiB) → `2 GiB`."""
        name, factor = max(
            ((name, factor) for name, factor in self.units if value % factor == 0 and (value or factor == 1)),
            key=lambda unit: unit[1],
        )
        return f"{value // factor} {name}"


MEMORY = Quantity(units=(("MiB", 1), ("GiB", 1024), ("TiB", 1024 * 1024)))
DISK = Quantity(units=(("GiB", 1), ("TiB", 1024)))
DISK_RATE = Quantity(units=(("MiB/s", 1), ("GiB/s", 1024)))
NIC_RATE = Quantity(units=(("Mbit/s", 1), ("Gbit/s", 1000)))
TRAFFIC = Quantity(units=(("GB", 1), ("TB", 1000)))
PERCENT = Quantity(units=(("%", 1),))
HOURS = Quantity(units=(("h", 1),))
DAYS = Quantity(units=(("days", 1),))
