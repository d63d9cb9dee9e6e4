"""Whether an archive of sources, or an image that holds one, is of the sources that are pinned now.

What an archive says of itself proves nothing: its bytes must be those that `vps image bundle` packed of proven sources
on this machine, or those whose digest somebody took from where they were packed.
"""

from components.bundles import cache as packed
from components.bundles.errors import BundleError
from components.bundles.manifest import load
from components.images.bundled import Bundle
from components.images.errors import ImageError
from components.images.recipe import Recipe


def judge(recipe: Recipe, bundle: Bundle, vouched: str = "") -> None:
    """Raises ImageError unless the bundle is the recipe's, of the sources pinned now, with bytes that are known.

    `vouched`: SHA-256 that somebody names, for a bundle that was packed on another machine.
    """
    what = f"Unable to build image {recipe.name}: {bundle.file}"
    anew = f"Make it with `vps image bundle {recipe.name}`."
    wanted = recipe.manifest().get("name")
    if bundle.manifest.get("name") != wanted:
        raise ImageError(f"{what} is the bundle {bundle.manifest.get('name')}, and it takes {wanted}.", anew)
    if vouched and vouched.lower() != bundle.sha256:
        raise ImageError(
            f"{what} has the SHA-256 {bundle.sha256}, and {vouched} was named.",
            f"It is cut, stale or exchanged: fetch it again. {anew}",
        )
    pinned = _pinned(recipe)
    if bundle.manifest.get("inputs") != pinned:
        raise ImageError(f"{what} was packed of other sources than {recipe.bundle} pins now.", anew)
    if not vouched and _packed_of(bundle.sha256) != pinned:
        raise ImageError(
            f"{what} was not packed on this machine, so nobody here knows whether its sources were proven.",
            f"{anew} Or take the digest that it printed where it was made, and name it with --bundle-sha256.",
        )


def are_current(recipe: Recipe, sha256: str) -> bool | None:
    """Whether the bundle of that digest is of the sources pinned now; None when this machine never packed it."""
    of = _packed_of(sha256)
    return None if of is None else of == _pinned(recipe)


def _pinned(recipe: Recipe) -> str:
    assert recipe.flavour is not None
    try:
        return load(recipe.flavour.folder / recipe.bundle).inputs()
    except BundleError as error:
        raise ImageError(error.message, error.remedy) from error


def _packed_of(sha256: str) -> str | None:
    """Of which inputs the bundle was packed here, by what was written down after every source had been proven."""
    found = next((made for made in packed.entries() if made.sha256 == sha256), None)
    return None if found is None else str(found.described.get("inputs", ""))
