"""A machine while it is `creating`: defined without disk and seed, so that nothing of it can run on them."""

import libvirt

from components.drivers import ownership
from components.drivers.base import MachineSpec
from components.drivers.errors import Refused
from components.drivers.libvirt import machine as machines
from components.drivers.libvirt import mark as marks
from components.drivers.libvirt import tree
from components.drivers.libvirt.domain_xml import render


def define(handle: libvirt.virConnect, spec: MachineSpec, notes: marks.Notes) -> libvirt.virDomain:
    """Define it, or define it anew, as it is declared now."""
    return handle.defineXML(render(spec, notes, accelerated=_accelerated(handle)))


def need_never_ran(what: str, domain: libvirt.virDomain, incarnation: str) -> tree.Element:
    """The configuration of a machine that is still `creating`, under `incarnation`.

    Raises NotOurs when another run took it over meanwhile, and Refused when it runs or may have run: its disk may
    hold data.
    """
    described = machines.config(domain)
    notes = marks.find(described)
    ownership.expect(what, None if notes is None else notes.mark, incarnation)
    if machines.may_have_run(domain, described):
        raise Refused(
            what,
            "it is not finished, yet it was started by somebody else, so its disk may hold data",
            "Its volumes were not touched. Stop it and look at them; if nobody needs them, undefine it and move them "
            "away on the host, then run again",
        )
    return described


def _accelerated(handle: libvirt.virConnect) -> bool:
    """Whether the host offers KVM; the lab hides /dev/kvm where it doesn't really run a guest."""
    for arch in tree.parse(handle.getCapabilities()).iterfind("guest/arch"):
        if arch.get("name") == "x86_64":
            return any(kind.get("type") == "kvm" for kind in arch.iterfind("domain"))
    return False
