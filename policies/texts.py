"""YAML read as texts, lists and maps only, built from the parser's events: no reader's guess, no depth that could hurt.

Anchors, aliases and tags are refused, and so is a key that stands twice: two readers could take each another thing.
"""

from collections.abc import Iterator

import yaml
from yaml import events

DEEPEST = 40
"""Levels of lists and maps; no declared file has a quarter of them."""


_LIST = events.SequenceStartEvent


class UnreadableError(ValueError):
    """The text is no YAML of ours; the message says why and where."""


def read(text: str) -> object:
    """The document in `text`: texts, lists and maps; None for an empty one. Raises UnreadableError."""
    try:
        return _built(yaml.parse(text, Loader=yaml.CLoader if yaml.__with_libyaml__ else yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        raise UnreadableError(_words(error)) from error


def _words(error: Exception) -> str:
    """What the parser found wrong and where, without its name for a text that has none."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).replace('in "<unicode string>", ', "").split()) or type(error).__name__
    context = f" {error.context}" if error.context else ""
    return f"{error.problem or 'it breaks off'}{context} (line {error.problem_mark.line + 1})"


def _built(found: Iterator[events.Event]) -> object:
    whole: list[object] = []
    stack: list[list[object] | dict[str, object]] = [whole]
    keys: list[str | None] = [None]
    for event in found:
        kind = type(event)
        value: str | list[object] | dict[str, object]
        if isinstance(event, events.NodeEvent):
            # An alias is a node with an anchor, too.
            if event.anchor is not None or getattr(event, "tag", None) is not None:
                raise UnreadableError(f"an anchor, an alias or a tag stands in line {_line(event)}")
            value = event.value if isinstance(event, events.ScalarEvent) else [] if kind is _LIST else {}
        elif kind in (events.SequenceEndEvent, events.MappingEndEvent):
            stack.pop()
            keys.pop()
            continue
        else:
            continue
        top = stack[-1]
        if isinstance(top, list):
            top.append(value)
        elif keys[-1] is None:
            if not isinstance(value, str):
                raise UnreadableError(f"a key is no text in line {_line(event)}")
            if value in top:
                raise UnreadableError(f"key {value} stands twice, again in line {_line(event)}")
            keys[-1] = value
            continue
        else:
            top[keys[-1]] = value
            keys[-1] = None
        if not isinstance(value, str):
            stack.append(value)
            keys.append(None)
            if len(stack) > DEEPEST:
                raise UnreadableError(f"it is nested too deeply in line {_line(event)}")
    if len(whole) > 1:
        raise UnreadableError("it holds more than one document")
    return whole[0] if whole else None


def _line(event: events.Event) -> int:
    mark = event.start_mark
    return int(mark.line) + 1 if mark else 0
