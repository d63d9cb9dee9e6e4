"""Rules for adopted machines: what is pinned to what they have, and the packages that describe them."""

import re
import uuid
from collections.abc import Iterator

from components.domain.clients import Vps
from components.domain.fleet import Fleet
from components.domain.problems import Problem
from components.domain.rules.references import Steps

_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.ASCII)


def problems(path: Steps, vps: Vps, fleet: Fleet) -> Iterator[Problem]:
    """What is wrong with the pinned keys and the package of the VPS at `path`."""
    if vps.uuid is not None and not _is_uuid(vps.uuid):
        remedy = "Copy it from the pinned machine, in lower case with hyphens."
        yield Problem(code="bad-uuid", path=(*path, "uuid"), message=f'"{vps.uuid}" is no UUID.', remedy=remedy)
    if vps.mac is not None and not _MAC.fullmatch(vps.mac):
        remedy = "Copy it from the pinned machine, in lower case, like 52:54:00:12:34:56."
        yield Problem(code="bad-mac", path=(*path, "mac"), message=f'"{vps.mac}" is no MAC address.', remedy=remedy)
    if not vps.is_adopted:
        for key, value in (("mac", vps.mac), ("pool", vps.pool)):
            if value is not None:
                message = f"`{key}` is pinned only for adopted machines, which have a `uuid`."
                yield Problem(
                    code="pin-without-adoption",
                    path=(*path, key),
                    message=message,
                    remedy=f"Take `{key}` out; it follows from the id.",
                )
    package = fleet.packages.get(vps.package)
    if package is not None and package.adopted and not vps.is_adopted:
        yield Problem(
            code="package-only-adopted",
            path=(*path, "package"),
            message=f"{package.key} only says what adopted machines have; nothing new is sold under it.",
            remedy="Choose a package that is sold.",
        )


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
