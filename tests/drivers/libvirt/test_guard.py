"""The filter in a real libvirtd and a real kernel: frames that a guest could send, at a port that it guards."""

import struct
import subprocess
from dataclasses import replace

import libvirt
import pytest

from components.drivers.errors import Interrupted, Refused
from components.drivers.libvirt import filterref, guard
from components.hostkit import NEIGHBOURS
from tests.drivers.hosts import SEED
from tests.wire import arp, frame, icmp6, ipv4, ipv6, mac, packed, tap, udp, until

MAC, OTHER, ROUTER = "02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:01"
ADDRESSES = ("192.0.2.10/24", "2001:db8:1::10/64", "2001:db8:1:10::/64")
OWN, OWN6, LOCAL = "192.0.2.10", "2001:db8:1::10", str(filterref.link_local(MAC))
THEIRS, THEIRS6, GATEWAY6 = "192.0.2.11", "2001:db8:1::11", "2001:db8:1::1"
ALL4, ALL6, NODES = "192.0.2.255", "ff02::1", "33:33:00:00:00:01"
SOME = udp(1000, 2000, b"hello " * 8)
RA = icmp6(LOCAL, ALL6, 134, bytes(12))


def four(content, source=MAC, **more):
    return frame(source, 0x0800, content, **more)


def six(content, to=NODES):
    return frame(MAC, 0x86DD, content, to=to)


def tagged(outer, inner, content):
    return frame(MAC, outer, struct.pack("!HH", 5, inner) + content)


OWN_FRAMES = {
    "ARP": frame(MAC, 0x0806, arp(MAC, OWN, "192.0.2.1")),
    "ARP answer": frame(MAC, 0x0806, arp(MAC, OWN, "192.0.2.1", answer=True)),
    "IPv4": four(ipv4(OWN, ALL4, 17, SOME)),
    "IPv6": six(ipv6(OWN6, ALL6, 17, SOME)),
    "IPv6 of its range": six(ipv6("2001:db8:1:10::77", ALL6, 17, SOME)),
    "neighbour solicitation": six(icmp6(LOCAL, ALL6, 135, bytes(4) + packed(THEIRS6))),
    "neighbour advertisement": six(icmp6(OWN6, THEIRS6, 136, bytes(4) + packed(OWN6)), to=OTHER),
    "echo": six(icmp6(OWN6, ALL6, 128, bytes(40))),
    "QEMU's announcement": frame(
        MAC, 0x8035, struct.pack("!HHBBH", 1, 0x0800, 6, 4, 3) + mac(MAC) + bytes(4) + mac(MAC) + bytes(4)
    ),
}
FOREIGN_FRAMES = {
    "another MAC": four(ipv4(OWN, ALL4, 17, SOME), source=OTHER),
    "ARP for another address": frame(MAC, 0x0806, arp(MAC, THEIRS, "192.0.2.1", answer=True)),
    "ARP for another MAC": frame(MAC, 0x0806, arp(OTHER, OWN, "192.0.2.1", answer=True)),
    "ARP that ends another's start": frame(MAC, 0x0806, arp(MAC, "0.0.0.0", THEIRS)),
    "another IPv4": four(ipv4(THEIRS, ALL4, 17, SOME)),
    "another IPv6": six(ipv6(THEIRS6, ALL6, 17, SOME)),
    "another range": six(ipv6("2001:db8:1:11::77", ALL6, 17, SOME)),
    "another link-local": six(ipv6("fe80::1", ALL6, 17, SOME)),
    "advertisement from another address": six(icmp6(THEIRS6, GATEWAY6, 136, bytes(4) + packed(THEIRS6)), to=ROUTER),
    "advertisement to everybody": six(icmp6(OWN6, ALL6, 136, bytes(4) + packed(THEIRS6))),
    "solicitation that ends another's start": six(icmp6("::", "ff02::1:ff00:11", 135, bytes(4) + packed(THEIRS6))),
    "router advertisement": six(RA),
    "router advertisement behind options": six(ipv6(LOCAL, ALL6, 60, bytes((58, 0, 1, 4, 0, 0, 0, 0)) + RA[40:])),
    "router advertisement in a fragment": six(ipv6(LOCAL, ALL6, 44, bytes((58, 0, 0, 1, 0, 0, 0, 1)) + RA[40:])),
    "later fragment": six(ipv6(LOCAL, ALL6, 44, bytes((58, 0, 0, 8, 0, 0, 0, 1)) + bytes(40))),
    "redirect": six(icmp6(LOCAL, ALL6, 137, bytes(36))),
    "DHCP offer": four(ipv4(OWN, "255.255.255.255", 17, udp(67, 68, bytes(60)))),
    "DHCP offer from another port": four(ipv4(OWN, "255.255.255.255", 17, udp(1067, 68, bytes(60)))),
    "DHCPv6 answer": six(ipv6(LOCAL, ALL6, 17, udp(547, 546))),
    "VLAN": tagged(0x8100, 0x0800, ipv4(OWN, ALL4, 17, SOME)),
    "VLAN in VLAN": tagged(0x88A8, 0x8100, struct.pack("!HH", 5, 0x0800) + ipv4(OWN, ALL4, 17, SOME)),
    "LLDP": frame(MAC, 0x88CC, bytes(46), to="01:80:c2:00:00:00"),
    "spanning tree": frame(MAC, 38, b"\x42\x42\x03" + bytes(43), to="01:80:c2:00:00:00"),
    "anything else": frame(MAC, 0x88B5, bytes(46)),
}


