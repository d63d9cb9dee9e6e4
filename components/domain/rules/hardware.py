"""Rules for equipment that fails: replaceable within 24 hours, and under warranty (contract HW-1, HW-2, HW-8)."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from components.domain.fleet import Fleet
from components.domain.hardware import KINDS_OF_A_HOST, WITHIN_HOURS, Spare, comes_in_time, delay
from components.domain.hosts import Host
from components.domain.problems import Problem, Severity

PARTS_PER_SPARE = 50
"""More parts than this to one piece on the shelf, with no supplier in time, is called few."""
WARRANTY_DAYS = 60
"""So long before its end a warranty is spoken of."""


def irreplaceable(fleet: Fleet, host: Host) -> tuple[str, ...]:
    """What nothing replaces within 24 hours if it fails there, in words: `ram R16-0001`, `an unlisted cpu`.

    Neither does a piece of the same kind and model lie ready, nor does a supplier bring one in time.
    """
    listed = {part.kind for part in host.inventory}
    return (
        *(f"an unlisted {kind}" for kind in KINDS_OF_A_HOST if kind not in listed),
        *(f"{part.kind} {part.serial}" for part in host.inventory if delay(part, fleet.spares)),
    )


def problems(fleet: Fleet, today: date) -> Iterator[Problem]:
    """What can't be replaced in time, spares that run short, and warranties that end."""
    waiting: defaultdict[str, list[str]] = defaultdict(list)
    for name, host in fleet.hosts.items():
        for index, part in enumerate(host.inventory):
            spare = fleet.spares.get(part.spare)
            if spare is None or spare.kind != part.kind:
                continue  # Told at the host's line.
            waiting[part.spare].append(name)
            if spare.count > 0 and delay(part, fleet.spares) and spare.place:
                yield Problem(
                    code="spare-other-model",
                    blocks=False,
                    path=("hosts", name, "inventory", index, "spare"),
                    message=f"{spare.name} is a {spare.model}, the part is a {part.model}: nothing of its model lies "
                    f"ready, and no supplier brings it within {WITHIN_HOURS} h (contract HW-1).",
                    remedy="Name a spare of this model, or a supplier with a lead_time of at most 24 h.",
                )
        yield from _warranties(name, host, today)
    for name, spare in fleet.spares.items():
        yield from _spare(name, spare, waiting[name])


def _spare(name: str, spare: Spare, hosts: list[str]) -> Iterator[Problem]:
    path = ("spares", name)
    if comes_in_time(spare):
        if spare.place and spare.count < 1:
            yield Problem(
                code="spare-shelf-empty",
                severity=Severity.WARNING,
                blocks=False,
                path=(*path, "count"),
                message=f"None is left at {spare.place}; {spare.supplier} brings one in {spare.lead_time_hours} h.",
                remedy="Buy one, or take count and place out.",
            )
    elif spare.count < 1 and spare.supplier and spare.lead_time_hours is not None and hosts:
        yield Problem(
            code="spare-too-late",
            blocks=False,
            path=path,
            message=f"None lies ready, and {spare.supplier} takes {spare.lead_time_hours} h: what fails can't be "
            f"replaced within {WITHIN_HOURS} h (contract HW-1). It is to replace {_parts(hosts)}.",
            remedy="Buy one for the shelf (count and place), or find a supplier in time.",
            measure=len(hosts),
        )
    elif spare.count > 0 and len(hosts) > spare.count * PARTS_PER_SPARE:
        yield Problem(
            code="spare-few",
            severity=Severity.WARNING,
            blocks=False,
            path=(*path, "count"),
            message=f"{spare.count} on the shelf is to replace {_parts(hosts)}, and no supplier brings more in time.",
            remedy=f"Have one for every {PARTS_PER_SPARE}: {-(-len(hosts) // PARTS_PER_SPARE)}.",
            measure=-(-len(hosts) // PARTS_PER_SPARE) - spare.count,
        )


def _parts(hosts: list[str]) -> str:
    named = list(dict.fromkeys(hosts))
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return f"{len(hosts)} part{'s' * (len(hosts) != 1)} of {', '.join(named[:3])}{more}"


def _warranties(name: str, host: Host, today: date) -> Iterator[Problem]:
    over = [part for part in host.inventory if part.installed <= part.warranty < today]
    soon = [part for part in host.inventory if today <= part.warranty <= today + timedelta(days=WARRANTY_DAYS)]
    for code, parts, said in (("warranty-over", over, "has ended"), ("warranty-ending", soon, "ends soon")):
        if not parts:
            continue
        first = min(parts, key=lambda part: part.warranty)
        number = "a part" if len(parts) == 1 else f"{len(parts)} parts"
        yield Problem(
            code=code,
            severity=Severity.WARNING,
            blocks=False,
            path=("hosts", name, "inventory", host.inventory.index(first), "warranty"),
            message=f"The warranty of {number} {said}{', the first' if len(parts) > 1 else ''}: {first.kind} "
            f"{first.serial} on {first.warranty}.",
            remedy="Have it prolonged, or plan the replacement.",
            measure=len(parts),
        )
