"""Opening with the recovery key alone: what whoever has root on the guest did to the repository changes nothing."""

import json
import subprocess
from pathlib import Path

import pytest

from components.backups.comeback import Archive
from components.backups.pruning import plan
from components.backups.recovery import passphrase, thin, unseal
from components.backups.target import Target
from components.domain.packages import Backup
from components.domain.problems import DomainError
from tests.backups.backed import Backed
from tests.backups.conftest import Recovery, recovery_key
from tests.backups.target_host import PLACE, TargetHost

UUID = "0a1b2c3d-1111-4222-8333-444455556666"


def sealed(recovery: Recovery, text: str) -> bytes:
    return subprocess.run(
        ["age", "--encrypt", "--recipient", recovery.recipient], input=text.encode(), capture_output=True, check=True
    ).stdout


@pytest.mark.lab
def test_only_the_key_opens_and_only_what_is_of_this_vps(recovery: Recovery, tmp_path: Path) -> None:
    good = sealed(recovery, json.dumps({"schema": 1, "uuid": UUID, "passphrase": "secret words"}))
    assert unseal(good, recovery.file, UUID) == "secret words"
    assert unseal(good, recovery_key(tmp_path).file, UUID) == ""
    assert unseal(good, recovery.file, UUID.replace("0", "1")) == ""
    assert unseal(b"age-encryption.org/v1\nnoise", recovery.file, UUID) == ""
    for text in ("{}", "[]", "noise", json.dumps({"schema": 2, "uuid": UUID, "passphrase": "x"})):
        assert unseal(sealed(recovery, text), recovery.file, UUID) == ""
    with pytest.raises(DomainError, match="There is no recovery key"):
        unseal(good, tmp_path / "absent", UUID)


@pytest.mark.lab
def test_nothing_sealed_and_the_wrong_key_are_told_apart(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    with pytest.raises(DomainError, match="no sealed passphrase is at the target"):
        passphrase(target, backed.uuid, recovery.file, "Unable to open")
    backed.back_up()
    with pytest.raises(DomainError, match="opens none of 1 sealed"):
        passphrase(target, backed.uuid, recovery_key(tmp_path).file, "Unable to open")
    found = passphrase(target, backed.uuid, recovery.file, "Unable to open")
    assert found == (backed.secrets / "backup-passphrase").read_text().strip()


@pytest.mark.lab
def test_a_client_with_root_can_t_take_an_old_backup_away(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    """Deletes, prunes, takes keys away, floods, poisons the index, dates snapshots ahead: the first backup opens."""
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    (backed.files / "precious").write_text("data of the client\n")
    first = backed.back_up()
    repository = host.root / f"srv/vps-backups/{backed.uuid}/repo"
    before = {str(path.relative_to(repository)): path.read_bytes() for path in repository.rglob("*") if path.is_file()}

    key = next((repository / "keys").iterdir()).name
    (backed.folder / "other").write_text("a passphrase of the attacker\n")
    other = ("--new-password-file", str(backed.folder / "other"))
    removals = (("forget", first), ("tag", "--set", "files,elsewhere", first))
    for words in (*removals, ("key", "passwd", *other), ("key", "add", *other)):
        # The lock that the attack before has left would refuse this one, not the target.
        backed.restic("unlock", "--remove-all")
        said = backed.attack(*words)
        assert "returned error" in said, (words, said)
    backed.restic("unlock", "--remove-all")
    (backed.files / "precious").write_text("encrypted by an attacker\n")
    backed.restic(
        "backup", str(backed.files), "--time", "2099-01-01 00:00:00", "--tag", "whole,files,2099-01-01T00:00:00Z"
    )
    backed.attack("prune")
    backed.restic("unlock", "--remove-all")
    backed.attack("rebuild-index")
    backed.restic("unlock", "--remove-all")
    backed.ssh("escrow", sealed(recovery, json.dumps({"schema": 1, "uuid": backed.uuid, "passphrase": "a false one"})))
    for number in range(30):
        backed.ssh("escrow", b"age-encryption.org/v1\n" + str(number).encode())
    keys = [path.name for path in (repository / "keys").iterdir()]
    assert keys == [key], "the keys with which a repository began are all that it ever has"

    after = {name: (repository / name).read_bytes() for name in before if "locks/" not in name}
    assert after == {name: data for name, data in before.items() if "locks/" not in name}
    archive = Archive.open(target, backed.uuid, recovery.file, backed.title, "latest")
    assert archive.run.snapshot == first
    archive.bring(tmp_path / "back")
    assert (tmp_path / f"back/files{backed.files}/precious").read_text() == "data of the client\n"

    # Room for copies that count: a change of the recovery keys brings one.
    assert len(target.sealed(backed.uuid)) == 16
    another = sealed(recovery, "{}")
    assert b"sealed copies are here already" in backed.ssh("escrow", another).stderr
    assert thin(target, backed.uuid, recovery.file, "it") == 11
    assert backed.ssh("escrow", another).returncode == 0
    assert (
        passphrase(target, backed.uuid, recovery.file, "it")
        == (backed.secrets / "backup-passphrase").read_text().strip()
    )
    assert thin(target, backed.uuid, recovery.file, "it") == 0

    # What it dated ahead makes nothing old: by the target's clock all of it is of today.
    kept = target.status(backed.uuid)[backed.uuid]
    assert kept.lost == 0
    assert plan(backed.title, Backup(every_hours=24, keep_days=14), kept, target.there(backed.uuid)).goes == ()


@pytest.mark.lab
def test_the_guest_is_gone_and_the_recovery_key_opens(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    (backed.files / "day").write_text("first\n")
    backed.back_up()
    (backed.files / "day").write_text("second\n")
    (backed.files / "cache").mkdir()
    (backed.files / "cache" / "left out").write_text("x")
    backed.back_up()
    subprocess.run(["rm", "-r", str(backed.folder)], check=True)

    runs = target.status(backed.uuid)[backed.uuid].runs
    for wished, text in (("latest", "second\n"), (f"{runs[0].at:%Y-%m-%dT%H:%M:%SZ}", "first\n")):
        into = tmp_path / text.strip()
        Archive.open(target, backed.uuid, recovery.file, backed.title, wished).bring(into)
        files = into / f"files{backed.files}"
        assert (files / "day").read_text() == text
        assert not (files / "cache").exists()
    with pytest.raises(DomainError, match="the oldest whole backup is of"):
        Archive.open(target, backed.uuid, recovery.file, backed.title, "2020-01-01")


@pytest.mark.lab
def test_damage_at_the_target_is_told_not_restored(
    host: TargetHost, target: Target, recovery: Recovery, tmp_path: Path
) -> None:
    backed = Backed(tmp_path / "one", host, recovery.recipient)
    backed.enrol(target)
    (backed.files / "precious").write_bytes(b"x" * 100_000)
    backed.back_up()
    repository = f"{PLACE.path}/{backed.uuid}/repo"
    host.run(f"for f in {repository}/data/*/*; do printf spoilt | dd of=$f bs=1 seek=40 conv=notrunc 2>/dev/null; done")
    with pytest.raises(DomainError, match="Unable to"):
        Archive.open(target, backed.uuid, recovery.file, backed.title, "latest").bring(tmp_path / "back")
