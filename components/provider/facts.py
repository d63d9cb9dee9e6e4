"""What state remembers of a machine: facts that a host answered, beside what was declared.

Two views of one `drivers.base.Machine`: outputs (limits declared, configured and effective with their source) and
observed inputs (the inputs with what the host really has), which make a refresh show drift as a diff.
"""

import copy
from collections.abc import Mapping
from typing import Any

from components.domain.growth import Guest
from components.domain.limits import UNLIMITED
from components.domain.limits import declared as declared_limits
from components.drivers.base import Machine, Mark, Phase, Power
from components.provider.properties import Bag

PRESENT = "present"
MISSING = "missing"
DAMAGED = "a disk is gone"
FOREIGN = "not ours any more"
LOST = "its host is lost"
FALSELY_LOST = "declaredLost"
"""Key in state: since when its host is declared lost, although it answers and holds the machine."""


def outputs(inputs: Mapping[str, Any], machine: Machine, *, seed_digest: str, incarnation: str) -> Bag:
    """State after a create, update or read: inputs as declared, and everything that was read back."""
    mark = machine.mark
    ours = mark is not None and mark.incarnation == incarnation
    bag = dict(inputs)
    bag.update(
        status=FOREIGN if not ours else DAMAGED if machine.lost_disks else PRESENT,
        phase=str(mark.phase) if mark is not None and ours else "",
        # What is installed, which after an interrupted run may be one more or less than what is declared.
        reinstall=mark.reinstall if mark is not None and ours else bag.get("reinstall", 0),
        incarnation=incarnation,
        revision=mark.revision if mark is not None and ours else 0,
        observedPower=str(machine.power),
        limits=limit_table(declared_limits(inputs), machine),
        rebootRequired=list(machine.reboot_required),
        hostNotes=list(machine.host_notes),
        room=dict(machine.room),
        guarded={nic: known for nic, known in machine.guarded.items() if known is not None},
        seedDigest=seed_digest,
    )
    if mark is not None and ours and mark.move:
        bag["moving"] = mark.move
    return bag


def limit_table(declared: Mapping[str, int], machine: Machine) -> dict[str, dict[str, Any]]:
    """Per limit key: declared, configured, effective and where the effective value was read."""
    table: dict[str, dict[str, Any]] = {}
    for key, value in declared.items():
        reading = machine.readings.get(key)
        row: dict[str, Any] = {"declared": value, "source": reading.source if reading else "the host gave no answer"}
        if reading is not None and reading.configured is not None:
            row["configured"] = reading.configured
        elif reading is not None and reading.absent:
            row["configured"] = UNLIMITED
        if reading is not None and reading.effective is not None:
            row["effective"] = reading.effective
        table[key] = row
    return table


def observed_inputs(inputs: Mapping[str, Any], machine: Machine) -> Bag:
    """The inputs with every limit, MAC, address and attachment as the host has it.

    A configured value that differs is shown; where configuration is as declared but less or more is in force, that is
    shown, unless it only waits for a reboot. A limit that is gone reads 0, that is unlimited. What a host can't tell
    stays as declared: unknown is no drift.
    """
    bag: Bag = copy.deepcopy(dict(inputs))
    for key, declared in declared_limits(inputs).items():
        reading = machine.readings.get(key)
        if reading is None:
            continue
        if reading.absent:
            _put(bag, key, UNLIMITED)
        elif reading.configured is not None and reading.configured != declared:
            _put(bag, key, reading.configured)
        elif reading.effective is not None and reading.effective != declared and key not in machine.reboot_required:
            _put(bag, key, reading.effective)
    if machine.mark is not None:
        # What the host goes by after its boot; a mark of an older release says nothing of power.
        noted = {"power": machine.mark.power, "order": machine.mark.order}
        bag.update({key: value for key, value in noted.items() if key in bag and value != ""})
    if machine.mark is not None and machine.mark.reinstall != bag.get("reinstall", 0):
        bag["reinstall"] = machine.mark.reinstall
    for nic in bag.get("nics", {}):
        if nic in machine.macs:
            bag["nics"][nic]["mac"] = machine.macs[nic]
        if machine.addresses.get(nic):
            bag["nics"][nic]["addresses"] = list(machine.addresses[nic])
        if nic in machine.attach:
            bag["nics"][nic]["attach"] = machine.attach[nic]
        # Inputs of an older release don't name it: its machines had none, which is no drift.
        declared_guard = bag["nics"][nic].get("antispoof")
        if declared_guard is not None and machine.guarded.get(nic) not in (None, declared_guard):
            bag["nics"][nic]["antispoof"] = machine.guarded[nic]
    return bag


def guest(state: Mapping[str, Any]) -> Guest | None:
    """What state knows of the guest's size and room; None for a state that an older release wrote. Never raises."""
    if state.get("observedPower") == str(Power.OFF):
        return Guest()
    room, limits = state.get("room"), state.get("limits")
    if not isinstance(room, Mapping) or not isinstance(limits, Mapping):
        return None
    rows = {key: row for key, row in limits.items() if isinstance(row, Mapping)}
    has = {key: row["effective"] for key, row in rows.items() if key in room and isinstance(row.get("effective"), int)}
    return Guest(has=has, room={key: size for key, size in room.items() if isinstance(size, int)}) if has else None


def expected_mark(state: Mapping[str, Any], urn: str) -> Mark:
    """The mark that state last saw; a driver touches the machine only when it still stands there."""
    return Mark(
        fleet=state["fleet"],
        backend=state["backend"],
        urn=urn,
        client=state["client"],
        vps=state["vps"],
        phase=Phase(state.get("phase") or Phase.READY),
        incarnation=state.get("incarnation", ""),
        revision=state.get("revision", 0),
        reinstall=state.get("reinstall", 0),
        power=state.get("power", "managed"),
        order=state.get("order", 1),
    )


def _put(bag: Bag, key: str, value: int) -> None:
    *steps, last = key.split(".")
    for step in steps:
        bag = bag[step]
    bag[last] = value
