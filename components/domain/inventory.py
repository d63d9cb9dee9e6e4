"""Parts of hosts, found by what people call them."""

from collections.abc import Iterable

from components.domain.hardware import KINDS, Part
from components.domain.hosts import Host
from components.domain.problems import DomainError


def part_of(host: Host, called: str) -> Part:
    """The part with this serial number, or the only one of this kind. Raises DomainError for none or several."""
    for part in host.inventory:
        if part.serial == called:
            return part
    kind = called.replace("-", "_").replace(" ", "_").lower()
    alike = [part for part in host.inventory if part.kind == kind]
    if len(alike) == 1:
        return alike[0]
    what = f"Unable to tell which part of {host.name} is meant by {called}"
    if alike:
        serials = ", ".join(part.serial for part in alike)
        raise DomainError(f"{what}: it has {len(alike)} of that kind.", f"Name one by its serial number: {serials}.")
    has = ", ".join(f"{part.kind} {part.serial}" for part in host.inventory) or "nothing"
    raise DomainError(
        f"{what}: its inventory lists {has}.",
        f"The contract covers {', '.join(KINDS)} and nothing else (HW-2). A part that is missing belongs into "
        f'hosts/{host.name}.yaml; a fault of anything else is told by: vps host set {host.name} failed --reason "…"',
    )


def bearer(hosts: Iterable[Host], serial: str) -> tuple[Host, Part] | None:
    """The host and the part that bear a serial number; None when no inventory lists it."""
    return next(((host, part) for host in hosts for part in host.inventory if part.serial == serial), None)
