"""Rules for clients and their VPSs: names, references, terms, addresses, and access by request (contract VPS-6)."""

import base64
import binascii
from collections.abc import Iterator
from datetime import date

from components.domain import clients as domain
from components.domain.fleet import Fleet
from components.domain.hosts import SHARED
from components.domain.names import is_client_id, is_fqdn, is_label, is_vps_id
from components.domain.networks import Address, Network, address_of
from components.domain.problems import Problem
from components.domain.rules.adopted import problems as adopted
from components.domain.rules.common_ground import LABEL_REMEDY, unusable
from components.domain.rules.hosts import EMAIL
from components.domain.rules.references import (
    CONTRACT,
    HOST,
    NETWORK,
    OFFER,
    PACKAGE,
    Steps,
    Unread,
    choice,
    suggestion,
    unknown,
)
from components.domain.terms import LENGTHS

_KEY_TYPES = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
)
_ID_REMEDY = "An id is {0}- and 4 to 12 lower-case letters or digits."


def problems(fleet: Fleet, unread: Unread, today: date) -> Iterator[Problem]:
    """What is wrong with the files of clients/, as of `today`."""
    for key, client in fleet.clients.items():
        path: Steps = ("clients", key)
        if not is_label(key):
            remedy = f"Rename the file. {LABEL_REMEDY}"
            yield Problem(code="bad-name", path=path, message=f'"{key}" is no name for a client.', remedy=remedy)
        if not is_client_id(client.id):
            message = f'"{client.id}" is no client id.'
            yield Problem(code="bad-id", path=(*path, "id"), message=message, remedy=_ID_REMEDY.format("c"))
        if not unread.covers("languages"):
            what = "language in which support is given"
            yield from choice((*path, "language"), client.language, fleet.languages, what, code="bad-language")
        for name, contact in client.contacts.items():
            yield from _contact((*path, "contacts", name), name, contact)
        version = client.contract.version
        yield from unknown((*path, "contract", "version"), version, CONTRACT, fleet.contracts, unread)
        support = client.contract.support
        yield from choice(
            (*path, "contract", "support"),
            support,
            domain.SUPPORT_LEVELS,
            "support level",
            code="unknown-support-level",
        )
        for name, vps in client.vps.items():
            here = (*path, "vps", name)
            yield from _vps(here, vps)
            yield from _references(here, client.id, vps, fleet, unread)
            yield from _image((*here, "image"), vps, fleet, unread, today)
            yield from _addresses(here, vps, fleet, unread)
            yield from _people(here, vps, client, unread)


def _contact(path: Steps, name: str, contact: domain.Contact) -> Iterator[Problem]:
    if not is_label(name) or len(name) > 32:
        message = f'"{name}" can be no user name on a VPS.'
        remedy = "Use at most 32 lower-case letters, digits and hyphens."
        yield Problem(code="bad-name", path=path, message=message, remedy=remedy)
    if not EMAIL.fullmatch(contact.email):
        message = f'"{contact.email}" is no e-mail address.'
        yield Problem(
            code="bad-email", path=(*path, "email"), message=message, remedy="Write it like ada@coop.example."
        )
    for index, role in enumerate(contact.roles):
        yield from choice((*path, "roles", index), role, domain.ROLES, "role", code="unknown-role")
    if contact.ssh_key is not None and not _is_public_key(contact.ssh_key):
        secret = "PRIVATE" in contact.ssh_key
        yield Problem(
            code="bad-ssh-key",
            path=(*path, "ssh_key"),
            message="It is a private key!" if secret else "It is no public key of OpenSSH.",
            remedy="Have the person make a new pair: this one is no secret any more."
            if secret
            else "Paste the whole line of the .pub file: type, key, comment.",
        )


def _is_public_key(text: str) -> bool:
    kind, _, rest = text.strip().partition(" ")
    if kind not in _KEY_TYPES:
        return False
    try:
        blob = base64.b64decode(rest.split(" ")[0], validate=True)
    except (binascii.Error, ValueError):
        return False
    # The key repeats its type: a length of four octets, then the text (RFC 4253, section 6.6).
    return len(blob) > 4 + len(kind) and blob[: 4 + len(kind)] == len(kind).to_bytes(4) + kind.encode()


