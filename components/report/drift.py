"""Drift of a whole fleet: what its hosts hold, from one pass over each, against what state remembers of it.

Pure. What differs is named by what it means: `breach` (a client gets less than sold), `danger` (a client's machine is
unprotected, doubled, or the next apply would refuse it), `missing`, `foreign`, `giveaway` (more than sold), `unknown`
(somebody did not answer: never "no drift") and `benign`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from components.domain.limits import declared as declared_limits
from components.domain.limits import display, is_unlimited
from components.drivers.base import Machine, Phase, Power
from components.report.evidence import Answer, Recorded
from components.report.findings import CLASSES, Audit, Finding
from components.report.strangers import told

COPIES = (Phase.ARRIVING, Phase.LEFT)
"""Phases of what a move has not finished or not cleared away: the machine itself is elsewhere."""

UNTOLD = ("unknown", "not enforced")
"""How the source of a limit begins of which nobody knows what is in force, or whose host can't enforce it."""


def audit(
    fleet: str,
    recorded: Sequence[Recorded],
    answers: Mapping[str, Answer],
    declared: frozenset[str],
    unread: Mapping[str, str] | None = None,
    backend: str | None = None,
) -> Audit:
    """Compare all of it.

    `declared` are the UUIDs that files name; machines of other fleets are nobody's business. `unread` are stacks whose
    state could not be read, and why; `backend` is the id of the backend that was read, None where nobody asks.
    """
    more = (
        Finding(kind="unknown", machine="", host="", key="state", words=why, stack=stack)
        for stack, why in (unread or {}).items()
    )
    return _Comparison(fleet, recorded, answers, declared, backend).audit(more)


