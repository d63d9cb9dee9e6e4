"""A machine that gets a new disk: what a preview says of it, and what state has to know.

Only raising `reinstall` by exactly one does it. The number that counts is the host's, in the machine's mark: state that
was lost or cut off half-way learns it from there.
"""

import datetime
from typing import Any

from components.domain.changes import Consequence, Effect
from components.drivers.base import Mark, Phase
from components.provider import facts
from components.provider.properties import Bag

KEY = "reinstall"

FIRST_BOOT = ("seed.templateDigest", "seed.values.settings.")
"""How keys begin that a first boot alone goes by."""


def is_wanted(state: Bag, news: Bag) -> bool:
    """Whether the declared number is one above that of the installation which state knows."""
    before, after = _number(state), _number(news)
    return after == before + 1 and state.get("phase") in (None, "", Phase.READY)


def due(news: Bag, today: datetime.date) -> str:
    """Until when (ISO) the trash keeps what goes there today."""
    return (today + datetime.timedelta(days=int(news.get("trashDays", 30)))).isoformat()


def judge(key: str, before: object, after: object, state: Bag, news: Bag, today: datetime.date) -> Consequence | None:
    """What a change of `key` does where it hangs together with a reinstallation; None for every other key."""
    wanted = is_wanted(state, news)
    if key == KEY:
        return _number_change(before, after, state, news, today)
    if not wanted:
        return None
    if key.startswith("seed.") or ".image." in key:
        return Consequence(key=key, effect=Effect.RECORDED, words=f"{key}: comes with the new installation")
    if key == "status" and before in (facts.MISSING, facts.DAMAGED):
        words = f"{before}: nothing of it is brought back, a new and empty disk takes its place"
        return Consequence(key=key, effect=Effect.LIVE, words=words)
    return None


def passed(state: Bag, news: Bag) -> tuple[str, ...]:
    """How keys begin whose change is none: `FIRST_BOOT` of a machine that stands, none of one to be made, or anew.

    Another release or an edit of the fleet file touches none of a fleet's machines, so a preview says nothing; what a
    guest was told is compared and set by `vps settings`.
    """
    is_made = state.get("phase") not in (Phase.CREATING, Phase.STARTING)
    is_there = state.get("status", facts.PRESENT) == facts.PRESENT
    return FIRST_BOOT if is_made and is_there and not is_wanted(state, news) else ()


def delivered(mark: Mark | None, phase: object) -> bool:
    """Whether a client may have data on the machine: one that is being reinstalled was delivered before."""
    if mark is not None and mark.reinstall:
        return True
    return phase not in (Phase.CREATING, Phase.STARTING)


def _number_change(before: object, after: object, state: Bag, news: Bag, today: datetime.date) -> Consequence:
    step = f"{KEY}: {before or 0} -> {after or 0}"
    if state.get("phase") == Phase.CREATING:
        words = f"refused: {step}: its installation {before} is not finished; put {before} back and run `vps up` first"
        return Consequence(key=KEY, effect=Effect.REFUSED, words=words)
    if is_wanted(state, news) and (news.get("restore") or {}).get("disk"):
        words = (
            f"refused: {step}: its line `restore:` still names the disk that it was restored from, which would come "
            "back instead of a new one; take that line away first"
        )
        return Consequence(key=KEY, effect=Effect.REFUSED, words=words)
    backup = (news.get("restore") or {}).get("backup")
    if is_wanted(state, news) and backup and news.get("restore") == state.get("restore"):
        words = (
            f"refused: {step}: its line `restore:` still names the backup of {backup}, which would be brought back "
            "once more; take that line away first, or run: vps restore CLIENT/VPS --from DATE --in-place"
        )
        return Consequence(key=KEY, effect=Effect.REFUSED, words=words)
    if is_wanted(state, news):
        images = ", ".join(disk["image"]["name"] for disk in _disks(news))
        words = (
            f"{step}: DOWNTIME AND A NEW, EMPTY DISK from {images}: the guest is shut down and installed anew under "
            f"its own UUID, MAC and addresses; the old disk is kept in the trash until {due(news, today)}"
        )
        if backup:
            words += f"; then it is filled from the backup of {backup}"
        return Consequence(key=KEY, effect=Effect.REINSTALL, words=words)
    number = _number(state)
    words = f"refused: {step}: a reinstallation raises it by exactly one; write {number}, or {number + 1} to reinstall"
    return Consequence(key=KEY, effect=Effect.REFUSED, words=words)


def _number(bag: Bag) -> int:
    return int(bag.get(KEY) or 0)


def _disks(news: Bag) -> list[dict[str, Any]]:
    return list((news.get("disks") or {}).values())
