"""Recipes, caches and fleets of the tests' own."""

from pathlib import Path

import pytest

RECIPE = """\
kind: busybox
suite: trixie
size_gib: 1
expires_days: 30
packages: [busybox-static]
"""


@pytest.fixture
def recipes(tmp_path):
    """A folder of recipes with one, `small`."""
    folder = tmp_path / "recipes"
    (folder / "small" / "initramfs").mkdir(parents=True)
    (folder / "small" / "recipe.yaml").write_text(RECIPE)
    (folder / "small" / "initramfs" / "init").write_text("#!/bin/sh\n")
    return folder


@pytest.fixture
def fleet(tmp_path):
    """An empty fleet folder."""
    folder = tmp_path / "fleet"
    folder.mkdir()
    return folder


@pytest.fixture
def own_cache(tmp_path, monkeypatch) -> Path:
    """A cache that only this test uses."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "aegir-vps" / "images"
    folder.mkdir(parents=True)
    return folder