def _vps(path: Steps, vps: domain.Vps) -> Iterator[Problem]:
    if not is_label(vps.key):
        yield Problem(code="bad-name", path=path, message=f'"{vps.key}" is no name for a VPS.', remedy=LABEL_REMEDY)
    if not is_vps_id(vps.id):
        yield Problem(
            code="bad-id", path=(*path, "id"), message=f'"{vps.id}" is no VPS id.', remedy=_ID_REMEDY.format("v")
        )
    if vps.term.months not in LENGTHS:
        yield Problem(
            code="term-length",
            path=(*path, "term", "months"),
            message=f"A term of {vps.term.months} months is not sold (contract TERM-1).",
            remedy=f"Write {', '.join(map(str, LENGTHS[:-1]))} or {LENGTHS[-1]}.",
        )
    yield from choice((*path, "power"), vps.power, domain.POWERS, "power state", code="unknown-power")
    sites = vps.panel.ssl_sites if vps.panel else ()
    listed = [(("panel", "ssl_sites", index), site) for index, site in enumerate(sites)]
    for key, name in ((("fqdn",), vps.fqdn), *listed):
        if not is_fqdn(name):
            message = f'"{name}" is no full domain name.'
            remedy = "Write it in lower case with its domain and no dot at the end, like web1.coop.example."
            yield Problem(code="bad-fqdn", path=(*path, *key), message=message, remedy=remedy)
    for index, site in enumerate(sites):
        if site in sites[:index]:
            here = (*path, "panel", "ssl_sites", index)
            yield Problem(
                code="site-twice", path=here, message=f"{site} is listed twice.", remedy="Keep one of the two."
            )
    if vps.ends is not None and vps.ends < vps.term.start:
        message = f"It would end on {vps.ends}, before its term starts."
        yield Problem(
            code="ends-before-start",
            path=(*path, "ends"),
            message=message,
            remedy=f"Write {vps.term.start} or a later day.",
        )


def _references(path: Steps, client_id: str, vps: domain.Vps, fleet: Fleet, unread: Unread) -> Iterator[Problem]:
    yield from unknown((*path, "package"), vps.package, PACKAGE, fleet.packages, unread)
    yield from unknown((*path, "host"), vps.host, HOST, fleet.hosts, unread)
    yield from unknown((*path, "network"), vps.network, NETWORK, fleet.networks, unread)
    yield from unknown((*path, "image"), vps.image, OFFER, fleet.offers, unread)
    yield from adopted(path, vps, fleet)
    host = fleet.hosts.get(vps.host)
    carries = host is None or vps.network in host.networks or unread.covers("hosts", vps.host, "networks")
    if host is not None and vps.network in fleet.networks and not carries:
        carried = ", ".join(host.networks) or "none"
        yield Problem(
            code="network-not-on-host",
            path=(*path, "network"),
            message=f"The host {host.name} does not carry the network {vps.network}.",
            remedy=f"Choose one that it carries ({carried}), another host, or add it to hosts/{host.name}.yaml.",
        )
    if host is not None and host.assigned not in (SHARED, client_id) and is_client_id(host.assigned):
        yield Problem(
            code="host-assigned-elsewhere",
            blocks=False,
            path=(*path, "host"),
            message=f"The host {host.name} serves the client {host.assigned} alone (contract HW-8).",
            remedy=f"Move it to a host that is shared, or correct `assigned` in hosts/{host.name}.yaml.",
        )


def _image(path: Steps, vps: domain.Vps, fleet: Fleet, unread: Unread, today: date) -> Iterator[Problem]:
    image = fleet.images.get(vps.image)
    if image is None:
        if vps.image in fleet.offers and not unread.covers("images", vps.image):
            yield Problem(
                code="image-not-built",
                path=path,
                message=f"The image {vps.image} is in the catalogue but not in images.lock.yaml: nobody built it yet.",
                remedy=f"Run `vps image build {vps.image}` and commit images.lock.yaml.",
            )
        return
    sale = vps.sale(max(today, vps.term.start))
    try:
        disk_gib = fleet.limits(sale).disk_gib
    except KeyError:
        return  # Other rules tell it.
    if disk_gib < image.virtual_gib and not vps.is_adopted:
        what = f"{sale.package} with its extras" if sale.extras else sale.package
        yield Problem(
            code="image-too-large",
            path=path,
            message=f"The image needs {image.virtual_gib} GiB of disk, {what} has {disk_gib}.",
            remedy="Choose a larger package or a smaller image.",
        )


