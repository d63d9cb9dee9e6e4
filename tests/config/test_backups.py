"""`backups:` of fleet.yaml."""

import pytest
from pydantic import ValidationError

from components.config.backups import BackupsShape
from components.domain.backups import Backups, Drill

LINES = {"target": "ssh://b@h:22/srv/b", "host_key": "ssh-ed25519 AAAA", "recovery": ["age1x"], "admin": "ssh root@h"}


def test_every_key_arrives() -> None:
    found = BackupsShape.model_validate(LINES | {"drill": {"network": "public1", "ipv4": "192.0.2.9"}}).domain()
    assert found == Backups(
        target="ssh://b@h:22/srv/b",
        host_key="ssh-ed25519 AAAA",
        recovery=("age1x",),
        admin="ssh root@h",
        drill=Drill(network="public1", ipv4="192.0.2.9"),
    )
    assert BackupsShape.model_validate(LINES).domain().drill is None


@pytest.mark.parametrize("key", LINES)
def test_none_of_the_keys_can_be_left_out(key: str) -> None:
    with pytest.raises(ValidationError, match="missing"):
        BackupsShape.model_validate({name: value for name, value in LINES.items() if name != key})


def test_there_is_always_somebody_who_can_open_them() -> None:
    with pytest.raises(ValidationError, match="at least 1"):
        BackupsShape.model_validate(LINES | {"recovery": []})
