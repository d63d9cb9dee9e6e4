"""Loads a fleet folder: every file, every problem, at once.

Files are read whole and judged alone (`documents`, `shape`), then together (`components.domain.rules`). A broken file
stops only the stacks that depend on it.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from components.config import concern, flavour_file
from components.config import folder as places
from components.config.authority import authority
from components.config.catalogue_file import CatalogueFile
from components.config.fleet_file import FleetFile
from components.config.folder import find_fleet
from components.config.host_file import HostFile
from components.config.lock_file import LockFile
from components.config.pile import Pile, Reading, located
from components.config.recall import Recall
from components.domain.clients import Client
from components.domain.fleet import Fleet
from components.domain.hosts import Host
from components.domain.names import CLIENT_STACKS, HOST_STACKS
from components.domain.operations import NOTHING_KNOWN, Operations
from components.domain.problems import Problem
from components.domain.rules import problems as rule_problems
from components.domain.rules.references import Unread

__all__ = ["Loaded", "find_fleet", "load"]

Part = TypeVar("Part", Host, Client)

MOST_NAMED = 12
"""More stacks than these are not listed for somebody who mistyped one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A fleet as its files declare it.

    `fleet` holds of the shared files what could be read, and those hosts and clients whose own file is whole: ask
    `blocking` before anything is done with one. `problems` are all of all files, by file and line.
    """

    folder: Path
    fleet: Fleet
    problems: tuple[Problem, ...]
    files: frozenset[str]
    readings: Mapping[str, Reading] = field(default_factory=dict, repr=False, compare=False)
    """What was read of each file, for who loads an earlier state of the same files."""

    def known(self, stack: str) -> str:
        """The stacks that files declare, for whoever mistyped `stack`: all of few, of many those that are like it."""
        named = ((Path(file), file.partition("/")[0]) for file in self.files)
        prefixes = {places.CLIENTS: CLIENT_STACKS, places.HOSTS: HOST_STACKS}
        found = sorted(prefixes[folder] + path.stem for path, folder in named if folder in prefixes)
        if len(found) > MOST_NAMED:
            close = get_close_matches(stack, found, MOST_NAMED)
            return f"Like it: {', '.join(close)}." if close else f"{len(found)} stacks are known, and none is like it."
        return f"Known: {', '.join(found) or 'none'}."

    def blocking(self, stack: str) -> tuple[Problem, ...]:
        """What stops this stack: problems of its own file and its hosts', and of what it uses of the shared files.

        Problems that don't block (`Problem.blocks`) are left out; whether a change makes one of them worse is judged
        against what state records (`components.engine.judged`).
        """
        for prefix, folder in ((CLIENT_STACKS, places.CLIENTS), (HOST_STACKS, places.HOSTS)):
            own = f"{folder}/{stack.removeprefix(prefix)}.yaml"
            if stack.startswith(prefix) and own in self.files:
                break
            if stack.startswith(prefix):
                message = f"There is no file for the stack {stack}."
                remedy = f"Restore {own} from git: machines end by `ends:`, never by deleting files. "
                remedy += self.known(stack)
                return (Problem(code="no-such-stack", path=(), message=message, remedy=remedy, file=own),)
        else:
            remedy = f"Stacks are {CLIENT_STACKS}<client> and {HOST_STACKS}<host>. {self.known(stack)}"
            return (
                Problem(code="no-such-stack", path=(), message=f'"{stack}" is no stack of a fleet.', remedy=remedy),
            )
        if folder == places.HOSTS:
            used = concern.of_host(self.fleet, stack.removeprefix(HOST_STACKS))
        else:
            used = concern.of_client(self.fleet, stack.removeprefix(CLIENT_STACKS))
        return tuple(problem for problem in self.problems if problem.blocks and concern.concerns(problem, used))


def load(
    folder: Path,
    instead: Mapping[str, bytes] | None = None,
    *,
    wholly: bool = False,
    clients_too: bool = True,
    only: Collection[str] | None = None,
    judge: bool = True,
    today: dt.date | None = None,
    operations: Operations = NOTHING_KNOWN,
    gone: Collection[str] = (),
    like: Loaded | None = None,
) -> Loaded:
    """Load the fleet in `folder`. Never raises for what the files hold or lack.

    `instead` has the content of files (named relative to the folder) that are judged before they are written; `wholly`
    if they are all there is, and nothing is read from the folder. Without `clients_too` only what is shared and the
    hosts are read, which takes a moment where there are a thousand clients; `problems` are of no use then. `only` reads
    these clients alone; without `judge` no rule is asked, and texts are recalled: to show what is declared, never to
    apply it.
    `today` (UTC's, when left out) is the day by which terms, warranties and images are judged, `operations` is what is
    known of hosts beside the files. Files that are `gone` count as not there; what `like` read is not read again.
    """
    recall = Recall(folder) if not (judge or wholly) and only is None else None
    pile = Pile(folder, instead or {}, wholly, frozenset(gone), like.readings if like else {}, recall)
    base = _shared(pile)
    hosts: dict[str, Host] = {}
    clients: dict[str, Client] = {}
    broken: set[tuple[str, str]] = set()
    for stem in pile.names(places.HOSTS):
        host_file, whole = pile.read(f"{places.HOSTS}/{stem}.yaml", HostFile)
        if host_file is not None:
            hosts[stem] = host_file.domain(stem)
        if not whole:
            broken.add((places.HOSTS, stem))
    if clients_too:
        from components.config.client_file import ClientFile

        for stem in pile.names(places.CLIENTS):
            if only is not None and stem not in only:
                continue
            client_file, whole = pile.read(f"{places.CLIENTS}/{stem}.yaml", ClientFile)
            if client_file is not None:
                clients[stem] = client_file.domain(stem)
            if not whole:
                broken.add((places.CLIENTS, stem))
    if recall is not None:
        recall.keep()
    everything = replace(base, hosts=hosts, clients=clients)
    unread = Unread(frozenset(pile.unread))
    today = today or dt.datetime.now(dt.UTC).date()
    asked = rule_problems(everything, unread, today=today, operations=operations) if judge else ()
    judged = [found for found in asked if not unread.covers(*found.path)]
    if judge and any(vps.options for client in clients.values() for vps in client.vps.values()):
        judged += flavour_file.problems(everything)
    found = [*pile.problems, *located(judged, pile.documents)]
    fleet = replace(
        base,
        hosts=_only_whole(hosts, places.HOSTS, broken),
        clients=_only_whole(clients, places.CLIENTS, broken),
    )
    order = {places.FLEET: 0, places.CATALOGUE: 1, places.LOCK: 2}
    found.sort(key=lambda one: (order.get(one.file, 3), one.file, one.line, [str(step) for step in one.path]))
    files = frozenset(pile.documents)
    return Loaded(folder=folder, fleet=fleet, problems=tuple(found), files=files, readings=pile.readings)


def _only_whole(found: Mapping[str, Part], kind: str, broken: set[tuple[str, str]]) -> dict[str, Part]:
    return {name: one for name, one in found.items() if (kind, name) not in broken}


def _shared(pile: Pile) -> Fleet:
    common, _ = pile.read(places.FLEET, FleetFile)
    catalogue, _ = pile.read(places.CATALOGUE, CatalogueFile)
    lock: LockFile | None = None
    if pile.has(places.LOCK):
        lock, _ = pile.read(places.LOCK, LockFile)
    fleet = Fleet(id="", name="", currency="")
    if common is not None:
        fleet = replace(
            fleet,
            id=common.id,
            name=common.name,
            currency=common.currency,
            languages=common.languages,
            trash_days=common.retention.trash,
            datacentres={name: one.domain(name) for name, one in common.datacentres.items()},
            networks={name: one.domain(name) for name, one in common.networks.items()},
            spares={name: one.domain(name) for name, one in common.spares.items()},
            support=common.support.domain() if common.support else None,
            backups=common.backups.domain() if common.backups else None,
            guests=common.guests.domain() if common.guests else fleet.guests,
            quota=common.client_quota.domain() if common.client_quota else fleet.quota,
        )
        if common.acme is not None:
            declared, problem = authority(common.acme, pile.folder, pile.instead if pile.wholly else None)
            pile.problems.extend(located([problem] if problem else [], pile.documents))
            fleet = replace(fleet, authority=declared)
    if catalogue is not None:
        fleet = replace(
            fleet,
            packages={key: one.domain(key) for key, one in catalogue.packages.items()},
            offers={name: one.domain(name) for name, one in catalogue.images.items()},
            extras={key: one.domain(key) for key, one in catalogue.extras.items()},
            contracts={key: one.domain(key) for key, one in catalogue.contracts.items()},
            discounts=tuple(one.domain() for one in catalogue.term_discounts),
            services={key: one.domain(key) for key, one in catalogue.services.items()},
        )
    if lock is not None:
        fleet = replace(fleet, images={name: one.domain(name) for name, one in lock.images.items()})
    return fleet
