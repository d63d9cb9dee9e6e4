"""The seed ISO: other readers find exactly the texts, and equal texts give equal bytes."""

import hashlib
import io
import subprocess

import pycdlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.cloudinit import Rendered, seed_digest, seed_iso

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6000)
seeds = st.builds(Rendered, user_data=texts, meta_data=texts, network_config=texts)
SMALL = Rendered(user_data="#cloud-config\n", meta_data="instance-id: a\n", network_config="version: 2\n")


def read_back(iso):
    """The files by their Rock Ridge names, as an independent reader of ISO 9660 finds them."""
    reader = pycdlib.PyCdlib()
    reader.open_fp(io.BytesIO(iso))
    found = {}
    for child in reader.list_children(rr_path="/"):
        if child.is_file():
            content = io.BytesIO()
            name = child.rock_ridge.name().decode()
            reader.get_file_from_iso_fp(content, rr_path=f"/{name}")
            found[name] = content.getvalue().decode()
    label = reader.pvd.volume_identifier.decode().strip()
    reader.close()
    return label, found


@settings(deadline=None)
@given(seeds)
def test_another_reader_finds_the_texts(rendered):
    """Label CIDATA and the three files, whole, whatever their length."""
    iso = seed_iso(rendered)
    assert len(iso) % 2048 == 0
    assert read_back(iso) == (
        "CIDATA",
        {
            "user-data": rendered.user_data,
            "meta-data": rendered.meta_data,
            "network-config": rendered.network_config,
        },
    )


@pytest.mark.parametrize("length", [0, 1, 2047, 2048, 2049, 300_000])
def test_lengths_around_a_sector(length):
    rendered = Rendered(user_data="u" * length, meta_data="m" * length, network_config="n" * length)
    assert read_back(seed_iso(rendered))[1] == {
        "user-data": "u" * length,
        "meta-data": "m" * length,
        "network-config": "n" * length,
    }


def test_equal_texts_give_equal_bytes():
    """No clock and no generator: the digest of one seed is frozen, it stands in states."""
    assert seed_iso(SMALL) == seed_iso(SMALL)
    assert seed_digest(seed_iso(SMALL)) == "b05f8eac9b79d5ac6aabda51cfd3a698eea1c3b6bbcc2d63871897f6c9fd791f"


@settings(deadline=None)
@given(st.binary(max_size=40_000) | st.integers(32_760, 40_000).map(bytes))
def test_the_digest_is_sha256(data):
    assert seed_digest(data) == hashlib.sha256(data).hexdigest()


def test_the_digest_of_a_seed_is_sha256():
    assert seed_digest(seed_iso(SMALL)) == hashlib.sha256(seed_iso(SMALL)).hexdigest()


def test_isoinfo_agrees(tmp_path):
    """genisoimage's reader: valid volume, Rock Ridge, root's files read-only."""
    file = tmp_path / "seed.iso"
    file.write_bytes(seed_iso(SMALL))
    volume = subprocess.run(
        ["isoinfo", "-d", "-i", file], capture_output=True, text=True, timeout=10, check=True
    ).stdout
    assert "Volume id: CIDATA" in volume
    assert "Rock Ridge signatures version 1 found" in volume
    assert f"Volume size is: {file.stat().st_size // 2048}" in volume
    listing = subprocess.run(
        ["isoinfo", "-R", "-l", "-i", file], capture_output=True, text=True, timeout=10, check=True
    ).stdout
    names = [line.split()[-1] for line in listing.splitlines() if line.startswith("-r--r--r--")]
    assert names == ["meta-data", "network-config", "user-data"]
