"""Anti-spoofing: one nwfilter of our own, which libvirt puts before each guarded NIC ahead of its first frame.

A guest speaks with its own MAC and from its own addresses only, announces nobody else's, and plays neither DHCP server
nor router; what comes to it is free. The filter is the same on every host and lives in libvirt, so it holds over
restarts of libvirtd, starts by hand and moves; what differs by machine are the parameters of its `<filterref>`.
Syntax: https://libvirt.org/formatnwfilter.html
"""

import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import libvirt

from components.drivers.base import NicSpec
from components.drivers.errors import Refused
from components.drivers.libvirt import filterref, patch, tree
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt.errors import is_code
from components.drivers.libvirt.filterref import FILTER
from components.drivers.libvirt.machine import config

VERSION = 1
"""Raised with every change of the filter; a host that has a newer one keeps it."""
PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6)
_CONTENDED = re.compile(r"ebtables.*(\b(RULE|CHAIN|TABLE)_\w+ failed|temporarily unavailable|lock)", re.DOTALL)
Result = TypeVar("Result")
UUID = "5f2c1c52-5b0e-4b53-9d0c-6a3f7a3b8f10"

_FILTER = f"""
<filter name='{FILTER}' chain='root'>
  <uuid>{UUID}</uuid>
  <rule action='drop' direction='out' priority='100'>
    <mac match='no' srcmacaddr='$MAC' comment='aegir-vps guard {VERSION}'/>
  </rule>
  <rule action='drop' direction='out' priority='200'>
    <ip protocol='udp' dstportstart='68'/>
  </rule>
  <rule action='accept' direction='out' priority='210'>
    <ip srcipaddr='$VPS_IPV4[@1]' srcipmask='$VPS_IPV4_BITS[@1]'/>
  </rule>
  <rule action='drop' direction='out' priority='300'>
    <ipv6 protocol='icmpv6' type='134'/>
  </rule>
  <rule action='drop' direction='out' priority='310'>
    <ipv6 protocol='icmpv6' type='137'/>
  </rule>
  <rule action='drop' direction='out' priority='320'>
    <ipv6 dstipaddr='ff00::' dstipmask='8' protocol='icmpv6' type='136'/>
  </rule>
  <rule action='drop' direction='out' priority='330'>
    <ipv6 dstipaddr='fe00::' dstipmask='7' protocol='44'/>
  </rule>
  <rule action='drop' direction='out' priority='340'>
    <ipv6 protocol='udp' dstportstart='546'/>
  </rule>
  <rule action='accept' direction='out' priority='350'>
    <ipv6 srcipaddr='$VPS_IPV6[@1]' srcipmask='$VPS_IPV6_BITS[@1]'/>
  </rule>
  <rule action='accept' direction='out' priority='400'>
    <arp arpsrcmacaddr='$MAC[0]' arpsrcipaddr='$VPS_IPV4[@1]' arpsrcipmask='$VPS_IPV4_BITS[@1]'/>
  </rule>
  <rule action='accept' direction='out' priority='410'>
    <rarp opcode='Request_Reverse' arpsrcmacaddr='$MAC' arpdstmacaddr='$MAC'
          arpsrcipaddr='0.0.0.0' arpdstipaddr='0.0.0.0'/>
  </rule>
  <rule action='drop' direction='out' priority='900'/>
</filter>
"""
# In this order: another MAC; DHCP answers; its IPv4. Router advertisements, redirects, "that address is mine" said to
# everybody (nobody has to, and it ends the start of whoever has it), later fragments to the link (in which one of these
# could hide), DHCPv6 answers; its IPv6. Its ARP. What QEMU says of a machine that has just arrived from another host.
# Then everything else: VLAN tags, spanning tree, LLDP. Not even 0.0.0.0 and :: may ask whether an address is taken:
# here it can't be, and the question alone ends the start of whoever has it.


def ensure(handle: libvirt.virConnect) -> None:
    """Have the filter on the host, in this version or a newer one. Raises libvirtError, also where libvirt has none.

    libvirt puts a changed filter before every running guest at once, and keeps the former one if that fails.
    """
    try:
        found = _rules(handle.nwfilterLookupByName(FILTER).XMLDesc(0))
    except libvirt.libvirtError as problem:
        if not is_code(problem, libvirt.VIR_ERR_NO_NWFILTER):
            raise
        found = []
    if found != _rules(_FILTER) and _version(found) <= VERSION:
        handle.nwfilterDefineXML(_FILTER)


def need(what: str, handle: libvirt.virConnect) -> None:
    """Have the filter, for a machine that is about to be made. Raises Refused where libvirt knows no filters."""
    try:
        ensure(handle)
    except libvirt.libvirtError as problem:
        if reason := why_not(problem):
            raise refusal(what, reason) from problem
        raise


def refusal(what: str, reason: str) -> Refused:
    """What is said of a new machine that this host can't keep apart from others."""
    return Refused(
        what,
        f"{filterref.NOTE}: {reason}",
        "Install ebtables (in Debian's package iptables) and libvirt's nwfilter driver there, choose another host, or "
        "declare `antispoof: false`",
    )


