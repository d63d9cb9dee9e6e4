"""No archive is trusted: what could reach outside its place never comes near a tree."""

import io
import json
import os
import stat
import subprocess
import tarfile

import pytest

from components.images import bundled
from components.images.errors import ImageError

pytestmark = pytest.mark.lab

MANIFEST = {"schema": 1, "name": "shop", "sources": []}


def member(name, data=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


GOOD = [
    member("manifest.json", json.dumps(MANIFEST).encode()),
    member("var/shop", type=tarfile.DIRTYPE, mode=0o755),
    member("var/shop/run", b"#!/bin/sh\n", mode=0o755),
    member("var/shop/link", type=tarfile.SYMTYPE, linkname="../shop/run"),
]


@pytest.fixture
def pack(tmp_path):
    """An archive of these members, as it is or compressed."""

    def make(members, compress=True):
        plain = tmp_path / "bundle.tar"
        with tarfile.open(plain, "w") as archive:
            for info, data in members:
                archive.addfile(info, io.BytesIO(data))
        if not compress:
            return plain
        subprocess.run(["zstd", "-q", "-f", str(plain)], check=True)
        return plain.with_suffix(".tar.zst")

    return make


@pytest.mark.parametrize("compress", [True, False])
def test_a_good_archive_lands_in_its_place(pack, tmp_path, compress):
    bundle = bundled.examine(pack(GOOD, compress))
    assert bundle.manifest == MANIFEST
    assert bundle.unchanged()
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["sh", "-c", bundle.unpack(), "sh", str(root)], check=True)
    script = root / bundled.PLACE / "var/shop/run"
    assert os.access(script, os.X_OK)
    assert (script.stat().st_uid, stat.S_IMODE(script.stat().st_mode)) == (os.geteuid(), 0o755)
    assert (root / bundled.PLACE / "var/shop/link").resolve() == script


@pytest.mark.parametrize(
    ("bad", "seen"),
    [
        (member("../etc/passwd"), "a name outside"),
        (member("/etc/passwd"), "a name outside"),
        (member("var/../../x"), "a name outside"),
        (member("var/away", type=tarfile.SYMTYPE, linkname="/etc/shadow"), "a link to outside"),
        (member("var/away", type=tarfile.SYMTYPE, linkname="../../etc"), "a link to outside"),
        (member("var/hard", type=tarfile.LNKTYPE, linkname="/etc/shadow"), "neither file nor folder nor link"),
        (member("var/null", type=tarfile.CHRTYPE), "neither file nor folder nor link"),
        (member("var/root", b"x", mode=0o4755), "setuid or setgid"),
    ],
)
def test_what_reaches_outside_is_refused_and_named(pack, bad, seen):
    with pytest.raises(ImageError, match=seen) as caught:
        bundled.examine(pack([*GOOD, bad]))
    assert bad[0].name in str(caught.value)


def test_a_link_that_leads_out_over_another_one_is_refused(pack):
    """By its name `out` stays inside; `over/..` is two folders higher than it looks."""
    over = [
        member("var/r", type=tarfile.DIRTYPE, mode=0o755),
        member("var/q/out", type=tarfile.SYMTYPE, linkname="over/../../etc"),
        member("var/q/over", type=tarfile.SYMTYPE, linkname="../../r"),
    ]
    with pytest.raises(ImageError, match=r"var/q/out \(a link to outside\)"):
        bundled.examine(pack([*GOOD, *over]))


@pytest.mark.parametrize(
    "to", ["/var/../../engine", "/r/./x", "var/shop", "/", "", "/var//x", "/var/x\n", "/var/$(id)", None, 7]
)
def test_a_manifest_that_puts_a_source_outside_is_refused(pack, to):
    """Hooks copy to these places as root, on the building machine."""
    manifest = {**MANIFEST, "sources": [{"name": "app", "to": "/var/shop"}, {"name": "evil", "to": to}]}
    with pytest.raises(ImageError, match=r"manifest\.json has a source that goes to .*vps image bundle"):
        bundled.examine(pack([member("manifest.json", json.dumps(manifest).encode()), *GOOD[1:]]))


@pytest.mark.parametrize("sources", [None, {}, ["/var"]])
def test_a_manifest_that_lists_no_sources_is_refused(pack, sources):
    with pytest.raises(ImageError, match="lists no sources"):
        bundled.examine(pack([member("manifest.json", json.dumps({**MANIFEST, "sources": sources}).encode())]))


def test_an_archive_that_would_fill_the_machine_is_refused(pack, monkeypatch):
    monkeypatch.setattr("components.images.bundled.MOST_BYTES", 5000)
    with pytest.raises(ImageError, match=r"can't be read .*more than"):
        bundled.examine(pack([*GOOD, member("var/big", b"x" * 5000)]))
    monkeypatch.setattr("components.images.bundled.MOST_MEMBERS", 3)
    with pytest.raises(ImageError, match=r"can't be read .*more than 3 members"):
        bundled.examine(pack(GOOD))


def test_a_link_and_a_file_below_it_are_refused(pack):
    through = [member("var/x", type=tarfile.SYMTYPE, linkname="."), member("var/x/file", b"x")]
    with pytest.raises(ImageError, match="below a link"):
        bundled.examine(pack([*GOOD, *through]))


def test_a_bundle_without_manifest_is_none(pack):
    with pytest.raises(ImageError, match=r"no manifest\.json in it"):
        bundled.examine(pack(GOOD[1:]))
    with pytest.raises(ImageError, match="can't be read"):
        bundled.examine(pack([member("manifest.json", b"[]")]))


def test_a_cut_or_missing_archive_is_told(pack, tmp_path):
    file = pack([*GOOD, member("var/big", os.urandom(1 << 20))])
    with file.open("r+b") as handle:
        handle.truncate(file.stat().st_size // 2)
    with pytest.raises(ImageError, match=r"can't be read.*vps image bundle"):
        bundled.examine(file)
    with pytest.raises(ImageError, match="can't be read"):
        bundled.examine(tmp_path / "none.tar")


def test_another_archive_under_the_same_name_is_noticed(pack):
    bundle = bundled.examine(pack(GOOD))
    bundle.file.write_bytes(b"other")
    assert not bundle.unchanged()