class _Comparison:
    def __init__(
        self,
        fleet: str,
        recorded: Sequence[Recorded],
        answers: Mapping[str, Answer],
        declared: frozenset[str],
        backend: str | None,
    ) -> None:
        self._backend = backend
        self._recorded = {str(found.bag["uuid"]): found for found in recorded}
        self._answers = answers
        self._declared = declared
        self._silent = {host: answer.silent for host, answer in answers.items() if answer.silent and not answer.lost}
        self._lost = {host: answer.lost for host, answer in answers.items() if answer.lost}
        self._copies: dict[str, list[tuple[str, Machine]]] = defaultdict(list)
        for host, answer in answers.items():
            for machine in answer.machines:
                if machine.mark is not None and machine.mark.fleet == fleet:
                    self._copies[machine.uuid].append((host, machine))
        self._unread: dict[str, int] = defaultdict(int)
        self._untold: dict[tuple[str, str, str], int] = defaultdict(int)

    def audit(self, more: Iterable[Finding]) -> Audit:
        found = [*more, *(finding for uuid, known in self._recorded.items() for finding in self._one(uuid, known))]
        found += self._strangers()
        found += self._addresses()
        for host, why in self._silent.items():
            words = f"could not be read ({self._unread[host]} machines): {why}"
            found.append(Finding(kind="unknown", machine="", host=host, key="host", words=words))
        notes = []
        for host, since in self._lost.items():
            if self._answers[host].silent:
                notes.append(f"{host}: lost since {since}: {self._unread[host]} machines wait for it or for a restore")
                continue
            words = f"declared lost since {since}, yet it answers: vps host return {host}"
            found.append(Finding(kind="danger", machine="", host=host, key="lost", words=words))
        for (host, key, source), count in self._untold.items():
            words = f"{count} machines: what is in force is {source}"
            if self._answers[host].has_probe and source.startswith("unknown"):
                found.append(Finding(kind="unknown", machine="", host=host, key=key, words=words))
            else:
                notes.append(f"{host}: {key}: {words}")
        found.sort(key=lambda finding: (CLASSES.index(finding.kind), finding.host, finding.machine, finding.key))
        return Audit(len(self._recorded), tuple(found), tuple(sorted(notes)))

    def _one(self, uuid: str, known: Recorded) -> Iterator[Finding]:
        copies = self._copies.get(uuid, [])
        whole = [(host, machine) for host, machine in copies if machine.mark and machine.mark.phase not in COPIES]
        at_home = [machine for host, machine in whole if host == known.host]

        def finding(kind: str, key: str, words: str, host: str = known.host) -> Finding:
            return Finding(kind=kind, machine=known.title, host=host, key=key, words=words, stack=known.stack)

        for host, machine in copies:
            if machine.mark and machine.mark.phase in COPIES:
                yield finding("benign", "move", f"a move left a copy without disks here: vps up {known.stack}", host)
        if len(whole) > 1:
            places = ", ".join(f"{host} ({machine.power})" for host, machine in whole)
            yield finding("danger", "copies", f"it is there {len(whole)} times: {places}")
        if at_home:
            yield from self._compare(known, known.host, at_home[0])
        elif known.host not in self._answers:
            yield finding("unknown", "host", "state names a host that no file declares")
        elif known.host in self._silent:
            self._unread[known.host] += 1
            if whole:
                yield finding("danger", "copies", f"its host is silent, and it is also on {whole[0][0]}")
        elif whole:
            yield finding("benign", "host", f"it is on {whole[0][0]}, and {known.host} is recorded", whole[0][0])
            yield from self._compare(known, *whole[0])
        elif self._answers[known.host].silent:
            self._unread[known.host] += 1
        else:
            yield from self._missing(known, finding("missing", "machine", "its host answered and does not hold it"))

    def _missing(self, known: Recorded, finding: Finding) -> Iterator[Finding]:
        others = ", ".join(sorted(self._silent))
        elsewhere = f"; not asked, because silent: {others}" if others else ""
        if known.delivered is None:
            words = "its host does not hold it; whether it was ever made stands in a state that only the engine reads"
            yield Finding(**{**asdict(finding), "kind": "unknown", "words": words + elsewhere})
        elif known.bag.get("phase") != Phase.CREATING:
            yield Finding(**{**asdict(finding), "words": finding.words + elsewhere})

    def _compare(self, known: Recorded, host: str, machine: Machine) -> Iterator[Finding]:
        bag, mark = known.bag, machine.mark
        assert mark is not None

        def finding(kind: str, key: str, words: str) -> Finding:
            return Finding(kind=kind, machine=known.title, host=host, key=key, words=words, stack=known.stack)

        incarnation = bag.get("incarnation")
        if incarnation and mark.incarnation != incarnation:
            if mark.previous == incarnation:
                yield finding("benign", "mark", "a run took it over and died before state was written; up learns it")
            else:
                yield finding("foreign", "mark", "it carries another incarnation: somebody else took it over")
            return
        for disk in machine.lost_disks:
            yield finding("danger", f"disks.{disk}", "the disk is gone")
        if mark.phase is Phase.ENDING:
            yield finding("danger", "phase", "its end began and was interrupted")
        elif mark.phase is Phase.STARTING:
            yield finding(
                "benign", "phase", "it was made or restored, and its first start is not finished; up goes on with it"
            )
        elif mark.phase is not Phase.READY:
            yield finding("benign", "phase", f"its creation was interrupted (it is {mark.phase}); up goes on with it")
        for key, declared in declared_limits(bag).items():
            yield from self._limit(known, host, machine, key, declared)
        for nic, noted in bag.get("nics", {}).items():
            seen: dict[str, object] = {
                "mac": machine.macs.get(nic),
                "attach": machine.attach.get(nic),
                "addresses": list(machine.addresses.get(nic, ())) or None,
                "antispoof": machine.guarded.get(nic),
            }
            for part, value in seen.items():
                if part in noted and value is not None and value != noted[part]:
                    words = f"{_said(noted[part])} is recorded, {_said(value)} is there"
                    yield finding("danger", f"nics.{nic}.{part}", words)

    def _limit(self, known: Recorded, host: str, machine: Machine, key: str, declared: int) -> Iterator[Finding]:
        reading = machine.readings.get(key)
        if reading is None or is_unlimited(key, declared):
            return
        told = {"configured": reading.configured, "in force": reading.effective}
        for where, value in told.items():
            if value is None or value == declared or (where == "in force" and key in machine.reboot_required):
                continue
            words = f"{display(key, declared)} declared, {display(key, value)} {where}"
            kind = "breach" if value < declared else "giveaway"
            yield Finding(kind=kind, machine=known.title, host=host, key=key, words=words, stack=known.stack)
            return
        if reading.absent:
            words = f"{display(key, declared)} declared, no limit is {_where(reading.configured)}"
            yield Finding(kind="giveaway", machine=known.title, host=host, key=key, words=words, stack=known.stack)
        elif key in machine.reboot_required:
            self._untold[host, key, "waiting for the next reboot"] += 1
        elif reading.effective is None and machine.power is Power.RUNNING and reading.source.startswith(UNTOLD):
            self._untold[host, key, reading.source] += 1

    def _strangers(self) -> Iterator[Finding]:
        for uuid in self._copies.keys() - self._recorded.keys():
            for host, machine in self._copies[uuid]:
                assert machine.mark is not None
                name = f"{machine.mark.client}/{machine.mark.vps}"
                kind, key, words = told(machine.name, machine.mark, self._backend, declared=uuid in self._declared)
                yield Finding(kind=kind, machine=name, host=host, key=key, words=words)

    def _addresses(self) -> Iterator[Finding]:
        users: dict[str, set[str]] = defaultdict(set)
        for answer in self._answers.values():
            for machine in answer.machines:
                for addresses in machine.addresses.values():
                    for address in addresses:
                        users[address].add(machine.uuid)
        for uuid, known in self._recorded.items():
            for nic, noted in known.bag.get("nics", {}).items():
                for address in noted.get("addresses", ()):
                    others = users.get(address, set()) - {uuid}
                    if others:
                        words = f"{address} is noted for machine {min(others)} as well"
                        key = f"nics.{nic}.addresses"
                        yield Finding(
                            kind="danger", machine=known.title, host=known.host, key=key, words=words, stack=known.stack
                        )


def _where(configured: int | None) -> str:
    return "configured" if configured is None else "in force"


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
