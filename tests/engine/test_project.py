"""The project folder and the engine's environment."""

import stat
import subprocess
from pathlib import Path

import pytest

from components.domain.problems import DomainError
from components.engine.project import Project, project_of


def test_fleet_without_a_project_is_said(tmp_path: Path) -> None:
    """One message with the remedy."""
    with pytest.raises(DomainError, match=r"Pulumi\.yaml"):
        project_of(tmp_path / "stacks")


def test_backend_is_absolute_and_the_operators_settings_win(tmp_path: Path) -> None:
    """A relative backend would resolve against the current folder."""
    project = Project(folder=tmp_path, fleet=tmp_path / "stacks")
    assert project.environment({})["PULUMI_BACKEND_URL"] == f"file://{tmp_path}/.vps/state"
    chosen = {"PULUMI_BACKEND_URL": "s3://team", "PULUMI_CONFIG_PASSPHRASE": "x"}
    environment = project.environment(chosen)
    assert environment["PULUMI_BACKEND_URL"] == "s3://team"
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in environment


def test_passphrase_is_made_once_and_is_private(tmp_path: Path) -> None:
    """Losing it would lose every secret of the state."""
    project = Project(folder=tmp_path, fleet=tmp_path / "stacks")
    project.fleet.mkdir()
    environment = project.environment({})
    project.prepare(environment)
    file = Path(environment["PULUMI_CONFIG_PASSPHRASE_FILE"])
    first = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(first.strip()) >= 32
    project.prepare(environment)
    assert file.read_text() == first


def test_git_never_sees_state_and_passphrase(tmp_path: Path) -> None:
    """In a repository of the operator's own, which ignores nothing yet; what they wrote there stays."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True, timeout=60)
    project = Project(folder=tmp_path, fleet=tmp_path / "stacks")
    project.fleet.mkdir()
    project.prepare(project.environment({}))
    status = ["git", "-C", str(tmp_path), "status", "--porcelain", "--untracked-files=all"]
    assert (project.work / "passphrase").exists()
    assert subprocess.run(status, check=True, capture_output=True, text=True, timeout=60).stdout == ""
    (project.work / ".gitignore").write_text("passphrase\n")
    project.prepare(project.environment({}))
    assert (project.work / ".gitignore").read_text() == "passphrase\n"
