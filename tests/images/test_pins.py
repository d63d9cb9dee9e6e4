"""No bundle of other sources than those pinned now is baked, and an image that holds one is known to."""

import pytest

from components.images import bundled, pins, recipe
from components.images.errors import ImageError
from tests.images.test_build import bundle_of, shop

__all__ = ["shop"]


@pytest.fixture
def packed(shop, own_cache, recipes, tmp_path):
    """A bundle that was packed here of what is pinned."""
    file = recipes / "small" / "recipe.yaml"
    file.write_text(file.read_text().replace("kind: busybox", "kind: debian"))
    return bundled.examine(bundle_of(recipes, tmp_path / "shop.tar"))


@pytest.fixture
def raised(packed, recipes):
    """The manifest after the bundle was packed: another commit is pinned."""
    file = recipes.parent / "flavours/shop/bundle.yaml"
    file.write_text(file.read_text().replace("a123", "ffff"))


def test_what_was_packed_here_of_what_is_pinned_is_taken(packed, recipes):
    small = recipe.load("small", recipes=recipes)
    pins.judge(small, packed)
    assert pins.are_current(small, packed.sha256) is True


def test_a_bundle_of_other_pins_is_stale_whoever_vouches_for_it(packed, raised, recipes):
    small = recipe.load("small", recipes=recipes)
    for vouched in ("", packed.sha256):
        with pytest.raises(ImageError, match=r"other sources than bundle\.yaml pins now.*vps image bundle small"):
            pins.judge(small, packed, vouched)
    assert pins.are_current(small, packed.sha256) is False


def test_of_a_bundle_that_was_never_here_nothing_is_known(packed, recipes):
    assert pins.are_current(recipe.load("small", recipes=recipes), "0" * 64) is None


def test_a_manifest_that_can_t_be_read_is_told(packed, recipes):
    (recipes.parent / "flavours/shop/bundle.yaml").write_text("name: shop\n")
    with pytest.raises(ImageError, match=r"bundle\.yaml"):
        pins.judge(recipe.load("small", recipes=recipes), packed)
