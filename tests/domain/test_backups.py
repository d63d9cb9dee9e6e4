"""Where backups go: addresses taken apart, instants, and what a guest is told."""

from datetime import UTC, datetime

import pytest

from components.domain.backups import Backups, Place, instant
from components.domain.packages import Backup
from components.domain.problems import DomainError


def test_an_address_is_taken_apart() -> None:
    assert Place.parse("ssh://b@backup.example:2222/srv/b") == Place(
        user="b", host="backup.example", port=2222, path="/srv/b"
    )
    assert Place.parse("ssh://b@[2001:db8::3]/srv/b") == Place(user="b", host="2001:db8::3", port=22, path="/srv/b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "backup.example:/srv",
        "ssh://backup.example/srv",
        "ssh://b@h:0/srv",
        "ssh://b@h:70000/srv",
        "ssh://b@h/",
        "ssh://b@h/srv/",
        "ssh://b@h/srv/../etc",
        "ssh://b@h/srv;id",
        "ssh://-oProxyCommand=x@h/srv",
        "ssh://b@h/srv\nx",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(DomainError, match="is no target of backups"):
        Place.parse(text)


def test_a_day_is_meant_to_its_end() -> None:
    assert instant("2026-12-03") == datetime(2026, 12, 3, 23, 59, 59, tzinfo=UTC)
    assert instant("2026-12-03T04:05:06Z") == datetime(2026, 12, 3, 4, 5, 6, tzinfo=UTC)
    for bad in ("", "yesterday", "2026-13-01", "2026-12-03 04:05", "03.12.2026"):
        with pytest.raises(DomainError, match="is no instant"):
            instant(bad)


def test_a_guest_is_told_nothing_secret_and_not_how_the_operator_gets_in() -> None:
    declared = Backups(target="ssh://b@h/srv", host_key="k", recovery=("age1a", "age1b"), admin="ssh root@h")
    assert declared.settings(Backup(every_hours=12, keep_days=7)) == {
        "target": "ssh://b@h/srv",
        "host_key": "k",
        "recovery": "age1a age1b",
        "every_hours": 12,
        "keep_days": 7,
    }
