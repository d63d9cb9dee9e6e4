"""Reads one YAML file into plain data, and remembers where everything was written.

YAML 1.2 core schema, made stricter: whatever another YAML reader would read differently (dates, floats, leading
zeros, 1:30, yes and no) is refused unless it is quoted, so that a file means the same to us, to the policy pack and to
any tool. Keys are text and unique; anchors, aliases and tags are refused. Nothing here recurses, so depth can't hurt.

libyaml's events are used for speed (a thousand files in 0.2 s). A file that is edited goes through ruamel.yaml, which
keeps comments; that is not done here.
"""

import contextlib
import re
import string
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml._yaml import CParser

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
_USUAL = 16 * 1024

_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_SUSPECT = re.compile(
    r"""(?P<date>\d{4}-\d\d?-\d\d?(?:[Tt ].*)?)
    | (?P<zero>[-+]?0[0-9_]+)
    | (?P<base>[-+]?0[xXoObB][0-9a-fA-F_]+)
    | (?P<clock>[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?)
    | (?P<float>[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*\.[0-9_]*)(?:[eE][-+]?[0-9]+)?
        |[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))
    | (?P<number>\+?[0-9][0-9_]*|-[0-9][0-9_]*)
    | (?P<word>[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF|[YyNn])""",
    re.VERBOSE | re.ASCII,
)
_WORDS = {"date": "date", "zero": "number with a leading zero", "base": "number that is not decimal"}
_WORDS |= {"clock": "number with colons", "float": "number with a point or exponent", "number": "number"}
_CONSTANTS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_CONSTANTS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

_HARMLESS = frozenset(string.ascii_letters) - frozenset("fFnNoOtTyY")
"""No constant, number or suspect begins so: most words need no closer look."""

Step = str | int
Path_ = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with a file as YAML: where (path in the file, 1-based line), what, and what to write instead."""

    path: Path_
    line: int
    message: str
    remedy: str


@dataclass(slots=True)
class Document:
    """What a file holds. `data` is None when it can't be read at all; `flaws` then says why."""

    text: str
    data: dict[str, object] | None
    flaws: list[Flaw]
    _lines: dict[Path_, int] | None = field(default=None)

    def line(self, path: Path_) -> int:
        """The line where `path`, or the nearest thing around it, was written; 0 when the file has none."""
        if self._lines is None:
            self._lines = {}
            with contextlib.suppress(yaml.YAMLError, _HopelessError):
                _Builder(self._lines).build(self.text)
        for length in range(len(path), -1, -1):
            line = self._lines.get(path[:length])
            if line is not None:
                return line
        return 1 if self.text else 0


def read(file: Path, parser: "Callable[[bytes], Document] | None" = None) -> Document:
    """Read a file, by `parse` or as `parser` does. Never raises for what it holds, nor when it can't be read."""
    try:
        with file.open("rb", buffering=0) as stream:
            # Room for a megabyte costs more than to read what most files hold.
            raw = stream.read(_USUAL)
            while _USUAL <= len(raw) <= MAX_BYTES and (more := stream.read(MAX_BYTES + 1 - len(raw))):
                raw += more
    except FileNotFoundError:
        return missing()
    except OSError as error:
        return _unreadable(f"It can't be read: {error.strerror}.", "Mend the file's kind, owner or mode.")
    return (parser or parse)(raw)


def missing() -> Document:
    """What a file is that isn't there."""
    return _unreadable("There is no such file.", "Make it, or restore it from git.")


def parse(raw: bytes) -> Document:
    """Read bytes. Never raises."""
    if len(raw) > MAX_BYTES:
        return _unreadable("It is larger than 1 MiB.", "Such a file was not written by hand: restore it from git.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return _unreadable("It is not UTF-8 text.", "Save it in UTF-8.", line)
    builder = _Builder(None)
    try:
        data = builder.build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        lines = text.splitlines() or [""]
        # What is missing at the end is found after the last line.
        number = min(mark.line if mark else 0, len(lines) - 1)
        message, remedy = _explain(error, lines[number])
        return Document(text, None, [Flaw((), number + 1, message, remedy)])
    except yaml.YAMLError as error:
        position = min(getattr(error, "position", 0), len(text))
        line = text.count("\n", 0, position) + 1
        return Document(text, None, [Flaw((), line, "A character stands here that no text file holds.", "Remove it.")])
    except _HopelessError as error:
        return Document(text, None, [error.flaw])
    if data is None:
        flaw = Flaw((), 1, "It is empty.", "Restore it from git, or see the example fleet.")
        return Document(text, None, [flaw])
    if not isinstance(data, dict):
        return Document(text, None, [Flaw((), 1, "It is not a mapping.", "Write `key: value` lines.")])
    return Document(text, data, builder.flaws)


def _unreadable(message: str, remedy: str, line: int = 0) -> Document:
    return Document("", None, [Flaw((), line, message, remedy)])


def _explain(error: yaml.MarkedYAMLError, written: str) -> tuple[str, str]:
    problem = error.problem or "it is no YAML"
    if "\t" in written and ("token" in problem or "tab" in problem):
        return "A tab stands here.", "Indent and separate with spaces."
    if "mapping values are not allowed" in problem:
        return "A second colon stands here.", 'Put a text that holds ": " in quotes, or mend the indentation above.'
    context = f" {error.context}" if error.context else ""
    return (
        f"This is no YAML:{context} {problem}.".replace("  ", " "),
        "Look at this line and the one above it: indentation, quotes and brackets.",
    )


class _HopelessError(Exception):
    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.message)
        self.flaw = flaw


