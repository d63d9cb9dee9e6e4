"""What another package or extras do to a VPS: to each limit of its guest, by what state knows of it, and beside it."""

import datetime as dt
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.changes import Consequence
    from components.domain.clients import Client, Vps
    from components.domain.fleet import Fleet
    from components.domain.sales import Sale
    from components.domain.upgrades import Upgrade


def consequences(
    loaded: "Loaded", client: "Client", vps: "Vps", found: "Upgrade", today: dt.date
) -> "tuple[list[Consequence], list[str]]":
    """What becomes of each limit that changes, and what to know of that. Raises DomainError for what is refused."""
    from components.domain.changes import Effect, consequence
    from components.domain.limits import declared, display
    from components.domain.names import client_stack
    from components.domain.problems import DomainError
    from components.provider.facts import guest

    state = recorded(loaded, client, vps)
    running = guest(state) if state else None
    before, after = _limits(loaded.fleet, found.was), _limits(loaded.fleet, found.will)
    if state and found.since <= today:
        before |= {key: value for key, value in declared(state).items() if key in before}
    changes = [consequence(key, before[key], after[key], running) for key in after if before[key] != after[key]]
    refused = [one.words for one in changes if one.effect is Effect.REFUSED]
    if refused:
        raise DomainError(f"Unable to give {client.key}/{vps.key} {found.will.package}: {'; '.join(refused)}.")
    stack = client_stack(client.key)
    if state is None:
        return changes, [f"the state of {stack} can't be read from here: of its guest nothing is known"]
    if state:
        return changes, []
    words = {key: f"{key}: {display(key, before[key])} -> {display(key, after[key])}" for key in after}
    made = [replace(one, effect=Effect.RECORDED, words=f"{words[one.key]}: it is made so") for one in changes]
    return made, [f"no machine is there yet: the first `vps up {stack}` makes it"]


def promises(fleet: "Fleet", found: "Upgrade") -> list[str]:
    """What else a package promises, where it changes."""
    from components.domain.capacity import of_sale, shown

    old, new = fleet.packages[found.was.package], fleet.packages[found.will.package]
    had, has = of_sale(fleet, found.was).traffic_gb, of_sale(fleet, found.will).traffic_gb
    told = []
    if had != has:
        told.append(f"traffic: {shown('traffic_gb', had)} -> {shown('traffic_gb', has)} a month")
    if old.backup != new.backup:
        kept = [
            f"every {one.every_hours} h, kept {one.keep_days} days" if one else "none"
            for one in (old.backup, new.backup)
        ]
        told.append(f"backups: {kept[0]} -> {kept[1]}")
    return told


def recorded(loaded: "Loaded", client: "Client", vps: "Vps") -> dict[str, Any] | None:
    """What state holds of the machine, empty for one that was never made; None where it can't be read from here."""
    from components.domain.names import client_stack
    from components.domain.problems import DomainError
    from components.engine import state
    from components.engine.project import project_of

    try:
        machines = state.machines(project_of(loaded.folder).backend(os.environ), client_stack(client.key))
    except DomainError:
        return None
    uuid = vps.machine_uuid(loaded.fleet.id, client.id)
    return None if machines is None else next((one for one in machines if one.get("uuid") == uuid), {})


def _limits(fleet: "Fleet", sale: "Sale") -> dict[str, int]:
    """The limits of a sale by the keys that machines have for them."""
    from components.declaration import FIRST_NIC, ROOT_DISK

    limits = fleet.limits(sale)
    return {
        "vcpus": limits.vcpus,
        "cpuCapPercent": limits.cpu_cap_percent,
        "memoryMib": limits.memory_mib,
        f"disks.{ROOT_DISK}.sizeGib": limits.disk_gib,
        f"disks.{ROOT_DISK}.iops": limits.disk_iops,
        f"disks.{ROOT_DISK}.rateMibS": limits.disk_rate_mib_s,
        f"nics.{FIRST_NIC}.rateMbitS": limits.nic_rate_mbit_s,
    }