def _addresses(path: Steps, vps: domain.Vps, fleet: Fleet, unread: Unread) -> Iterator[Problem]:
    if not vps.ipv4 and not vps.ipv6:
        yield Problem(code="no-address", path=path, message="It has no address.", remedy="Add ipv4: […] or ipv6: […].")
    network = fleet.networks.get(vps.network)
    for family, version, texts in (("ipv4", 4, vps.ipv4), ("ipv6", 6, vps.ipv6)):
        for index, text in enumerate(texts):
            here = (*path, family, index)
            try:
                address = address_of(text)
            except ValueError:
                remedy = "Write one address without prefix length or zone."
                yield Problem(code="bad-address", path=here, message=f'"{text}" is no address.', remedy=remedy)
                continue
            if address.version != version:
                remedy = f"Move it to ipv{address.version}."
                yield Problem(
                    code="bad-address", path=here, message=f"{text} is no IPv{version} address.", remedy=remedy
                )
            elif network is not None and not unread.covers("networks", vps.network, family):
                yield from _place(here, address, network)


def _place(path: Steps, address: Address, network: Network) -> Iterator[Problem]:
    whole = network.range_of(address)
    if whole is None:
        message = f"The network {network.name} has no IPv{address.version}."
        yield Problem(
            code="address-outside-network",
            path=path,
            message=message,
            remedy="Remove the address, or choose another network.",
        )
    elif address not in whole:
        message = f"{address} lies outside the network {network.name} ({whole})."
        yield Problem(
            code="address-outside-network", path=path, message=message, remedy=f"Choose a free address of {whole}."
        )
    elif address == network.gateway_of(address):
        message = f"{address} is the gateway of {network.name}."
        yield Problem(code="address-reserved", path=path, message=message, remedy=f"Choose a free address of {whole}.")
    elif unusable(network, address) or any(address in reserved for reserved in network.reserved):
        message = f"{address} is reserved in {network.name}."
        yield Problem(code="address-reserved", path=path, message=message, remedy=f"Choose a free address of {whole}.")


def _people(path: Steps, vps: domain.Vps, client: domain.Client, unread: Unread) -> Iterator[Problem]:
    if vps.panel is not None:
        yield from _known((*path, "panel", "admin"), vps.panel.admin, client, unread)
    for index, grant in enumerate(vps.access):
        here = (*path, "access", index)
        contact = client.contacts.get(grant.who)
        yield from _known((*here, "who"), grant.who, client, unread)
        if contact is not None and contact.ssh_key is None:
            yield Problem(
                code="access-without-key",
                path=(*here, "who"),
                message=f"{grant.who} has no ssh_key, and access is by key only.",
                remedy=f"Add ssh_key to contacts.{grant.who}.",
            )
        if not grant.request.strip():
            yield Problem(
                code="access-without-request",
                path=(*here, "request"),
                message="Access is given upon a recorded request only (contract VPS-6).",
                remedy="Write the ticket, like T-1041.",
            )
        if grant.until is not None and grant.until < grant.since:
            message = f"It would end on {grant.until}, before it begins."
            yield Problem(
                code="access-ends-before-start", path=(*here, "until"), message=message, remedy="Write a later day."
            )


def _known(path: Steps, name: str, client: domain.Client, unread: Unread) -> Iterator[Problem]:
    if name not in client.contacts and not unread.covers("clients", client.key, "contacts", name):
        remedy = f"{suggestion(name, client.contacts)}, or add the person to contacts."
        yield Problem(
            code="unknown-contact", path=path, message=f'"{name}" is no contact of this client.', remedy=remedy
        )
