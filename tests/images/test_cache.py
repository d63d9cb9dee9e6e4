"""Cached images are found by their digest, and only while they are whole."""

import fcntl
import hashlib

import pytest

from components.bundles import turn
from components.images import cache
from components.images.errors import ImageMissing


def put(folder, data=b"image", inputs="in", name="small", schemas=None):
    draft = folder / f".building-{name}" / "image.qcow2"
    draft.parent.mkdir()
    draft.write_bytes(data)
    entry = cache.Entry(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        virtual_gib=1,
        inputs=inputs,
        built="2026-11-22",
        expires="2027-11-22",
        packages={"busybox-static": "1"},
    )
    stored = cache.store(draft, entry, schemas or {})
    draft.parent.rmdir()
    return stored


def test_what_is_stored_is_found(own_cache):
    entry = put(own_cache, schemas={"schema.json": b"{}"})
    assert cache.locate(entry.sha256, entry.name).read_bytes() == b"image"
    assert cache.describe(entry.sha256) == entry
    assert cache.entries() == [entry]
    assert (cache.schemas(entry.sha256) / "schema.json").read_bytes() == b"{}"
    assert cache.is_intact(entry.sha256)


def test_an_absent_image_names_the_command(own_cache):
    with pytest.raises(ImageMissing, match=r"not on this machine.*Run `vps image build tiny`"):
        cache.locate("ab" * 32, "tiny")


@pytest.mark.parametrize("sha256", ["", "../../etc/passwd", "AB" * 32])
def test_what_is_no_digest_is_never_a_path(own_cache, sha256):
    assert cache.describe(sha256) is None


def test_a_changed_or_cut_image_is_not_used(own_cache):
    entry = put(own_cache)
    file = cache.path(entry.sha256)
    file.write_bytes(b"imagf")
    assert cache.describe(entry.sha256) is None
    assert not cache.is_intact(entry.sha256)
    file.unlink()
    assert cache.entries() == []
    assert not cache.is_intact(entry.sha256)


def test_an_image_without_description_does_not_exist(own_cache):
    entry = put(own_cache)
    (own_cache / f"{entry.sha256}.json").write_text('{"name": ')
    assert cache.entries() == []


def test_the_lock_is_waited_for_and_said(own_cache, monkeypatch):
    said = []
    with (own_cache / ".lock").open("a+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        def let_go(seconds):
            fcntl.flock(other, fcntl.LOCK_UN)

        monkeypatch.setattr(turn.time, "sleep", let_go)
        with cache.locked(said.append):
            pass
    assert said == ["waiting for another build of images to end …"]
