"""Edits a declared file as a careful person would: comments, quotes and line layout stay, and nothing else changes.

`with edit(file) as draft:` hands out the document to change; leaving the block writes it, whole or not at all, and only
when the fleet with it has no problem that it did not have before. `draft.diff()` is what to show before asking,
`draft.drop()` is the answer no. Reading for use is `loader`'s; this module is for commands that write files.
"""

import difflib
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark, YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.tokens import CommentToken
from ruamel.yaml.util import load_yaml_guess_indent

from components.config.loader import Loaded, load
from components.config.writing import Snapshot, replace, snapshot, turn
from components.domain.problems import Blame, DomainError, Problem, Severity
from components.domain.rules.blame import blamed

_WIDE = 100_000
"""Columns: no line is ever folded."""


class Draft:
    """One file being edited. `document` is ruamel.yaml's, to be changed in place; see `put` for adding a key."""

    def __init__(self, file: Path) -> None:
        self.file = file.resolve()
        self.fleet = self.file.parent.parent if self.file.parent.name in ("clients", "hosts") else self.file.parent
        self.name = str(self.file.relative_to(self.fleet))
        self.before = _read(self.file)
        self._yaml = _yaml(self.before)
        self._unchanged = self._dump(self._parse())
        self.document = self._parse()
        self._dropped = False
        self._instead: str | None = None
        self.despite: frozenset[str] = frozenset()
        """Codes of problems that the edit may bring: nothing keeps a lost VPS from being restored."""

    def text(self) -> str:
        """The whole file as it would be written: the lines that were changed, in the midst of those that were not."""
        if self._instead is not None:
            return self._instead
        after = self._dump(self.document)
        unchanged, written = self._unchanged.splitlines(keepends=True), self.before.splitlines(keepends=True)
        if len(unchanged) != len(written):
            return after
        lines: list[str] = []
        changed = after.splitlines(keepends=True)
        for kind, low, high, start, end in difflib.SequenceMatcher(None, unchanged, changed, False).get_opcodes():
            if kind == "equal":
                lines += written[low:high]
            else:
                lines += [_as_beside(line, unchanged, written, low) for line in changed[start:end]]
        return "".join(lines)

    def diff(self) -> str:
        """A unified diff, empty when nothing would change."""
        name = self.name
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True), self.text().splitlines(keepends=True), name, name, n=2
        )
        return "".join(lines)

    def problems(self) -> tuple[Problem, ...]:
        """The problems that the fleet would have with this file and does not have without."""
        before = load(self.fleet)
        return brought(before.problems, self.loaded(before).problems)

    def loaded(self, before: Loaded | None = None) -> Loaded:
        """The fleet as it would be; of `before`, the fleet as it is, nothing is read again."""
        return load(self.fleet, {self.name: self.text().encode()}, like=before)

    def replace(self, text: str) -> None:
        """Let this be the whole file, instead of what `document` says."""
        self._instead = text

    def drop(self) -> None:
        """Write nothing after all."""
        self._dropped = True

    def write(self, judged: Snapshot | None = None) -> bool:
        """Write the file; whether there was anything to write. It was judged already if the files are as `judged`.

        Raises DomainError, and leaves the file as it is, when the fleet would have new problems or somebody else has
        changed the file meanwhile.
        """
        text = self.text()
        if self._dropped or text == self.before:
            return False
        with turn(self.fleet):
            if _read(self.file) != self.before:
                raise DomainError(
                    f"Unable to write {self.name}: somebody changed it meanwhile.",
                    "Look at it, then run the command again.",
                )
            if judged is None or snapshot(self.fleet) != judged:
                found = (one for one in self.problems() if one.code not in self.despite)
                need_sound(self.name, found, meanwhile=judged is not None)
            replace(self.file, text)
        return True

    def _parse(self) -> Any:  # noqa: ANN401 - ruamel.yaml's own mapping
        try:
            document = self._yaml.load(self.before)
        except YAMLError as problem:
            raise DomainError(f"Unable to edit {self.name}: it is no YAML.", "`vps check` says where.") from problem
        if not isinstance(document, CommentedMap):
            raise DomainError(f"Unable to edit {self.name}: it is not a mapping.", "`vps check` says more.")
        return document

    def _dump(self, document: object) -> str:
        stream = io.StringIO()
        self._yaml.dump(document, stream)
        return stream.getvalue()


@contextmanager
def edit(file: Path) -> Iterator[Draft]:
    """Edit a file of a fleet, written when the block ends without an error. Raises DomainError as `Draft.write`."""
    draft = Draft(file)
    yield draft
    draft.write()


def put(mapping: Any, key: str, value: object, *, after: str) -> None:  # noqa: ANN401 - ruamel.yaml's own mapping
    """Set `key`; a new one comes right after the key `after`, so that it stays clear of comments at the block's end.

    Text is written in double quotes, as the strict loader wants dates to be; a mapping or list in one line, `{…}`.
    A plain word can be given as ruamel.yaml's `PlainScalarString`.
    """
    value = _written(value)
    if key in mapping:
        below = _cut_below(mapping, key)
        mapping[key] = value
        _add_below(mapping, key, below)
        return
    keys = list(mapping)
    place = keys.index(after) + 1 if after in keys else len(keys)
    # What stands below the line before is about the line that comes next.
    below = _cut_below(mapping, keys[place - 1]) if place else ""
    mapping.insert(place, key, value)
    _add_below(mapping, key, below)


