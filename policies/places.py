"""Where a machine may be put: on a host in service that carries its network, in a datacentre that is secure.

Contract VPS-3 (cabinet and datacentre), SEC-1 to SEC-5. Only a machine that is new on its host is judged: leaving a
host that failed, or a datacentre that fell short, must stay possible, and so must everything else for who stands there.
"""

from collections.abc import Iterator
from pathlib import Path

from policies import declared, known
from policies.machine import Resource, mapping, text
from policies.rule import Rule

_FACTS = (
    ("SEC-1", "power", "ups", "an uninterruptible power supply"),
    ("SEC-1", "power", "generator", "an auxiliary power generator"),
    ("SEC-2", "climate", "temperature", "temperature control"),
    ("SEC-2", "climate", "humidity", "humidity control"),
    ("SEC-3", "entry", "cards", "access by magnetic cards"),
    ("SEC-4", "detection", "intrusion", "intrusion detection"),
    ("SEC-4", "detection", "cameras", "cameras"),
)


def in_service(found: Resource) -> Iterator[str]:
    """No machine is put on a host that is lost or out of service, or that doesn't carry its networks."""
    if not found.is_machine:
        return
    base, host = declared.folder(), found.host
    why = _out_of_service(base, host)
    nics = mapping(found.properties.get("nics"))
    wanted = [text(mapping(nic).get("network")) for nic in nics.values()]
    missing = [network for network in wanted if network not in _carries(base, host)]
    if missing and not found.properties.get("adopted"):
        names = ", ".join(network or "a network without a name" for network in missing)
        yield f"{found.title}: {host} does not carry {names}. Choose another host, or declare it there."
    if why and known.is_new_on(found, host):
        yield f"{found.title}: {host} takes no new machines: {why} Place it on another host."


def secure(found: Resource) -> Iterator[str]:
    """No machine is put where the contract's physical security is lacking."""
    if not found.is_machine:
        return
    lacking = _lacking(declared.folder(), found.host)
    if lacking and known.is_new_on(found, found.host):
        for what in lacking:
            yield f"{found.title}: {what}"


def _out_of_service(base: Path, host: str) -> str:
    lost = declared.lines(declared.host(base, host).get("lost"))
    if lost:
        return f"it is lost since {text(lost.get('since')) or 'an unknown day'}."
    state = known.state(host)
    return "" if state == known.IN_SERVICE else f"its state is {state}."


@declared.kept
def _carries(base: Path, host: str) -> frozenset[str]:
    return frozenset(map(text, declared.lines(declared.host(base, host).get("networks"))))


@declared.kept
def _lacking(base: Path, host: str) -> tuple[str, ...]:
    file = declared.host(base, host)
    name = text(file.get("datacentre"))
    centres = declared.lines(declared.fleet(base).get("datacentres"))
    if name not in centres or not text(file.get("cabinet")).strip():
        lacks = "cabinet" if name in centres else f"datacentre that fleet.yaml lists ({name or 'none is named'})"
        return (f"{host} stands in no {lacks} (VPS-3, SEC-5). Name it in hosts/{host}.yaml.",)
    centre = declared.lines(centres[name])
    found = [
        (requirement, words)
        for requirement, group, key, words in _FACTS
        if text(declared.lines(centre.get(group)).get(key)) != "true"
    ]
    if not declared.listed(declared.lines(centre.get("entry")).get("registered")):
        found.append(("SEC-3", "a list of registered personnel"))
    return tuple(
        f"datacentre {name}, where {host} stands, lacks {words} ({requirement}): none may be sold there (SEC-5). "
        "Place it elsewhere, or put that in place and say so in fleet.yaml."
        for requirement, words in found
    )


RULES = (
    Rule("host-takes-new-machines", "A machine is put only on a host in service that carries its network", in_service),
    Rule("datacentre-is-secure", "A machine is put only where SEC-1 to SEC-4 hold, in a named cabinet", secure),
)
"""The rules about places."""
