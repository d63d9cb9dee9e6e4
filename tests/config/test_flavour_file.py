"""Flavours are data: the ones here load, and a broken one is told with all that is wrong and where."""

import json
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from components.cloudinit.contract import TEMPLATES
from components.config import flavour_file as flavour
from components.domain.images import ImageOffer
from components.domain.problems import DomainError
from components.images import recipe
from tests.domain import sample

WHOLE = """\
title: Something
status: legacy
reason: Its makers went home.
panel: true
versions:
  - {name: Core, version: "7", expires: "2027-01-05"}
  - {name: Debian, version: "12", expires: "2028-06-30"}
  - {name: Own, version: "1"}
  - {name: Old, version: "0", ended: "2020-01-01"}
options:
  queue: {type: number, default: 5, description: Tasks at a time}
  words: {type: list, default: [a], description: Words}
defaults:
  panel_allow: [127.0.0.1/32, "::1/128"]
"""


@pytest.fixture
def write(tmp_path):
    def put(text, name="odd"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "flavour.yaml").write_text(text)
        return tmp_path

    return put


@pytest.mark.parametrize("name", flavour.known())
def test_every_flavour_of_ours_is_whole(name):
    found = flavour.load(name)
    assert found.title
    assert (found.folder / "README.md").is_file()


@pytest.mark.parametrize("name", flavour.known())
def test_what_nobody_mends_any_more_is_not_called_supported(name):
    """Whatever it says, its status stands in lists, in the kit and on the guest."""
    found = flavour.load(name)
    assert not [part for part in found.versions if part.ended] or found.status != "supported"


def test_every_bundle_that_a_recipe_names_is_its_flavours():
    for name in recipe.known():
        found = recipe.load(name)
        if found.bundle:
            assert found.bundle in flavour.load(found.flavour.name).bundles


def test_a_flavour_says_what_it_is(write):
    folder = write(WHOLE)
    (folder / "odd" / "bundle-a.yaml").write_text("name: a\n")
    found = flavour.load("odd", folder)
    assert (found.title, found.status, found.bundles) == ("Something", "legacy", ("bundle-a.yaml",))
    assert flavour.expires(found) == date(2027, 1, 5)
    assert found.versions[3].ended == date(2020, 1, 1)
    assert flavour.mark(found) == "legacy: Its makers went home."
    assert found.panel
    assert found.panel_allow == ("127.0.0.1/32", "::1/128")
    assert found.options["queue"].default == 5
    assert found.options["words"].default == ("a",)


def test_a_supported_one_has_no_mark_and_maybe_no_day(write):
    folder = write('title: T\nstatus: supported\nversions: [{name: A, version: "1"}]\n')
    found = flavour.load("odd", folder)
    assert flavour.mark(found) == ""
    assert flavour.expires(found) is None


def test_all_that_is_wrong_is_told_with_its_line(write):
    folder = write(
        "title: T\nstatus: dead\nversions: []\noptions:\n  a: {type: number, default: yes please, description: A}\n"
        "  b: {type: colour, default: red, description: B}\ndefaults:\n  panel_allow: [everywhere]\n"
    )
    with pytest.raises(DomainError) as caught:
        flavour.load("odd", folder)
    text = str(caught.value)
    assert 'flavour.yaml:2: status: "dead" is no status.' in text
    assert "flavour.yaml:5: options.a.default: The default is no number." in text
    assert 'flavour.yaml:6: options.b.type: "colour" is no type.' in text
    assert 'flavour.yaml:8: defaults.panel_allow.0: "everywhere" is no range of addresses.' in text


def test_keys_and_types_are_judged_together(write):
    folder = write("titel: T\nstatus: 3\nversions: []\n")
    with pytest.raises(DomainError) as caught:
        flavour.load("odd", folder)
    assert "There is no key `titel` here. Did you mean `title`?" in str(caught.value)
    assert "flavour.yaml:2: status: 3 stands where text belongs." in str(caught.value)


def test_an_old_one_must_say_why(write):
    folder = write('title: T\nstatus: end-of-life\nversions: [{name: A, version: "1"}]\n')
    with pytest.raises(DomainError, match="Nothing says why it is end-of-life"):
        flavour.load("odd", folder)


def test_an_unknown_one_is_told_with_those_that_are_there(write):
    folder = write(WHOLE)
    with pytest.raises(DomainError, match="Choose one of odd, or write it"):
        flavour.load("even", folder)


def test_options_of_a_client_are_judged(write):
    found = flavour.load("odd", write(WHOLE))
    assert flavour.refused(found, {"queue": 3, "words": ("x",)}) == []
    wrong = flavour.refused(found, {"queue": True, "words": "x", "colour": "red"})
    assert wrong == [
        "The option `queue` of the flavour odd is a number: Tasks at a time.",
        "The option `words` of the flavour odd is a list: Words.",
        "The flavour odd has no option `colour`. It takes: queue, words.",
    ]


def test_options_of_a_fleet_are_judged_by_the_flavour_of_the_image(write):
    folder = write(WHOLE)
    name = next(iter(sample.fleet().clients))
    label, vps = next(iter(sample.fleet().clients[name].vps.items()))
    declared = replace(vps, options={"queue": "many"})

    def judged(kind):
        fleet = sample.fleet()
        image = replace(fleet.images[vps.image], flavour=kind)
        client = replace(fleet.clients[name], vps={label: declared})
        return list(flavour.problems(replace(fleet, images={image.name: image}, clients={name: client}), folder))

    (problem,) = judged("odd")
    assert problem.path == ("clients", name, "vps", label, "options")
    assert "is a number" in problem.message
    assert not problem.blocks
    assert judged("unheard-of") == judged("") == []


@pytest.mark.parametrize("status", flavour.STATUSES)
def test_nothing_new_is_made_of_what_is_at_its_end(write, status):
    """A legacy flavour is still sold: that is whoever sells it's choice."""
    folder = write(WHOLE.replace("status: legacy", f"status: {status}"))
    fleet = sample.fleet()
    (image,) = fleet.images.values()
    fleet = replace(fleet, images={image.name: replace(image, flavour="odd"), "plain": replace(image, name="plain")})
    found = flavour.retired(fleet, folder)
    assert list(found) == ([image.name] if status == "end-of-life" else [])
    assert all("Its makers went home." in why for why in found.values())
    until = {image.name: ImageOffer(name=image.name, new_installs_until=date(2020, 1, 1))}
    assert flavour.retired(replace(fleet, offers=until), folder) == {}, "the day in the catalogue decides"


@pytest.mark.parametrize("hook", ["backdrop/hooks/40-aegir.sh", "aegir3/hooks/45-aegir3.sh"])
@pytest.mark.parametrize("place", ["/r/../../../../engine", "r", "/", "/a//b", "/a/./b", "/a b", "/a\n/b", 7, None])
def test_a_bundle_s_places_are_inside_of_the_image(tmp_path: Path, hook: str, place: object) -> None:
    """Hooks run as root on the building machine; what they are to copy and remove is read in an archive."""
    root = tmp_path / "deep" / "root"
    (root / "opt/vps/bundle/r").mkdir(parents=True)
    sources = [{"name": "backdrop", "to": "/opt/good"}, {"name": "bee", "to": place}]
    (root / "opt/vps/bundle/manifest.json").write_text(json.dumps({"name": "x", "sources": sources}))
    before = sorted(tmp_path.rglob("*"))
    done = subprocess.run(
        ["sh", TEMPLATES / "flavours" / hook, root], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, "names a place outside of the image" in done.stderr) == (1, True)
    assert sorted(tmp_path.rglob("*")) == before
