"""What somebody who orders says in short, found in the fleet: `small` is the newest version that is sold, and so on.

Everything raises DomainError with what there is to choose from.
"""

from collections.abc import Collection, Iterable
from datetime import date

from components.domain.clients import SUPPORT_LEVELS
from components.domain.fleet import Fleet
from components.domain.names import is_fqdn
from components.domain.networks import Network
from components.domain.problems import DomainError
from components.domain.terms import LENGTHS


def package(fleet: Fleet, text: str) -> str:
    """The key of a package: its own, or that of the newest version of its name. Those of adopted machines aren't sold.

    Versions are compared as text, as which `2026-01` and its like are in the order of time.
    """
    sold = sorted(key for key, one in fleet.packages.items() if not one.adopted)
    if text in fleet.packages and text not in sold:
        cause = f"{text} says what adopted machines have; it is not sold."
        raise DomainError(cause, f"Sold are {_list(sold)}.")
    return _versioned(text, sold, "package")


def extras(fleet: Fleet, texts: Iterable[str]) -> dict[str, int]:
    """`memory@2026-01=2`, or `memory` for one piece of its newest version; by key. None of them is `=0`."""
    found: dict[str, int] = {}
    for text in texts:
        name, _, count = text.partition("=")
        if count and not (count.isascii() and count.isdigit() and len(count) < 5):
            raise DomainError(f'"{text}" is no extra.', "Write it like memory@2026-01=2.")
        found[_versioned(name, sorted(fleet.extras), "extra")] = int(count or 1)
    return found


def contract(fleet: Fleet, text: str, signed: date) -> str:
    """The version of the terms: the one that is named, or the newest that is valid on the day of signing."""
    if text:
        return _versioned(text, sorted(fleet.contracts), "contract version")
    valid = [(one.valid_from, key) for key, one in fleet.contracts.items() if one.valid_from <= signed]
    if not valid:
        cause = f"No contract version of the catalogue is valid on {signed}."
        raise DomainError(cause, f"Name one by --contract: {_list(fleet.contracts)}.")
    return max(valid)[1]


def image(fleet: Fleet, text: str, today: date, retired: Collection[str] = ()) -> str:
    """The image that is named, else the catalogue's first that is built and may be installed today.

    None of the `retired`, which nobody mends any more.
    """
    barred = {key: _barred(fleet, key, today, retired) for key in fleet.offers}
    may = [key for key, why in barred.items() if not why]
    if not text and not may:
        whys = "; ".join(f"{key} {why}" for key, why in barred.items()) or "there is none"
        raise DomainError(f"No image may be installed today: {whys}.", "Build one with `vps image build`.")
    if text and text not in fleet.offers:
        raise DomainError(f'There is no image "{text}".', f"For new installations there are {_list(may)}.")
    return text or may[0]


def _barred(fleet: Fleet, key: str, today: date, retired: Collection[str]) -> str:
    """Why nothing new is made from an image of the catalogue, in words; empty when it may be."""
    until = fleet.offers[key].new_installs_until
    if key not in fleet.images:
        return "is not built"
    if fleet.images[key].expires <= today:
        return f"expired on {fleet.images[key].expires}"
    if until is not None and until < today:
        return f"was for new VPSs until {until}"
    return "is at its end of life" if key in retired else ""


def months(text: str) -> int:
    """For how long (contract TERM-1)."""
    if text not in map(str, LENGTHS):
        known = f"{', '.join(map(str, LENGTHS[:-1]))} or {LENGTHS[-1]}"
        raise DomainError(f"A term of {text} months is not sold (contract TERM-1).", f"Write {known}.")
    return int(text)


def support(text: str) -> str:
    """A support level."""
    if text not in SUPPORT_LEVELS:
        raise DomainError(f'There is no support level "{text}".', f"There are {_list(SUPPORT_LEVELS)}.")
    return text


def fqdn(fleet: Fleet, text: str) -> str:
    """The full name of a VPS that is nobody's yet."""
    if not is_fqdn(text):
        raise DomainError(f'"{text}" is no full name.', "Write it in lower case, like web1.coop.example.")
    for client, vps in fleet.machines():
        if vps.fqdn == text:
            raise DomainError(f"{text} is the name of {client.key}/{vps.key}.", "Choose another one.")
    return text


def networks(fleet: Fleet, host: str | None) -> tuple[str, ...]:
    """The networks between which somebody must choose, as a host (or `host`) carries several; mostly none.

    One of them may be for management: nobody but who orders knows where the VPS belongs.
    """
    hosts = fleet.hosts.values() if host is None else [fleet.hosts[host]] if host in fleet.hosts else []
    carried = [sorted(one.networks.keys() & fleet.networks.keys()) for one in hosts if not one.lost]
    return tuple(sorted({name for one in carried for name in one})) if any(len(one) > 1 for one in carried) else ()


def families(fleet: Fleet, network: str | None) -> tuple[int, int]:
    """How many addresses of IPv4 and IPv6 a VPS gets where nobody says it: one of each that its network has."""
    carried = {name for host in fleet.hosts.values() for name in host.networks}
    among: Iterable[Network] = [one for name, one in fleet.networks.items() if name in carried or not carried]
    if network is not None:
        if network not in fleet.networks:
            raise DomainError(f'There is no network "{network}".', f"There are {_list(fleet.networks)}.")
        among = [fleet.networks[network]]
    return int(all(one.ipv4 for one in among)), int(all(one.ipv6 for one in among))


def label(taken: Collection[str]) -> str:
    """A name for one more VPS: web1, web2, …, the first that is free."""
    number = 1
    while f"web{number}" in taken:
        number += 1
    return f"web{number}"


def _versioned(text: str, known: list[str], what: str) -> str:
    if text in known:
        return text
    versions = [key for key in known if key.partition("@")[0] == text]
    if not versions:
        raise DomainError(f'There is no {what} "{text}".', f"There are {_list(known)}.")
    return versions[-1]


def _list(known: Iterable[str]) -> str:
    return ", ".join(known) or "none"
