"""Archives are judged member by member; what an archiver can hide in one is refused by the product's own way."""

import io
import stat
import tarfile
import zipfile

import pytest

from components.bundles import archives
from components.bundles.errors import BundleError
from components.bundles.tree import refusals


def tar(file, *members, mode="w:gz"):
    with tarfile.open(file, mode) as archive:
        for name, change in members:
            member = tarfile.TarInfo(name)
            data = b"data"
            change(member)
            member.size = len(data) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(data) if member.isreg() else None)
    return file


def having(**values):
    def change(member):
        for key, value in values.items():
            setattr(member, key, value)

    return change


PLAIN = having(mode=0o644)


def test_leading_folders_are_dropped_and_files_come_in_order(tmp_path):
    file = tar(
        tmp_path / "a.tgz",
        ("box-1.0", having(type=tarfile.DIRTYPE)),
        ("box-1.0/z", having(mode=0o755)),
        ("box-1.0/a/b", PLAIN),
        ("box-1.0/l", having(type=tarfile.SYMTYPE, linkname="a/b")),
    )
    tree = archives.tree(file, 1)
    assert [entry.path for entry in tree.entries] == ["a/b", "l", "z"]
    assert [entry.is_executable for entry in tree.entries] == [False, False, True]
    assert list(tree.contents()) == [b"data", b"data"]
    assert refusals(tree.entries) == []


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_every_common_compression_is_read(tmp_path, mode):
    tree = archives.tree(tar(tmp_path / "a", ("./x", PLAIN), mode=mode), 0)
    assert ([entry.path for entry in tree.entries], list(tree.contents())) == (["x"], [b"data"])


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("/etc/passwd", PLAIN, "is an absolute path"),
        ("../x", PLAIN, "no path inside"),
        ("x", having(mode=0o4755), "runs as another user"),
        ("x", having(mode=0o2755), "runs as another user"),
        ("x", having(type=tarfile.CHRTYPE), "is a device"),
        ("x", having(type=tarfile.BLKTYPE), "is a device"),
        ("x", having(type=tarfile.FIFOTYPE), "is a special file"),
        ("x", having(type=tarfile.LNKTYPE, linkname="/etc/shadow"), "is a hard link"),
        ("x", having(type=tarfile.SYMTYPE, linkname="/etc/shadow"), "leads out of the source"),
        ("x", having(type=tarfile.SYMTYPE, linkname="../../y"), "leads out of the source"),
    ],
)
def test_what_could_reach_out_is_refused(tmp_path, name, change, said):
    (told,) = refusals(archives.tree(tar(tmp_path / "a.tgz", (name, change)), 0).entries)
    assert said in told


def test_a_link_and_a_file_through_it_are_refused(tmp_path):
    file = tar(tmp_path / "a.tgz", ("d", having(type=tarfile.SYMTYPE, linkname="e")), ("d/x", PLAIN))
    assert refusals(archives.tree(file, 0).entries) == ["'d/x' lies behind a link."]


def zipped(file, *members):
    with zipfile.ZipFile(file, "w") as archive:
        for name, mode, data in members:
            member = zipfile.ZipInfo(name)
            member.create_system = 3
            member.external_attr = mode << 16
            archive.writestr(member, data)
    return file


def test_a_zip_is_read_alike(tmp_path):
    file = zipped(
        tmp_path / "a.zip",
        ("box/", stat.S_IFDIR | 0o755, b""),
        ("box/run", stat.S_IFREG | 0o755, b"run"),
        ("box/plain", 0, b"plain"),
        ("box/now", stat.S_IFLNK | 0o777, b"run"),
    )
    tree = archives.tree(file, 1)
    assert [(entry.path, entry.target, entry.is_executable) for entry in tree.entries] == [
        ("now", "run", False),
        ("plain", None, False),
        ("run", None, True),
    ]
    assert list(tree.contents()) == [b"plain", b"run"]


@pytest.mark.parametrize(
    ("name", "mode", "data", "said"),
    [
        ("../x", stat.S_IFREG | 0o644, b"", "no path inside"),
        ("x", stat.S_IFREG | 0o4755, b"", "runs as another user"),
        ("x", stat.S_IFIFO | 0o644, b"", "is a special file"),
        ("x", stat.S_IFLNK | 0o777, b"/etc/shadow", "leads out of the source"),
    ],
)
def test_a_zip_is_refused_alike(tmp_path, name, mode, data, said):
    (told,) = refusals(archives.tree(zipped(tmp_path / "a.zip", (name, mode, data)), 0).entries)
    assert said in told


def test_what_is_no_archive_is_told(tmp_path):
    (tmp_path / "a").write_bytes(b"<html>not found</html>")
    with pytest.raises(BundleError, match="it is no archive that can be read"):
        archives.tree(tmp_path / "a", 0)
    whole = tar(tmp_path / "b.tgz", ("x", PLAIN)).read_bytes()
    (tmp_path / "b.tgz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BundleError, match="it is no archive that can be read"):
        archives.tree(tmp_path / "b.tgz", 0)


def test_a_bomb_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 3 << 20)
    file = zipped(tmp_path / "a.zip", ("x", stat.S_IFREG | 0o644, bytes(4 << 20)))
    with pytest.raises(BundleError, match="which is too much"):
        archives.tree(file, 0)
    monkeypatch.setattr(archives, "MAX_MEMBERS", 1)
    with pytest.raises(BundleError, match="which is too much"):
        archives.tree(tar(tmp_path / "b.tgz", *[(str(number), PLAIN) for number in range(3)]), 0)
