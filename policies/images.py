"""New machines are installed from images that are locked, not expired and still offered."""

from collections.abc import Iterator
from pathlib import Path

from policies import declared, known
from policies.declared import DeclaredError
from policies.machine import Machine, Resource, mapping, text
from policies.rule import Rule


def fresh(found: Resource) -> Iterator[str]:
    """A machine that is installed by this run, for the first time or anew, gets an image that may still be used.

    One that runs on an old image keeps it.
    """
    if not found.is_machine or Machine(found).is_adopted:
        return
    image = mapping(mapping(mapping(found.properties.get("disks")).get("root")).get("image"))
    name, digest = text(image.get("name")), text(image.get("sha256"))
    problem = _problem(declared.folder(), name, digest)
    if problem and _is_installed_now(found):
        yield f"{found.title}: {problem}"


def _is_installed_now(found: Resource) -> bool:
    before = known.before(found.properties.get("uuid"))
    return not before or known.amount(found.properties, "reinstall") > known.amount(before, "reinstall")


@declared.kept
def _problem(base: Path, name: str, digest: str) -> str:
    locked = declared.lines(declared.locked(base).get(name))
    offer = declared.catalogue(base, "images", name, "image")
    if not locked:
        return f"image {name} is not locked in images.lock.yaml. Build it: vps image build {name}"
    if text(locked.get("sha256")) != digest:
        return f"image {name} would have a digest that images.lock.yaml doesn't know. Declare it from the files."
    today, expires, until = (
        known.today().isoformat(),
        text(locked.get("expires")),
        text(offer.get("new_installs_until")),
    )
    if not expires:
        raise DeclaredError(f"images.lock.yaml doesn't say when {name} expires. Let vps image build write it.")
    if expires < today:
        return f"image {name} expired on {expires}. Build it anew (vps image build {name}), or choose another."
    if until and until < today:
        return f"image {name} is offered for new machines until {until} only (catalogue.yaml). Choose another."
    return ""


RULES = (
    Rule("image-may-be-installed", "A new machine gets a locked image that is neither expired nor withdrawn", fresh),
)
"""The rule about images."""
