"""`backups:` of fleet.yaml: the target of all backups and who can open them."""

from typing import Annotated

from pydantic import Field

from components.config.shape import Shape
from components.config.texts import Text
from components.domain import backups as domain


class DrillShape(Shape):
    """Kept free for guests into which a backup is restored to see whether it can be."""

    network: Text
    ipv4: Text | None = None
    ipv6: Text | None = None

    def domain(self) -> domain.Drill:
        """The place for drills."""
        return domain.Drill(network=self.network, ipv4=self.ipv4 or "", ipv6=self.ipv6 or "")


class BackupsShape(Shape):
    """Where backups go; left out: no VPS is backed up."""

    target: Text
    """ssh://user@host:port/path, as guests reach it."""
    host_key: Text
    """Its ssh-ed25519 host key."""
    recovery: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    """Public keys of age, age1…: whoever holds one of the private ones can open every backup."""
    admin: Text
    """The command that runs a further word as a shell command on the target as root, like ssh root@backup1."""
    drill: DrillShape | None = None

    def domain(self) -> domain.Backups:
        """The target."""
        return domain.Backups(
            target=self.target,
            host_key=self.host_key,
            recovery=self.recovery,
            admin=self.admin,
            drill=self.drill.domain() if self.drill else None,
        )
