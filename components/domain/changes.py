"""What a change does to a running machine, in words, known before anything happens.

Pure: it judges from the two values and what state knows of the guest, never from a host, so that a preview can always
be made. The driver then does it and reads back; facts win over this forecast.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from components.domain.growth import Guest, obstacle
from components.domain.limits import display, is_unlimited

LIVE_LIMITS = ("cpuCapPercent", "iops", "rateMibS", "rateMbitS")
"""Limits (last part of the key) that every host changes on a running machine."""

BOOT_LIMITS = ("vcpus", "memoryMib")
"""Limits that a running machine gets with its next boot, unless they grow inside the room of the last one."""

GUEST_FACTS = ("image",)
"""What the first boot set inside the guest, and nothing sets again."""

NAMES = ("seed.values.hostname", "seed.values.fqdn")
ACCESS = ("seed.values.users", *NAMES)
"""What `vps access` sets in a running guest; what goes by its names, like mail, `vps settings` does."""

SHOWN = ("seed.values.client_name", "seed.values.label")
"""What a guest shows to others, and `vps settings` sets."""

MOVES = ("host", "pool", "attach", "network")
"""Where a machine lives: never changed by an edit alone."""

IDENTITY = ("uuid", "name", "fleet", "client", "vps", "mac", "standalone")
"""What makes it this machine and no other."""


class Effect(StrEnum):
    """How a change reaches the machine."""

    LIVE = "live"
    REBOOT = "at next reboot"
    RECORDED = "recorded only"
    REINSTALL = "new, empty disk"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What becomes of one changed key."""

    key: str
    effect: Effect
    words: str


def consequence(key: str, before: object, after: object, guest: Guest | None = None) -> Consequence:
    """What changing `key` (a dotted input key) from `before` to `after` does; `guest` None: nothing is known of it."""
    steps = key.split(".")
    last = steps[-1]
    if key.startswith(ACCESS):
        words = f"{key}: recorded only; the guest keeps what its first boot set, until `vps access` sets it"
        words += ", and `vps settings` what goes by it" if key in NAMES else ""
        return _of(key, Effect.RECORDED, "; ".join([words, *_stays(before, after)]))
    if key in SHOWN:
        words = f"{key}: recorded only; the guest keeps what its first boot set, until `vps settings` sets it"
        return _of(key, Effect.RECORDED, words)
    if steps[0] == "seed":
        return _of(key, Effect.RECORDED, f"{key}: recorded only; the guest keeps what its first boot set")
    if steps[0] == "grows":
        step = f"{key}: {after}" if before is None else f"{key}: {before} -> {after}"
        return _of(key, Effect.RECORDED, f"{step}: room to grow live, from its next boot on")
    if last in (*LIVE_LIMITS, *BOOT_LIMITS, "sizeGib"):
        return _limit(key, last, before, after, guest)
    if key == "title":
        words = "live, the host shows it; the guest sees nothing"
        return _of(key, Effect.LIVE, f"{key}: {before} -> {after}: {words}")
    if steps[0] == "power":
        words = _POWER.get(str(after), "refused")
        if _is_off(guest) and after in ("stopped", "suspended"):
            words = "it is off, and stays so"
        return _of(key, Effect.LIVE, f"{key}: {before} -> {after}: {words}")
    if steps[0] == "ends":
        if after:
            return _of(
                key, Effect.RECORDED, f"ends on {after}: its disk goes to the trash from that day on, not before"
            )
        return _of(key, Effect.RECORDED, "the end is withdrawn: the machine stays")
    if steps[0] == "reinstall":
        if isinstance(before, int) and after == before + 1:
            words = f"{key}: {before} -> {after}: downtime and a new, empty disk; the old one is kept in the trash"
            return _of(key, Effect.REINSTALL, words)
        words = f"refused: {key}: {before} -> {after}: a reinstallation raises it by exactly one"
        return _of(key, Effect.REFUSED, words)
    if last == "antispoof":
        words = "let through" if after is False else "dropped"
        return _of(key, Effect.LIVE, f"{key}: live, what comes under any MAC or address but its own is {words}")
    if "addresses" in steps:
        words = (
            "live at the host, whose anti-spoofing passes only these from now on; inside, the guest keeps what it has"
        )
        return _of(key, Effect.LIVE, f"{key}: {words}")
    if any(step in GUEST_FACTS for step in steps):
        return _of(key, Effect.RECORDED, f"{key}: recorded only; the guest keeps what its first boot set")
    if steps[0] in MOVES or last in MOVES:
        return _of(key, Effect.REFUSED, f"refused: {key} changes only by a move, never by an edit; put {before!r} back")
    if key in IDENTITY or last in IDENTITY:
        return _of(key, Effect.REFUSED, f"refused: {key} is the machine's identity; a new VPS needs a new id")
    return _of(key, Effect.RECORDED, f"{key}: recorded, the machine is not touched")


