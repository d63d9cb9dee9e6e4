"""One VPS as declared, as its host answers and as its guest says: as data, and for people."""

import datetime as dt
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.declaration import machine_inputs
from components.domain.clients import Access, Client, Vps
from components.domain.fleet import Fleet
from components.domain.limits import declared, display
from components.drivers.base import Machine, Power
from components.guest.hearing import Heard
from components.provider.facts import limit_table
from components.report import glance, guest

NO_LIMIT = "no limit in force"
"""What drivers give as the source of a limit that nobody enforces."""
UNTOLD = "the host did not answer"
UNMADE = "not made"
"""The power of a VPS that no apply has made yet; `missing` is one that its host lost."""


def document(
    fleet: Fleet,
    client: Client,
    vps: Vps,
    machine: Machine | None,
    heard: Heard | None = None,
    *,
    silent: str = "",
    unmade: bool = False,
    today: dt.date | None = None,
) -> dict[str, Any]:
    """Everything `vps show` says, as data. Limits are keyed as in `domain.limits`; `machine` None is a missing one.

    `guest` is what was `heard` of it, its own word; None when nobody asked. `silent` says why the host gave no answer;
    what is declared is told all the same. `unmade`: state has no such machine either. `today` (UTC; None: this day)
    says what is in force of what was sold.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    inputs = machine_inputs(fleet, client, vps, backend="", today=today)
    row, host = glance.Glance(fleet, today).row(client, vps), fleet.hosts[vps.host]
    known = {
        "client": f"{client.name} ({client.id})",
        "vps": f"{client.key}/{vps.key} ({vps.id})",
        "uuid": inputs["uuid"],
        "package": row["package"],
        "extras": row["extras"],
        "next": row["next"],
        "term": row["term"],
        "month": row["month"],
        "stage": row["stage"],
        "support": row["support"],
        "host": vps.host,
        "datacentre": host.datacentre,
        "cabinet": host.cabinet,
        "fqdn": vps.fqdn,
        "addresses": row["addresses"],
        "ends": row["ends"],
        "access": [_grant(client, grant, today) for grant in vps.access],
    }
    if machine is None:
        lacks = "the host answered and does not hold this machine"
        if unmade:
            lacks += f", nor does state: vps up client.{client.key} makes it"
        notes = [f"could not tell: {silent}" if silent else lacks]
        return {
            **known,
            "power": "unknown" if silent else UNMADE if unmade else "missing",
            "limits": {key: {"declared": value, "source": UNTOLD} for key, value in declared(inputs).items()}
            if silent
            else {},
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


def _grant(client: Client, grant: Access, today: dt.date) -> dict[str, Any]:
    contact = client.contacts.get(grant.who)
    ended = grant.until is not None and grant.until <= today
    return {
        "who": grant.who,
        "name": contact.name if contact else "",
        "root": grant.root,
        "since": grant.since.isoformat(),
        "until": grant.until.isoformat() if grant.until else "",
        "request": grant.request,
        "state": "ended" if ended else "to come" if grant.since > today else "granted",
    }


def _power(machine: Machine) -> str:
    """As the host answers it; of a machine that is off whether that is by suspension, which its guest can't end."""
    suspended = machine.mark is not None and "suspended" in (machine.mark.wish, machine.mark.power)
    return "suspended" if suspended and machine.power is Power.OFF else str(machine.power)


def _switch(value: bool | None) -> str:
    return "unknown" if value is None else "on" if value else "off"


def show(document: dict[str, Any], console: Console, heard: Heard | None = None) -> None:
    """Print what `document` returned, and what the guest says. Texts are of clients: no markup in them is obeyed."""
    lines = {
        "package": glance.sold(document),
        "term": glance.term(document["term"]),
        "a month": glance.paid(document),
        "host": f"{document['host']}, datacentre {document['datacentre']}, cabinet {document['cabinet'] or 'unknown'}",
    }
    for key in ("client", "vps", "package", "term", "a month", "support", "host", "fqdn", "power"):
        console.print(f"{key:<10} {lines.get(key) or document[key]}", markup=False)
    console.print(f"{'addresses':<10} {', '.join(document['addresses'])}", markup=False)
    if document["ends"]:
        console.print(f"{'ends':<10} {document['ends']}: declared; `vps end … --never` withdraws it", markup=False)
    for grant in document["access"]:
        root = "root by sudo" if grant["root"] else "no root"
        until = f" up to {grant['until']}" if grant["until"] else ""
        words = f"{grant['who']} ({grant['name']}): {root}, {grant['state']}, from {grant['since']}{until}"
        console.print(f"{'access':<10} {words}, request {grant['request']}", markup=False)
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
