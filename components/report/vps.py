"""One VPS as declared, as its host answers and as its guest says: as data, and for people."""

import datetime as dt
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.declaration import machine_inputs
from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.limits import declared, display
from components.drivers.base import Machine, Power
from components.guest.hearing import Heard
from components.provider.facts import limit_table
from components.report import guest

NO_LIMIT = "no limit in force"
"""What drivers give as the source of a limit that nobody enforces."""


def document(
    fleet: Fleet, client: Client, vps: Vps, machine: Machine | None, heard: Heard | None = None
) -> dict[str, Any]:
    """Everything `vps show` says, as data. Limits are keyed as in `domain.limits`; `machine` None is a missing one.

    `guest` is what was `heard` of it, its own word; None when nobody asked.
    """
    inputs = machine_inputs(fleet, client, vps, backend="")
    known = {
        "client": f"{client.name} ({client.id})",
        "vps": f"{client.key}/{vps.key} ({vps.id})",
        "uuid": inputs["uuid"],
        "package": vps.package,
        "host": vps.host,
        "fqdn": vps.fqdn,
        "addresses": [*vps.ipv4, *vps.ipv6],
        "ends": vps.ends.isoformat() if vps.ends is not None else "",
    }
    if machine is None:
        notes = ["the host answered and does not hold this machine"]
        return {
            **known,
            "power": "missing",
            "limits": {},
            "antispoof": {},
            "grows": {},
            "rebootRequired": [],
            "notes": notes,
            "guest": None,
        }
    return {
        **known,
        "power": _power(machine),
        "limits": limit_table(declared(inputs), machine),
        "antispoof": {
            name: {"declared": nic["antispoof"], "effective": machine.guarded.get(name)}
            for name, nic in inputs["nics"].items()
        },
        "grows": {
            key: {"declared": value, "effective": machine.room.get(key)} for key, value in inputs["grows"].items()
        },
        "rebootRequired": list(machine.reboot_required),
        "notes": list(machine.host_notes),
        "guest": None if heard is None else guest.document(heard),
    }


def _power(machine: Machine) -> str:
    """As the host answers it; of a machine that is off whether that is by suspension, which its guest can't end."""
    suspended = machine.mark is not None and "suspended" in (machine.mark.wish, machine.mark.power)
    return "suspended" if suspended and machine.power is Power.OFF else str(machine.power)


def _switch(value: bool | None) -> str:
    return "unknown" if value is None else "on" if value else "off"


def show(document: dict[str, Any], console: Console, heard: Heard | None = None) -> None:
    """Print what `document` returned, and what the guest says. Texts are of clients: no markup in them is obeyed."""
    for key in ("client", "vps", "package", "host", "fqdn", "power"):
        console.print(f"{key:<10} {document[key]}", markup=False)
    console.print(f"{'addresses':<10} {', '.join(document['addresses'])}", markup=False)
    if document["ends"]:
        console.print(f"{'ends':<10} {document['ends']}: declared; `vps end … --never` withdraws it", markup=False)
    if document["limits"]:
        grid = Table(box=None, pad_edge=False)
        for name in ("limit", "declared", "configured", "effective"):
            grid.add_column(name, no_wrap=True)
        grid.add_column("read from")
        for key, row in document["limits"].items():
            values = [display(key, row.get(name)) for name in ("declared", "configured", "effective")]
            if row["source"] == NO_LIMIT:
                values[2] = "unlimited"
            grid.add_row(key, *values, Text(row["source"]))
        for name, row in document["antispoof"].items():
            grid.add_row(f"nics.{name}.antispoof", _switch(row["declared"]), "", _switch(row["effective"]), "")
        for key, row in document["grows"].items():
            room = "" if row["effective"] is None else display(key, row["effective"])
            grid.add_row(f"grows.{key}", display(key, row["declared"]), "", room, "without a reboot")
        console.print(grid)
    if document["rebootRequired"]:
        console.print(f"waits for the next reboot: {', '.join(document['rebootRequired'])}", markup=False)
    for note in document["notes"]:
        console.print(f"note: {note}", markup=False)
    if heard is not None:
        guest.show(heard, console, dt.datetime.now(dt.UTC))
