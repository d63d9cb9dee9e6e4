"""Who may log in to a running guest, who has root there, and its name: set by its own agent as a visible act.

`access.sh` beside this module is what the guest runs: fixed text, every value a word of its own. It makes the account
of a granted person, locks that of one whose grant ended, and gives sudo to nobody but those whose grant says root. What
changed stands in the guest's journal (`journalctl -t vps-access`); what it answers is its word, never a fact.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from components.drivers.base import Mark

DEADLINE_S = 180
"""How long a guest may take; a loaded one is slow to start anything."""
MOST_CHARACTERS = 200
MOST_KEYS = 1000
"""More keys of one user than this are not read."""
SCRIPT = Path(__file__).with_suffix(".sh").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What shall hold for one person: public keys that may log in (none: nobody may, the account is locked)."""

    keys: tuple[str, ...]
    root: bool = False
    request: str = ""
    """The request by which the grant was given."""
    full_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What shall hold in the guest: its name, and every person whom the file names by user name.

    With `fqdn`, whose first label is the host name, `/etc/hosts` follows.
    """

    hostname: str
    people: Mapping[str, Person]
    fqdn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a person stands in the guest, by its word. `account`: none, open or locked."""

    account: str = "none"
    root: bool = False
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        """In words."""
        if self.account == "none":
            return "no account"
        keys = f"{len(self.keys)} key{'s' * (len(self.keys) != 1)}"
        return f"{'locked, ' if self.account == 'locked' else ''}{keys}, {'sudo' if self.root else 'no sudo'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestWord:
    """What the guest says: how each person stood before and stands after, what it refused, who lost a stray grant."""

    hostname: str = ""
    fqdn: str = ""
    before: Mapping[str, Standing] = field(default_factory=dict)
    after: Mapping[str, Standing] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()

    def differs(self, wish: Wish) -> dict[str, str]:
        """By user, and `host name`, what is not as wished; empty when the guest says that everything is."""
        found = dict(self.refused)
        for user, person in wish.people.items():
            words = _differs(person, self.after.get(user))
            if words and user not in found:
                found[user] = words
        if self.hostname != wish.hostname:
            found["host name"] = f"it says that its name is {self.hostname!r}"
        elif wish.fqdn and self.fqdn != wish.fqdn:
            found["host name"] = f"it says that its full name is {self.fqdn!r}"
        return found


class Access(Protocol):
    """A host's part in it."""

    def set(self, uuid: str, mark: Mark, wish: Wish) -> GuestWord:
        """Have the guest of a running machine set people and name, and ask it what it has then.

        One person that the guest refuses keeps no other from being set. Raises as `components.drivers.guest.Guest.run`.
        """
        ...


def command(wish: Wish) -> list[str]:
    """The words of the guest's shell, which reads `SCRIPT` on stdin."""
    words = ["/bin/sh", "-s", "--", wish.fqdn or wish.hostname]
    for user, person in wish.people.items():
        words += [user, "1" if person.root else "0", person.request or "-", person.full_name, str(len(person.keys))]
        words += person.keys
    return words


def parse(said: str) -> GuestWord | None:
    """What the script printed; None for what it never prints, so that nothing is known."""
    lines = said.splitlines()
    if not lines or lines.pop() != "end":
        return None
    standing: dict[str, dict[str, Standing]] = {"before": {}, "after": {}}
    keys: dict[tuple[str, str], list[str]] = {}
    refused: dict[str, str] = {}
    dropped: list[str] = []
    hostname = fqdn = ""
    for line in lines:
        match line.split("\t"):
            case ["before" | "after" as when, user, "none" | "open" | "locked" as account, "0" | "1" as root]:
                standing[when][user] = Standing(account=account, root=root == "1")
            case ["key-before" | "key-after" as kind, user, *key]:
                keys.setdefault((kind.removeprefix("key-"), user), []).append(" ".join(key))
            case ["refused", user, *why]:
                refused[word(user)] = word(" ".join(why))
            case ["dropped", user]:
                dropped.append(word(user))
            case ["name", name, *full]:
                hostname, fqdn = word(name), word(" ".join(full))
            case _:
                return None
    for moment, people in standing.items():
        for user, one in people.items():
            told = tuple(key for key in keys.get((moment, user), ()) if key.strip() and not key.startswith("#"))
            people[user] = Standing(account=one.account, root=one.root, keys=told[: MOST_KEYS + 1])
    return GuestWord(
        hostname=hostname,
        fqdn=fqdn,
        before=standing["before"],
        after=standing["after"],
        refused=refused,
        dropped=tuple(dropped),
    )


def word(text: str) -> str:
    """What a guest said, as it may be shown: one line, no control characters, not too long."""
    plain = re.sub(r"[^\x20-\x7e]+", " ", text).strip()
    return plain if len(plain) <= MOST_CHARACTERS else plain[:MOST_CHARACTERS] + "…"


def compare(wanted: tuple[str, ...], said: tuple[str, ...]) -> str:
    """Empty when the guest's keys are those wanted, whatever their comments; else what differs, in words."""
    if len(said) > MOST_KEYS:
        return f"it says that it has more than {MOST_KEYS} keys"
    wish, there = {_bare(key) for key in wanted}, {_bare(key) for key in said if key.strip()}
    if wish == there:
        return ""
    return f"it says that {len(wish - there)} of the declared keys are missing and {len(there - wish)} others are there"


def _differs(person: Person, said: Standing | None) -> str:
    if said is None:
        return "it says nothing of this person"
    if not person.keys:
        return "" if said.account in ("none", "locked") and not said.root else f"it says: {said}"
    if said.account != "open":
        return f"it says: {said}"
    if said.root != person.root:
        return "it says that sudo is still there" if said.root else "it says that sudo is missing"
    return compare(person.keys, said.keys)


def _bare(key: str) -> str:
    """Type and key without the comment."""
    return " ".join(key.split()[:2])
