"""Problems of a fleet as people read them: by file, errors and warnings apart, of many the old ones only counted."""

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from components.domain.problems import Blame, Problem, Severity

Paint = Callable[[str, str], str]
"""A text in a colour by its name, or as it is."""
FEW = 8
"""So many problems are all shown whole, old ones too: more than a screen nobody reads."""


def plain(text: str, colour: str) -> str:
    """The text as it is."""
    del colour
    return text


def by_file(
    problems: Sequence[Problem], shown: Path, paint: Paint = plain, *, everything: bool = False, most: int | None = None
) -> Iterator[str]:
    """The lines of a report; `shown` is how the reader names the fleet's folder, `most` is how wide their terminal is.

    Of many problems the old ones are only counted, unless `everything` is asked for.
    """
    short = len(problems) > FEW and not everything
    whole = [one for one in problems if not (short and one.blame is Blame.OLD)]
    file = None
    for problem in whole:
        if file is not None and problem.file != file:
            yield ""
        file = problem.file
        yield from _one(problem, shown, paint, most)
    old = [one for one in problems if short and one.blame is Blame.OLD]
    if old:
        if whole:
            yield ""
        yield f"{len(old)} more {'was' if len(old) == 1 else 'were'} there before (--all shows all):"
        first = {(one.code, one.severity): _place(one, shown) for one in reversed(old)}
        counts = Counter((one.code, one.severity) for one in old).most_common()
        for (code, severity), number in sorted(counts, key=lambda one: one[0][1] is not Severity.ERROR):
            told = f"{number:5d}  {paint(severity, _COLOURS[severity])} {code}"
            yield f"{told}  {first[code, severity]}{', …' if number > 1 else ''}"


_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def _one(problem: Problem, shown: Path, paint: Paint, most: int | None) -> Iterator[str]:
    path = ".".join(str(step) for step in problem.path)
    yield f"{paint(_place(problem, shown), 'cyan')}{' ' + path if path else ''}"
    whose = f"{problem.blame}, {problem.scope}" if problem.blame is not None else problem.scope
    first, *rest = _wrapped(f"{problem.severity} ({whose}) {problem.code}: {problem.message}", most)
    yield first.replace(problem.severity, paint(problem.severity, _COLOURS[problem.severity]), 1)
    yield from rest
    yield from _wrapped(problem.remedy, most)


def _wrapped(text: str, most: int | None) -> list[str]:
    """Under its place, broken between words where the terminal would break it anywhere."""
    if most is None or len(text) + 2 <= most:
        return [f"  {text}"] if text else []
    return textwrap.wrap(
        text,
        max(most, 20),
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _place(problem: Problem, shown: Path) -> str:
    return f"{shown / problem.file}{f':{problem.line}' if problem.line else ''}"


def counted(problems: Sequence[Problem]) -> str:
    """`3 errors (2 new, 1 old) and 1 warning (1 new) in 2 files`."""
    parts = []
    for severity in Severity:
        found = [one for one in problems if one.severity is severity]
        if found:
            blames = Counter(one.blame for one in found if one.blame is not None)
            told = ", ".join(f"{blames[blame]} {blame}" for blame in Blame if blames[blame])
            parts.append(f"{len(found)} {severity}{'s' * (len(found) != 1)}{f' ({told})' if told else ''}")
    files = len({problem.file for problem in problems})
    return f"{' and '.join(parts)} in {files} file{'s' * (files != 1)}"
