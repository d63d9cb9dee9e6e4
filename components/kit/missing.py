"""What a client is promised and this command does not make: told by name, to be done by hand (contract KIT-6)."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """One element of the contract that keeps onboarding incomplete, and what somebody has to do."""

    element: str
    what: str
    do: str


BY_HAND = (
    Missing(element="ACC-1", what="the client's account in the helpdesk", do="Create it, once for each client."),
    Missing(
        element="ACC-2",
        what="the private issue queue",
        do="Open it to the client's registered contacts and to staff, and to nobody else.",
    ),
    Missing(element="ACC-3", what="the private wiki", do="Create it with the same visibility as the queue."),
    Missing(
        element="ACC-4",
        what="the private repository with the configuration manifests",
        do="Create it; the client reads, and writes upon request.",
    ),
)


def missing(facts: dict[str, Any]) -> list[Missing]:
    """Everything that is missing, in the order of the contract's elements."""
    reverse = sorted({record.zone for record in facts["reverse"]})
    found = [
        *BY_HAND,
        Missing(
            element="KIT-1",
            what="the server configuration in the client's private wiki",
            do="Put server-configuration.md there, after every change again.",
        ),
        Missing(
            element="KIT-2",
            what="the fingerprints of the VPSs' own SSH keys, for which the client is told to ask",
            do="Note them from the console of the first boot: no command shows them later.",
        ),
        Missing(
            element="KIT-4",
            what=f"the reverse records in {', '.join(reverse)}",
            do=f"Set those of dns/reverse-*.zone at {_reverse_at(facts['reverse_at'])}.",
        ),
    ]
    pinned = sorted({name for machine in facts["machines"] for name in _pinned(machine)})
    if pinned:
        found.append(
            Missing(
                element="UPD-2",
                what=f"security updates of {', '.join(pinned)}: an image's bundle pins them, nothing updates them",
                do="Follow their makers' advisories and bring newer versions by hand.",
            )
        )
    if facts["support"] is None:
        found.append(
            Missing(element="KIT-2", what="how to reach support", do="Declare `support` in fleet.yaml, run this again.")
        )
    if not any(facts["services"].values()):
        found.append(
            Missing(
                element="KIT-5",
                what="additional services and their prices",
                do="Declare `services` in catalogue.yaml, run this again.",
            )
        )
    if any(machine["backup"] for machine in facts["machines"]) and not facts["backups_go"]:
        found.append(
            Missing(
                element="KIT-1",
                what="where the backups go that the packages promise",
                do="Declare `backups` in fleet.yaml, run this again.",
            )
        )
    if facts["certified"] and facts["certificates"] != "real":
        found.append(
            Missing(
                element="OPT-1",
                what=f"an authority for the certificates of {', '.join(facts['certified'])}",
                do="Declare one under `acme` in fleet.yaml that is not for trials, run this again.",
            )
        )
    return sorted(found, key=lambda one: one.element)


def _pinned(machine: dict[str, Any]) -> list[str]:
    """Sources that the contract promises to keep up to date and that no nightly update touches."""
    inside = machine["image"]["inside"]
    if inside is None or machine["adopted"]:
        return []
    return [name for _, names in inside.updates for name in names]


def _reverse_at(places: dict[str, str]) -> str:
    """Where reverse records are set, as the client's networks declare it (`reverse_dns` of fleet.yaml)."""
    said = dict.fromkeys(place for _, place in sorted(places.items()) if place)
    if not all(places.values()):
        said["your name servers"] = None
    return " and ".join(said)
