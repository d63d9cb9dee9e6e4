"""Which engine is used: the machine's where it fits, else the one that set-up chose."""

import os
from pathlib import Path

import pytest

from components.engine import location


def engine(folder: Path, version: str | None, *, host: bool = True) -> Path:
    """A folder with a `pulumi` that says `version` (None: fails), with its language host or without."""
    folder.mkdir(parents=True)
    pulumi = folder / "pulumi"
    pulumi.write_text(f"#!/bin/sh\necho '{version}'\n" if version is not None else "#!/bin/sh\nexit 1\n")
    pulumi.chmod(0o755)
    if host:
        (folder / "pulumi-language-python").write_text("#!/bin/sh\n")
        (folder / "pulumi-language-python").chmod(0o755)
    return pulumi


@pytest.mark.parametrize("version", ["v3.200.0", "v3.259.0", "v4.0.0", "v3.260.0-alpha.1"])
def test_a_new_enough_engine_on_path_is_used_as_it_is(tmp_path, version):
    """3.200 and newer with a language host is taken."""
    pulumi = engine(tmp_path / "bin", version)
    assert location.on_path(f"/nowhere:{tmp_path / 'bin'}") == pulumi


@pytest.mark.parametrize("version", ["v3.199.9", "v2.300.0", "", "unknown", None])
def test_an_engine_that_is_old_or_broken_is_not(tmp_path, version):
    """Neither an old one nor one that can't say its version."""
    engine(tmp_path / "bin", version)
    assert location.on_path(str(tmp_path / "bin")) is None


def test_an_engine_without_language_host_is_not(tmp_path):
    """It could run no program of ours."""
    engine(tmp_path / "bin", "v3.259.0", host=False)
    assert location.on_path(str(tmp_path / "bin")) is None


def test_the_choice_of_another_checkout_is_not(tmp_path):
    """On PATH or not, it would run another checkout's language host; one behind it on PATH still counts."""
    engine(tmp_path / "other" / ".venv" / "engine", "v3.259.0")
    mine = engine(tmp_path / "bin", "v3.259.0")
    search = str(tmp_path / "other" / ".venv" / "engine")
    assert location.on_path(search) is None
    assert location.on_path(f"{search}{os.pathsep}{mine.parent}") == mine


def test_engine_path_asks_path_first_then_set_up(tmp_path, monkeypatch):
    """An old engine on PATH is passed over for the one in .venv/engine, a new one is not."""
    chosen = engine(tmp_path / ".venv" / "engine", "v3.259.0")
    engine(tmp_path / "old", "v3.100.0")
    new = engine(tmp_path / "new", "v3.300.0")
    monkeypatch.setenv("PATH", str(tmp_path / "old"))
    assert location.engine_path(tmp_path) == chosen
    monkeypatch.setenv("PATH", str(tmp_path / "new"))
    assert location.engine_path(tmp_path) == new


def test_without_any_engine_the_remedy_is_named(tmp_path, monkeypatch):
    """The message says what was looked for, where, and what to run."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(location.EngineError) as told:
        location.engine_path(tmp_path)
    assert "3.200.0 or newer" in str(told.value)
    assert str(tmp_path / ".venv" / "engine") in str(told.value)
    assert str(told.value).endswith("Run ./run setup.")
