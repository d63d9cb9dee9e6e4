"""Recipes are data, and their digest names everything that goes into a build."""

import pytest

from components.images import recipe
from components.images.errors import ImageError


@pytest.mark.parametrize("name", recipe.known())
def test_every_recipe_of_ours_can_be_built(name):
    loaded = recipe.load(name)
    assert (loaded.name, loaded.suite) == (name, "bookworm" if name.endswith("-12") else "trixie")
    assert loaded.packages
    assert any(package.startswith("linux-image-") for package in loaded.all_packages())
    assert loaded.inputs() == recipe.load(name).inputs()


def test_what_is_sold_and_what_tests_need_have_a_recipe():
    assert {"aegir-debian-12", "aegir-debian-13", "base-debian-13", "tiny"} <= set(recipe.known())


def test_any_change_of_the_recipe_changes_its_digest(recipes):
    init = recipes / "small" / "initramfs" / "init"
    digests = [recipe.load("small", recipes=recipes).inputs()]
    init.chmod(0o755)
    digests.append(recipe.load("small", recipes=recipes).inputs())
    init.write_text("#!/bin/sh\nexit\n")
    digests.append(recipe.load("small", recipes=recipes).inputs())
    init.rename(init.with_name("start"))
    digests.append(recipe.load("small", recipes=recipes).inputs())
    assert len(set(digests)) == 4


def test_identities_hang_on_the_inputs_and_the_role(recipes):
    loaded = recipe.load("small", recipes=recipes)
    before = {loaded.identity("disk"), loaded.identity("root")}
    assert before == {loaded.identity("root"), loaded.identity("disk")}
    assert len(before) == 2
    (recipes / "small" / "more").write_text("")
    assert loaded.identity("disk") not in before


def test_an_unknown_recipe_names_the_known_ones(recipes):
    with pytest.raises(ImageError, match=r"no recipe of that name\. Choose one of small"):
        recipe.load("smal", recipes=recipes)


def test_a_broken_recipe_tells_all_that_is_wrong(recipes):
    (recipes / "small" / "recipe.yaml").write_text("kind: other\nsuite: 13\nsize_gib: 0\nexpires_days: yes\nsize: 3\n")
    with pytest.raises(ImageError) as caught:
        recipe.load("small", recipes=recipes)
    assert all(word in str(caught.value) for word in ("`kind`", "`suite`", "`size_gib`", "`expires_days`", "`size`"))


@pytest.mark.parametrize("text", ["{", "- a list\n", "\x00"])
def test_a_recipe_that_is_no_mapping_is_refused(recipes, text):
    (recipes / "small" / "recipe.yaml").write_text(text)
    with pytest.raises(ImageError, match="Unable to read"):
        recipe.load("small", recipes=recipes)


def test_the_operators_mirrors_count_as_input(recipes, fleet):
    plain = recipe.load("small", fleet, recipes)
    (fleet / "fleet.yaml").write_text("id: x\napt: {archive: http://a.test/debian, security: http://a.test/security}\n")
    named = recipe.load("small", fleet, recipes)
    assert named.mirrors is not None
    assert named.mirrors.archive == "http://a.test/debian"
    assert plain.inputs() != named.inputs()


def test_half_a_pair_of_mirrors_is_refused(recipes, fleet):
    (fleet / "fleet.yaml").write_text("apt: {archive: http://a.test/debian}\n")
    with pytest.raises(ImageError, match="both `archive` and `security`"):
        recipe.load("small", fleet, recipes)
