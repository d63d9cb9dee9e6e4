"""Each rule of a manifest refuses what it is for."""

import pytest

from components.bundles.errors import BundleError


@pytest.mark.parametrize(
    ("source", "key", "value", "said"),
    [
        ("app", "name", "App Here", "is no name"),
        ("app", "licence", "GPL v2, I think", "is no licence"),
        ("app", "to", "/etc/cron.d", "is no place for a source"),
        ("app", "to", "/var/../etc", "is no place for a source"),
        ("app", "to", "var/app", "is no place for a source"),
        ("app", "git.url", "http://github.com/a/b", "is no address"),
        ("app", "git.url", "https://user:word@github.com/a/b", "is no address"),
        ("app", "git.url", "https://github.com/a/../b", "is no address"),
        ("app", "git.url", "https://github.com/a/b?ref=c", "is no address"),
        ("app", "git.url", "ext::sh -c id", "is no address"),
        ("app", "git.commit", "1234567", "is no commit"),
        ("app", "git.commit", "A" * 40, "is no commit"),
        ("app", "git.folder", "../up", "is no folder of a repository"),
        ("app", "git.folder", "lib/", "is no folder of a repository"),
        ("tool", "file.sha256", "0" * 63, "is no SHA-256"),
        ("tool", "file.mode", "4755", "is no mode for a source"),
        ("venv", "python.version", "3", "is no version"),
        ("venv", "python.glibc", "new", "is no version"),
        ("venv", "python.requirements", "../pins.txt", "is not beside the manifest"),
        ("venv", "python.requirements", "none.txt", "There is no file"),
    ],
)
def test_a_wrong_value_is_refused(world, source, key, value, said):
    place = world.source(source)
    *above, last = key.split(".")
    for step in above:
        place = place[step]
    place[last] = value
    with pytest.raises(BundleError, match=said):
        world.manifest()


def test_a_source_comes_from_one_place(world):
    world.source("app")["file"] = world.source("tool")["file"]
    del world.source("tool")["file"]
    with pytest.raises(BundleError) as caught:
        world.manifest()
    assert "sources.0: git and file are given." in str(caught.value)
    assert "sources.1: Nothing says where it comes from." in str(caught.value)


def test_a_lock_must_stand_somewhere(world):
    base = {"licence": "MIT", "to": "/opt/x"}
    world.declared["sources"] += [
        {"name": "a", **base, "composer": {}},
        {"name": "b", **base, "composer": {"of": "tool"}},
    ]
    with pytest.raises(BundleError) as caught:
        world.manifest()
    text = str(caught.value)
    assert f"There is no file {world.folder}/composer.lock." in text
    assert f"There is no file {world.folder}/composer.json." in text
    assert "tool is no earlier git source. Name one of app." in text


def test_nothing_to_pack_is_refused(world):
    world.declared["sources"] = []
    with pytest.raises(BundleError, match="sources: It is empty"):
        world.manifest()


def test_a_pending_source_says_why(world):
    del world.source("app")["git"]
    world.source("app")["pending"] = {"url": "https://github.com/a/b", "reason": " "}
    with pytest.raises(BundleError, match="Say what is missing"):
        world.manifest()
