"""Golden images: what is locked by the digest of its bytes, and what the catalogue offers."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One entry of images.lock.yaml. `bytes` is the file's size, `virtual_gib` the smallest disk that holds it.

    `inputs` is the digest of what it was built from; after `expires` no new VPS should be made from it. `flavour` says
    what kind of managed guest it is, `bundle` is the SHA-256 of the sources baked into it; empty where there are none.
    """

    name: str
    sha256: str
    bytes: int
    virtual_gib: int
    inputs: str
    built: date
    expires: date
    flavour: str = ""
    bundle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOffer:
    """What the catalogue says of an image: until when new VPSs may be made from it (None: no end)."""

    name: str
    new_installs_until: date | None
    title: str = ""
    """As clients read it."""
