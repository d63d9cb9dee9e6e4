"""What `vps check` finds: every problem of every file, and of each whether this change brought it.

The files are compared with the commit that a reviewer of them has in mind (`checkout.base`). Of an earlier state only
the files that differ are read again, and none where nothing is to be blamed.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from components.config import checkout, flavour_file, sold
from components.config import folder as places
from components.config.loader import Loaded, load
from components.config.pile import located
from components.config.quarantine import quarantine
from components.config.revision import files_at
from components.domain.operations import NOTHING_KNOWN, Operations
from components.domain.problems import Blame, DomainError, Problem, Severity
from components.domain.rules import agreements, arrivals
from components.domain.rules import quarantine as again
from components.domain.rules.blame import blamed

Also = Callable[[Loaded], Iterable[Problem]]
There = Callable[[Loaded, Collection[str]], arrivals.Before]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The fleet and its problems. `base` is the commit that they were compared with, empty where none was.

    `unblamed` says why nothing was compared; `notes` what else could not be judged, and why. `is_blind` where there
    is a history that could not be asked: what only a change can have was not looked for, so nobody may call it right.
    """

    loaded: Loaded
    problems: tuple[Problem, ...]
    base: str = ""
    unblamed: str = ""
    notes: tuple[str, ...] = ()
    is_blind: bool = False

    @property
    def errors(self) -> int:
        """How many of the problems fail a check."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)


def verdict(
    folder: Path,
    asked: str = "",
    *,
    today: dt.date | None = None,
    operations: Operations = NOTHING_KNOWN,
    also: Also = lambda _: (),
    there: There = lambda *_: {},
) -> Verdict:
    """Judge the files in `folder` against those of the revision `asked`; left out, what a reviewer would compare with.

    `also` finds more of what is loaded, with file and line; `there` knows which VPSs of these clients were made, and
    none of them is called new where it stands. Raises DomainError for an unknown `asked` alone: where nothing can be
    compared, nobody is blamed, and a note says so.
    """
    today = today or dt.datetime.now(dt.UTC).date()
    loaded = load(folder, today=today, operations=operations)
    more = [*also(loaded)]
    found = [*loaded.problems, *more]
    try:
        base = checkout.base(folder, asked)
        changed = checkout.changed(folder, base) if base is not None else frozenset[str]()
    except DomainError as error:
        if asked:
            raise
        is_kept = any((one / ".git").exists() for one in (folder.resolve(), *folder.resolve().parents))
        told = f"{_UNBLAMED} {error if is_kept else error.message}"
        return Verdict(loaded=loaded, problems=tuple(found), unblamed=told, is_blind=is_kept)
    if base is None:
        is_shallow = checkout.is_shallow(folder)
        why = _SHALLOW if is_shallow else "This is the first commit."
        return Verdict(loaded=loaded, problems=tuple(found), unblamed=f"{_UNBLAMED} {why}", is_blind=is_shallow)
    if not changed:
        old = tuple(replace(problem, blame=Blame.OLD) for problem in found)
        return Verdict(loaded=loaded, problems=old, base=base)
    notes: list[str] = []
    fresh: list[Problem] = []
    if found or changed & _SOLD_BY or any(name.startswith(f"{places.CLIENTS}/") for name in changed):
        try:
            before = _before(loaded, base, changed, today, operations, judge=bool(found))
        except DomainError as error:
            was_there = bool(checkout.told(folder, "rev-parse", "--verify", "--quiet", f"{base}:./"))
            told = f"{_UNBLAMED} {error}"
            return Verdict(loaded=loaded, problems=tuple(found), unblamed=told, is_blind=was_there)
        if found:
            found = list(blamed(found, [*before.problems, *(also(before) if more else ())]))
        told_already = {(one.code, one.path) for one in found}
        brought = _brought(loaded, before, base, changed, today, operations, notes, there)
        fresh = [one for one in brought if (one.code, one.path) not in told_already]
    ordered = sorted([*found, *fresh], key=order)
    return Verdict(loaded=loaded, problems=tuple(ordered), base=base, notes=tuple(notes))


_UNBLAMED = "What is new and what is old can't be told, nor what only a comparison shows."
_SHALLOW = "This clone is shallow: git fetch --unshallow brings what was before."
_SOLD_BY = frozenset({places.CATALOGUE, places.FLEET})
"""Where it stands what clients pay."""


def _before(
    loaded: Loaded, base: str, changed: frozenset[str], today: dt.date, operations: Operations, *, judge: bool
) -> Loaded:
    earlier = files_at(loaded.folder, base, changed)
    gone = changed - earlier.keys()
    return load(loaded.folder, earlier, gone=gone, like=loaded, today=today, operations=operations, judge=judge)


def _brought(
    loaded: Loaded,
    before: Loaded,
    base: str,
    changed: frozenset[str],
    today: dt.date,
    operations: Operations,
    notes: list[str],
    there: There,
) -> Iterable[Problem]:
    """Problems that only a change can have: what is new where nothing new may be, and what was sold otherwise."""
    folder, fleet = loaded.folder, loaded.fleet
    clients = {Path(name).stem for name in changed if name.startswith(f"{places.CLIENTS}/")}
    found: list[Problem] = []
    # Of a file that could not be read there nobody knows what it declared, so nothing in it is called new.
    read = before.fleet.clients
    clients -= {one for one in clients if f"{places.CLIENTS}/{one}.yaml" in before.files and one not in read}
    if clients and fleet.id:  # A fleet.yaml that can't be read at all would lack every datacentre and spare.
        was = {**arrivals.declared(before.fleet), **there(loaded, clients)}
        retired = flavour_file.retired(fleet)
        found += arrivals.problems(fleet, was, today, clients=clients, operations=operations, retired=retired)
        try:
            kept = quarantine(folder, fleet, today)
        except DomainError as error:
            notes.append(f"Addresses in quarantine could not be told. {error}")
        else:
            found += again.problems(fleet, kept, today, before.fleet)
        found += agreements.problems(fleet, before.fleet, today)
    if changed & _SOLD_BY:
        found += sold.repriced(fleet, before.fleet)
    if places.CATALOGUE in changed:
        try:
            found += sold.problems(folder, fleet, base, sold.named(before.fleet))
        except DomainError as error:
            notes.append(f"Whether sold versions changed could not be told. {error}")
    documents = {name: reading.document for name, reading in loaded.readings.items()}
    return located((one if one.blame else replace(one, blame=Blame.NEW) for one in found), documents)


def order(problem: Problem) -> tuple[int, str, int, list[str]]:
    """The order in which problems are told: by file and line, shared files first."""
    first = {places.FLEET: 0, places.CATALOGUE: 1, places.LOCK: 2}
    return first.get(problem.file, 3), problem.file, problem.line, [str(step) for step in problem.path]
