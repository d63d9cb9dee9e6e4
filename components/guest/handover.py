"""Settings that were declared anew after a guest's first boot: what differs in it, and how they are handed over.

The guest's script `settings` does it: it puts them into `/etc/vps/guest.json` and runs those steps of its first boot
again that go by what changed. They go there on standard input, and what comes back is the guest's word.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.drivers.guest import Said
from components.guest.report import MOST_ITEMS, NOT_FOUND, Report, UnreadableError, clean

SETTINGS = "/usr/local/lib/vps/settings"
SHOW, SET = (SETTINGS, "show"), (SETTINGS, "set")
SHOW_S = 60.0
SET_S = 3600.0
"""Certificates of many sites, asked for one after the other, and a mail server that is slow to start."""
SCHEMA = 1
MOST_VALUE = 80
ABSENT = "nothing"
Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A step of the first boot that was run again; `reason` says why it failed, and is empty when it did well."""

    step: str
    what: str
    reason: str
    seconds: int

    def __str__(self) -> str:
        """In words."""
        what = f" ({self.what})" if self.what else ""
        return f"{self.step}{what}: {self.reason or f'done in {self.seconds} s'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a guest says that it goes by. `fixed` has by key the step that can't follow it.

    `pending` are steps that were to run again and did not come to their end.
    """

    settings: Settings
    delivered: bool
    fixed: Mapping[str, str]
    pending: tuple[str, ...]
    ran: tuple[Ran, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One setting, by its dotted path, in the guest and as declared; `stays` names the step that can't follow it."""

    key: str
    there: str
    declared: str
    stays: str = ""

    def __str__(self) -> str:
        """In words."""
        stays = f"; stays as it is, for {self.stays} of the first boot was done with it" if self.stays else ""
        return f"{self.key}: {self.there} -> {self.declared}{stays}"


def order(wanted: Settings, *, uuid: str, vps: str) -> bytes:
    """What `settings set` reads: for this guest and no other."""
    return json.dumps({"uuid": uuid, "vps": vps, "settings": wanted}, ensure_ascii=False).encode()


def parse(said: Said) -> Told:
    """What `settings show` or `settings set` printed. Raises UnreadableError with the guest's complaint."""
    if said.code == NOT_FOUND:
        raise UnreadableError(
            f"it has no {SETTINGS}: its image is of an older release, and is told at its first boot only"
        )
    try:
        found = json.loads(said.out.decode("utf-8", "replace"))
        if found["schema"] != SCHEMA:
            raise UnreadableError(f"its settings have another schema than {SCHEMA}: use the release that it fits")
        return Told(
            settings=_map(found["settings"]),
            delivered=found["delivered"] is True,
            fixed={clean(str(key), 60): clean(str(step), 60) for key, step in _map(found["fixed"]).items()},
            pending=tuple(clean(str(step), 60) for step in list(found["pending"])[:MOST_ITEMS]),
            ran=tuple(_ran(one) for one in list(found["ran"])[:MOST_ITEMS]),
        )
    except (ValueError, RecursionError, KeyError, TypeError) as problem:
        lines = [clean(line) for line in said.err.decode("utf-8", "replace").splitlines() if line.strip()]
        words = lines[-1].rstrip(".") if lines else f"nothing that makes sense, exit status {said.code}"
        raise UnreadableError(f"it says: {words}") from problem


def differences(wanted: Settings, told: Told) -> list[Difference]:
    """Every setting that is not as declared, in words for people; a guest's own are cleaned."""
    return [
        Difference(
            key=path, there=_words(there), declared=_words(here), stays=told.fixed.get(path.partition(".")[0], "")
        )
        for key in sorted(wanted)
        for path, there, here in _apart(key, told.settings.get(key), wanted[key])
    ]


def digest(settings: Settings, without: Collection[str]) -> str:
    """The digest that a guest's report has of its settings, without those keys that it can't follow."""
    followed = {key: value for key, value in settings.items() if key not in without}
    text = json.dumps(followed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def behind(report: Report, wanted: Settings) -> str:
    """How a guest that was delivered is behind its files, in words; empty when it isn't, or says nothing of it."""
    said = report.sections.get("settings")
    if not isinstance(said, dict) or not isinstance(said.get("digest"), str) or not report.delivery.is_done:
        return ""
    fixed, pending = said.get("fixed"), said.get("pending")
    if said["digest"] != digest(wanted, [str(key) for key in fixed] if isinstance(fixed, list) else []):
        return "it goes by other settings than are declared"
    if isinstance(pending, list) and pending:
        return (
            f"not all of its settings are in force: {', '.join(str(step) for step in pending)} did not come to an end"
        )
    return ""


def _apart(path: str, there: object, here: object) -> Iterator[tuple[str, object, object]]:
    """The leaves below `path` that differ."""
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        for key in sorted({*map(str, there), *here})[:MOST_ITEMS]:
            yield from _apart(f"{path}.{clean(key, 60)}", there.get(key), here.get(key))
    elif there != here or isinstance(there, bool) is not isinstance(here, bool):
        yield path, there, here


def _words(value: object) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, str):
        plain = clean(value, MOST_VALUE)
        return (plain if plain == value else f"{plain} ({len(value)} characters)") or "empty"
    if isinstance(value, list):
        return ", ".join(clean(str(one), MOST_VALUE) for one in value[:MOST_ITEMS]) or "none"
    if isinstance(value, Mapping):
        return (
            ", ".join(f"{clean(str(key), 60)} {_words(one)}" for key, one in list(value.items())[:MOST_ITEMS]) or "none"
        )
    return clean(json.dumps(value), MOST_VALUE)


def _map(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _ran(said: object) -> Ran:
    one = _map(said)
    texts = {name: clean(str(one[name])) for name in ("step", "what", "reason")}
    return Ran(**texts, seconds=int(one["seconds"]))
