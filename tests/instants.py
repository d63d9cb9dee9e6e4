"""Instants of a guest's first boot at which a test pulls its plug."""

import json
from collections.abc import Callable

from tests.guests import Guest

STEPS = "usr/local/lib/vps/firstboot.d"
BEGIN = "set -eu\n"


def there(path: str) -> Callable[[Guest], bool]:
    """Whether a file of the guest is there."""
    return lambda guest: guest.file(path).exists()


def doing(step: str) -> Callable[[Guest], bool]:
    """Whether the runner says that it does this step now; one that may pass between two looks wants `lasting`."""

    def is_doing(guest: Guest) -> bool:
        try:
            return str(json.loads(guest.file("/run/vps/state.json").read_text())["step"]) == step
        except (OSError, ValueError):
            return False

    return is_doing


def lasting(guest: Guest, *steps: str) -> None:
    """Have steps of a guest that is off last a moment longer than their work, so that a look finds them at it."""
    for step in steps:
        text = (guest.tree / STEPS / step).read_text()
        assert text.count(BEGIN) == 1, step
        ends = " EXIT\n" in text
        longer = f"{text}sleep 2\n" if ends else text.replace(BEGIN, f"{BEGIN}trap 'sleep 2' EXIT\n")
        guest.write(f"{STEPS}/{step}", longer, 0o755)
