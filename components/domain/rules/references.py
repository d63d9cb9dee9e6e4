"""References from one file to another: is the name known, and what was probably meant."""

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from components.domain.problems import Problem

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """What is declared but could not be read, as paths from the fleet's root: `("hosts", "kvm1")`, `("packages",)`."""

    paths: frozenset[Steps] = field(default_factory=frozenset)

    def covers(self, *path: str | int) -> bool:
        """Whether the thing at `path`, something around it or something in it could not be read."""
        return bool(self.paths) and any(path[: len(one)] == one[: len(path)] for one in self.paths)


NOTHING = Unread()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of thing that is referred to: the fleet's attribute, its word, where one is declared, a problem's code."""

    code: str
    key: str
    word: str
    declared: str


PACKAGE = Kind(code="unknown-package", key="packages", word="package", declared="catalogue.yaml")
CONTRACT = Kind(code="unknown-contract", key="contracts", word="contract version", declared="catalogue.yaml")
OFFER = Kind(code="unknown-image", key="offers", word="image", declared="catalogue.yaml")
HOST = Kind(code="unknown-host", key="hosts", word="host", declared="hosts/")
NETWORK = Kind(code="unknown-network", key="networks", word="network", declared="fleet.yaml")
DATACENTRE = Kind(code="unknown-datacentre", key="datacentres", word="datacentre", declared="fleet.yaml")
EXTRA = Kind(code="unknown-extra", key="extras", word="extra", declared="catalogue.yaml")
SPARE = Kind(code="unknown-spare", key="spares", word="spare", declared="fleet.yaml")


def unknown(
    path: Steps, name: str, kind: Kind, known: Collection[str], unread: Unread, *, blocks: bool = True
) -> Iterator[Problem]:
    """A problem when nothing of this kind is called `name`."""
    if name in known or unread.covers(kind.key, name):
        return
    yield Problem(
        code=kind.code,
        blocks=blocks,
        path=path,
        message=f'There is no {kind.word} "{name}".',
        remedy=f"{suggestion(name, known)} or declare it in {kind.declared}.",
    )


def suggestion(name: str, known: Collection[str]) -> str:
    """`Use "small@2026-01"` when that is close to `name`, else what there is."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f'Use "{close[0]}"'
    shown = ", ".join(sorted(known)[:8])
    return f"Use one of {shown}{', …' if len(known) > 8 else ''}" if shown else "There is none yet: choose another"


def choice(
    path: Steps, value: object, allowed: Collection[object], what: str, *, code: str, blocks: bool = True
) -> Iterator[Problem]:
    """A problem when `value` is not one of `allowed`."""
    if value in allowed:
        return
    names = ", ".join(str(one) for one in allowed)
    close = difflib.get_close_matches(str(value), [str(one) for one in allowed], n=1, cutoff=0.6)
    remedy = f'Did you mean "{close[0]}"? Allowed: {names}.' if close else f"Write one of {names}."
    yield Problem(code=code, blocks=blocks, path=path, message=f'"{value}" is no {what}.', remedy=remedy)