@pytest.fixture(scope="module")
def port(lab_host):
    """Two ports of the lab's bridge, the first guarded as a guest's tap is: a socket to send at and one to hear at."""
    lab = lab_host.lab
    for here, there in (("mouth", "mouth-in"), ("ear", "ear-in")):
        script = (
            f"ip link add {here} type veth peer name {there} && "
            f"echo 1 >/proc/sys/net/ipv6/conf/{there}/disable_ipv6 && "
            f"ip link set {here} master vpsbr0 up && ip link set {there} up"
        )
        done = lab.run(["sh", "-c", script])
        assert done.returncode == 0, done.stderr
    handle = libvirt.open(lab.uri)
    guard.ensure(handle)
    parameters = "".join(
        f"<parameter name='{name}' value='{value}'/>"
        for name, values in filterref.parameters(MAC, ADDRESSES).items()
        for value in values
    )
    binding = handle.nwfilterBindingCreateXML(
        "<filterbinding><owner><uuid>0b9b6ac8-6a4e-4b62-9f4b-0f2f7f6d3e11</uuid><name>wire</name></owner>"
        f"<portdev name='mouth'/><mac address='{MAC}'/>"
        f"<filterref filter='{filterref.FILTER}'>{parameters}</filterref></filterbinding>"
    )
    with tap(lab, "mouth-in") as mouth, tap(lab, "ear-in") as ear:
        yield mouth, ear
    binding.delete()
    for device in ("mouth", "ear"):
        lab.run(["ip", "link", "del", device])


def passes(port, sent, seconds):
    """Whether the frame comes out at the other port; the kernel may cut the padding off."""
    mouth, ear = port
    mouth.send(sent)
    return any(sent.startswith(seen) for seen in until(ear, sent.startswith, seconds))


@pytest.mark.lab
@pytest.mark.parametrize("name", OWN_FRAMES)
def test_its_own_gets_out(port, name):
    assert passes(port, OWN_FRAMES[name], 5)


@pytest.mark.lab
def test_nothing_foreign_gets_out(port):
    """One own frame behind each says that the other would have been here by now."""
    found = []
    for name, sent in FOREIGN_FRAMES.items():
        mouth, ear = port
        mouth.send(sent)
        own = OWN_FRAMES["ARP"]
        mouth.send(own)
        seen = until(ear, own.startswith, 5)
        assert seen
        assert own.startswith(seen[-1])
        if any(sent.startswith(one) for one in seen):
            found.append(name)
    assert found == []


@pytest.mark.lab
def test_the_host_kit_closes_what_the_filter_can_not_see(port, lab_host):
    """A neighbour advertisement to one receiver, under its own address but about another: passes until the hook ran."""
    claim = six(icmp6(OWN6, GATEWAY6, 136, bytes(4) + packed(THEIRS6)), to=ROUTER)
    assert passes(port, claim, 5)
    guarded = f"<filterref filter='{filterref.FILTER}'>\n</filterref>\n"
    described = (
        f"<domain><devices>\n<interface type='network'>\n<mac address='{MAC}'/>\n{guarded}</interface>\n"
        f"<interface type='network'>\n<mac address='{OTHER}'/>\n{guarded}</interface>\n</devices></domain>\n"
    )
    hook = [*lab_host.lab.places.enter, "sh", str(NEIGHBOURS), "wire", "prepare", "begin", "-"]
    for _ in range(2):
        subprocess.run(hook, input=described, text=True, check=True, timeout=30)
    assert passes(port, OWN_FRAMES["neighbour advertisement"], 5)
    assert not passes(port, claim, 0.5)
    assert passes(port, OWN_FRAMES["neighbour advertisement"], 5)
    # Lifted by `antispoof: false`, from its next start on.
    subprocess.run(hook, input=described.replace(guarded, ""), text=True, check=True, timeout=30)
    assert passes(port, claim, 5)


@pytest.fixture
def handle(lab_host):
    made = libvirt.open(lab_host.lab.uri)
    yield made
    guard.ensure(made)
    made.close()


