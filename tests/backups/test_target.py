"""The target's side: a key adds to its own repository and nothing else; what lies there is the target's own word."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.backups.target import Run, Target, Visit, parse_status
from components.domain.problems import DomainError
from tests.backups.backed import GIB, Backed
from tests.backups.conftest import Recovery
from tests.backups.target_host import PLACE, TargetHost

UUID = "0a1b2c3d-1111-4222-8333-444455556666"
SNAPSHOT = "ab" * 32


def test_status_is_parsed() -> None:
    text = (
        f"vps {UUID} keyed=yes escrow=2 gone=1 snapshots=6 kib=10 limit_kib=20 now=1700000100 held=no full=no\n"
        f'run {UUID} 1700000000 {SNAPSHOT} 9\nrun {UUID} 1600000000 {SNAPSHOT} 8\nproof {UUID} {{"at": "x y"}}\n'
        f"visit {UUID} g kvm2 1700000050\n"
    )
    found = parse_status(text)[UUID]
    assert (found.enrolled, found.sealed, found.lost, found.kept_bytes, found.held) == (True, 2, 1, 10240, "")
    assert [run.kept_bytes for run in found.runs] == [8192, 9216]
    assert found.runs[-1] == Run(at=datetime.fromtimestamp(1700000000, UTC), snapshot=SNAPSHOT, kept_bytes=9216)
    assert found.proof == '{"at": "x y"}'
    assert found.visits == (Visit(guest="g", host="kvm2", at=datetime.fromtimestamp(1700000050, UTC)),)


@pytest.mark.parametrize("line", ["vps x", f"vps {UUID} keyed=yes", f"run {UUID} soon {SNAPSHOT} 1", f"run {UUID}"])
def test_what_can_t_be_read_is_told(line: str) -> None:
    with pytest.raises(DomainError, match="Unable to read what the backup target says"):
        parse_status(line)


@pytest.mark.lab
def test_a_key_is_enrolled_once_and_a_second_one_is_refused(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    one, other = (Backed(tmp_path / name, host, recovery.recipient) for name in ("one", "other"))
    assert one.enrol(target) == "new"
    assert one.enrol(target) == "same"
    with pytest.raises(DomainError, match="another key of this VPS is authorised already"):
        target.enrol(one.uuid, one.title, GIB, other.key())
    assert other.enrol(target) == "new"
    with pytest.raises(DomainError, match="that key is already of"):
        target.enrol(one.uuid, one.title, GIB, other.key(), anew=True)
    for bad in ("ssh-rsa AAAA", f"{one.key()} comment", f'{one.key()}",command="sh', one.key() + "\nssh-ed25519 AAAA"):
        with pytest.raises(DomainError, match="no public key"):
            target.enrol(one.uuid, one.title, GIB, bad)
    with pytest.raises(DomainError, match="no uuid"):
        target.enrol("../../etc", one.title, GIB, one.key())
    lines = (host.root / "etc/vps-backups/authorized_keys").read_text().splitlines()[1:]
    assert sorted(line.split('"')[1].split()[-1] for line in lines) == sorted([one.uuid, other.uuid])
    assert all('",restrict ssh-ed25519 ' in line for line in lines)


@pytest.mark.lab
def test_its_key_gives_no_shell_and_no_way_beside(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    assert backed.run("run").returncode == 0
    for command in ("sh", "id", "", "repository; id", "look; id", "finished $(id)", "finished ../../x", "scp -t /tmp"):
        done = backed.ssh(command)
        assert b"uid=" not in done.stdout + done.stderr
        assert command.startswith("repository") or done.returncode == 1, command
    assert backed.ssh("finished " + "0" * 64).returncode == 1
    assert b"no sealed copy" in backed.ssh("escrow", b"not sealed").stderr
    assert b"no sealed copy" in backed.ssh("escrow", b"age-encryption.org/v1\n" + b"x" * 5000).stderr
    shell = host.wire.run(
        ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", f"{PLACE.user}@{PLACE.host}", "id"]
    )
    assert shell.returncode == 255


@pytest.mark.lab
def test_nothing_is_taken_before_a_sealed_passphrase_is_there(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    done = backed.ssh("repository")
    assert b"no sealed copy of the passphrase is here yet" in done.stderr
    backed.back_up()
    assert (target.status(backed.uuid)[backed.uuid].sealed, len(target.sealed(backed.uuid))) == (1, 1)
    # Somebody took it away at the target: what lies there does not count, and the next run puts it back first.
    host.run(f"rm {PLACE.path}/{backed.uuid}/escrow/*")
    assert target.status(backed.uuid)[backed.uuid].sealed == 0
    assert b"no sealed copy" in backed.ssh("repository").stderr
    backed.back_up()
    assert target.status(backed.uuid)[backed.uuid].sealed == 1


@pytest.mark.lab
def test_what_vanished_is_noticed_and_what_was_removed_on_purpose_is_not(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    first = backed.back_up()
    kept = target.status(backed.uuid)[backed.uuid]
    assert ([run.snapshot for run in kept.runs], kept.snapshots, kept.lost) == ([first], 2, 0)
    gone = target.there(backed.uuid)[0][1]
    host.run(f"rm {PLACE.path}/{backed.uuid}/repo/snapshots/{gone}")
    assert target.status(backed.uuid)[backed.uuid].lost == 1
    other = target.there(backed.uuid)[0][1]
    with target.alone(backed.uuid, "it"):
        target.pause(backed.uuid, "somebody prunes")
        target.forgotten(backed.uuid, [gone, other])
        assert target.status(backed.uuid)[backed.uuid].lost == 0
    assert target.status(backed.uuid)[backed.uuid].lost == 0
    # What was to go and did not go is missed when it goes later.
    host.run(f"rm {PLACE.path}/{backed.uuid}/repo/snapshots/{other}")
    assert target.status(backed.uuid)[backed.uuid].lost == 1


@pytest.mark.lab
def test_one_installed_anew_begins_a_repository_and_the_former_stays(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    former, newer = (Backed(tmp_path / name, host, recovery.recipient) for name in ("former", "newer"))
    former.enrol(target)
    former.back_up()
    with pytest.raises(DomainError, match="that is the key of before"):
        target.enrol(former.uuid, former.title, GIB, former.key(), generation=1)
    assert target.status(former.uuid)[former.uuid].runs
    # A power cut in the midst of the moves: the rest follows into the same folder.
    home = f"{PLACE.path}/{former.uuid}"
    host.run(f"mkdir {home}/put-aside; mv {home}/repo {home}/escrow {home}/put-aside")
    assert target.enrol(former.uuid, former.title, GIB, newer.key(), generation=1) == "new"
    assert len(host.run(f"ls -d {home}/former-*").stdout.split()) == 1
    parts = {"repo", "escrow", "runs", "seen", "key.pub"}
    assert set(host.run(f"ls {home}/former-*").stdout.decode().split()) >= parts
    assert host.run(f"ls {home}/put-aside").returncode
    assert not target.status(former.uuid)[former.uuid].runs
    kept = host.run(f"ls {PLACE.path}/{former.uuid}/former-*/repo/snapshots").stdout.split()
    assert len(kept) == 2
    with pytest.raises(DomainError, match="another key"):
        target.enrol(former.uuid, former.title, GIB, former.key(), generation=1)


@pytest.mark.lab
def test_a_guest_that_is_told_another_target_begins_there_at_once(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    """Not at the second try, because its last run ended well elsewhere."""
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    backed.back_up()
    host.run(f"cd {PLACE.path}/{backed.uuid} && rm -rf repo/* escrow/* && : >runs")
    settings = backed.folder / "guest.json"
    settings.write_text(settings.read_text().replace(PLACE.path, "/srv/another"))
    backed.back_up()


@pytest.mark.lab
def test_a_target_that_is_not_there_is_told(recovery: Recovery) -> None:
    from components.domain.backups import Backups

    key = "ssh-ed25519 " + "A" * 68
    url = "ssh://vps-backups@backup.invalid:22/srv/backups"
    declared = Backups(target=url, host_key=key, recovery=(recovery.recipient,), admin="sh -c 'exit 9'")
    with pytest.raises(DomainError, match=r"\(backup.invalid\): exit status 9"):
        Target(declared).status()
    absent = Backups(target=url, host_key=key, recovery=(recovery.recipient,), admin="no-such-program")
    with pytest.raises(DomainError, match="no-such-program: No such file"):
        Target(absent).status()


def test_one_that_does_not_let_go_is_told(recovery: Recovery) -> None:
    """Everything was done, and the guest is held off all the same; what failed within comes first."""
    from components.domain.backups import Backups

    key = "ssh-ed25519 " + "A" * 68
    url = "ssh://vps-backups@backup.invalid:22/srv/backups"
    stays = "sh -c 'echo alone; cat >/dev/null; echo backup target: it is still at work >&2; exit 1' it"
    target = Target(Backups(target=url, host_key=key, recovery=(recovery.recipient,), admin=stays))
    with (
        pytest.raises(DomainError, match=r"did not let go of it: it is still at work\."),
        target.alone(UUID, "Unable to prune"),
    ):
        pass
    with pytest.raises(ValueError, match="what went wrong"), target.alone(UUID, "Unable to prune"):
        raise ValueError("what went wrong")
