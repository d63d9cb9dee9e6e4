"""The commit last applied: who lacks it may not apply."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.domain.problems import DomainError
from components.engine import commit
from components.engine.location import engine_path
from tests.engine.conftest import STACK, Bench

IDENTITY = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *IDENTITY, "-C", folder, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit_all(folder: Path, message: str) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A fleet in git, two commits deep."""
    fleet = tmp_path / "fleet" / "stacks"
    fleet.mkdir(parents=True)
    git(fleet.parent, "init", "-q", "-b", "main")
    (fleet / "fleet.yaml").write_text("one\n")
    commit_all(fleet.parent, "one")
    return fleet


@pytest.fixture
def backend(tmp_path: Path) -> dict[str, str]:
    return {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}"}


def applied(
    backend: dict[str, str],
    head: str,
    *,
    number: int = 1,
    kind: str = "update",
    stack: str = STACK,
    result: str = "succeeded",
    changed: str = "",
    dirty: bool = False,
) -> None:
    """A run as the engine notes it."""
    folder = Path(backend["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi/history/aegir-vps" / stack
    folder.mkdir(parents=True, exist_ok=True)
    noted = {commit.HEAD: head, commit.DIRTY: str(dirty).lower()} if head else {}
    run = {"kind": kind, "environment": noted, "result": result}
    run["resourceChanges"] = {"same": 2, **({changed: 1} if changed else {})}
    (folder / f"{stack}-{1795340283165741770 + number}.history.json").write_text(json.dumps(run))


def test_nothing_applied_nothing_said(checkout: Path, backend: dict[str, str]) -> None:
    assert commit.need(backend, checkout, STACK) == ""


def test_a_checkout_with_the_commit_may_apply(checkout: Path, backend: dict[str, str]) -> None:
    applied(backend, git(checkout, "rev-parse", "HEAD"))
    assert commit.need(backend, checkout, STACK) == ""
    commit_all(checkout.parent, "two")
    assert commit.need(backend, checkout, STACK) == ""


def test_an_old_checkout_may_not(checkout: Path, backend: dict[str, str]) -> None:
    old = git(checkout, "rev-parse", "HEAD")
    new = commit_all(checkout.parent, "two")
    applied(backend, new)
    git(checkout, "checkout", "-q", old)
    with pytest.raises(DomainError, match="does not contain") as refused:
        commit.need(backend, checkout, STACK)
    assert new[:12] in str(refused.value)
    assert "git fetch" in str(refused.value)
    assert commit.need(backend, checkout, "client.other") == "", "another stack is another history"


def test_a_checkout_that_never_heard_of_it_may_not(checkout: Path, backend: dict[str, str]) -> None:
    applied(backend, "ab" * 20)
    with pytest.raises(DomainError, match="does not know"):
        commit.need(backend, checkout, STACK)


def test_a_rewritten_history_is_named_by_its_commit(checkout: Path, backend: dict[str, str]) -> None:
    applied(backend, "ab" * 20)
    assert "as you said" in commit.need({**backend, commit.INSTEAD: "abababab"}, checkout, STACK)
    for wrong in ("", "ab", "cdcdcdcd"):
        with pytest.raises(DomainError):
            commit.need({**backend, commit.INSTEAD: wrong}, checkout, STACK)


def test_uncommitted_changes_are_told_and_allowed(checkout: Path, backend: dict[str, str]) -> None:
    applied(backend, git(checkout, "rev-parse", "HEAD"))
    (checkout / "fleet.yaml").write_text("two\n")
    assert "1 uncommitted file" in commit.need(backend, checkout, STACK)


def test_outside_git_nobody_can_compare(tmp_path: Path, backend: dict[str, str]) -> None:
    (tmp_path / "stacks").mkdir()
    assert commit.need(backend, tmp_path / "stacks", STACK) == ""
    applied(backend, "ab" * 20)
    assert "no git checkout" in commit.need(backend, tmp_path / "stacks", STACK)


def test_the_callers_own_git_variables_are_not_asked(
    checkout: Path, backend: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook of git runs with them, about another checkout."""
    applied(backend, git(checkout, "rev-parse", "HEAD"))
    monkeypatch.setenv("GIT_DIR", "/no/such/folder")
    assert commit.need(backend, checkout, STACK) == ""


def test_the_last_run_that_applied_something_counts(backend: dict[str, str]) -> None:
    """A refresh applies no file; a broken note is passed over."""
    applied(backend, "ab" * 20, number=1)
    applied(backend, "cd" * 20, number=2)
    applied(backend, "ef" * 20, number=3, kind="refresh")
    applied(backend, "", number=4)
    applied(backend, "ef" * 20, number=5, result="failed")
    assert commit.last(backend, STACK) == "cd" * 20
    applied(backend, "98" * 20, number=6, result="failed", changed="update")
    assert commit.last(backend, STACK) == "98" * 20, "half of it is in force"
    assert commit.last({"PULUMI_BACKEND_URL": "s3://bucket"}, STACK) is None


def test_what_was_applied_uncommitted_is_settled_by_a_run_of_its_commit(
    checkout: Path, backend: dict[str, str], tmp_path: Path
) -> None:
    """The commit beneath is noted; a checkout of it would pass, and take back what came on top."""
    one = git(checkout, "rev-parse", "HEAD")
    assert commit.is_settled(backend, checkout, STACK), "nothing was applied"
    applied(backend, one, number=1, dirty=True)
    assert commit.is_settled(backend, checkout, STACK), "no other commit could be noted yet"
    two = commit_all(checkout.parent, "two")
    assert not commit.is_settled(backend, checkout, STACK)
    assert commit.is_settled(backend, tmp_path, STACK), "nobody can compare"
    applied(backend, two, number=2)
    commit_all(checkout.parent, "three")
    assert commit.is_settled(backend, checkout, STACK), "all of it stands in the commit that is noted"


@pytest.mark.engine
def test_what_was_applied_uncommitted_is_noted_once_it_is_committed(bench: Bench) -> None:
    """Although nothing is to change then: whoever lacks the commit would undo it."""
    folder = bench.project.folder
    git(folder, "init", "-q", "-b", "main")
    (folder / ".gitignore").write_text(".vps/\n")
    old = commit_all(folder, "one")
    bench.edit(lambda client: client.update(name="Another Cooperative"))
    bench.vps("up", STACK, "--yes")
    assert commit.last(bench.environment, STACK) == old
    new = commit_all(folder, "two")
    bench.vps("up", STACK, "--yes")
    assert commit.last(bench.environment, STACK) == new
    git(folder, "checkout", "-q", old)
    assert "does not contain" in bench.vps("up", STACK, "--yes", code=1)


@pytest.mark.engine
def test_a_rewritten_history_is_noted_although_nothing_is_to_change(bench: Bench) -> None:
    """Said once, by who knows; the next run needs no word."""
    folder = bench.project.folder
    git(folder, "init", "-q", "-b", "main")
    (folder / ".gitignore").write_text(".vps/\n")
    old = commit_all(folder, "one")
    bench.vps("up", STACK, "--yes")
    git(folder, "commit", "-q", "--amend", "-m", "uno")
    assert "does not contain" in bench.vps("up", STACK, "--yes", code=1)
    bench.vps("up", STACK, "--yes", "--instead-of", old)
    assert f"{STACK}: nothing to change." in bench.vps("up", STACK, "--yes")


@pytest.mark.engine
def test_the_engine_notes_what_we_look_for(bench: Bench) -> None:
    """The real engine in a real checkout: applied, then refused from an older one by our command and by the program."""
    folder = bench.project.folder
    git(folder, "init", "-q", "-b", "main")
    (folder / ".gitignore").write_text(".vps/\n")
    old = commit_all(folder, "one")
    bench.edit(lambda client: client.update(name="Another Cooperative"))
    new = commit_all(folder, "two")
    bench.environment["PULUMI_DIY_BACKEND_GZIP"] = "true"
    bench.up()
    assert commit.last(bench.environment, STACK) == new
    assert f"{STACK}: nothing to change. " in bench.vps("preview", STACK), "compressed, it is read as well"
    del bench.environment["PULUMI_DIY_BACKEND_GZIP"]
    bench.up()
    assert commit.last(bench.environment, STACK) == new
    assert commit.asked(bench.environment, bench.project.fleet, STACK, engine_path()) == new
    git(folder, "checkout", "-q", old)
    before = bench.domains()
    assert "does not contain" in bench.vps("up", STACK, "--yes", code=1)
    assert "does not contain" in bench.up(code=1)
    assert "does not contain" in bench.pulumi("preview", "--stack", STACK)
    assert bench.domains() == before
    git(folder, "checkout", "-q", "main")
    bench.vps("up", STACK, "--yes")