def text(handle):
    return handle.nwfilterLookupByName(filterref.FILTER).XMLDesc(0)


@pytest.mark.lab
def test_the_filter_is_made_once_and_mended(handle):
    """An edited one is written anew, one of a newer release is left as it is."""
    guard.ensure(handle)
    whole = text(handle)
    guard.ensure(handle)
    assert text(handle) == whole
    edited = whole.replace(
        "action='drop' direction='out' priority='900'", "action='accept' direction='out' priority='900'"
    )
    handle.nwfilterDefineXML(edited)
    guard.ensure(handle)
    assert text(handle) == whole
    newer = edited.replace(f"guard {guard.VERSION}", f"guard {guard.VERSION + 1}")
    handle.nwfilterDefineXML(newer)
    guard.ensure(handle)
    assert text(handle) != whole
    handle.nwfilterDefineXML(whole)


@pytest.fixture
def without_ebtables(lab_host):
    """A lab whose libvirtd finds no working ebtables."""
    places, tool = lab_host.lab.places, "$(readlink -f $(command -v ebtables))"

    def inside(script):
        return lab_host.lab.run([*places.enter, "sh", "-c", script])

    done = inside(f"mount --bind /bin/false {tool}")
    assert done.returncode == 0, done.stderr
    yield
    done = inside(f"umount {tool}")
    assert done.returncode == 0, done.stderr


@pytest.mark.lab
def test_a_host_that_can_not_guard_is_refused_for_a_new_machine(lab_host, without_ebtables):
    """In words, and the machine is made once its owner does without."""
    driver, spec = lab_host.driver(), lab_host.spec()
    try:
        with pytest.raises(
            (Refused, Interrupted), match=r"anti-spoofing is not enforced by this host.*antispoof: false"
        ):
            driver.create(spec, SEED, lab_host.mark(spec))
        spec = replace(spec, nics={"n0": replace(spec.nics["n0"], antispoof=False)})
        machine = driver.create(spec, SEED, lab_host.mark(spec))
        assert (machine.power, machine.guarded) == ("running", {"n0": False})
    finally:
        lab_host.clean()
        driver.close()


@pytest.mark.lab
def test_a_host_that_can_no_longer_guard_starts_its_machines_and_says_so(lab_host, request):
    driver, spec = lab_host.driver(), lab_host.spec()
    try:
        machine = driver.create(spec, SEED, lab_host.mark(spec))
        machine = driver.power(spec.uuid, "off", machine.mark)
        assert machine.guarded == {"n0": True}
        request.getfixturevalue("without_ebtables")
        machine = driver.power(spec.uuid, "running", machine.mark)
        assert (machine.power, machine.guarded) == ("running", {"n0": None})
        assert any("anti-spoofing is not enforced by this host" in note for note in machine.host_notes)
    finally:
        lab_host.clean()
        driver.close()


@pytest.mark.lab
def test_a_filter_is_back_at_the_first_start_at_which_the_host_can(lab_host, request):
    driver, spec = lab_host.driver(), lab_host.spec(start=False)
    try:
        machine = driver.create(spec, SEED, lab_host.mark(spec))
        handle = libvirt.open(lab_host.lab.uri)
        domain = handle.lookupByUUIDString(spec.uuid)
        guard.leave_out(handle, guard.config(domain), "for this test")
        assert driver.read(spec.uuid).guarded == {"n0": None}
        machine = driver.power(spec.uuid, "running", machine.mark)
        assert machine.guarded == {"n0": True}
        assert not any("anti-spoofing" in note for note in machine.host_notes)
        handle.close()
    finally:
        lab_host.clean()
        driver.close()


class Said(libvirt.libvirtError):
    """What libvirt said once, of two starts at the same time."""

    def get_error_message(self):
        return (
            "internal error: Failed to apply firewall rules /usr/sbin/ebtables --concurrent -t nat -A libvirt-J-vnet5 "
            f"-s '!' 4e:27:8c:23:fd:2b -j DROP: ebtables v1.8.9 (nf_tables):  {self.args[0]}"
        )


@pytest.mark.parametrize("said", ["RULE_DELETE failed (No such file or directory): rule", "CHAIN_ADD failed (Busy)"])
def test_a_start_that_met_another_in_ebtables_is_done_again(monkeypatch, said):
    monkeypatch.setattr(guard, "PAUSES_S", (0, 0))
    answers = [Said(said), Said(said), None]

    def act():
        if (answer := answers.pop(0)) is not None:
            raise answer
        return "runs"

    assert guard.patiently(act) == "runs"
    answers[:] = [Said(said)] * 3
    with pytest.raises(libvirt.libvirtError):
        guard.patiently(act)
    answers[:] = [Said("Operation not supported"), None]
    with pytest.raises(libvirt.libvirtError):
        guard.patiently(act)
    assert answers == [None]
