"""What a guest says of its backups is held to a shape before anything is done with it."""

import json
from collections.abc import Sequence

import pytest

from components.backups.guest_side import BACKUP, GuestSide
from components.domain.problems import DomainError
from components.drivers.guest import Said

KEY = "ssh-ed25519 " + "A" * 68


class Guest:
    """Answers everything with one answer, and keeps what it was asked."""

    def __init__(self, said: Said) -> None:
        self.said = said
        self.asked: list[tuple[list[str], bytes]] = []

    def ask(self, words: Sequence[str], stdin: bytes, deadline_s: float) -> Said:
        assert deadline_s > 0
        self.asked.append((list(words), stdin))
        return self.said

    @property
    def side(self) -> GuestSide:
        return GuestSide(title="c/web1", ask=self.ask, reinstall=0)


def test_its_key_is_read_and_settings_go_in_by_standard_input() -> None:
    guest = Guest(Said(code=0, out=f"{KEY}\n".encode()))
    assert guest.side.prepare({"target": "t"}) == KEY
    assert guest.asked == [([BACKUP, "prepare"], b'{"target": "t"}')]


@pytest.mark.parametrize(
    "said",
    ["", "noise", f"{KEY} comment", f"{KEY}\n{KEY}", f'command="x" {KEY}', "ssh-rsa AAAA", "\x00" + KEY, "A" * 9999],
)
def test_what_is_no_key_is_none(said: str) -> None:
    with pytest.raises(DomainError, match="what its guest gives as its public key is none"):
        Guest(Said(code=0, out=said.encode())).side.prepare({})


def test_a_guest_that_can_t_says_why_and_steers_no_terminal() -> None:
    with pytest.raises(DomainError, match=r"its guest says: no  \[31m backup") as raised:
        Guest(Said(code=1, err=b"first\nno \x1b[31m backup\n")).side.prepare({})
    assert "\x1b" not in str(raised.value)
    with pytest.raises(DomainError, match="nothing, exit status 127"):
        Guest(Said(code=127)).side.prepare({})


def test_the_passphrase_is_in_no_word_of_a_command() -> None:
    guest = Guest(Said(code=0))
    guest.side.take("a secret passphrase", "ab" * 32)
    ((words, stdin),) = guest.asked
    assert words == [BACKUP, "take"]
    assert json.loads(stdin) == {"passphrase": "a secret passphrase", "snapshot": "ab" * 32}


def test_a_drill_is_read_as_counts_and_short_lines() -> None:
    counts = {"files": 3, "bytes": 10, "hashed": 2, "tables": 1, "differ": 1}
    wrong = ["/a: other \x1b[2Jcontent", "x" * 1000] + ["more"] * 100
    said = Said(code=1, out=json.dumps({**counts, "wrong": wrong, "run": "2026", "extra": "dropped"}).encode())
    found = Guest(said).side.drill(10)
    assert {name: found[name] for name in counts} == counts
    assert found["wrong"][0] == "/a: other  [2Jcontent"
    assert (len(found["wrong"]), max(map(len, found["wrong"]))) == (20, 200)
    assert "extra" not in found
    for out in (b"", b"[]", b'{"files": "many"}', json.dumps(counts).encode()):
        with pytest.raises(DomainError, match="The backup is not proven"):
            Guest(Said(code=1, out=out, err=b"no room\n")).side.drill(10)


def test_the_first_backup_is_only_begun() -> None:
    guest = Guest(Said(code=0))
    guest.side.begin()
    assert guest.asked[0][0][1:] == ["start", "--no-block", "vps-backup.service"]
