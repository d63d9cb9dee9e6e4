"""Two labs joined by a cable: a two-host fleet on one machine.

Each lab keeps one address of its own, made from its name, on every cable it has; the peer is reached by a route to
that address alone. So labs can be joined in any number and order, and nothing has to be handed out.
"""

import hashlib
from dataclasses import dataclass

from components.lab.command import LabError, call
from components.lab.host import Lab
from components.lab.mountinfo import is_namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The cable between two labs. It is gone when either goes down."""

    first: Lab
    second: Lab

    def cut(self) -> None:
        """Pull the plug: both ends lose carrier, nothing else changes. For tests of failures."""
        self._set("down")

    def mend(self) -> None:
        """Plug it in again."""
        self._set("up")

    def _set(self, state: str) -> None:
        for lab, peer in ((self.first, self.second), (self.second, self.first)):
            _end_up(lab, peer) if state == "up" else _ip(lab, "link", "set", _device(peer), "down")


def join(first: Lab, second: Lab) -> Link:
    """Join two labs that are up; joined ones stay as they are. Their `migration_address` then reach each other.

    Raises LabError when one is not up or both are the same.
    """
    what = f"Unable to join labs {first.name} and {second.name}"
    if first.name == second.name:
        raise LabError(what, "they are the same lab", "Give two labs.")
    for lab in (first, second):
        if not is_namespace(lab.places.netns_file):
            raise LabError(what, f"{lab.name} is not up", f"Run `vps lab up {lab.name}`.")
    if not _has_end(first, second):
        call(
            [
                "ip", "-n", first.netns, "link", "add", _device(second), "type", "veth",
                "peer", "name", _device(first), "netns", second.netns,
            ],
            what=what,
        )  # fmt: skip
    _end_up(first, second)
    _end_up(second, first)
    return Link(first=first, second=second)


def _end_up(lab: Lab, peer: Lab) -> None:
    device = _device(peer)
    _ip(lab, "link", "set", device, "up")
    _ip(lab, "-6", "addr", "replace", f"{lab.migration_address}/128", "dev", device, "nodad")
    source = ("src", lab.migration_address)
    _ip(lab, "-6", "route", "replace", f"{peer.migration_address}/128", "dev", device, *source)


def _device(peer: Lab) -> str:
    """The cable's end, named after the lab at the other one (a device's name has at most 15 characters)."""
    return f"lab-{hashlib.sha256(peer.name.encode()).hexdigest()[:8]}"


def _has_end(lab: Lab, peer: Lab) -> bool:
    return bool(call(["ip", "-n", lab.netns, "-o", "link", "show", "dev", _device(peer)]).strip())


def _ip(lab: Lab, *arguments: str) -> None:
    call(["ip", "-n", lab.netns, *arguments], what=f"Unable to set up the link of lab {lab.name}")
