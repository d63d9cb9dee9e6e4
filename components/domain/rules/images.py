"""Rules for images by the calendar: what they are made of is mended until a day, and after it nothing new is made."""

from collections.abc import Iterator, Mapping
from datetime import date

from components.domain.fleet import Fleet
from components.domain.problems import Problem, Severity


def closed(fleet: Fleet, today: date) -> Mapping[str, tuple[str, str]]:
    """Images that no new VPS may be made from, by name: the code of why, and why in words."""
    found: dict[str, tuple[str, str]] = {}
    for name, offer in fleet.offers.items():
        image, until = fleet.images.get(name), offer.new_installs_until
        if until is not None and until < today:
            found[name] = ("new-from-withdrawn-image", f"New VPSs were made from {name} until {until}.")
        elif image is not None and image.built < image.expires < today:
            found[name] = ("new-from-expired-image", f"The image {name} expired on {image.expires}.")
    return found


def problems(fleet: Fleet, today: date) -> Iterator[Problem]:
    """Images that are offered and expired; those that were phased out on purpose are left alone."""
    for name, (code, why) in closed(fleet, today).items():
        if code == "new-from-expired-image":
            yield Problem(
                code="image-expired",
                severity=Severity.WARNING,
                blocks=False,
                path=("images", name, "expires"),
                message=f"{why} No new VPS is made from it; those that have it keep it.",
                remedy=f"Build it anew (vps image build {name}), or phase it out with new_installs_until.",
            )
