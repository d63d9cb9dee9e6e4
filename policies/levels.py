"""How strict each rule is: its own level, or what `policies.yaml` in the fleet folder says instead.

    levels: {backups-have-a-target: mandatory, foreign-not-judged: advisory}

advisory is told and stops nothing, mandatory stops the change, disabled is not asked. What is lowered there is shown by
`vps check`.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from policies import declared, texts
from policies.declared import DeclaredError
from policies.machine import Resource, text
from policies.rule import Rule

FILE = "policies.yaml"
LEVELS = ("disabled", "advisory", "mandatory")
"""From the mildest on."""
FIXED = "levels-are-known"
"""The rule about this file, which the file can't change."""


def level(rule: Rule) -> str:
    """The level of a rule today; its own where the file is broken, which a rule says."""
    try:
        given = _declared(declared.folder()).get(rule.name, rule.level)
    except DeclaredError:
        return rule.level
    return given if given in LEVELS and rule.name != FIXED else rule.level


def problems(base: Path, names: frozenset[str]) -> Iterator[str]:
    """What is wrong with the file; `names` are those of all rules."""
    try:
        found = _declared(base)
    except DeclaredError as error:
        yield str(error)
        return
    for name, given in found.items():
        if name not in names or name == FIXED:
            yield f"{FILE} sets the level of {name}, which is no rule whose level can be set. Correct the name."
        elif given not in LEVELS:
            yield f'{FILE} sets {name} to "{given}". Write one of {", ".join(LEVELS)}.'


def lowered(base: Path, rules: Iterable[Rule]) -> Iterator[str]:
    """Which of the rules the file makes milder than they are; nothing of a broken file, which lowers none."""
    try:
        found = _declared(base)
    except DeclaredError:
        return
    for rule in rules:
        given = found.get(rule.name, rule.level)
        if rule.name != FIXED and given in LEVELS and LEVELS.index(given) < LEVELS.index(rule.level):
            yield f"{FILE} lowers {rule.name} of the policy pack from {rule.level} to {given}."


def sound(found: Resource) -> Iterator[str]:
    """The file with the levels names rules and levels that there are."""
    if found.is_ours:
        yield from _problems(declared.folder())


@declared.kept
def _problems(base: Path) -> tuple[str, ...]:
    from policies.rules import NAMES  # the rules' list holds the one about levels

    return tuple(problems(base, NAMES))


@declared.kept
def _declared(base: Path) -> Mapping[str, str]:
    """What the file says; nothing where there is none. Raises DeclaredError."""
    path = base / FILE
    try:
        found = texts.read(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        told = f"{FILE} can't be read: {_why(error)}. Mend it: until then each rule has its own level."
        raise DeclaredError(told) from error
    listed = found.get("levels") if isinstance(found, Mapping) and found.keys() == {"levels"} else None
    if not isinstance(listed, Mapping):
        raise DeclaredError(f"{FILE} holds something else than `levels: {{rule: level}}`. Mend it.")
    return {text(name): text(given) for name, given in listed.items()}


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is no text (UTF-8)"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


RULES = (Rule(FIXED, "The levels set for rules are of rules and levels that there are", sound),)
"""The rule about levels."""
