"""By which addresses the filter knows what is the guest's own."""

from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.drivers.libvirt import filterref, tree

MAC = "52:54:00:12:34:56"
LOCAL = "fe80::5054:ff:fe12:3456"


def interface(inside=""):
    return tree.parse(
        f"<interface type='network'><mac address='{MAC}'/><source network='public1'/>{inside}"
        "<alias name='ua-nic-n0'/></interface>"
    )


def test_the_link_local_address_is_made_from_the_mac():
    """RFC 4291, appendix A."""
    assert str(filterref.link_local(MAC)) == LOCAL
    assert str(filterref.link_local("02:00:00:00:00:0a")) == "fe80::ff:fe00:a"


def test_single_addresses_count_with_all_their_bits():
    found = filterref.parameters(MAC, ("192.0.2.10/24", "2001:db8:1::10/64"))
    assert found == {
        "VPS_IPV4": ("192.0.2.10",),
        "VPS_IPV4_BITS": ("32",),
        "VPS_IPV6": ("2001:db8:1::10", LOCAL),
        "VPS_IPV6_BITS": ("128", "128"),
    }


@given(st.ip_addresses())
@example(ip_address("::ffff:192.0.2.1"))
@example(ip_address("::192.0.2.1"))
@example(ip_address("2001:db8:0:1:1:1:1:1"))
def test_addresses_are_written_as_python_writes_them(address):
    """libc, which is quicker, writes some otherwise."""
    said = filterref.parameters(MAC, (address.exploded.upper(),))

    assert str(address) in said[f"VPS_IPV{address.version}"]


@pytest.mark.parametrize("text", ["192.0.2.010", "192.0.2", "2001:db8::1::", "x", ""])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="does not appear to be"):
        filterref.parameters(MAC, (text,))


@pytest.mark.parametrize(
    ("address", "bits"),
    [
        ("2001:db8:1:10::/64", "64"),
        ("2001:db8:1:10::1/64", "128"),
        ("198.51.100.8/29", "29"),
        ("198.51.100.9/29", "32"),
        ("198.51.100.8/31", "32"),
        ("2001:db8::/127", "128"),
        ("198.51.100.8", "32"),
    ],
)
def test_a_range_is_an_address_without_host_bits(address, bits):
    found = filterref.parameters(MAC, (address,))
    family = "VPS_IPV6" if ":" in address else "VPS_IPV4"
    assert dict(zip(found[family], found[f"{family}_BITS"], strict=True))[address.partition("/")[0]] == bits


def test_a_machine_without_ipv4_gets_an_address_that_nobody_takes_as_a_source():
    """libvirt refuses a filter that lacks a value for one of its variables."""
    found = filterref.parameters(MAC, ("2001:db8:1::10/64",))
    assert (found["VPS_IPV4"], found["VPS_IPV4_BITS"]) == (("255.255.255.255",), ("32",))


def test_what_is_put_is_recognised_whatever_the_order_of_the_addresses():
    nic = interface()
    filterref.put(nic, ("192.0.2.11/24", "192.0.2.10/24"), on=True)
    assert filterref.is_put(nic, ("192.0.2.10/24", "192.0.2.11/24"))
    assert not filterref.is_put(nic, ("192.0.2.10/24",))


def test_another_mac_is_another_filter():
    nic = interface()
    filterref.put(nic, ("192.0.2.10/24",), on=True)
    tree.child(nic, "mac").set("address", "52:54:00:12:34:57")
    assert not filterref.is_put(nic, ("192.0.2.10/24",))


def test_put_again_changes_nothing_and_taking_it_away_leaves_the_rest():
    nic = interface()
    before = tree.text(nic)
    filterref.put(nic, ("192.0.2.10/24",), on=True)
    guarded = tree.text(nic)
    filterref.put(nic, ("192.0.2.10/24",), on=True)
    assert tree.text(nic) == guarded != before
    filterref.put(nic, ("192.0.2.10/24",), on=False)
    assert tree.text(nic) == before


def test_a_filter_of_somebody_else_stays_until_ours_is_wanted():
    nic = interface("<filterref filter='clean-traffic'/>")
    before = tree.text(nic)
    filterref.put(nic, ("192.0.2.10/24",), on=False)
    assert tree.text(nic) == before
    filterref.put(nic, ("192.0.2.10/24",), on=True)
    assert [found.get("filter") for found in nic.iterfind("filterref")] == [filterref.FILTER]
