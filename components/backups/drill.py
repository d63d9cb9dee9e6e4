"""The restore drill: the newest backup really brought back, into a guest that is nobody's, and compared.

The guest has an id and addresses of its own, kept for drills. It reads the client's archive into a folder, starts
nothing of it, and sends nothing but to the target; afterwards it is destroyed. Only what was compared counts as proof.
"""

import datetime as dt
import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from components.backups import recovery
from components.backups.comeback import choose
from components.backups.enrolment import Enrolled
from components.backups.guest_side import GuestSide
from components.backups.target import Run, Target
from components.cloudinit import render, seed_iso
from components.declaration import TEMPLATE, host_ref, machine_inputs
from components.domain.clients import Client, Contact, Vps
from components.domain.fleet import Fleet
from components.domain.problems import DomainError
from components.drivers.base import Driver, HostRef, MachineSpec, Mark
from components.drivers.errors import DriverError, GuestSilent
from components.drivers.registry import connect
from components.provider.inputs import MachineInputs, parse
from components.provider.takeover import new_mark

FIRST_WORD_S = 1800.0
"""How long the guest may take from its start until its agent answers; software emulation is slow."""
DRILL_S = 6 * 3600.0
MOST_RECORD = 4000
"""Bytes; the target keeps 4096 of a drill's record."""
PROVING = ("at", "host", "snapshot", "of", "files", "bytes", "hashed", "tables", "differ")
"""What stays of a record whose other words are too many."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A drill of one VPS on one host, in words of the driver."""

    host: HostRef
    spec: MachineSpec
    seed: bytes
    mark: Mark

    @classmethod
    def of(cls, enrolled: Enrolled, host: str, backend: str) -> "Stand":
        """The guest for it. Raises DomainError when no addresses are kept for drills."""
        fleet, drill = enrolled.fleet, enrolled.backups.drill
        what = f"Unable to drill {enrolled.title} on {host}"
        if drill is None:
            raise DomainError(
                f"{what}: no addresses are kept for drills.", "Declare backups.drill in fleet.yaml: network, ipv4."
            )
        if host not in fleet.hosts or drill.network not in fleet.hosts[host].networks:
            carrying = ", ".join(name for name, one in fleet.hosts.items() if drill.network in one.networks) or "none"
            raise DomainError(f"{what}: it does not carry {drill.network}.", f"Hosts that do: {carrying}. Use --host.")
        client, vps = _nobody(enrolled, host)
        # Nothing of it is backed up, and no certificate is asked for.
        plain = replace(fleet, backups=None, authority=None)
        inputs = parse(MachineInputs, machine_inputs(plain, client, vps, backend))
        assert inputs.seed is not None
        return cls(
            host=host_ref(fleet.hosts[host]),
            spec=inputs.spec(),
            seed=seed_iso(render(TEMPLATE, inputs.seed.values)),
            mark=new_mark(urn_of(enrolled.uuid), inputs),
        )

    def side(self, driver: Driver, mark: Mark) -> GuestSide:
        """What can be asked of the guest."""
        guest, uuid = driver.guest(), self.spec.uuid
        return GuestSide(
            title=self.spec.title,
            ask=lambda words, stdin, deadline_s: guest.run(uuid, mark, words, stdin, deadline_s=deadline_s),
            reinstall=mark.reinstall,
        )


def _nobody(enrolled: Enrolled, host: str) -> tuple[Client, Vps]:
    """A client without people and a VPS without anything of the real one but its package and image."""
    drill = enrolled.backups.drill
    assert drill is not None
    vps = replace(
        enrolled.vps,
        id=f"{enrolled.vps.id}-drill",
        uuid=None,
        mac=None,
        key=f"{enrolled.vps.key}-drill",
        host=host,
        network=drill.network,
        ipv4=(drill.ipv4,) if drill.ipv4 else (),
        ipv6=(drill.ipv6,) if drill.ipv6 else (),
        fqdn="drill.invalid",
        power="managed",
        access=(),
        panel=None,
        ends=None,
        reinstall=0,
        move=None,
        restore=None,
        pool=None,
        antispoof=True,
    )
    nobody = Contact(name="Nobody", email="root@localhost", roles=("owner",))
    return replace(enrolled.client, name="A drill", contacts={"nobody": nobody}, vps={vps.key: vps}), vps