class _Builder:
    """Turns libyaml's events into data; with `lines`, also notes where each path stands."""

    def __init__(self, lines: dict[Path_, int] | None) -> None:
        self.flaws: list[Flaw] = []
        self._lines = lines

    def build(self, text: str) -> object:
        root: list[object] = []
        holder: dict[str, object] | list[object] = root
        stack: list[tuple[dict[str, object] | list[object], Path_]] = [(root, ())]
        key: str | None = None
        lines, get_event, scalar = self._lines, CParser(text).get_event, yaml.ScalarEvent
        for event in self._events(get_event):
            kind = type(event)
            if kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                stack.pop()
                continue
            holder, path = stack[-1]
            is_mapping = type(holder) is dict
            if is_mapping and key is None:
                key = self._key(event, holder, path)
                if lines is not None:
                    lines.setdefault((*path, key), event.start_mark.line + 1)
                continue
            step: Step = key if key is not None else len(holder)
            key = None
            value: object
            if kind is scalar and lines is None and (event.style or event.value[:1] in _HARMLESS) and event.tag is None:
                value = event.value
            else:
                here = (*path, step) if len(stack) > 1 else ()
                line = event.start_mark.line + 1
                if kind is scalar:
                    value = self._scalar(event, here, line)
                else:
                    value = inner = self._collection(kind)
                    stack.append((inner, here))
                    if len(stack) > MAX_DEPTH:
                        raise _HopelessError(Flaw((), line, "It is nested too deeply.", "Restore it from git."))
                if lines is not None:
                    lines.setdefault(here, line)
            if isinstance(holder, dict):
                # A key given twice was reported; the first one counts, so that lines and values agree.
                holder.setdefault(str(step), value)
            else:
                holder.append(value)
        return root[0] if root else None

    @staticmethod
    def _collection(kind: type) -> dict[str, object] | list[object]:
        return {} if kind is yaml.MappingStartEvent else []

    def _events(self, get_event: Callable[[], Any]) -> Iterator[Any]:
        documents = 0
        begins = (yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent)
        ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
        while True:
            event: Any = get_event()
            kind = type(event)
            if kind in ends or (kind in begins and event.anchor is None):
                yield event
            elif kind is yaml.StreamEndEvent:
                return
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    line = event.start_mark.line + 1
                    raise _HopelessError(
                        Flaw((), line, "A second document begins here.", "Keep one per file, drop `---`.")
                    )
            elif kind is yaml.AliasEvent or kind in begins:
                line = event.start_mark.line + 1
                raise _HopelessError(
                    Flaw((), line, "Anchors (&) and aliases (*) are not used here.", "Write the value out.")
                )

    def _key(self, event: Any, holder: Container[object], path: Path_) -> str:  # noqa: ANN401
        line = event.start_mark.line + 1
        if not isinstance(event, yaml.ScalarEvent):
            raise _HopelessError(Flaw(path, line, "A key is a mapping or list here.", "Write a text before the colon."))
        key: str = event.value
        if key in holder:
            self.flaws.append(Flaw((*path, key), line, f"`{key}` is given twice.", "Keep one of the two."))
        elif (
            key[:1] not in _HARMLESS
            and not event.style
            and (key in _CONSTANTS or _INT.fullmatch(key) or _SUSPECT.fullmatch(key))
        ):
            message = f"The key `{key}` is not text." if key else "A key is empty."
            self.flaws.append(Flaw((*path, key), line, message, f'Put it in quotes: "{key}".'))
        return key

    def _scalar(self, event: yaml.ScalarEvent, path: Path_, line: int) -> object:
        text: str = event.value
        if event.tag is not None and event.tag != "!":
            self.flaws.append(Flaw(path, line, f"The tag {event.tag} is not used here.", "Remove it."))
        if event.style:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INT.fullmatch(text):
            return int(text)
        found = _SUSPECT.fullmatch(text)
        if found is None:
            return text
        shape = found.lastgroup or ""
        if shape == "word":
            message, remedy = (
                f"{text} without quotes is true or false to some readers and text to others.",
                f'Write true or false where that is asked, "{text}" where any text is, else a word that belongs here.',
            )
        else:
            message, remedy = f"{text} is a {_WORDS[shape]} without quotes.", f'Write "{text}".'
        self.flaws.append(Flaw(path, line, message, remedy))
        return text
