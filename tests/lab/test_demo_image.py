"""An image that can't be had is refused before anything is made, and a demo that is there keeps its own."""

from pathlib import Path

import pytest

from components.domain.problems import DomainError
from components.lab import demo
from components.lab.demo_image import image_of, need_buildable, need_its_image
from components.lab.example import IMAGE, make_fake_project, use_image


def test_a_demo_that_is_there_keeps_its_image(tmp_path: Path) -> None:
    project = make_fake_project(tmp_path / "demo")
    assert image_of(project.fleet) == IMAGE
    need_its_image(tmp_path / "none", "other")
    for image in (None, IMAGE):
        need_its_image(tmp_path / "demo", image)
    with pytest.raises(DomainError, match=f"has the image {IMAGE}, not aegir-debian-12"):
        need_its_image(tmp_path / "demo", "aegir-debian-12")


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("nosuch-image", "there is no recipe of that name"),
        ("aegir-debian-12", "vps image bundle aegir-debian-12"),
        ("tiny", "catalogue offers no image tiny"),
    ],
)
def test_an_image_that_cannot_be_had_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: str, words: str
) -> None:
    """Else the next plain `./run demo` would meet what this one left."""
    made: list[str] = []
    monkeypatch.setattr(demo, "REAL", tmp_path / "demo")
    monkeypatch.setattr(demo, "Lab", made.append)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(DomainError, match=words):
        demo.up(lambda _: None, fake=False, image=image)
    assert made == []
    assert not (tmp_path / "demo").exists()
    need_buildable(tmp_path / "demo", None)


def test_a_demo_whose_image_cannot_be_had_any_more_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    use_image(make_fake_project(tmp_path / "demo"), "aegir-debian-12")
    with pytest.raises(DomainError, match=r"vps image bundle aegir-debian-12.*\./run demo --down"):
        need_buildable(tmp_path / "demo", None)
