"""Limits of a machine: what is declared, what is configured, what is in force.

A limit is named by its key, one per thing that can be changed and read back:
`vcpus`, `cpuCapPercent`, `memoryMib`, `disks.<disk>.{sizeGib,iops,rateMibS}`, `nics.<nic>.rateMbitS`.
The same keys stand in resource inputs, in detailed diffs, in outputs and in messages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNITS = {
    "vcpus": "",
    "cpuCapPercent": "%",
    "memoryMib": "MiB",
    "sizeGib": "GiB",
    "iops": "IO/s",
    "rateMibS": "MiB/s",
    "rateMbitS": "Mbit/s",
}


UNLIMITED = 0
"""The value of a cap that is not there. Only packages of adopted machines declare it."""

WHOLE = ("vcpus", "cpuCapPercent", "memoryMib")
"""Limits of the machine itself."""

PARTS = ("disks", "nics")
"""Where the limits of its parts stand, by their names."""

CAPS = ("cpuCapPercent", "iops", "rateMibS", "rateMbitS")
"""Limits (last part of the key) that a machine may lack altogether; every machine has the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a package sells; all hard limits (contract VPS-4, VPS-5), but the caps of adopted machines may be UNLIMITED.

    `cpu_cap_percent` is in percent of one core for the whole machine: 150 is one and a half cores.
    """

    vcpus: int
    cpu_cap_percent: int
    memory_mib: int
    disk_gib: int
    disk_iops: int
    disk_rate_mib_s: int
    nic_rate_mbit_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One limit as a host answers it.

    `configured` stands in the hypervisor's configuration, `effective` is what kernel and QEMU enforce now.
    `None` is never a number: `source` then says why ("machine is off", "not enforced by this host: …").
    """

    configured: int | None
    effective: int | None
    source: str
    absent: bool = False
    """The host answered and holds no such limit: not unknown, but unlimited."""


def declared(inputs: Mapping[str, Any]) -> dict[str, int]:
    """Every limit that the inputs of a machine declare, by its key."""
    found: dict[str, int] = {key: inputs[key] for key in WHOLE if key in inputs}
    for kind in PARTS:
        for name, part in inputs.get(kind, {}).items():
            for key, value in part.items():
                if key in UNITS:
                    found[f"{kind}.{name}.{key}"] = value
    return found


def unit(key: str) -> str:
    """The unit in which the limit `key` is counted, for people."""
    return UNITS[key.rsplit(".", 1)[-1]]


def display(key: str, value: int | None) -> str:
    """`memoryMib`, 2048 → `2048 MiB`; an unknown value is `unknown`, a cap that is not there `unlimited`."""
    if value is None:
        return "unknown"
    return "unlimited" if is_unlimited(key, value) else f"{value} {unit(key)}".rstrip()


def is_unlimited(key: str, value: int | None) -> bool:
    """Whether `value` says that the limit `key` is not there at all."""
    return value == UNLIMITED and key.rsplit(".", 1)[-1] in CAPS
