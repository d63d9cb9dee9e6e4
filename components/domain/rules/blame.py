"""Who brought a problem: this change, or was it there before (design 7: rules judge the change, not the world)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from components.domain.problems import Blame, Problem
from components.domain.rules.references import Steps


def blamed(now: Iterable[Problem], before: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem of `now` as new, worse or old.

    The same code at the same path is the same problem: worse when it goes further beyond what is right, new when
    something else is said there. What is said of the same file, client or VPS in the same words is old wherever it
    stands now: numbers of lines move when something is put in before them.
    """
    there: defaultdict[tuple[str, Steps], list[Problem]] = defaultdict(list)
    said: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
    for problem in before:
        there[problem.code, problem.path].append(problem)
        said[_words(problem)] += 1
    found: list[Problem] = []
    for problem in now:
        words = _words(problem)
        if said[words]:
            said[words] -= 1
            found.append(replace(problem, blame=Blame.OLD))
            continue
        found.append(replace(problem, blame=_compared(problem, there.get((problem.code, problem.path), []))))
    return tuple(found)


def _words(problem: Problem) -> tuple[str, str, str, str]:
    return problem.code, problem.scope, problem.file, problem.message


def _compared(problem: Problem, earlier: list[Problem]) -> Blame:
    if not earlier:
        return Blame.NEW
    was = max(one.measure for one in earlier)
    if problem.measure > was:
        return Blame.WORSE
    return Blame.OLD if problem.measure or was else Blame.NEW
