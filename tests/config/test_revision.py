import subprocess
from pathlib import Path

import pytest

from components.config.checkout import changed
from components.config.loader import load
from components.config.revision import blobs, files_at, load_at
from components.domain.problems import DomainError


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@hoster.example", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, message: str = "a change") -> str:
    if not (folder.parent / ".git").exists():
        git(folder.parent, "init", "-q", "-b", "main")
    git(folder.parent, "add", "-A")
    git(folder.parent, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def test_a_revision_gives_what_the_files_gave(folder: Path) -> None:
    (folder / "clients" / "broken.yaml").write_text("id: [\n")
    now = load(folder)
    commit(folder)
    for file in folder.rglob("*.yaml"):
        file.unlink()
    then = load_at(folder, "HEAD")
    assert then.fleet == now.fleet
    assert then.problems == now.problems
    assert then.files == now.files


def test_every_file_is_given_byte_by_byte(folder: Path) -> None:
    content = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.yaml")}
    odd = {"clients/ä b.yaml": b"\xff\n\0", "clients/empty.yaml": b"", "clients/same.yaml": b""}
    for name, text in odd.items():
        (folder / name).write_bytes(text)
    (folder / "pulumi").mkdir()
    (folder / "pulumi" / "Pulumi.x.yaml").write_text("the engine's\n")
    (folder / "large").write_bytes(b"x" * (1024 * 1024 + 1))
    (folder / "link").symlink_to("fleet.yaml")
    commit(folder)
    assert files_at(folder, "HEAD") == content | odd


def test_a_certificate_beside_the_fleet_is_read_from_the_revision(folder: Path) -> None:
    fleet = folder / "fleet.yaml"
    fleet.write_text(
        fleet.read_text()
        + "\nacme: {directory: https://ca.example/dir, email: a@ca.example, staging: true, ca_file: ./ca.pem}\n"
    )
    (folder / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n")
    now = load(folder)
    commit(folder)
    (folder / "ca.pem").unlink()
    assert load_at(folder, "HEAD").fleet.authority == now.fleet.authority is not None
    commit(folder)
    assert any("ca.pem can't be read" in problem.message for problem in load_at(folder, "HEAD").problems)


def test_a_revision_without_clients_says_so(folder: Path) -> None:
    (folder / "clients" / "example-coop.yaml").unlink()
    commit(folder)
    (problem,) = load_at(folder, "HEAD").problems
    assert (problem.file, problem.message) == ("clients/", "The folder can't be read: No such file or directory.")


def test_a_revision_before_the_fleet_says_so(folder: Path) -> None:
    (folder.parent / "README").write_text("first\n")
    git(folder.parent, "init", "-q", "-b", "main")
    git(folder.parent, "add", "README")
    git(folder.parent, "commit", "-q", "-m", "first")
    commit(folder)
    with pytest.raises(DomainError, match="was not there at HEAD"):
        files_at(folder, "HEAD^")
    with pytest.raises(DomainError, match="has no revision"):
        files_at(folder, "v9")


def test_a_lost_blob_is_said(folder: Path) -> None:
    commit(folder)
    with pytest.raises(DomainError, match="lacks the content of abababababab"):
        blobs(folder, ["ab" * 20])
    assert blobs(folder, []) == {}


def test_only_what_differs_is_read_again_and_the_answer_is_the_same(folder: Path, other_client: str) -> None:
    (folder / "clients" / "gone.yaml").write_text("id: [\n")
    before = commit(folder)
    (folder / "clients" / "gone.yaml").unlink()
    (folder / "clients" / "new.yaml").write_text("id: 5\n")
    (folder / "clients" / f"{other_client}.yaml").write_text("name: odd\n")
    shared = folder / "fleet.yaml"
    shared.write_text(shared.read_text().replace("cards: true", "cards: false"))
    now = load(folder)
    differing = changed(folder, before)
    assert differing == {"clients/gone.yaml", "clients/new.yaml", "clients/other.yaml", "fleet.yaml"}
    earlier = files_at(folder, before, differing)
    fast = load(folder, earlier, gone=differing - earlier.keys(), like=now)
    slow = load_at(folder, before)
    assert (fast.fleet, fast.problems, fast.files) == (slow.fleet, slow.problems, slow.files)
    assert {one.code for one in slow.problems} == {"no-yaml"}
    assert fast.readings.keys() == earlier.keys()
