"""What stands under a client can be replaced within 24 hours: the host's file says what it is and where a spare is.

Contract HW-2 (the kinds that the target covers) and HW-8 (what a host must carry).
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from policies import declared, known
from policies.declared import DeclaredError
from policies.machine import Machine, Resource, mapping, text
from policies.rule import Rule

KINDS = ("switch", "server", "hard_drive", "ram", "cpu", "raid_controller")
NEEDED = ("server", "cpu", "ram", "hard_drive")
"""What no host can be without."""
WITHIN_HOURS = 24
"""In which the contract promises a faulty part's replacement (HW-1)."""
_FIELDS = ("model", "serial", "installed", "warranty", "spare")


def replaceable(found: Resource) -> Iterator[str]:
    """The host that a resource is put on is described so that any part of it can be replaced.

    A machine is stopped by that when it is new: neither a line of the inventory nor an empty shelf stops who stands
    there (`told`), nor who comes from another host, for that may be the way out of something worse. Equipment of one
    client alone takes nobody else's machine, wherever it comes from.
    """
    base, host = declared.folder(), found.host
    problems = _host_problems(base, host)
    if found.is_machine:
        problems = (*problems, *_irreplaceable(base, host))
        problems = problems if problems and known.is_new(found) else ()
        foreign = _assignment(base, host, Machine(found).client)
        problems = (*problems, *foreign) if foreign and known.is_new_on(found, host) else problems
    if problems:
        yield from _sentences(found, problems)


def told(found: Resource) -> Iterator[str]:
    """What the file of a host lacks is told to who stands there already, or comes from another host.

    Where nobody says what was before, it is told as well: `replaceable` can't judge it then.
    """
    if not found.is_machine:
        return
    base, host = declared.folder(), found.host
    try:
        problems = _host_problems(base, host)
        foreign = _assignment(base, host, Machine(found).client)
    except DeclaredError:
        return  # `replaceable` can't judge, and says so.
    try:
        problems = () if problems and known.is_new(found) else problems
        foreign = () if foreign and known.is_new_on(found, host) else foreign
    except DeclaredError:
        pass
    if problems or foreign:
        yield from _sentences(found, (*problems, *foreign))


def _sentences(found: Resource, problems: Iterable[str]) -> Iterator[str]:
    return (f"{found.title} stands on {found.host}, and hosts/{found.host}.yaml: {problem}" for problem in problems)


@declared.kept
def _host_problems(base: Path, name: str) -> tuple[str, ...]:
    """What a host's file lacks, found once for all machines on it."""
    host = declared.host(base, name)
    return (*_place(host), *_inventory(host, declared.spares(base)))


def _place(host: Mapping[str, object]) -> Iterator[str]:
    for field in ("datacentre", "cabinet"):
        if not text(host.get(field)).strip():
            yield f"no {field} is named, so nobody finds the faulty part (HW-8). Name it."
    contact = mapping(host.get("contact"))
    if not text(contact.get("name")).strip() or not text(contact.get("email")).strip():
        yield "no responsible contact with name and email is named (HW-8). Name one under `contact`."


@declared.kept
def _assignment(base: Path, name: str, client: str) -> tuple[str, ...]:
    assigned = text(declared.host(base, name).get("assigned")) or "shared"
    if assigned in ("shared", client):
        return ()
    told = (
        f"it is assigned to {assigned} alone (HW-8), but the machine is {client or 'nobody'}'s. "
        "Place the VPS on another host, or assign this one to `shared`."
    )
    return (told,)


def _inventory(host: Mapping[str, object], spares: Mapping[str, object]) -> Iterator[str]:
    inventory = host.get("inventory")
    parts = [mapping(part) for part in inventory] if isinstance(inventory, list) else []
    kinds = [text(part.get("kind")) for part in parts]
    lacking = [kind for kind in NEEDED if kind not in kinds]
    if lacking:
        yield f"the inventory lacks {', '.join(lacking)} (HW-2). List every part that may fail."
    for number, part in enumerate(parts, start=1):
        name = f"part {number} ({text(part.get('kind')) or 'no kind'} {text(part.get('serial'))})".replace(" )", ")")
        yield from (f"{name} {problem}" for problem in _part(part, spares))
    serials = [text(part.get("serial")) for part in parts]
    for serial in sorted({serial for serial in serials if serial and serials.count(serial) > 1}):
        yield f"serial {serial} stands {serials.count(serial)} times; one part has one serial. Correct the others."


def _part(part: Mapping[str, object], spares: Mapping[str, object]) -> Iterator[str]:
    kind = text(part.get("kind"))
    if kind not in KINDS:
        yield f"has no kind of {', '.join(KINDS)} (HW-2). Name the right one."
    missing = [field for field in _FIELDS if not text(part.get(field)).strip()]
    if missing:
        yield f"lacks {', '.join(missing)} (HW-8). Fill it in."
    dates = {field: declared.day(text(part.get(field))) for field in ("installed", "warranty") if field not in missing}
    for field, day in dates.items():
        if day is None:
            yield f'has {field} "{part.get(field)}", which is no date. Write it like "2026-01-31".'
    installed, warranty = dates.get("installed"), dates.get("warranty")
    if installed and warranty and warranty < installed:
        yield f"lost its warranty {(installed - warranty).days} days before it was installed. Correct the dates."
    if "spare" not in missing:
        yield from _spare(kind, text(part.get("spare")), spares)


def _spare(kind: str, name: str, spares: Mapping[str, object]) -> Iterator[str]:
    if name not in spares:
        yield f"names spare {name}, which fleet.yaml doesn't list under `spares`. Add it there."
        return
    spare = mapping(spares[name])
    if text(spare.get("kind")) != kind:
        yield f"names spare {name}, which is a {text(spare.get('kind')) or 'thing of no kind'}. Name one of its kind."


@declared.kept
def _irreplaceable(base: Path, name: str) -> tuple[str, ...]:
    """Which parts of a host nobody could replace within 24 hours today, found once for all machines on it."""
    spares, host = declared.spares(base), declared.host(base, name)
    parts = [mapping(part) for part in declared.listed(host.get("inventory"))]
    found = []
    for number, part in enumerate(parts, start=1):
        spare = mapping(spares.get(text(part.get("spare"))))
        if not spare:
            continue  # The inventory's own rule says so.
        shelf = (declared.quantity(spare.get("count"), "") or 0) > 0 and text(spare.get("place")).strip()
        shelf = shelf if text(spare.get("model")) == text(part.get("model")) else ""
        hours = declared.quantity(text(spare.get("lead_time")), "h")
        supplier = text(spare.get("supplier")).strip() and hours is not None and hours <= WITHIN_HOURS
        title = f"part {number} ({text(part.get('kind'))} {text(part.get('serial'))})"
        if not shelf and not supplier:
            found.append(
                f"{title} names spare {text(part.get('spare'))}, of which no piece lies anywhere and no "
                f"supplier delivers within {WITHIN_HOURS} hours (HW-1). "
                "Give it a count and a place, or a supplier with a lead_time."
            )
    return tuple(found)


RULES = (
    Rule(
        "hardware-is-replaceable",
        "A host's file holds its whole hardware inventory with replacement data (HW-2, HW-8)",
        replaceable,
    ),
    Rule(
        "hardware-stays-replaceable",
        "What a host's file lacks is told to those who stand there",
        told,
        level="advisory",
    ),
)
