import subprocess
from pathlib import Path

import pytest

from components.config import checkout
from components.domain.problems import DomainError


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@hoster.example", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """A checkout on its trunk with two commits and a fleet folder in it."""
    folder = tmp_path / "stacks"
    folder.mkdir()
    git(tmp_path, "init", "-q", "-b", "main")
    for number in (1, 2):
        (folder / "fleet.yaml").write_text(f"id: f{number}\n")
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-q", "-m", f"{number}")
    return folder


def test_the_folder_is_found_below_the_top(fleet: Path) -> None:
    assert checkout.prefix(fleet) == "stacks/"
    assert checkout.prefix(fleet.parent) == ""


def test_outside_of_git_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match="is no git checkout"):
        checkout.prefix(tmp_path)
    with pytest.raises(DomainError, match="is no git checkout"):
        checkout.base(tmp_path)


def test_an_unknown_revision_is_named(fleet: Path) -> None:
    for name in ("nothing", "--help", "HEAD^{tree}"):
        with pytest.raises(DomainError, match="has no revision"):
            checkout.commit(fleet, name)


def test_without_git_it_is_said(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DomainError, match="git can't be started"):
        checkout.base(fleet)


def test_a_slow_git_is_not_waited_for(fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:/usr/bin:/bin")
    with pytest.raises(DomainError, match=r"within 0\.1 s"):
        checkout.run(fleet, "status", seconds=0.1)


def test_the_environment_of_another_checkout_does_not_count(
    fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert checkout.base(fleet) is not None


def test_on_the_trunk_files_are_compared_with_the_commit_before(fleet: Path) -> None:
    assert checkout.base(fleet) == git(fleet, "rev-parse", "HEAD^")


def test_on_the_trunk_changed_files_are_compared_with_head(fleet: Path) -> None:
    (fleet / "fleet.yaml").write_text("id: other\n")
    assert checkout.base(fleet) == git(fleet, "rev-parse", "HEAD")


def test_a_branch_is_compared_with_where_it_left_the_trunk(fleet: Path) -> None:
    fork = git(fleet, "rev-parse", "HEAD")
    git(fleet, "switch", "-q", "-c", "mine")
    (fleet / "fleet.yaml").write_text("id: mine\n")
    git(fleet, "commit", "-q", "-a", "-m", "mine")
    (fleet / "fleet.yaml").write_text("id: uncommitted\n")
    assert checkout.base(fleet) == fork
    git(fleet, "commit", "-q", "-a", "-m", "more")
    git(fleet, "switch", "-q", "main")
    (fleet / "fleet.yaml").write_text("id: trunk\n")
    git(fleet, "commit", "-q", "-a", "-m", "trunk")
    git(fleet, "switch", "-q", "mine")
    assert checkout.base(fleet) == checkout.base(fleet, "main") == fork


def test_a_named_revision_counts(fleet: Path) -> None:
    assert checkout.base(fleet, "HEAD") == git(fleet, "rev-parse", "HEAD")
    with pytest.raises(DomainError, match="has no revision"):
        checkout.base(fleet, "never")


def test_what_is_not_pushed_is_compared_with_the_server(fleet: Path) -> None:
    fork = git(fleet, "rev-parse", "HEAD^")
    git(fleet, "update-ref", "refs/remotes/origin/main", fork)
    (fleet / "fleet.yaml").write_text("id: more\n")
    git(fleet, "commit", "-q", "-a", "-m", "more")
    assert checkout.base(fleet) == fork


def test_a_first_commit_has_nothing_before_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    assert checkout.base(tmp_path) is None
    (tmp_path / "fleet.yaml").write_text("id: f1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    assert checkout.base(tmp_path) is None
    (tmp_path / "fleet.yaml").write_text("id: f2\n")
    assert checkout.base(tmp_path) == git(tmp_path, "rev-parse", "HEAD")


def test_a_shallow_clone_that_lacks_the_trunk_is_compared_with_nothing(fleet: Path, tmp_path: Path) -> None:
    """Not with the last commit of the branch, which is but a part of what it brings."""
    git(fleet, "switch", "-q", "-c", "mine")
    for text in ("a", "b", "c"):
        (fleet / "fleet.yaml").write_text(f"id: {text}\n")
        git(fleet, "commit", "-q", "-a", "-m", text)
    git(fleet, "switch", "-q", "main")
    git(tmp_path, "clone", "-q", "--depth", "2", "--branch", "mine", f"file://{tmp_path}", "shallow")
    clone = tmp_path / "shallow" / fleet.name
    assert checkout.is_shallow(clone)
    assert checkout.base(clone) is None
    assert checkout.base(clone, "HEAD^") == git(fleet, "rev-parse", "mine^")
    assert not checkout.is_shallow(fleet)
