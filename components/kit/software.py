"""What an image holds, as a client reads it: its flavour with the versions' end dates, its packages where known."""

import functools
import re
from dataclasses import dataclass

from components.cloudinit.contract import TEMPLATES
from components.domain.images import Image
from components.domain.problems import DomainError
from components.images import cache, layers
from components.images.errors import ImageError

_SHOWN = re.compile(
    r"linux-image-[a-z]+[0-9]+|linux-image-(?:cloud-)?amd64|nginx|php[0-9.]+-fpm|mariadb-server|openssh-server|openssl"
    r"|postfix|dehydrated|fail2ban|nftables|unattended-upgrades|needrestart|restic|borgbackup|sudo|systemd|cloud-init"
)
"""Packages that a client asks for; the whole list is a file of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A part of a flavour, and the day on which it gets its last update from upstream; empty where nobody said."""

    name: str
    version: str
    expires: str
    ended: str = ""
    """The day on which upstream mended it for the last time, when that is past; such a part names no `expires`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """What stands in a locked image. `packages` is empty where the image was not built on this machine."""

    flavour: str
    title: str
    status: str
    reason: str
    has_panel: bool
    """Whether it carries the hosting system that is administered by a panel."""
    components: tuple[Component, ...]
    updates: tuple[tuple[str, tuple[str, ...]], ...]
    """Sources of its bundle by the classes in which the contract promises updates (UPD-2 to UPD-4)."""
    packages: tuple[tuple[str, str], ...]

    @property
    def main_packages(self) -> tuple[tuple[str, str], ...]:
        """Those that a client asks for."""
        return tuple(one for one in self.packages if _SHOWN.fullmatch(one[0]))

    def listing(self) -> str:
        """Every package with its version, a line each."""
        return "".join(f"{name} {version}\n" for name, version in self.packages)


@functools.cache
def software(image: Image) -> Software:
    """What is known of a locked image on this machine. Raises DomainError when its flavour can't be read."""
    entry = cache.describe(image.sha256)
    try:
        said = layers.flavour(image.flavour, TEMPLATES).said if image.flavour else {}
    except ImageError as error:
        raise DomainError(error.message, error.remedy) from error
    return Software(
        flavour=image.flavour,
        title=str(said.get("title", "")),
        status=str(said.get("status", "")),
        reason=str(said.get("reason", "")),
        has_panel=bool(said.get("panel", False)),
        components=tuple(
            Component(
                name=str(one["name"]),
                version=str(one["version"]),
                expires=str(one.get("expires") or ""),
                ended=str(one.get("ended") or ""),
            )
            for one in said.get("versions", ())
        ),
        updates=tuple((str(kind), tuple(map(str, names))) for kind, names in said.get("updates", {}).items()),
        packages=tuple(sorted(entry.packages.items())) if entry is not None else (),
    )