def take(mapping: Any, key: str) -> None:  # noqa: ANN401 - ruamel.yaml's own mapping
    """Remove `key` with the comment in its line; whole lines of comment below it stay."""
    if key not in mapping:
        return
    keys = list(mapping)
    below = _cut_below(mapping, key)
    position = keys.index(key)
    mapping.ca.items.pop(key, None)
    del mapping[key]
    if position:
        _add_below(mapping, keys[position - 1], below)


def create(fleet: Path, name: str, text: str, judged: Snapshot | None = None) -> None:
    """Write a new file of the fleet, whole or not at all. Raises DomainError when it is there or would be a problem.

    It was judged already if the files are as `judged` says.
    """
    file = fleet / name
    with turn(fleet):
        if file.exists():
            raise DomainError(f"Unable to make {name}: it is there already.", "Look at it; choose another name.")
        if judged is None or snapshot(fleet) != judged:
            before = load(fleet)
            after = load(fleet, {name: text.encode()}, like=before)
            need_sound(name, brought(before.problems, after.problems), meanwhile=judged is not None)
        # git keeps no empty folder: the first client's file may be the first there.
        file.parent.mkdir(exist_ok=True)
        replace(file, text)


def brought(before: Iterable[Problem], after: Iterable[Problem]) -> tuple[Problem, ...]:
    """What of the problems `after` a change it brought, or made worse."""
    return tuple(found for found in blamed(after, before) if found.blame is not Blame.OLD)


def need_sound(name: str, problems: Iterable[Problem], *, meanwhile: bool = False) -> None:
    """Raises DomainError that tells every error of `problems`, which an edit of the file `name` would bring.

    `meanwhile`: only as somebody else wrote after it was judged. Warnings are the caller's to tell: they stop nobody.
    """
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        told = "\n".join(
            f"  {one.file}{f':{one.line}' if one.line else ''}: {one.message}{'' if meanwhile else f' {one.remedy}'}"
            for one in errors
        )
        if meanwhile:
            cause = f"Unable to write {name}: somebody else wrote meanwhile, and both together would be wrong."
            raise DomainError(f"{cause}\n{told}", "Nothing was written. Run the same command again: it looks anew.")
        raise DomainError(f"Unable to write {name}: the fleet would have new problems.\n{told}", "Nothing was written.")


def _tail(mapping: Any, key: object) -> tuple[Any, Any, int]:  # noqa: ANN401 - ruamel.yaml's own
    """Where ruamel.yaml keeps the comment at the end of what `key` holds: in its last line, however deep that is."""
    holder: Any = mapping
    value = holder[key]
    while isinstance(value, CommentedMap | CommentedSeq) and value and not value.fa.flow_style():
        holder, key = value, len(value) - 1 if isinstance(value, CommentedSeq) else list(value)[-1]
        value = holder[key]
    return holder, key, 0 if isinstance(holder, CommentedSeq) else 2


def _cut_below(mapping: Any, key: object) -> str:  # noqa: ANN401 - ruamel.yaml's own
    """Take away, and give, the whole lines of comment below what `key` holds; the comment in its last line stays."""
    holder, last, slot = _tail(mapping, key)
    notes = holder.ca.items.get(last)
    if not notes or len(notes) <= slot or not notes[slot]:
        return ""
    own, _, below = notes[slot].value.partition("\n")
    if below:
        notes[slot] = CommentToken(own + "\n", notes[slot].start_mark, None) if own.strip() else None
    return str(below)


def _add_below(mapping: Any, key: object, below: str) -> None:  # noqa: ANN401 - ruamel.yaml's own
    if not below:
        return
    holder, last, slot = _tail(mapping, key)
    notes = holder.ca.items.setdefault(last, [None, None, None, None])
    if notes[slot] is None:
        notes[slot] = CommentToken("\n" + below, CommentMark(0), None)
    else:
        notes[slot].value += below


def _written(value: object) -> object:
    if type(value) is str:
        return DoubleQuotedScalarString(value)
    if isinstance(value, Mapping):
        mapping = CommentedMap({key: _written(one) for key, one in value.items()})
        mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list | tuple):
        sequence = CommentedSeq(_written(one) for one in value)
        sequence.fa.set_flow_style()
        return sequence
    return value


def _as_beside(line: str, unchanged: list[str], written: list[str], at: int) -> str:
    """A changed line as the file is written: indented as the nearest of its depth, and with the file's line ends.

    `unchanged` are the file's lines in the depths of `line`, `written` as they stand.
    """
    if any(one.endswith("\r\n") for one in written[:1]):
        line = line.rstrip("\n") + "\r\n"
    depth = indentation(line)
    if line.lstrip().startswith("#"):
        return line
    for index in (*range(at - 1, -1, -1), *range(at, len(unchanged))):
        beside = unchanged[index]
        if indentation(beside) == depth and beside.strip() and not beside.lstrip().startswith("#"):
            return " " * indentation(written[index]) + line[depth:]
    return line


def indentation(line: str) -> int:
    """How many spaces a line begins with."""
    return len(line) - len(line.lstrip(" "))


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as problem:
        raise DomainError(f"Unable to read {file}: {problem.strerror}.", "Name a file of the fleet.") from problem
    except UnicodeDecodeError as problem:
        raise DomainError(f"Unable to edit {file}: it is not UTF-8 text.", "Save it in UTF-8.") from problem


def _yaml(text: str) -> YAML:
    """A round-trip reader and writer set to the file's own indentation."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDE
    try:
        _, indent, offset = load_yaml_guess_indent(text)
    except YAMLError:
        return yaml
    if indent:
        yaml.indent(mapping=2, sequence=indent if offset is None else max(indent, offset + 2), offset=offset or 0)
    return yaml
