"""All clients' files, asked at once."""

import pytest

from policies import census


def test_who_is_on_a_host(fleet):
    fleet.neighbour("other")
    fleet.neighbour("elsewhere", host="lab2")
    assert [line.title for line in census.on_host(fleet.folder, "lab1")] == ["example-coop/web1", "other/web1"]
    assert [line.title for line in census.on_host(fleet.folder, "lab2")] == ["elsewhere/web1"]
    assert census.on_host(fleet.folder, "lab") == ()


def test_a_host_named_in_a_comment_is_no_place(fleet):
    fleet.neighbour("other", host="lab2")
    path = fleet.folder / "clients/other.yaml"
    fleet.write("clients/other.yaml", path.read_text() + "# was on lab1\n")
    assert [line.title for line in census.on_host(fleet.folder, "lab1")] == ["example-coop/web1"]


@pytest.mark.parametrize(
    "written", ["2001:db8:1::10", "2001:DB8:1:0:0::10", '"2001:db8:0001::0010"', '"2001:db8\\x3a1::10"']
)
def test_who_holds_an_address_however_it_is_written(fleet, written):
    """Escapes too: what YAML reads is what counts."""
    fleet.neighbour("other", ipv6=["MARK"])
    text = (fleet.folder / "clients/other.yaml").read_text()
    fleet.write("clients/other.yaml", text.replace("MARK", written))
    assert [line.title for line in census.holders(fleet.folder, "2001:db8:1::10")] == [
        "example-coop/web1",
        "other/web1",
    ]


def test_an_address_in_a_comment_is_nobodys(fleet):
    fleet.neighbour("other")
    path = fleet.folder / "clients/other.yaml"
    fleet.write("clients/other.yaml", path.read_text() + "# 192.0.2.10 until May\n")
    assert [line.title for line in census.holders(fleet.folder, "192.0.2.10")] == ["example-coop/web1"]


def test_a_broken_file_counts_as_empty(fleet):
    fleet.write("clients/broken.yaml", "vps: {web1: {host: lab1, ipv4: [192.0.2.10]")
    assert [line.title for line in census.on_host(fleet.folder, "lab1")] == ["example-coop/web1"]
    assert [line.title for line in census.holders(fleet.folder, "192.0.2.10")] == ["example-coop/web1"]


def test_a_vps_by_its_permanent_ids(fleet):
    assert census.by_ids(fleet.folder, "c-q7m2", "v-h3k9").title == "example-coop/web1"
    assert census.by_ids(fleet.folder, "c-q7m2", "v-0000") is None
    assert census.by_ids(fleet.folder, "c-0000", "v-h3k9") is None
