"""Which problems concern a stack: those of its own file, its hosts' files, and what it uses of the shared ones.

A broken package stops who has it, and nobody else; what no machine is made from (prices, services, spares) stops none.
"""

from dataclasses import dataclass

from components.config import folder as places
from components.domain.fleet import Fleet
from components.domain.problems import Problem

_NAMED = ("packages", "extras", "contracts", "offers", "images", "networks", "datacentres")
"""Of these a stack is concerned by what it names."""
_UNAPPLIED = ("services", "term_discounts", "spares", "support", "languages", "currency", "client_quota")
"""No input of any resource comes from these."""


@dataclass(frozen=True, slots=True)
class Used:
    """What a stack stands on: files, and entries of the shared ones by kind and name."""

    files: frozenset[str]
    entries: frozenset[tuple[str, str]]


def of_host(fleet: Fleet, name: str) -> Used:
    """What a host's stack uses: every image that is offered, its networks and its datacentre."""
    host = fleet.hosts.get(name)
    entries = {("images", image) for image in fleet.images} | {("offers", image) for image in fleet.offers}
    if host is not None:
        entries |= {("networks", network) for network in host.networks} | {("datacentres", host.datacentre)}
    return Used(frozenset({f"{places.HOSTS}/{name}.yaml"}), frozenset(entries))


def of_client(fleet: Fleet, name: str) -> Used:
    """What a client's stack uses, by what its VPSs name."""
    files, entries = {f"{places.CLIENTS}/{name}.yaml"}, set[tuple[str, str]]()
    client = fleet.clients.get(name)
    if client is not None:
        entries.add(("contracts", client.contract.version))
    for vps in client.vps.values() if client else ():
        files.add(f"{places.HOSTS}/{vps.host}.yaml")
        entries |= {("images", vps.image), ("offers", vps.image), ("networks", vps.network)}
        for sale in vps.sales:
            entries |= {("packages", sale.package), *(("extras", key) for key in sale.extras)}
    return Used(frozenset(files), frozenset(entries))


def concerns(problem: Problem, used: Used) -> bool:
    """Whether the problem is one of what is used."""
    if problem.file.endswith("/"):
        # The folder itself is missing or can't be read: every stack that needs a file of it is concerned.
        return any(file.startswith(problem.file) for file in used.files)
    if problem.file not in (places.FLEET, places.CATALOGUE, places.LOCK):
        return problem.file in used.files
    match problem.path:
        case (str() as kind, *_) if kind in _UNAPPLIED:
            return False
        case (str() as kind, str() as name, *_) if kind in _NAMED:
            return (kind, name) in used.entries
        case _:
            return True
