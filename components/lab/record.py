"""What is known of a running lab: `/run/aegir-vps/<lab>/lab.json`, for people, the demo and the driver."""

import json
import os
from dataclasses import asdict, dataclass, fields

from components.lab.places import Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The facts of one lab. `acceleration` is `kvm` or `tcg`; `started` is libvirtd's start in clock ticks."""

    name: str
    uri: str
    netns: str
    probe: str
    acceleration: str
    acceleration_why: str
    rates_enforced: bool
    rates_why: str
    cgroup: str
    pid: int = 0
    started: int = 0


def write(places: Places, record: Record) -> None:
    """Replace the record as a whole."""
    partial = places.record.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(asdict(record), file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(places.record)


def read(places: Places) -> Record | None:
    """The record; None when there is none or when it was written by a version that knew other facts."""
    try:
        values = json.loads(places.record.read_text(encoding="utf-8"))
        return Record(**values) if set(values) == {field.name for field in fields(Record)} else None
    except (OSError, ValueError, TypeError):
        return None
