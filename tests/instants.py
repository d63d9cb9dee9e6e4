"""Instants of a guest's first boot at which a test pulls its plug."""

import json
from collections.abc import Callable

from tests.guests import Guest


def there(path: str) -> Callable[[Guest], bool]:
    """Whether a file of the guest is there."""
    return lambda guest: guest.file(path).exists()


def doing(step: str) -> Callable[[Guest], bool]:
    """Whether the runner says that it does this step now."""

    def is_doing(guest: Guest) -> bool:
        try:
            return str(json.loads(guest.file("/run/vps/state.json").read_text())["step"]) == step
        except (OSError, ValueError):
            return False

    return is_doing