def why_not(problem: libvirt.libvirtError) -> str:
    """What keeps libvirt from filtering, in its words; empty when something else failed."""
    message = (problem.get_error_message() or "").strip().replace("\n", "; ")
    by_driver = problem.get_error_domain() in (libvirt.VIR_FROM_NWFILTER, libvirt.VIR_FROM_FIREWALL)
    lacks = is_code(problem, libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_NO_NWFILTER, libvirt.VIR_ERR_BUILD_FIREWALL)
    return message[:200] if by_driver or lacks or re.search(r"\b(ebtables|nwfilter)\b", message) else ""


def patiently(act: Callable[[], Result]) -> Result:
    """Do what puts filters in force, again while other starts on the same host are in its way.

    ebtables over nftables takes no lock: of two that change the tables at once, one fails with a rule or chain that is
    gone, or a table that changed meanwhile.
    """
    for pause in PAUSES_S:
        try:
            return act()
        except libvirt.libvirtError as problem:
            if not _CONTENDED.search(problem.get_error_message() or ""):
                raise
            time.sleep(pause * (0.5 + random.random()))  # noqa: S311 - so that two do not meet again
    return act()


def bring(
    handle: libvirt.virConnect, domain: libvirt.virDomain, described: tree.Element, nics: Mapping[str, NicSpec]
) -> libvirt.virDomain:
    """Bring the configuration to what is declared now, before a machine's first start; written only if it differs."""
    before, notes = tree.text(described), marks.find(described)
    for name, nic in nics.items():
        interface = patch.find_nic(described, name, notes)
        if interface is not None:
            filterref.put(interface, nic.addresses, on=nic.antispoof)
    return domain if tree.text(described) == before else handle.defineXML(tree.text(described))


def live(
    domain: libvirt.virDomain, notes: marks.Notes, nics: Mapping[str, NicSpec]
) -> list[tuple[Callable[[], None], Callable[[], object]]]:
    """What must be done to a running machine so that its filters are as declared: pairs of how to do and to undo it.

    The link stays up. Where the host turns out not to enforce it, the change goes on without, and we note it.
    """
    found: list[tuple[Callable[[], None], Callable[[], object]]] = []
    running = tree.parse(domain.XMLDesc(0))
    for name, nic in nics.items():
        interface = patch.find_nic(running, name, notes)
        if interface is None or notes.nics[name].unguarded:
            continue
        before = tree.text(interface)
        filterref.put(interface, nic.addresses, on=nic.antispoof)
        if (after := tree.text(interface)) != before:
            found.append((partial(_set, domain, name, after, on=nic.antispoof), partial(_update, domain, before)))
    return found


def _set(domain: libvirt.virDomain, name: str, interface: str, *, on: bool) -> None:
    try:
        if on:
            ensure(domain.connect())
        _update(domain, interface)
    except libvirt.libvirtError as problem:
        reason = why_not(problem)
        if not on or not reason:
            raise
        described = config(domain)
        notes = marks.find(described)
        assert notes is not None
        _define(domain.connect(), described, notes, [name], reason)


def _update(domain: libvirt.virDomain, interface: str) -> None:
    patiently(lambda: domain.updateDeviceFlags(interface, libvirt.VIR_DOMAIN_AFFECT_LIVE))


def retake(handle: libvirt.virConnect, domain: libvirt.virDomain, described: tree.Element) -> libvirt.virDomain:
    """Before a start: the filter is there, and what had to be left out once stands in the configuration again."""
    notes = marks.find(described)
    if described.find("devices/interface/filterref") is not None or (notes and _left_out(notes)):
        with suppress(libvirt.libvirtError):
            ensure(handle)
    return _define(handle, described, notes, _left_out(notes), "") if notes and _left_out(notes) else domain


def leave_out(handle: libvirt.virConnect, described: tree.Element, reason: str) -> libvirt.virDomain:
    """Take our filter out of the configuration, because of `reason`: no client stays down for it, and we note it."""
    notes = marks.find(described)
    assert notes is not None
    found = {name: patch.find_nic(described, name, notes) for name in notes.nics}
    ours = [
        name for name, nic in found.items() if nic is not None and tree.attribute(nic, "filterref", "filter") == FILTER
    ]
    return _define(handle, described, notes, ours, reason)


def _left_out(notes: marks.Notes) -> list[str]:
    return [name for name, note in notes.nics.items() if note.unguarded]


def _define(
    handle: libvirt.virConnect, described: tree.Element, notes: marks.Notes, names: Sequence[str], reason: str
) -> libvirt.virDomain:
    for name in names:
        nic = patch.find_nic(described, name, notes)
        if nic is not None:
            filterref.put(nic, notes.nics[name].addresses, on=not reason)
    marks.put(described, notes.without_guard(names, reason))
    return handle.defineXML(tree.text(described))


def _rules(text: str) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """A filter's XML with nothing but what counts."""
    return [(part.tag, tuple(sorted(part.attrib.items()))) for part in tree.parse(text).iter() if part.tag != "uuid"]


def _version(rules: Sequence[tuple[str, tuple[tuple[str, str], ...]]]) -> int:
    """The version that a filter says of itself, 0 for none."""
    for _, attributes in rules:
        said = re.fullmatch(r"aegir-vps guard (\d{1,9})", dict(attributes).get("comment", ""))
        if said:
            return int(said[1])
    return 0
