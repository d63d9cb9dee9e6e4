"""The lock file keeps what people wrote in it."""

import dataclasses
from datetime import date

import pytest

from components.domain.images import Image
from components.images import lock
from components.images.errors import ImageError

IMAGE = Image(
    name="base-debian-13",
    sha256="ab" * 32,
    bytes=412345678,
    virtual_gib=3,
    inputs="cd" * 32,
    built=date(2026, 11, 22),
    expires=date(2027, 11, 22),
)
TEXT = f"""\
# yaml-language-server: $schema=schema/images.lock.json
# reviewed by hand

images:
  other:   # ours
    sha256: "{"01" * 32}"
    bytes: 1
    virtual_gib: 1
    inputs: '{"23" * 32}'   # quoted otherwise
    built: "2026-01-01"
    expires: "2027-01-01"
  base-debian-13:  # golden
    sha256: "{"45" * 32}"
    bytes: 2
    virtual_gib: 3
    inputs: "{"67" * 32}"
    built: "2026-01-01"
    expires: "2027-01-01"
# the end
"""


def test_a_new_file_has_the_agreed_form(fleet):
    assert lock.record(fleet, IMAGE)
    assert (fleet / "images.lock.yaml").read_text() == (
        "images:\n"
        "  base-debian-13:\n"
        f'    sha256: "{"ab" * 32}"\n'
        "    bytes: 412345678\n"
        "    virtual_gib: 3\n"
        f'    inputs: "{"cd" * 32}"\n'
        '    built: "2026-11-22"\n'
        '    expires: "2027-11-22"\n'
    )
    assert lock.locked(fleet) == {"base-debian-13": IMAGE}


def test_comments_order_and_other_entries_survive(fleet):
    (fleet / "images.lock.yaml").write_text(TEXT)
    lock.record(fleet, IMAGE)
    expected = (
        TEXT.replace("45" * 32, "ab" * 32).replace("67" * 32, "cd" * 32).replace("bytes: 2\n", "bytes: 412345678\n")
    )
    head, tail = expected.split("base-debian-13:")
    tail = tail.replace("2026-01-01", "2026-11-22").replace("2027-01-01", "2027-11-22")
    assert (fleet / "images.lock.yaml").read_text() == f"{head}base-debian-13:{tail}"


def test_recording_the_same_touches_nothing(fleet):
    lock.record(fleet, IMAGE)
    before = (fleet / "images.lock.yaml").stat().st_mtime_ns
    assert not lock.record(fleet, IMAGE)
    assert (fleet / "images.lock.yaml").stat().st_mtime_ns == before
    assert lock.record(fleet, dataclasses.replace(IMAGE, bytes=1))
    assert [path.name for path in fleet.iterdir()] == ["images.lock.yaml"]


def test_no_file_locks_nothing(fleet):
    assert lock.locked(fleet) == {}


@pytest.mark.parametrize(
    "text", ["images: [\n", "- x\n", "images: 3\n", "images: {tiny: {sha256: x}}\n", "images: {tiny: 3}\n", "\x00"]
)
def test_a_broken_file_is_named_and_left_alone(fleet, text):
    (fleet / "images.lock.yaml").write_text(text)
    with pytest.raises(ImageError, match=r"Unable to read .*images\.lock\.yaml"):
        lock.locked(fleet)
    assert (fleet / "images.lock.yaml").read_text() == text


def test_flavour_and_bundle_are_written_and_taken_out_again(fleet):
    aegir = dataclasses.replace(IMAGE, flavour="backdrop", bundle="ef" * 32)
    lock.record(fleet, aegir)
    assert f'    flavour: backdrop\n    bundle: "{"ef" * 32}"\n' in (fleet / "images.lock.yaml").read_text()
    assert lock.locked(fleet) == {IMAGE.name: aegir}
    assert lock.record(fleet, IMAGE)
    assert lock.locked(fleet) == {IMAGE.name: IMAGE}