def drill(enrolled: Enrolled, host: str, identity: Path, backend: str, say: Say) -> Mapping[str, Any]:
    """Bring the newest backup back on `host` and compare it; the record, which the target keeps as well.

    Raises DomainError or DriverError when it could not be done; the guest is removed in every case.
    """
    target = Target(enrolled.backups)
    what = f"Unable to drill {enrolled.title} on {host}"
    run = choose(enrolled.title, target.status(enrolled.uuid).get(enrolled.uuid), "latest")
    passphrase = recovery.passphrase(target, enrolled.uuid, identity, what)
    stand = Stand.of(enrolled, host, backend)
    with target.drilling(enrolled.uuid, what):
        clear(enrolled.fleet, target, say)
        with closing(connect(stand.host)) as driver:
            remove(driver, stand.spec.uuid, stand.mark.urn)
            # Known before it is there and until it is gone: whatever ends this, the next drill clears up.
            target.visit(enrolled.uuid, stand.spec.uuid, host)
            say(f"{enrolled.title}: a guest for the drill is made on {host}")
            try:
                mark = driver.create(stand.spec, stand.seed, stand.mark).mark
                assert mark is not None
                side, guest = stand.side(driver, mark), stand.spec.uuid
                found = compared(enrolled, side, target, host, guest, passphrase, run, say)
            finally:
                try:
                    target.visit(enrolled.uuid, stand.spec.uuid, host)
                finally:
                    remove(driver, stand.spec.uuid, stand.mark.urn)
                target.leave(stand.spec.uuid)
                say(f"{enrolled.title}: the guest of the drill is gone")
        record = {**found, "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "host": host}
        target.prove(enrolled.uuid, kept(record))
    return record


def clear(fleet: Fleet, target: Target, say: Say) -> None:
    """Remove what drills left that were cut, of whatever VPS and on whatever host: they have one address between them.

    Raises DomainError or DriverError while that can't be done.
    """
    left = [(uuid, visit) for uuid, one in target.status().items() for visit in one.visits]
    for uuid, visit in left:
        since = f"{visit.at:%Y-%m-%d %H:%M}"
        if visit.host not in fleet.hosts:
            say(f"{visit.host} is no host any more: the guest of a drill of {since} was left there")
        else:
            with closing(connect(host_ref(fleet.hosts[visit.host]))) as driver:
                remove(driver, visit.guest, urn_of(uuid))
            say(f"what a drill of {since} left on {visit.host} was removed")
        target.leave(visit.guest)


def urn_of(uuid: str) -> str:
    """The mark of the guest in which the backups of that VPS are tried."""
    return f"urn:vps:drill::{uuid}"


def kept(record: Mapping[str, Any]) -> str:
    """The record as the target keeps it: one that is cut would be none, so only as many differences as fit are told."""
    wrong = record.get("wrong")
    told = list(wrong) if isinstance(wrong, list) else []
    while len(text := json.dumps({**record, "wrong": told})) > MOST_RECORD and told:
        told.pop()
    if len(text) > MOST_RECORD:
        text = json.dumps({name: record[name] for name in PROVING if name in record})
    return text


def compared(
    enrolled: Enrolled, side: GuestSide, target: Target, host: str, guest: str, passphrase: str, run: Run, say: Say
) -> dict[str, Any]:
    """Let a guest with that UUID on `host` read the backup `run`, bring it back and compare it. Raises DomainError."""
    settings = {**enrolled.backups.settings(enrolled.promise), "uuid": enrolled.uuid}
    key = _first_word(side, settings)
    target.visit(enrolled.uuid, guest, host, key)
    side.take(passphrase, run.snapshot)
    say(f"{enrolled.title}: the backup of {run.at:%Y-%m-%d %H:%M} UTC is brought back and compared")
    found = side.drill(DRILL_S)
    return {**found, "snapshot": run.snapshot, "of": run.at.isoformat()}


def _first_word(side: GuestSide, settings: Mapping[str, Any]) -> str:
    ends = time.monotonic() + FIRST_WORD_S
    while True:
        try:
            return side.prepare(settings)
        except (GuestSilent, DomainError):
            if time.monotonic() >= ends:
                raise
            time.sleep(2)


def remove(driver: Driver, uuid: str, urn: str) -> None:
    """Destroy a drill's guest and its disk, one that an earlier drill left included; nothing but its own."""
    machine = driver.read(uuid)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    if machine is not None and machine.mark is not None and machine.mark.urn == urn:
        with suppress(DriverError):
            driver.power(uuid, "off", machine.mark)
        driver.delete(uuid, machine.mark.incarnation, today)
    for trashed in driver.read_trash():
        if trashed.uuid == uuid and trashed.mark is not None and trashed.mark.urn == urn:
            driver.empty(trashed.key, today, today)
