"""The pack's own reading of the files."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.domain import units
from policies import declared
from policies.declared import DeclaredError


def test_the_folder_is_named_or_beside_the_pack(fleet, monkeypatch):
    assert declared.folder() == fleet.folder
    monkeypatch.delenv("VPS_FLEET")
    fleet.forget()
    assert (declared.folder() / "catalogue.yaml").is_file()
    assert declared.folder().name == "stacks"


def test_what_is_declared_is_read(fleet):
    assert declared.package(fleet.folder, "small@2026-01")["memory"] == "2 GiB"
    assert declared.host(fleet.folder, "lab1")["cabinet"] == "A1"
    assert "lab-cpu" in declared.spares(fleet.folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("packages: [", "is no YAML"),
        ("packages: {a: 1, a: 2}", "key a stands twice, again in line 1"),
        (b"\xff\xfe\x00", "is no YAML"),
        ("packages: &a [*a]", "an anchor, an alias or a tag stands in line 1"),
        ("", "has no packages"),
        ("- a", "has no packages"),
        ("? [a, b]\n: c", "a key is no text in line 1"),
        ("x: " + "y" * 1024 * 1024, "is larger than 1 MiB"),
        ("[" * 100_000, "is no YAML"),
    ],
)
def test_a_broken_file_is_named(fleet, text, words):
    fleet.write("catalogue.yaml", text)
    with pytest.raises(DeclaredError) as caught:
        declared.package(fleet.folder, "small@2026-01")
    assert "catalogue.yaml" in str(caught.value)
    assert words in str(caught.value)


def test_a_missing_file_is_named_with_its_remedy(fleet):
    fleet.remove("hosts/lab1.yaml")
    with pytest.raises(DeclaredError, match=r"lab1\.yaml can't be read: No such file.*Put it back, or set VPS_FLEET"):
        declared.host(fleet.folder, "lab1")


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_read_or_named(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "catalogue.yaml").write_bytes(content)
    with pytest.raises(DeclaredError):
        declared.package(folder, "small@2026-01")


KINDS = {
    "MiB": units.MEMORY,
    "GiB": units.DISK,
    "MiB/s": units.DISK_RATE,
    "Mbit/s": units.NIC_RATE,
    "%": units.PERCENT,
}


@pytest.mark.parametrize("unit", KINDS)
@given(value=st.integers(1, 10**6))
@settings(deadline=None)
def test_the_auditor_reads_quantities_as_the_product_does(unit, value):
    """Two readings, written apart, of all units that a file may use."""
    assert declared.quantity(KINDS[unit].format(value), unit) == value
    for name, _ in KINDS[unit].units:
        assert declared.quantity(f"{value} {name}", unit) == KINDS[unit].parse(f"{value} {name}")


@pytest.mark.parametrize("text", ["", "2", "2 GB", "2.5 GiB", "-1 GiB", "GiB", "2  GiB", "٢ GiB", None, ["2 GiB"]])
def test_what_is_no_quantity(text):
    assert declared.quantity(text, "MiB") is None


@pytest.mark.parametrize(("text", "value"), [("4", 4), ("4 ", None), ("x", None), ("²", None), (4, None)])
def test_bare_numbers(text, value):
    assert declared.quantity(text, "") == value
