"""The image of the demo's VPS: which one it is, and whether it can be had, judged before anything is made for it."""

from pathlib import Path

from components.config.loader import load
from components.domain.problems import DomainError
from components.images import recipe
from components.images.build import need
from components.images.errors import ImageError
from components.lab.example import CLIENT, EXAMPLE, IMAGE, VPS


def image_of(fleet: Path) -> str:
    """The image that the demo's VPS has in `fleet`."""
    return load(fleet).fleet.clients[CLIENT].vps[VPS].image


def need_its_image(folder: Path, image: str | None) -> None:
    """Raises DomainError when another image is asked for than that of the demo which is there already."""
    if image is None or not (folder / "stacks").is_dir():
        return
    if (its := image_of(folder / "stacks")) != image:
        raise DomainError(
            f"The demo in {folder} is there already, and its VPS has the image {its}, not {image}.",
            "Take it down first: ./run demo --down. Or leave --image out.",
        )


def need_buildable(folder: Path, image: str | None) -> None:
    """Raises DomainError when the image of the demo in `folder`, or of the one to be made there, can't be had."""
    is_there = (folder / "stacks").is_dir()
    fleet = folder / "stacks" if is_there else EXAMPLE
    name = image_of(fleet) if is_there else image or IMAGE
    try:
        if not is_there:
            _need_offered(name)
        need(name, fleet)
    except ImageError as error:
        anew = " Or begin anew with another image: ./run demo --down" if is_there else ""
        raise DomainError(error.message, f"{error.remedy}{anew}") from error


def _need_offered(name: str) -> None:
    offers = load(EXAMPLE).fleet.offers
    if name in recipe.known() and name not in offers:
        raise DomainError(
            f"The example's catalogue offers no image {name}.", f"Choose one of {', '.join(sorted(offers))}."
        )
