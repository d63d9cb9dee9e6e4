"""A manifest is read whole; what decides a bundle's content decides its inputs, and nothing else does."""

import json

import pytest

from components.bundles.errors import BundleError
from components.bundles.manifest import load


def test_every_kind_is_read(world):
    world.declared["needs_mirror"] = True
    world.source("app")["git"] |= {"branch": "main", "date": "2026-01-02"}
    world.declared["sources"] += [
        {
            "name": "box",
            "licence": "MIT OR Apache-2.0",
            "to": "/opt/box",
            "archive": {"url": "https://files.example.org/box.tar.gz", "sha256": "0" * 64, "strip": 1},
        },
        {"name": "deps", "licence": "MIT", "to": "/opt/deps", "composer": {"of": "app"}},
        {"name": "later", "licence": "MIT", "to": "/opt/l", "pending": {"url": "https://a.example/b", "reason": "No."}},
    ]
    manifest = world.manifest()
    found = {source.name: source for source in manifest.sources}
    assert [source.kind for source in manifest.sources] == ["git", "file", "python", "archive", "composer", "pending"]
    assert manifest.needs_mirror
    assert found["app"].pin == found["deps"].pin == world.commit
    assert (found["deps"].of, found["deps"].lock) == ("app", "composer.lock")
    assert found["tool"].is_executable
    assert (found["box"].strip, found["later"].reason) == (1, "No.")
    assert (found["venv"].python, found["venv"].glibc) == ("3.11", "2.36")


def test_inputs_follow_meaning_and_named_files_only(world):
    first = world.manifest().inputs()
    world.file.write_text(f"# a remark\n{world.file.read_text()}")
    assert load(world.file).inputs() == first
    world.source("app")["git"]["branch"] = "main"
    assert world.manifest().inputs() == first
    (world.folder / "pins.txt").write_text(f"# a remark\n{(world.folder / 'pins.txt').read_text()}")
    second = world.manifest().inputs()
    world.source("app")["to"] = "/var/other"
    assert len({first, second, world.manifest().inputs()}) == 3


def test_every_problem_is_told_with_its_line(tmp_path):
    file = tmp_path / "bundle.yaml"
    file.write_text(
        "name: small\n"
        "sources:\n"
        "  - name: app\n"
        "    licence: a licence of mine\n"
        "    to: /etc/app\n"
        "    git: {url: git@github.com:a/b, commit: main}\n"
        "  - name: app\n"
        "    licence: MIT\n"
        "    to: /var/app\n"
    )
    with pytest.raises(BundleError) as caught:
        load(file)
    told = str(caught.value).splitlines()
    assert told[0] == "Unable to read the bundle bundle.yaml:"
    assert [line.strip().removeprefix(f"{file}:").split(": ")[0] for line in told[1:]] == ["4", "5", "6", "6", "7", "7"]
    assert "`main`" not in told[3]
    assert "branches and tags move" in str(caught.value)


def test_wrong_types_and_keys_are_told_together(tmp_path):
    file = tmp_path / "bundle.yaml"
    file.write_text("nmae: small\nsources:\n  - {name: 3, licence: MIT, to: /opt/a, git: {commit: x}}\n")
    with pytest.raises(BundleError) as caught:
        load(file)
    text = str(caught.value)
    assert "There is no key `nmae` here. Did you mean `name`?" in text
    assert f"{file}:3: sources.0.name: 3 stands where text belongs." in text
    assert "sources.0.git.url: `url` is missing." in text


def test_a_missing_or_broken_file_is_told(tmp_path):
    with pytest.raises(BundleError, match="There is no such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "odd.yaml").write_text("name: [\n")
    with pytest.raises(BundleError, match=r"odd\.yaml:\d+: This is no YAML"):
        load(tmp_path / "odd.yaml")


def test_names_of_files_are_not_part_of_inputs(world, tmp_path):
    """Two operators with the same flavour in other folders make the same bundle."""
    first = world.manifest().inputs()
    world.folder.rename(tmp_path / "elsewhere")
    assert load(tmp_path / "elsewhere" / "bundle.yaml").inputs() == first
    assert len(json.dumps(first)) == 66
