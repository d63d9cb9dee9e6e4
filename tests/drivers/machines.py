"""Machines that tests make on a host, change and end."""

from dataclasses import replace

from components.drivers.base import Driver, Machine, MachineSpec
from components.drivers.trash import Trashed
from tests.drivers.hosts import SEED, Host

DUE = "2026-12-31"
"""Until when what a test ends is kept."""


def make(
    host: Host, driver: Driver, *, mark: dict[str, object] | None = None, **changes: object
) -> tuple[MachineSpec, Machine]:
    """A new machine, with `changes` of its spec, and `mark` of its mark."""
    spec = host.spec(**changes)
    return spec, driver.create(spec, SEED, host.mark(spec, **(mark or {})))


def with_disk(spec: MachineSpec, **changes: object) -> MachineSpec:
    return replace(spec, disks={"root": replace(spec.disks["root"], **changes)})


def with_nic(spec: MachineSpec, **changes: object) -> MachineSpec:
    return replace(spec, nics={"n0": replace(spec.nics["n0"], **changes)})


def end(driver: Driver, machine: Machine, due: str = DUE) -> None:
    assert machine.mark is not None
    driver.delete(machine.uuid, machine.mark.incarnation, due)


def in_trash(driver: Driver, spec: MachineSpec) -> list[Trashed]:
    return [found for found in driver.read_trash() if found.uuid == spec.uuid]
