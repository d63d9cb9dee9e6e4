"""`./run demo --fake`, as a user runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.domain.problems import DomainError
from components.engine.project import CHECKOUT
from components.lab import demo


def _demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "VPS_"))}
    command = [sys.executable, "-m", "components.lab.demo", "--fake", *arguments]
    return subprocess.run(
        command,
        cwd=CHECKOUT,
        env=clean,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.engine
def test_fake_demo_makes_shows_and_removes() -> None:
    """Twice is once; down leaves nothing of it."""
    folder = CHECKOUT / ".vps" / "demo-fake"
    assert not folder.exists(), "a demo of yours is up; ./run demo --fake --down removes it"
    try:
        first = _demo()
        assert first.returncode == 0, first.stdout + first.stderr
        assert "What was made" in first.stdout
        assert "Four experiments" in first.stdout
        assert "150 %" in first.stdout
        again = _demo()
        assert again.returncode == 0, again.stdout + again.stderr
        assert "created" not in again.stdout
    finally:
        gone = _demo("--down")
    assert gone.returncode == 0, gone.stderr
    assert not folder.exists()


def test_an_image_that_would_have_no_effect_is_refused() -> None:
    """Fake guests boot none."""
    done = _demo("--image", "aegir-debian-12")
    assert done.returncode == 1
    assert "--image goes without --fake" in done.stderr


def test_a_lab_of_somebody_else_is_never_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not without a mark of ours, and not with another checkout's."""
    made_by = tmp_path / "demo.made-by"
    monkeypatch.setattr(demo, "_owner_file", lambda _: made_by)
    monkeypatch.setattr(demo, "REAL", tmp_path / "demo")
    removed: list[str] = []
    monkeypatch.setattr(demo.Lab, "down", lambda self, *_, **__: removed.append(self.name))
    demo.down(lambda _: None, fake=False)
    made_by.write_text("/elsewhere/.vps/demo\n")
    with pytest.raises(DomainError, match="another checkout"):
        demo.down(lambda _: None, fake=False)
    with pytest.raises(DomainError, match="another checkout"):
        demo.claim(demo.Lab(demo.LAB))
    assert removed == []
    made_by.write_text(f"{tmp_path / 'demo'}\n")
    demo.down(lambda _: None, fake=False)
    assert removed == ["demo"]
    assert not made_by.exists()
