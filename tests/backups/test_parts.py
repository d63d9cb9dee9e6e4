"""What is counted while a backup is made, compared after a restore (`backup-parts`), and joined of accounts."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.backups.backed import LIB

PARTS = str(LIB / "backup-parts")
ACCOUNTS = str(LIB / "backup-accounts")
DUMP = b"""-- MariaDB dump
CREATE DATABASE `shop`;
USE `shop`;
CREATE TABLE `item` (
  `id` int
);
INSERT INTO `item` VALUES (1,'USE `other`;'),(2,'-- Dump completed');
INSERT INTO `item` VALUES (3,'\\n');
CREATE TABLE `em``pty` (
USE `two`;
CREATE TABLE `item` (
INSERT INTO `item` VALUES (1,'x');
"""
END = b"-- Dump completed\n"


def run(*words: str, stdin: bytes = b"", program: str = PARTS) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, program, *words], input=stdin, capture_output=True, check=False)


def test_a_dump_goes_through_and_each_table_is_counted(tmp_path: Path) -> None:
    done = run("tally", str(tmp_path / "tally"), stdin=DUMP + END)
    assert (done.returncode, done.stdout) == (0, DUMP + END)
    found = json.loads((tmp_path / "tally").read_text())
    rows = [line + b"\n" for line in DUMP.splitlines() if line.startswith(b"INSERT")]
    assert found["bytes"] == len(DUMP + END)
    assert found["tables"] == {
        "shop.em`pty": hashlib.sha256().hexdigest(),
        "shop.item": hashlib.sha256(rows[0] + rows[1]).hexdigest(),
        "two.item": hashlib.sha256(rows[2]).hexdigest(),
    }


@pytest.mark.parametrize("cut", [0, 10, len(DUMP) // 2, len(DUMP)])
def test_a_dump_that_ended_too_early_is_none(tmp_path: Path, cut: int) -> None:
    done = run("tally", str(tmp_path / "tally"), stdin=DUMP[:cut])
    assert (done.returncode, b"ended too early" in done.stderr) == (1, True)
    assert not (tmp_path / "tally").exists()


def archive(folder: Path, paths: list[Path], known: Path) -> Path:
    """The list of an archive of these files as they are now, as restic would tell them."""
    lines: list[dict[str, Any]] = [{"struct_type": "snapshot"}]
    for path in paths:
        seen = path.lstat()
        kind = "symlink" if path.is_symlink() else "dir" if path.is_dir() else "file"
        seconds, rest = divmod(seen.st_mtime_ns, 10**9)
        mtime = subprocess.run(
            ["date", "-u", "-d", f"@{seconds}", f"+%Y-%m-%dT%H:%M:%S.{rest:09d}Z"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        node = {"struct_type": "node", "path": str(path), "type": kind, "uid": seen.st_uid, "gid": seen.st_gid}
        lines.append(node | {"mode": seen.st_mode, "size": seen.st_size, "mtime": mtime})
    words = ["--uuid", "u", "--run", "now", "--files", "f" * 64, "--databases", "", "--tally", str(folder / "tally")]
    done = run("list", *words, "--known", str(known), stdin="\n".join(map(json.dumps, lines)).encode())
    assert done.returncode == 0, done.stderr
    (folder / "list").write_bytes(done.stdout)
    return folder / "list"


@pytest.mark.lab
def test_every_difference_is_found_and_what_is_the_same_is_not(tmp_path: Path) -> None:
    root = tmp_path / "guest"
    (root / "folder").mkdir(parents=True)
    for name in ("same", "content", "gone", "rights", "owner", "kind"):
        (root / name).write_text(name)
    (root / "link").symlink_to("same")
    paths = sorted([root / "folder", *(one for one in root.iterdir() if one.name != "folder")])
    listing = archive(tmp_path, paths, tmp_path / "known")
    assert json.loads(run("compare", "--list", str(listing), "--root", "/").stdout)["differ"] == 0

    (root / "content").write_text("CONTENT")
    (root / "gone").unlink()
    (root / "rights").chmod(0o700)
    os.chown(root / "owner", 12345, -1)
    (root / "kind").unlink()
    (root / "kind").mkdir()
    (root / "link").unlink()
    (root / "link").symlink_to("elsewhere")
    done = run("compare", "--list", str(listing), "--root", "/")
    found = json.loads(done.stdout)
    assert (done.returncode, found["differ"], found["files"]) == (1, 6, 8)
    told = {Path(line.partition(": ")[0]).name: line.partition(": ")[2] for line in found["wrong"]}
    assert told == {
        "content": "other content",
        "gone": "missing",
        "rights": "with other rights",
        "owner": "of another owner",
        "kind": "of another kind",
        "link": "leads elsewhere",
    }
    stays = tmp_path / "stays"
    stays.write_text(f"{root}/con*\n{root}/gone\n{root}/right\n")
    found = json.loads(run("compare", "--list", str(listing), "--root", "/", "--leave-out", str(stays)).stdout)
    assert (found["differ"], found["files"]) == (4, 6)


def test_what_changed_since_it_was_archived_has_no_checksum(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("first")
    listing = archive(tmp_path, [file], tmp_path / "known")
    entries = [json.loads(line) for line in gzip.decompress(listing.read_bytes()).splitlines()]
    assert (entries[0]["schema"], entries[0]["databases"]) == (1, None)
    assert entries[1]["h"] == hashlib.sha256(b"first").hexdigest()
    assert list(json.loads(gzip.decompress((tmp_path / "known").read_bytes()))) == [str(file)]
    (tmp_path / "known").write_bytes(b"noise: a cut write")
    again = archive(tmp_path, [file], tmp_path / "known")
    assert gzip.decompress(again.read_bytes()) == gzip.decompress(listing.read_bytes())


def joined(tmp_path: Path) -> tuple[Path, Path]:
    """Accounts of an archive and of an image that numbers its own otherwise."""
    old, new = tmp_path / "old", tmp_path / "etc"
    for folder, users in (
        (old, {"root": 0, "svc": 61901, "client": 61905}),
        (new, {"root": 0, "svc": 61905, "fresh": 61901}),
    ):
        folder.mkdir()
        (folder / "passwd").write_text(
            "".join(f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, number in users.items())
        )
        (folder / "group").write_text("".join(f"{name}:x:{number}:\n" for name, number in users.items()))
        (folder / "shadow").write_text("".join(f"{name}:{folder.name}:1::::::\n" for name in users))
        (folder / "gshadow").write_text("".join(f"{name}:!::\n" for name in users))
    return old, new


def owners(root: Path) -> dict[str, int]:
    return {path.name: path.stat().st_uid for path in root.iterdir()}


def test_accounts_are_joined_and_the_archive_s_numbers_stay(tmp_path: Path) -> None:
    """In folders of the test, with numbers that nothing on this machine has."""
    old, new = joined(tmp_path)
    root = tmp_path / "root"
    root.mkdir()
    for name, number in (("of-svc", 61905), ("of-fresh", 61901)):
        (root / name).touch()
        os.chown(root / name, number, number)
    words = [str(old), "--etc", str(new), "--root", str(root), "--journal", str(tmp_path / "journal")]
    done = run(*words, program=ACCOUNTS)
    assert done.returncode == 0, done.stderr
    rows = {line.split(":")[0]: line.split(":") for line in (new / "passwd").read_text().splitlines()}
    assert (rows["svc"][2], rows["client"][2]) == ("61901", "61905")
    fresh = rows["fresh"]
    assert fresh[2] not in ("61901", "61905")
    assert len({row[2] for row in rows.values()}) == 4
    groups = {line.split(":")[0]: line.split(":")[2] for line in (new / "group").read_text().splitlines()}
    assert fresh[3] == groups["fresh"]
    shadow = dict(line.split(":")[:2] for line in (new / "shadow").read_text().splitlines())
    assert shadow == {"root": "old", "svc": "old", "client": "old", "fresh": "etc"}
    assert owners(root) == {"of-svc": 61901, "of-fresh": int(fresh[2])}
    assert json.loads(run(*words, program=ACCOUNTS).stdout) == {"users": 0, "groups": 0}
    assert not (tmp_path / "journal").exists()


CUT = """
import itertools, os, runpy, sys
found = runpy.run_path(sys.argv[1])
at, count = int(sys.argv[6]), itertools.count()
def cut(name, real):
    def counted(*words, **more):
        if next(count) == at:
            os._exit(9)
        return real(*words, **more)
    return counted
names = found["accounts"].__globals__
for name in ("_replace", "_own_one", "_write"):
    names[name] = cut(name, names[name])
found["accounts"](*sys.argv[2:6])
"""


def test_a_cut_anywhere_in_joining_is_made_good_by_the_next_run(tmp_path: Path) -> None:
    """One's new number is another's old one: whoever is given it twice has another's files."""
    for at in range(40):
        here = tmp_path / str(at)
        here.mkdir()
        old, new = joined(here)
        root = here / "root"
        root.mkdir()
        for name, number in (("of-svc", 61905), ("of-fresh", 61901), ("of-root", 0)):
            (root / name).touch()
            os.chown(root / name, number, number)
        words = [sys.executable, "-c", CUT, ACCOUNTS, str(old), str(new), str(here / "journal"), str(root)]
        code = subprocess.run([*words, str(at)], capture_output=True, check=False).returncode
        assert code in (0, 9)
        assert subprocess.run([*words, "-1"], capture_output=True, check=False).returncode == 0
        rows = {line.split(":")[0]: line.split(":") for line in (new / "passwd").read_text().splitlines()}
        wanted = {"of-svc": int(rows["svc"][2]), "of-fresh": int(rows["fresh"][2]), "of-root": 0}
        assert (owners(root), rows["svc"][2]) == (wanted, "61901"), f"cut before act {at}"
        if code == 0:
            break
    else:
        raise AssertionError("it never came to its end")
    assert at > 10
