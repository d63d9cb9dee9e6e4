"""A commit is what its name says, from wherever it comes; files are the objects' own bytes."""

import os
import subprocess

import pytest

from components.bundles import repository
from components.bundles.errors import BundleError
from tests.bundles.standin import IDENTITY, git
from tests.bundles.standin import repository as make


@pytest.fixture
def upstream(world):
    return world.mirror / "github.com" / "example" / "app.git"


def take(url, commit, tmp_path, name="new.git", **options):
    target = tmp_path / name
    repository.fetch(str(url), commit, target, **options)
    repository.prove(target, commit)
    return repository.tree(target, commit)


def contents(tree):
    files = [entry.path for entry in tree.entries if entry.target is None]
    return dict(zip(files, tree.contents(), strict=True))


def test_files_links_and_modes_are_the_commits(world, upstream, tmp_path):
    tree = take(upstream, world.commit, tmp_path)
    found = {entry.path: entry for entry in tree.entries}
    assert found["now"].target == "lib/index.php"
    assert found["run"].is_executable
    assert not found["lib/index.php"].is_executable
    assert contents(tree)["run"] == b"#!/bin/sh\n"
    assert tree.facts["date"] == "2026-01-02"
    assert tree.facts["tree"] == git("rev-parse", f"{world.commit}^{{tree}}", folder=upstream)


def test_attributes_and_settings_change_no_byte(world, upstream, tmp_path, monkeypatch):
    """`git archive` would put the commit's name in and leave a file out, and some settings would turn line ends."""
    (tmp_path / "config").write_text("[core]\n\tautocrlf = true\n\teol = crlf\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    assert contents(take(upstream, world.commit, tmp_path))["lib/index.php"] == b"<?php // $Format:%H$\n"


def test_an_older_commit_is_had_and_no_branch_moves_it(world, upstream, tmp_path):
    (world.content / "run").write_text("#!/bin/sh\necho new\n")
    newer = make(world.content, tmp_path / "other.git")
    git("fetch", "-q", str(tmp_path / "other.git"), newer, folder=upstream)
    git("update-ref", "refs/heads/main", newer, folder=upstream)
    assert contents(take(upstream, world.commit, tmp_path, "a.git"))["run"] == b"#!/bin/sh\n"
    assert contents(take(upstream, newer, tmp_path, "b.git"))["run"] == b"#!/bin/sh\necho new\n"


def test_a_web_server_that_only_gives_files_is_enough(world, upstream, web, tmp_path):
    git("update-server-info", folder=upstream)
    assert "run" in contents(take(f"{web.url}/github.com/example/app.git", world.commit, tmp_path))


def test_a_commit_that_is_not_there_is_told(upstream, tmp_path):
    missing = "12" * 20
    with pytest.raises(BundleError, match=rf"app\.git has no commit {missing}\."):
        take(upstream, missing, tmp_path)


def test_a_commit_that_a_web_server_has_not_is_told(world, upstream, web, tmp_path):
    git("update-server-info", folder=upstream)
    with pytest.raises(BundleError, match="has no commit"):
        take(f"{web.url}/github.com/example/app.git", "12" * 20, tmp_path)


def test_what_is_no_commit_is_refused(world, upstream, tmp_path):
    blob = git("rev-parse", f"{world.commit}:run", folder=upstream)
    with pytest.raises(BundleError, match=r"has no commit|is no commit"):
        take(upstream, blob, tmp_path)


def test_no_answer_is_told_with_the_address(tmp_path):
    with pytest.raises(BundleError, match=r"http://127\.0\.0\.1:1/app\.git can't be fetched: .*"):
        take("http://127.0.0.1:1/app.git", "12" * 20, tmp_path)
    with pytest.raises(BundleError, match="can't be fetched"):
        take(tmp_path / "none.git", "12" * 20, tmp_path, "b.git")


def test_a_silent_server_is_given_up(tmp_path, web):
    import threading

    gate = threading.Event()
    web.answers["/app.git/info/refs?service=git-upload-pack"] = lambda _: gate.wait(60)
    try:
        with pytest.raises(BundleError, match="did not deliver the commit"):
            take(f"{web.url}/app.git", "12" * 20, tmp_path, deadline_s=3)
    finally:
        gate.set()


def test_an_object_with_other_bytes_is_found_out(world, upstream, tmp_path):
    """Somebody changed a file inside the mirror's own store."""
    blob = git("rev-parse", f"{world.commit}:run", folder=upstream)
    other = git("hash-object", "-w", "--stdin", folder=upstream, stdin="#!/bin/sh\nevil\n")
    (upstream / "objects" / blob[:2] / blob[2:]).unlink()
    (upstream / "objects" / other[:2] / other[2:]).rename(upstream / "objects" / blob[:2] / blob[2:])
    with pytest.raises(BundleError):
        take(upstream, world.commit, tmp_path)


def test_a_kept_object_with_other_bytes_is_found_out(world, upstream, tmp_path):
    take(upstream, world.commit, tmp_path)
    kept = tmp_path / "new.git"
    blob = git("rev-parse", f"{world.commit}:run", folder=kept)
    for pack in kept.glob("objects/pack/*.pack"):
        data = pack.read_bytes()
        for file in kept.glob("objects/pack/*"):
            file.unlink()
        subprocess.run(
            ["git", "-C", kept, "unpack-objects", "-q"], input=data, check=True, env={**os.environ, **IDENTITY}
        )
    other = git("hash-object", "-w", "--stdin", folder=kept, stdin="#!/bin/sh\nevil\n")
    (kept / "objects" / other[:2] / other[2:]).replace(kept / "objects" / blob[:2] / blob[2:])
    with pytest.raises(BundleError, match="are damaged"):
        repository.prove(kept, world.commit)


def test_a_replaced_commit_is_not_believed(world, upstream, tmp_path):
    """`git replace` shows another commit under the same name."""
    take(upstream, world.commit, tmp_path)
    kept = tmp_path / "new.git"
    empty = git("mktree", folder=kept, stdin="")
    other = git("commit-tree", empty, "-m", "nothing", folder=kept)
    git("replace", world.commit, other, folder=kept)
    assert "run" in contents(repository.tree(kept, world.commit))


def test_a_repository_inside_is_told(world, upstream, tmp_path):
    listing = f"160000 commit {world.commit}\tinside\n"
    commit = git("commit-tree", git("mktree", "--missing", folder=upstream, stdin=listing), "-m", "x", folder=upstream)
    tree = take(upstream, commit, tmp_path)
    assert "another repository inside" in tree.entries[0].other


@pytest.mark.lab
def test_somebody_elses_mirror_is_readable(world, upstream, tmp_path):
    """A mirror is often filled by another account: git would refuse it as of dubious ownership."""
    if os.geteuid() != 0:
        pytest.fail("this test needs root, as the lab does")
    for path in [upstream, *upstream.rglob("*")]:
        os.lchown(path, 65534, 65534)
    assert "run" in contents(take(upstream, world.commit, tmp_path))


def test_one_folder_of_a_commit_is_enough(world, upstream, tmp_path):
    take(upstream, world.commit, tmp_path)
    tree = repository.tree(tmp_path / "new.git", world.commit, "lib")
    assert contents(tree) == {"index.php": b"<?php // $Format:%H$\n"}
    assert tree.facts["tree"] == git("rev-parse", f"{world.commit}:lib", folder=upstream)
    for missing in ("none", "run"):
        with pytest.raises(BundleError, match=f"has no folder {missing}"):
            repository.tree(tmp_path / "new.git", world.commit, missing)
