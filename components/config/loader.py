"""Loads a fleet folder: every file, every problem, at once.

Files are read whole and judged alone (`documents`, `shape`), then together (`components.domain.rules`). A broken file
stops only the stacks that depend on it.
"""

import errno
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from components.config import flavour_file
from components.config import folder as places
from components.config.authority import authority
from components.config.catalogue_file import CatalogueFile
from components.config.documents import Document, Flaw, missing, parse, read
from components.config.draft import File, draft
from components.config.fleet_file import FleetFile
from components.config.folder import find_fleet
from components.config.host_file import HostFile
from components.config.lock_file import LockFile
from components.config.shape import Steps, flaws
from components.domain.clients import Client
from components.domain.fleet import Fleet
from components.domain.hosts import Host
from components.domain.names import CLIENT_STACKS, HOST_STACKS
from components.domain.problems import Problem
from components.domain.rules import problems as rule_problems
from components.domain.rules.references import Unread

__all__ = ["Loaded", "find_fleet", "load"]

Part = TypeVar("Part", Host, Client)

MOST_NAMED = 12
"""More stacks than these are not listed for somebody who mistyped one."""

MOST_PER_FILE = 100
"""More problems than this in one file are counted, not told."""


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
        """What stops this stack: problems of the shared files, its own, its hosts', and of the images that it uses.

        A host uses every locked image. Problems that don't block (`Problem.blocks`) are left out.
        """
        for prefix, folder in ((CLIENT_STACKS, places.CLIENTS), (HOST_STACKS, places.HOSTS)):
            own = f"{folder}/{stack.removeprefix(prefix)}.yaml"
            if stack.startswith(prefix) and own in self.files:
                break
            if stack.startswith(prefix):
                message = f"There is no file for the stack {stack}."
                remedy = f"Restore {own} from git: machines end by `ends:`, never by deleting files. "
                remedy += self.known(stack)
                return (Problem(path=(), message=message, remedy=remedy, file=own),)
        else:
            remedy = f"Stacks are {CLIENT_STACKS}<client> and {HOST_STACKS}<host>. {self.known(stack)}"
            return (Problem(path=(), message=f'"{stack}" is no stack of a fleet.', remedy=remedy),)
        wanted = {places.FLEET, places.CATALOGUE, own}
        images = set(self.fleet.images) if folder == places.HOSTS else set[str]()
        client = self.fleet.clients.get(stack.removeprefix(CLIENT_STACKS)) if folder == places.CLIENTS else None
        for vps in client.vps.values() if client else ():
            wanted.add(f"{places.HOSTS}/{vps.host}.yaml")
            images.add(vps.image)
        return tuple(problem for problem in self.problems if problem.blocks and _concerns(problem, wanted, images))


def _concerns(problem: Problem, wanted: set[str], images: set[str]) -> bool:
    if problem.file.endswith("/"):
        # The folder itself is missing or can't be read: every stack that needs a file of it is concerned.
        return any(file.startswith(problem.file) for file in wanted)
    if problem.file == places.LOCK:
        return len(problem.path) < 2 or problem.path[1] in images
    return problem.file in wanted


