"""The guests that run in a lab, and how they end with it."""

import time

from components.lab.command import LabError, call
from components.lab.places import Places


def running(places: Places) -> list[str]:
    """The names of the guests that are not off. Raises LabError when libvirtd does not answer."""
    what = f"Unable to list the guests of lab {places.name}"
    return call([*_virsh(places), "list", "--name"], what=what).split()


def stop(places: Places, grace_s: float) -> None:
    """Ask every guest to shut down, then end those that did not within `grace_s`. Guests are ended, disks stay."""
    for name in running(places):
        _try(places, "resume", name)  # a paused guest hears no shutdown; of a running one this is refused
        _try(places, "shutdown", name, "--mode", "acpi")
    ends = time.monotonic() + grace_s
    while (left := running(places)) and time.monotonic() < ends:
        time.sleep(0.2)
    for name in left:
        _try(places, "destroy", name)


def _try(places: Places, *command: str) -> None:
    try:
        call([*_virsh(places), *command])
    except LabError:
        return  # what can't be asked is ended with the lab's processes


def _virsh(places: Places) -> list[str]:
    return ["virsh", "-q", "-c", places.uri]
