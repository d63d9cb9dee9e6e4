"""A managed guest's tree is laid of layers, and whatever lies in one of them counts."""

import json
from dataclasses import replace

import pytest

from components.images import debian, layers, recipe
from components.images.errors import ImageError

RECIPE = "kind: debian\nsuite: trixie\nflavour: shop\nsize_gib: 2\nexpires_days: 30\npackages: [linux-image-amd64]\n"
FLAVOUR = """\
title: A shop
status: supported
versions:
  - {name: Shop, version: "3", expires: "2031-01-01"}
  - {name: Debian, version: "13", expires: "2030-06-30"}
"""


@pytest.fixture
def templates(tmp_path):
    """Two layers and a recipe on them; every layer has an overlay and hooks."""
    for place in ("guest", "flavours/shop", "images/shop-13"):
        folder = tmp_path / place
        for part in ("overlay/etc", "hooks", "essential"):
            (folder / part).mkdir(parents=True)
        (folder / "overlay" / "etc" / "who").write_text(place)
    (tmp_path / "guest" / "layer.yaml").write_text("packages: [nginx, jq]\n")
    (tmp_path / "guest" / "hooks" / "90-last.sh").write_text("")
    (tmp_path / "guest" / "hooks" / "10-first.sh").write_text("")
    (tmp_path / "flavours" / "shop" / "layer.yaml").write_text("packages: [jq, git]\n")
    (tmp_path / "flavours" / "shop" / "flavour.yaml").write_text(FLAVOUR)
    (tmp_path / "flavours" / "shop" / "hooks" / "50-shop.sh").write_text("")
    (tmp_path / "images" / "shop-13" / "hooks" / "50-own.sh").write_text("")
    (tmp_path / "images" / "shop-13" / "recipe.yaml").write_text(RECIPE)
    return tmp_path


def load(templates):
    return recipe.load("shop-13", recipes=templates / "images")


def test_layers_come_from_the_bottom_up(templates):
    shop = load(templates)
    assert [layer.name for layer in shop.layers()] == ["guest", "flavour shop", "image shop-13"]
    assert [path.read_text() for path in (folder / "etc/who" for folder in layers.overlays(shop.layers()))] == [
        "guest",
        "flavours/shop",
        "images/shop-13",
    ]
    assert shop.all_packages() == ("nginx", "jq", "git", "linux-image-amd64")


def test_scripts_run_by_their_numbers_whichever_layer_they_are_of(templates):
    found = [path.name for path in layers.scripts(load(templates).layers(), "hooks")]
    assert found == ["10-first.sh", "50-own.sh", "50-shop.sh", "90-last.sh"]


@pytest.mark.parametrize(
    "name",
    ["guest/layer.yaml", "guest/overlay/etc/who", "flavours/shop/flavour.yaml", "flavours/shop/hooks/50-shop.sh",
     "images/shop-13/recipe.yaml"],
)  # fmt: skip
def test_a_change_in_any_layer_makes_another_image(templates, name):
    before = load(templates).inputs()
    (templates / name).write_text((templates / name).read_text() + "# changed\n")
    assert load(templates).inputs() != before


def test_a_script_that_may_run_now_makes_another_image(templates):
    before = load(templates).inputs()
    (templates / "guest/overlay/etc/who").chmod(0o755)
    assert load(templates).inputs() != before


@pytest.mark.parametrize("name", ["guest/README.md", "flavours/shop/README.md", "flavours/shop/bundle-x.yaml"])
def test_documents_beside_a_layer_change_no_image(templates, name):
    before = load(templates).inputs()
    (templates / name).write_text("words\n")
    assert load(templates).inputs() == before


def test_what_is_baked_makes_another_image(templates):
    shop = load(templates)
    assert replace(shop, baked="ab" * 32).inputs() != shop.inputs()


def test_nobody_mends_it_after_the_first_of_its_parts_expires(templates):
    flavour = load(templates).flavour
    assert flavour is not None
    assert flavour.expires is not None
    assert flavour.expires.isoformat() == "2030-06-30"


def test_the_guest_is_told_what_it_is(templates):
    told = json.loads(debian.describe(replace(load(templates), baked="ab" * 32)))
    assert told["name"] == "shop"
    assert (told["title"], told["status"], told["bundle"]) == ("A shop", "supported", "ab" * 32)
    assert json.loads(debian.describe(load(templates)))["bundle"] is None


def test_a_flavour_that_is_not_there_names_those_that_are(templates):
    (templates / "images/shop-13/recipe.yaml").write_text(RECIPE.replace("flavour: shop", "flavour: shoe"))
    with pytest.raises(ImageError, match=r"no .*shoe/flavour\.yaml.*Choose one of shop"):
        load(templates)


@pytest.mark.parametrize(
    ("name", "text", "seen"),
    [
        ("guest/layer.yaml", "packages: nginx\n", "must be a list of names"),
        ("guest/layer.yaml", "package: [nginx]\n", "unknown key `package`"),
        ("flavours/shop/layer.yaml", "- nginx\n", "no mapping"),
        ("flavours/shop/flavour.yaml", FLAVOUR.replace("supported", "fine"), '"fine" is no status'),
        ("images/shop-13/recipe.yaml", RECIPE + "bundle: ../x.yaml\n", "`bundle` must be a plain name"),
        ("images/shop-13/recipe.yaml", RECIPE.replace("flavour: shop\n", "bundle: x.yaml\n"), "needs a `flavour`"),
    ],
)
def test_a_layer_that_is_wrong_is_told(templates, name, text, seen):
    (templates / name).write_text(text)
    with pytest.raises(ImageError, match=seen):
        load(templates)
