"""Who may add to which repository: what is promised, what is declared, and one step of every delivery."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from components.backups import enrolment
from components.backups.enrolment import ROOM, Enrolled, enrol
from components.backups.guest_side import GuestSide
from components.backups.target import Target
from components.domain.backups import Backups
from components.domain.clients import Restore
from components.domain.problems import DomainError
from components.drivers.guest import Said
from components.guest.hearing import Line
from tests.backups.target_host import TargetHost
from tests.domain import sample

GIB = 1024**3
KEY = "ssh-ed25519 " + "E" * 68
DECLARED = Backups(target="ssh://b@h:22/srv/b", host_key="k", recovery=("age1x",), admin="false")


def side(key: str = KEY, reinstall: int = 0) -> GuestSide:
    def ask(words: Sequence[str], stdin: bytes, deadline_s: float) -> Said:
        del words, stdin, deadline_s
        return Said(code=0, out=key.encode())

    return GuestSide(title="example-coop/web1", ask=ask, reinstall=reinstall)


def test_a_promise_without_a_target_is_told() -> None:
    fleet = sample.fleet()
    client = fleet.clients["example-coop"]
    assert fleet.packages["small@2026-01"].backup is not None
    with pytest.raises(DomainError, match=r"promises backups, and fleet\.yaml declares no target"):
        Enrolled.of(fleet, client, client.vps["web1"])
    # A delivery does not wait for what nobody declared.
    assert enrol(fleet, Line(client=client, vps=client.vps["web1"])) == ""


def test_what_promises_none_is_not_enrolled() -> None:
    fleet = sample.fleet(backups=DECLARED)
    plain = replace(fleet.packages["small@2026-01"], backup=None)
    fleet = replace(fleet, packages={"small@2026-01": plain})
    client = fleet.clients["example-coop"]
    assert Enrolled.of(fleet, client, client.vps["web1"]) is None
    assert enrol(fleet, Line(client=client, vps=client.vps["web1"])) == ""


@pytest.mark.lab
def test_each_vps_has_room_for_itself_under_its_own_number(host: TargetHost, target: Target) -> None:
    fleet = sample.fleet(backups=host.declared("age1x"))
    client = fleet.clients["example-coop"]
    found = Enrolled.of(fleet, client, client.vps["web1"])
    assert found is not None
    assert found.authorise(side(), target) == "new"
    kept = target.status(found.uuid)[found.uuid]
    assert (kept.enrolled, kept.limit_bytes) == (True, fleet.packages["small@2026-01"].limits.disk_gib * GIB * ROOM)
    assert found.uuid == client.vps["web1"].machine_uuid(fleet.id, client.id)
    other = side("ssh-ed25519 " + "F" * 68)
    with pytest.raises(DomainError, match="only a restore or a reinstallation brings a new one"):
        found.authorise(other, target)
    # Restored in place: its file says `reinstall` as well, and a delivery before the hand-over must not put the
    # repository aside that it is to be restored from.
    restored = replace(
        found.vps, reinstall=1, restore=Restore(source="kvm1", empty=True, backup="2026-12-01T00:00:00Z")
    )
    again = replace(found, vps=restored)
    # Between the edit and `vps up` the guest of before runs: neither it nor its repository is anything new.
    for anew in (False, True):
        with pytest.raises(DomainError, match=r"installation 0 of it runs, and its file says reinstall: 1\. .*vps up"):
            again.authorise(side(), target, anew=anew)
    other = side("ssh-ed25519 " + "F" * 68, reinstall=1)
    with pytest.raises(DomainError, match="only a restore or a reinstallation brings a new one"):
        again.authorise(other, target)
    assert again.authorise(other, target, anew=True) == "replaced"
    assert again.authorise(other, target) == "same"
    assert not list((host.root / f"srv/vps-backups/{found.uuid}").glob("former-*"))
    # The line may stay or go; then it is installed anew on purpose.
    done = replace(found, vps=replace(found.vps, reinstall=1))
    assert done.authorise(other, target) == "same"
    newer = replace(found, vps=replace(found.vps, reinstall=2))
    assert newer.authorise(side("ssh-ed25519 " + "G" * 68, reinstall=2), target) == "new"
    assert len(list((host.root / f"srv/vps-backups/{found.uuid}").glob("former-*"))) == 1


def test_the_delivery_s_step_is_here() -> None:
    """`vps deliver` names it and nothing else of this room."""
    from components.cli.deliver import _steps

    assert enrolment.enrol in _steps()
