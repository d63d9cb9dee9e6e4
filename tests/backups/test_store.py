"""A repository opened on the operator's side: by a passphrase that nobody else on that machine can see."""

import shutil
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from components.backups.comeback import Archive
from components.backups.recovery import passphrase
from components.backups.store import SPARE, Store, last_words
from components.backups.target import Target
from components.domain.problems import DomainError
from tests.backups.backed import Backed
from tests.backups.conftest import Recovery
from tests.backups.target_host import TargetHost


def test_last_words_steer_no_terminal() -> None:
    assert last_words(b"first\nFatal: \x1b[31mno such thing.\n\n") == "Fatal:  [31mno such thing"
    assert last_words(b"") == "nothing was said"


@pytest.mark.lab
def test_the_passphrase_is_on_no_command_line(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    """Nor in the environment: restic reads it from memory that it inherited."""
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    backed.back_up()
    words = passphrase(target, backed.uuid, recovery.file, "Unable to look")
    store = Store(target, backed.uuid, words)
    with store._started(["--no-lock", "snapshots"], stdout=subprocess.DEVNULL) as process:
        place = Path(f"/proc/{process.pid}")
        end = time.monotonic() + 60
        while not (words_seen := (place / "cmdline").read_bytes()):
            assert time.monotonic() < end
        seen = words_seen + (place / "environ").read_bytes()
        assert b"restic" in seen
        assert words.encode() not in seen
        process.wait(timeout=120)
    assert store.opens()
    assert not Store(target, backed.uuid, "another").opens()
    with pytest.raises(DomainError, match=r"Unable to look: .*wrong password"):
        Store(target, backed.uuid, "another").run("Unable to look", "snapshots")


@pytest.mark.lab
def test_what_a_client_made_large_ends_before_it_fills_this_machine(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zeros are a few bytes at the target and as many here as they say; a target that hangs holds nobody."""
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    with (backed.files / "zeros").open("wb") as stream:
        stream.truncate(200_000_000)
    backed.back_up()
    assert target.status(backed.uuid)[backed.uuid].kept_bytes < 10_000_000
    archive = Archive.open(target, backed.uuid, recovery.file, backed.title, "latest")
    with pytest.raises(DomainError, match="larger than 1 MiB"):
        archive.bring(tmp_path / "no", 1024**2)
    assert not (tmp_path / "no").exists(), "it said so itself"
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=SPARE + 1000))
    with pytest.raises(DomainError, match="has no room for it"):
        archive.bring(tmp_path / "no")
    monkeypatch.undo()
    # One that says it is small, and is not.
    monkeypatch.setattr("components.backups.store.WATCH_S", 0.01)
    with pytest.raises(DomainError, match="larger than 1 MiB"):
        archive.store.restore("it", archive.files, tmp_path / "files", most=1024**2)
    with (tmp_path / "out").open("wb") as to:
        with pytest.raises(DomainError, match="larger than 1 MiB"):
            archive.store.dump("it", archive.files, f"{backed.files}/zeros", to, most=1024**2)
        assert to.tell() <= 1024**2
        with pytest.raises(DomainError, match="did not end within 0 s"):
            archive.store.dump("it", archive.files, f"{backed.files}/zeros", to, most=10**9, deadline_s=0.01)
    with pytest.raises(DomainError, match="did not end within 0 s"):
        archive.store.run("it", "--no-lock", "snapshots", deadline_s=0.01)
