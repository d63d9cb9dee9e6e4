"""What the files of all clients say together: who is on a host, who holds an address.

A file is only parsed when its bytes hold what is asked for, or a backslash, with which a text can be written otherwise.
A file that can't be read counts as empty: one client's broken file never stops another.
"""

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from policies import declared, lines
from policies.declared import DeclaredError
from policies.lines import Line
from policies.machine import text

_ADDRESS = re.compile(rb"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*")


@declared.kept
def canonical(address: str) -> str:
    """The one form of an address; empty for what is none, as one with a zone (`fe80::1%eth0`): that may be any text."""
    try:
        return "" if "%" in address else str(ipaddress.ip_address(address))
    except ValueError:
        return ""


@declared.kept
def on_host(base: Path, host: str) -> tuple[Line, ...]:
    """Every VPS that a file places on the host. Raises DeclaredError when there are no files."""
    wanted = host.encode()
    named = [name for name, held in declared.contents(base, "clients").items() if wanted in held or b"\\" in held]
    return tuple(line for name in named for line in _of(base, name) if text(line.vps.get("host")) == host)


@declared.kept
def by_ids(base: Path, client: str, vps: str) -> Line | None:
    """The VPS with these permanent ids, of whatever client's file; None when there is none."""
    wanted = client.encode()
    for name, held in declared.contents(base, "clients").items():
        if wanted in held or b"\\" in held:
            found = next((one for one in _of(base, name) if text(one.vps.get("id")) == vps), None)
            if found is not None and text(found.file.get("id")) == client:
                return found
    return None


@declared.kept
def holders(base: Path, address: str) -> tuple[Line, ...]:
    """Every VPS that a file gives the address, in its canonical form. Raises DeclaredError when there are no files."""
    named = _named(base)
    return tuple(
        line
        for client in sorted({*named.get(address, ()), *named.get("", ())})
        for line in _of(base, client)
        if address in addresses(line.vps)
    )


def addresses(vps: Mapping[str, object]) -> tuple[str, ...]:
    """The addresses of a VPS's line in canonical form, each as often as it stands there."""
    return tuple(canonical(text(one)) for key in ("ipv4", "ipv6") for one in declared.listed(vps.get(key)))


def _of(base: Path, client: str) -> Iterator[Line]:
    try:
        yield from lines.by_id(base, client).values()
    except DeclaredError:
        return


@declared.kept
def _named(base: Path) -> Mapping[str, tuple[str, ...]]:
    """Clients by the addresses that their files hold anywhere; under the empty text those that must be parsed."""
    found = defaultdict(set)
    for client, held in declared.contents(base, "clients").items():
        if b"\\" in held:
            found[""].add(client)
        for token in _ADDRESS.findall(held):
            form = token.decode()
            found[form if b":" not in token else canonical(form)].add(client)
    return {address: tuple(clients) for address, clients in found.items() if address or "" in found}
