"""What was read of a fleet's files: each judged alone, with what of it could not be read."""

import errno
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from components.config import folder as places
from components.config.documents import Document, Flaw, missing, parse, read
from components.config.draft import File, draft
from components.config.recall import Recall
from components.config.shape import FileShape, Steps, flaws
from components.domain.problems import Problem

MOST_PER_FILE = 100
"""More problems than this in one file are counted, not told."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one file: its model, whether it is whole, its problems, and what of it could not be read."""

    document: Document
    found: FileShape | None
    whole: bool
    problems: tuple[Problem, ...]
    unread: frozenset[Steps]


@dataclass(slots=True)
class Pile:
    """What has been read so far."""

    folder: Path
    instead: Mapping[str, bytes] = field(default_factory=dict)
    wholly: bool = False
    """Whether `instead` is all there is: nothing is read from the folder then."""
    gone: frozenset[str] = frozenset()
    """Files that count as not there."""
    known: Mapping[str, Reading] = field(default_factory=dict)
    """What was read of files before, and holds for those that are not in `instead`."""
    recall: Recall | None = None
    """What files held when they were read last; None: nobody asks."""
    readings: dict[str, Reading] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: set[Steps] = field(default_factory=set)

    def read(self, file: str, model: type[File]) -> tuple[File | None, bool]:
        """The file, and whether it is whole; with problems noted."""
        reading = self.known.get(file) if file not in self.instead and file not in self.gone else None
        if reading is not None and (reading.found is None or isinstance(reading.found, model)):
            self.documents[file] = reading.document
            self.problems.extend(reading.problems)
            self.unread.update(reading.unread)
            return reading.found, reading.whole
        problems, unread = len(self.problems), frozenset(self.unread)
        found, whole = self._read(file, model)
        self.readings[file] = Reading(
            self.documents[file], found, whole, tuple(self.problems[problems:]), frozenset(self.unread - unread)
        )
        return found, whole

    def _read(self, file: str, model: type[File]) -> tuple[File | None, bool]:
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
        if self.wholly or file in self.gone:
            return missing()
        return self.recall.read(self.folder / file) if self.recall else read(self.folder / file)

    def has(self, file: str) -> bool:
        """Whether there is such a file."""
        return file in self.instead or (not self.wholly and file not in self.gone and (self.folder / file).exists())

    def _listed(self, kind: str) -> set[str]:
        new, gone = (
            {name.partition("/")[2] for name in names if name.startswith(f"{kind}/")}
            for names in (self.instead, self.gone)
        )
        if self.wholly:
            if not new:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            return new
        if new and not (self.folder / kind).exists():
            return new  # The first file of its kind, about to be written: git keeps no empty folder.
        return ({*os.listdir(self.folder / kind)} - gone) | new  # noqa: PTH208 - ten thousand names, not paths

    def _note(self, file: str, document: Document, found: list[Flaw]) -> None:
        for flaw in found[:MOST_PER_FILE]:
            line = flaw.line or document.line(flaw.path)
            path = places.root_path(file, flaw.path)
            code = "shape" if flaw not in document.flaws else "no-yaml" if document.text else "file-unreadable"
            self.problems.append(
                Problem(code=code, path=path, message=flaw.message, remedy=flaw.remedy, file=file, line=line)
            )
        if len(found) > MOST_PER_FILE:
            message = f"{len(found) - MOST_PER_FILE} more problems are in this file."
            path = places.root_path(file, ())
            self.problems.append(
                Problem(code="too-many-problems", path=path, message=message, remedy="Mend these first.", file=file)
            )

    def names(self, kind: str) -> Iterator[str]:
        """The stems of the YAML files of a folder, sorted; a problem for each that looks like one and isn't."""
        try:
            files = sorted(self._listed(kind))
        except OSError as error:
            message = f"The folder can't be read: {error.strerror}."
            remedy = f"Make {kind}/ in the fleet folder, or restore it from git."
            self.problems.append(
                Problem(code="folder-unreadable", path=(kind,), message=message, remedy=remedy, file=f"{kind}/")
            )
            self.unread.add((kind,))
            return
        for file in files:
            if file.startswith("."):
                continue
            stem, suffix = os.path.splitext(file)  # noqa: PTH122
            if suffix == ".yaml":
                yield stem
            elif suffix.lower() in (".yml", ".yaml"):
                remedy = f"Rename it to {stem}.yaml."
                message = "It would not be read: files here end in .yaml."
                place = f"{kind}/{file}"
                self.problems.append(
                    Problem(code="file-ignored", path=(kind,), message=message, remedy=remedy, file=place)
                )


def located(found: Iterable[Problem], documents: Mapping[str, Document]) -> Iterator[Problem]:
    """Rule problems with file and line; of each file no more than `MOST_PER_FILE`."""
    told: Counter[str] = Counter()
    for problem in found:
        file, path = places.place(problem.path)
        told[file] += 1
        document = documents.get(file)
        if told[file] <= MOST_PER_FILE:
            yield replace(problem, file=file, line=document.line(path) if document else 0)
