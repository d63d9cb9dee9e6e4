"""What a guest is told at its first boot and when it is declared anew: from fleet, client and VPS, without secrets.

`settings` is the value of that name of the template `base`; the template puts it with the identity into
`/etc/vps/guest.json`, which everybody on the guest may read. A section that is absent is null there. Shapes stand in
`templates/variables.yaml`; each section has a function here.
"""

from typing import Any

from components.domain.clients import Client, Contact, Vps
from components.domain.fleet import Fleet

Section = dict[str, Any]


def settings(fleet: Fleet, client: Client, vps: Vps) -> Section:
    """All sections. The fleet must be free of problems that block the client's stack."""
    person = administrator(client, vps)
    image = fleet.images.get(vps.image)
    found: Section = {
        "email": person.email,
        "flavour": image.flavour if image else "",
        "admin": {"name": person.name, "email": person.email},
        "panel": panel(vps),
        "maintenance": maintenance(fleet, vps),
        "smarthost": fleet.guests.smarthost,
        "options": {
            name: list(value) if isinstance(value, tuple) else value for name, value in sorted(vps.options.items())
        },
    }
    optional = {"acme": acme(fleet), "backup": backup(fleet, vps), "restore": restore(vps)}
    # State can't tell null from absent, so what is not there is left out.
    return found | {name: section for name, section in optional.items() if section is not None}


def declared(fleet: Fleet, client: Client, vps: Vps) -> Section:
    """What of `/etc/vps/guest.json` follows the files after the first boot, as it stands there, absent things as null.

    Who the guest is (uuid, reinstall, client, vps), what it is made of (flavour), where it lives (addresses) and what
    it was filled from (restore) are not in it: no edit of a file changes them in a guest.
    """
    told = settings(fleet, client, vps)
    found = {
        name: told.get(name) for name in ("acme", "admin", "backup", "email", "maintenance", "options", "smarthost")
    }
    return found | {
        "panel": {"allow": told["panel"].get("allow"), "ssl_sites": told["panel"]["ssl_sites"]},
        "client_name": client.name,
        "label": vps.key,
        "fqdn": vps.fqdn,
        "hostname": vps.fqdn.partition(".")[0],
    }


def administrator(client: Client, vps: Vps) -> Contact:
    """Who has the panel's first account: whom the file names, else the client's first owner, else the first contact."""
    if vps.panel and vps.panel.admin in client.contacts:
        return client.contacts[vps.panel.admin]
    owners = [contact for contact in client.contacts.values() if "owner" in contact.roles]
    return (owners or list(client.contacts.values()))[0]


def panel(vps: Vps) -> Section:
    """From where the panel may be reached (left out: as the flavour has it), and which sites have certificates."""
    if vps.panel is None:
        return {"ssl_sites": []}
    found: Section = {"ssl_sites": list(vps.panel.ssl_sites)}
    return found if vps.panel.allow is None else found | {"allow": list(vps.panel.allow)}


def maintenance(fleet: Fleet, vps: Vps) -> Section:
    """The weekly window in which it may be rebooted, in UTC."""
    window = vps.maintenance or fleet.guests.maintenance
    return {"day": window.day, "from": window.opens, "hours": window.hours}


def acme(fleet: Fleet) -> Section | None:
    """Where certificates come from."""
    authority = fleet.authority
    if authority is None:
        return None
    return {
        "directory": authority.directory,
        "email": authority.email,
        "staging": authority.staging,
        "ca": authority.ca,
        "hsts_days": authority.hsts_days,
    }


def backup(fleet: Fleet, vps: Vps) -> Section | None:
    """Where backups go and how often; None: nowhere, or the package promises none."""
    package = fleet.packages.get(vps.package)
    if fleet.backups is None or package is None or package.backup is None:
        return None
    return dict(fleet.backups.settings(package.backup))


def restore(vps: Vps) -> Section | None:
    """Which archive the first boot brings back; None: none."""
    return {"archive": vps.restore.backup} if vps.restore and vps.restore.backup else None
