"""Instants of a guest's first boot at which a test pulls its plug."""

import json
from collections.abc import Callable

from tests.guests import Guest


def there(path: str) -> Callable[[Guest], bool]:
    """Whether a file of the guest is there."""
    return lambda guest: guest.file(path).exists()


def doing(step: str) -> Callable[[Guest], bool]:
    """Whether the runner says that it does this step now, or has done it: a short one may pass between two looks."""

    def is_doing(guest: Guest) -> bool:
        try:
            if str(json.loads(guest.file("/run/vps/state.json").read_text())["step"]) == step:
                return True
        except (OSError, ValueError):
            pass
        return guest.file(f"/var/lib/vps/firstboot/done/{step}").exists()

    return is_doing


def either(*instants: Callable[[Guest], bool]) -> Callable[[Guest], bool]:
    """Whether one of them has come."""
    return lambda guest: any(instant(guest) for instant in instants)