@dataclass(slots=True)
class _Pile:
    """What has been read so far."""

    folder: Path
    instead: Mapping[str, bytes] = field(default_factory=dict)
    wholly: bool = False
    """Whether `instead` is all there is: nothing is read from the folder then."""
    documents: dict[str, Document] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: set[Steps] = field(default_factory=set)

    def read(self, file: str, model: type[File]) -> tuple[File | None, bool]:
        """The file, and whether it is whole; with problems noted."""
        document = self._document(file)
        self.documents[file] = document
        root = places.root_path(file, ())
        if document.data is None:
            self._note(file, document, document.flaws)
            self.unread.update([root] if root else [places.root_path(file, (key,)) for key in model.model_fields])
            return None, False
        try:
            whole = model.model_validate(document.data)
        except ValidationError as error:
            self._note(file, document, [*document.flaws, *flaws(error, model)])
        else:
            found = [*document.flaws, *whole.empty()]
            self._note(file, document, found)
            return whole, not found
        rest, dropped = draft(document.data, model)
        if rest is None:
            self.unread.update([root] if root else [places.root_path(file, (key,)) for key in model.model_fields])
        self.unread.update(places.root_path(file, path) for path in dropped)
        return rest, False

    def _document(self, file: str) -> Document:
        if file in self.instead:
            return parse(self.instead[file])
        return missing() if self.wholly else read(self.folder / file)

    def has(self, file: str) -> bool:
        """Whether there is such a file."""
        return file in self.instead or (not self.wholly and (self.folder / file).exists())

    def _listed(self, kind: str) -> set[Path]:
        new = {self.folder / name for name in self.instead if name.startswith(f"{kind}/")}
        if self.wholly:
            if not new:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            return new
        return {*(self.folder / kind).iterdir(), *new}

    def _note(self, file: str, document: Document, found: list[Flaw]) -> None:
        for flaw in found[:MOST_PER_FILE]:
            line = flaw.line or document.line(flaw.path)
            path = places.root_path(file, flaw.path)
            self.problems.append(Problem(path=path, message=flaw.message, remedy=flaw.remedy, file=file, line=line))
        if len(found) > MOST_PER_FILE:
            message = f"{len(found) - MOST_PER_FILE} more problems are in this file."
            path = places.root_path(file, ())
            self.problems.append(Problem(path=path, message=message, remedy="Mend these first.", file=file))

    def names(self, kind: str) -> Iterator[str]:
        """The stems of the YAML files of a folder, sorted; a problem for each that looks like one and isn't."""
        try:
            files = sorted(self._listed(kind))
        except OSError as error:
            message = f"The folder can't be read: {error.strerror}."
            remedy = f"Make {kind}/ in the fleet folder, or restore it from git."
            self.problems.append(Problem(path=(kind,), message=message, remedy=remedy, file=f"{kind}/"))
            self.unread.add((kind,))
            return
        for file in files:
            if file.name.startswith("."):
                continue
            if file.suffix == ".yaml":
                yield file.stem
            elif file.suffix.lower() in (".yml", ".yaml"):
                remedy = f"Rename it to {file.stem}.yaml."
                message = "It would not be read: files here end in .yaml."
                place = f"{kind}/{file.name}"
                self.problems.append(Problem(path=(kind,), message=message, remedy=remedy, file=place))


def load(
    folder: Path,
    instead: Mapping[str, bytes] | None = None,
    *,
    wholly: bool = False,
    clients_too: bool = True,
    only: Collection[str] | None = None,
    judge: bool = True,
) -> Loaded:
    """Load the fleet in `folder`. Never raises for what the files hold or lack.

    `instead` has the content of files (named relative to the folder) that are judged before they are written; `wholly`
    if they are all there is, and nothing is read from the folder. Without `clients_too` only what is shared and the
    hosts are read, which takes a moment where there are a thousand clients; `problems` are of no use then. `only` reads
    these clients alone, and without `judge` no rule is asked: enough to show what is declared, never to apply it.
    """
    pile = _Pile(folder, instead or {}, wholly)
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
    everything = replace(base, hosts=hosts, clients=clients)
    unread = Unread(frozenset(pile.unread))
    asked = rule_problems(everything, unread) if judge else ()
    judged = [found for found in asked if not unread.covers(*found.path)]
    if judge and any(vps.options for client in clients.values() for vps in client.vps.values()):
        judged += flavour_file.problems(everything)
    found = [*pile.problems, *_located(judged, pile.documents)]
    fleet = replace(
        base,
        hosts=_only_whole(hosts, places.HOSTS, broken),
        clients=_only_whole(clients, places.CLIENTS, broken),
    )
    order = {places.FLEET: 0, places.CATALOGUE: 1, places.LOCK: 2}
    found.sort(key=lambda one: (order.get(one.file, 3), one.file, one.line, [str(step) for step in one.path]))
    return Loaded(folder=folder, fleet=fleet, problems=tuple(found), files=frozenset(pile.documents))


def _only_whole(found: Mapping[str, Part], kind: str, broken: set[tuple[str, str]]) -> dict[str, Part]:
    return {name: one for name, one in found.items() if (kind, name) not in broken}


def _located(found: Iterable[Problem], documents: Mapping[str, Document]) -> Iterator[Problem]:
    """Rule problems with file and line; of each file no more than `MOST_PER_FILE`."""
    told: Counter[str] = Counter()
    for problem in found:
        file, path = places.place(problem.path)
        told[file] += 1
        document = documents.get(file)
        if told[file] <= MOST_PER_FILE:
            yield replace(problem, file=file, line=document.line(path) if document else 0)


def _shared(pile: _Pile) -> Fleet:
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
            pile.problems.extend(_located([problem] if problem else [], pile.documents))
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
