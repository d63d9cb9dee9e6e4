"""What the documents of one client may say: drawn from the declared fleet, and nothing that isn't the client's to know.

No host's name or address, no other client, no key (a fingerprint stands for one), no secret: none is declared.
"""

import base64
import hashlib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from components.domain import units
from components.domain.clients import Client, Contact, Vps
from components.domain.fleet import Fleet
from components.domain.guests import Maintenance
from components.domain.limits import UNLIMITED
from components.domain.prices import pieces
from components.domain.sales import Sale
from components.domain.services import (
    CLAIM_DAYS,
    INCLUDED_MINUTES,
    REBATES,
    RESPONSE_S,
    UPTIME_PERCENT,
    Service,
)
from components.guest.settings import administrator
from components.kit import dns
from components.kit.addresses import Owners, assigned
from components.kit.prices import price, sold
from components.kit.software import Software, software

Facts = dict[str, Any]


def facts(fleet: Fleet, client: Client, owned: Owners, as_of: date, language: str) -> Facts:
    """Everything that a template may name. Raises DomainError when an address is assigned twice."""
    addresses = assigned(fleet, client, owned)
    own_mail = not fleet.guests.smarthost
    records = [*dns.forward(client, own_mail=own_mail), *dns.reverse(client, dict(fleet.networks))]
    return {
        "provider": fleet.name,
        "currency": fleet.currency,
        "date": as_of.isoformat(),
        "client": {
            "key": client.key,
            "id": client.id,
            "name": client.name,
            "language": client.language,
            "version": client.contract.version,
            "signed": client.contract.signed.isoformat(),
            "level": client.contract.support,
        },
        "contacts": [_contact(key, contact) for key, contact in client.contacts.items()],
        "machines": [_machine(fleet, client, vps, as_of) for vps in client.vps.values()],
        "certified": [site for vps in client.vps.values() if vps.panel for site in vps.panel.ssl_sites],
        "addresses": addresses,
        "forward": [record for record in records if record.who == dns.CLIENT],
        "reverse": [record for record in records if record.who == dns.PROVIDER],
        "reverse_at": {name: fleet.networks[name].reverse_dns for name in {vps.network for vps in client.vps.values()}},
        "support": fleet.support,
        "backups_go": fleet.backups is not None,
        "certificates": "none" if fleet.authority is None else "trial" if fleet.authority.staging else "real",
        "own_mail": own_mail,
        "languages": list(fleet.languages),
        "services": {
            kind: [_service(fleet, one, language) for one in fleet.services.values() if one.kind == kind]
            for kind in ("option", "work", "offer")
        },
        "promises": {
            "response": {level: seconds // 60 for level, seconds in RESPONSE_S.items()},
            "uptime": str(UPTIME_PERCENT),
            "rebates": _rebates(),
            "claim_days": CLAIM_DAYS,
            "included_minutes": INCLUDED_MINUTES,
        },
    }


def zone_files(found: Facts) -> Iterable[tuple[str, str]]:
    """The zone fragments of all records."""
    return dns.zone_files([*found["forward"], *found["reverse"]], found["client"]["key"])


def fingerprint(ssh_key: str) -> str:
    """Of a public key, as `ssh-keygen -l` prints it: `SHA256:…`."""
    blob = base64.b64decode(ssh_key.split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _contact(key: str, contact: Contact) -> Facts:
    return {
        "key": key,
        "name": contact.name,
        "email": contact.email,
        "roles": list(contact.roles),
        "fingerprint": fingerprint(contact.ssh_key) if contact.ssh_key else "",
    }


def _machine(fleet: Fleet, client: Client, vps: Vps, as_of: date) -> Facts:
    sale = sold(vps, as_of)
    package, network, host = fleet.packages[sale.package], fleet.networks[vps.network], fleet.hosts[vps.host]
    datacentre = fleet.datacentres[host.datacentre]
    people = client.contacts
    return {
        "key": vps.key,
        "id": vps.id,
        "fqdn": vps.fqdn,
        "adopted": vps.is_adopted,
        "power": vps.power,
        "package": {"key": package.key, "about": package.about},
        "extras": [pieces(fleet.extras[key].title, count) for key, count in sale.extras.items()],
        "price": price(fleet, client, vps, as_of),
        "limits": _limits(fleet, sale),
        "term": {"months": vps.term.months, "start": vps.term.start.isoformat(), "renew": vps.term.renew},
        "ends": vps.ends.isoformat() if vps.ends else "",
        "addresses": [network.with_prefix(text) for text in (*vps.ipv4, *vps.ipv6)],
        "bare": [*vps.ipv4, *vps.ipv6],
        "gateways": [
            str(gateway)
            for texts, gateway in ((vps.ipv4, network.ipv4_gateway), (vps.ipv6, network.ipv6_gateway))
            if texts and gateway
        ],
        "resolvers": list(network.dns),
        "antispoof": vps.antispoof,
        "image": _image(fleet, vps),
        "admin": _shown(administrator(client, vps)),
        "sites": list(vps.panel.ssl_sites) if vps.panel else [],
        "allow": list(vps.panel.allow) if vps.panel and vps.panel.allow is not None else None,
        "maintenance": _window(vps.maintenance or fleet.guests.maintenance),
        "access": [
            {
                "who": grant.who,
                "person": _shown(people[grant.who]),
                "root": grant.root,
                "since": grant.since.isoformat(),
                "until": grant.until.isoformat() if grant.until else "",
                "request": grant.request,
            }
            for grant in vps.access
        ],
        "backup": {"hours": package.backup.every_hours, "days": package.backup.keep_days} if package.backup else None,
        "datacentre": {"title": datacentre.title, "address": datacentre.address},
    }


def _image(fleet: Fleet, vps: Vps) -> Facts:
    image, offer = fleet.images.get(vps.image), fleet.offers.get(vps.image)
    inside: Software | None = software(image) if image is not None else None
    return {
        "name": vps.image,
        "title": offer.title if offer and offer.title else vps.image,
        "locked": image is not None,
        "built": image.built.isoformat() if image else "",
        "digest": image.sha256[:12] if image else "",
        "bundle": image.bundle[:12] if image else "",
        "inside": inside,
        "has_panel": inside is not None and inside.has_panel and not vps.is_adopted,
    }


def _limits(fleet: Fleet, sale: Sale) -> Facts:
    limits, traffic = fleet.limits(sale), fleet.packages[sale.package].traffic_gb
    traffic += sum(fleet.extras[key].adds.traffic_gb * count for key, count in sale.extras.items())
    return {
        "vcpus": str(limits.vcpus),
        "cpu": _cap(limits.cpu_cap_percent, units.PERCENT),
        "memory": units.MEMORY.format(limits.memory_mib),
        "disk": units.DISK.format(limits.disk_gib),
        "iops": "" if limits.disk_iops == UNLIMITED else str(limits.disk_iops),
        "disk_rate": _cap(limits.disk_rate_mib_s, units.DISK_RATE),
        "nic_rate": _cap(limits.nic_rate_mbit_s, units.NIC_RATE),
        "traffic": units.TRAFFIC.format(traffic),
    }


def _cap(value: int, unit: units.Quantity) -> str:
    """A cap with its unit; empty where there is none."""
    return "" if value == UNLIMITED else unit.format(value)


def _shown(contact: Contact) -> Facts:
    return {"name": contact.name, "email": contact.email}


def _window(window: Maintenance) -> Facts:
    """The weekly window; it may reach over midnight."""
    hour, _, minute = window.opens.partition(":")
    closes = f"{(int(hour) + window.hours) % 24:02}:{minute}"
    return {"day": window.day, "opens": window.opens, "closes": closes}


def _service(fleet: Fleet, service: Service, language: str) -> Facts:
    words = service.worded(language)
    return {
        "title": words.title,
        "per": words.per,
        "note": words.note,
        "price": _money(service.price) if service.price is not None else "",
        "currency": service.currency or fleet.currency,
        "free_with_vip": service.free_with_vip,
        "row": service.row,
    }


def _rebates() -> list[Facts]:
    upper, found = UPTIME_PERCENT, []
    for lower, percent in REBATES:
        found.append({"from": str(lower) if lower else "", "below": str(upper), "percent": percent})
        upper = lower
    return found


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
