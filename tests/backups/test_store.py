"""A repository opened on the operator's side: by a passphrase that nobody else on that machine can see."""

import subprocess
from pathlib import Path

import pytest

from components.backups.recovery import passphrase
from components.backups.store import Store, last_words
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
        seen = Path(f"/proc/{process.pid}/cmdline").read_bytes() + Path(f"/proc/{process.pid}/environ").read_bytes()
        assert b"restic" in seen
        assert words.encode() not in seen
        process.wait(timeout=120)
    assert store.opens()
    assert not Store(target, backed.uuid, "another").opens()
    with pytest.raises(DomainError, match=r"Unable to look: .*wrong password"):
        Store(target, backed.uuid, "another").run("Unable to look", "snapshots")
