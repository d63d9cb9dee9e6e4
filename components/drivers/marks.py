"""The owner mark as plain JSON values, the same for every driver."""

from collections.abc import Mapping
from dataclasses import asdict

from components.drivers.base import SCHEMA, Mark, Phase


def as_values(mark: Mark) -> dict[str, str]:
    """Every field of `mark` as text, in the order of the class."""
    return {name: str(value) for name, value in asdict(mark).items()}


def from_values(values: Mapping[str, object]) -> Mark | None:
    """The mark that `values` spell, of any schema up to ours; None when they spell none that we can read.

    A mark of a newer schema is read as None on purpose: an old program must not touch what a newer one owns.
    """
    try:
        schema = int(str(values["schema"]))
        if not 1 <= schema <= SCHEMA:
            return None
        return Mark(
            fleet=str(values["fleet"]),
            backend=str(values["backend"]),
            urn=str(values["urn"]),
            client=str(values["client"]),
            vps=str(values["vps"]),
            phase=Phase(str(values["phase"])),
            incarnation=str(values["incarnation"]),
            revision=int(str(values["revision"])),
            reinstall=int(str(values["reinstall"])),
            wish=str(values["wish"]),
            schema=schema,
            previous=str(values.get("previous", "")),
            power=str(values.get("power", "")),
            order=int(str(values.get("order", 1))),
            move=str(values.get("move", "")),
        )
    except (KeyError, ValueError):
        return None