_POWER = {
    "managed": "the machine is started",
    "stopped": "the guest is shut down",
    "suspended": "the guest is shut down",
}


_GROWS = "live, the guest's file system follows by itself"


def _stays(before: object, after: object) -> Iterator[str]:
    """What `vps access` does not set either, of a change in the list of users."""
    was, shall = _users(before), _users(after)
    if gone := sorted(was.keys() - shall.keys()):
        yield f"{', '.join(gone)} can still log in: put the grant back, with `until:`, and run `vps access`"
    if changed := sorted(name for name in was.keys() & shall.keys() if was[name] != shall[name]):
        yield f"whether {', '.join(changed)} may act as root stays as it is"


def _users(value: object) -> dict[str, bool]:
    """By name, whether each user of such a list may act as root; what is none of them is left out."""
    users = value if isinstance(value, list) else []
    return {str(user["name"]): bool(user.get("root")) for user in users if isinstance(user, Mapping) and "name" in user}


def _limit(key: str, last: str, before: object, after: object, guest: Guest | None) -> Consequence:
    if not isinstance(before, int) or not isinstance(after, int):
        return _of(
            key, Effect.REFUSED, f"refused: {key} is added or removed; disks and NICs don't change after creation"
        )
    step = f"{key}: {display(key, before)} -> {display(key, after)}"
    if last == "sizeGib":
        if after < before:
            return _of(
                key,
                Effect.REFUSED,
                f"refused: {step}: a disk never shrinks, the client's data would be cut off; "
                f"declare at least {display(key, before)}",
            )
        words = "it grows now, the guest's file system when it starts" if _is_off(guest) else _GROWS
        return _of(key, Effect.LIVE, f"{step}: {words}")
    if last in BOOT_LIMITS:
        return _of(key, *_boot(key, step, after, guest))
    if is_unlimited(key, after):
        cap = display(key, before)
        words = f"refused: {step}: its host caps it, although none is declared; declare {cap}, or lift it on the host"
        return _of(key, Effect.REFUSED, words)
    return _of(key, Effect.LIVE, f"{step}: {'in force when it starts' if _is_off(guest) else 'live, no reboot'}")


def _is_off(guest: Guest | None) -> bool:
    return guest is not None and not guest.has


def _boot(key: str, step: str, after: int, guest: Guest | None) -> tuple[Effect, str]:
    waits = f"{step}: at next reboot, the running guest keeps what it has"
    if guest is None:
        return Effect.REBOOT, waits
    has = guest.has.get(key)
    if has is None:
        return Effect.LIVE, f"{step}: in force when it starts"
    if after == has:
        return Effect.LIVE, f"{step}: live, the running guest has it already"
    if after < has:
        return Effect.REBOOT, waits
    if why := obstacle(key, has, after, guest.room.get(key, 0)):
        return Effect.REBOOT, f"{waits}: {why}"
    return Effect.LIVE, f"{step}: live, inside the room that the guest was booted with"


def _of(key: str, effect: Effect, words: str) -> Consequence:
    return Consequence(key=key, effect=effect, words=words)
