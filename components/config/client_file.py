"""clients/<client>.yaml: one client, its people, its contract and its VPSs."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from components.config.guest_shapes import MaintenanceShape, Options, options
from components.config.shape import NEVER_EMPTY, FileShape, Shape
from components.config.sold_shapes import AgreedShape, QuotaShape, SaleShape, VipShape
from components.config.texts import Date, Range, Text
from components.domain import clients as domain
from components.domain.terms import LENGTHS, Term


def _choice(*values: str) -> dict[str, object]:
    return {"enum": list(values)}


class ContactShape(Shape):
    """A registered person of the client."""

    name: Text
    """Full name, for letters and accounts."""
    email: Text
    roles: Annotated[tuple[Text, ...], Field(strict=False, json_schema_extra={"items": _choice(*domain.ROLES)})]
    """Any of owner, technical, billing."""
    ssh_key: Text | None = None
    """Public key, `ssh-ed25519 AAAA… comment`; needed to be given access."""

    def domain(self) -> domain.Contact:
        """The person."""
        return domain.Contact(name=self.name, email=self.email, roles=self.roles, ssh_key=self.ssh_key)


class ContractShape(Shape):
    """What was signed."""

    version: Text
    """A version of the terms that catalogue.yaml lists, like standard@2026-01."""
    signed: Date
    support: Annotated[str, Field(json_schema_extra=_choice(*domain.SUPPORT_LEVELS))]
    """standard or vip."""
    vip: VipShape | None = None
    """When VIP is in force; needed with it."""

    def domain(self) -> domain.Contract:
        """The contract."""
        vip = self.vip.domain() if self.vip else None
        return domain.Contract(version=self.version, signed=self.signed, support=self.support, vip=vip)


class TermShape(Shape):
    """For how long the VPS is sold."""

    months: Annotated[int, Field(json_schema_extra={"enum": list(LENGTHS)})]
    """1, 3 or 12."""
    start: Date
    renew: bool
    """Whether the next term follows by itself."""
    agreed: AgreedShape | None = None
    """Needed where months or start change while the term runs."""

    def domain(self) -> Term:
        """The term."""
        agreed = self.agreed.domain() if self.agreed else None
        return Term(months=self.months, start=self.start, renew=self.renew, agreed=agreed)


class PanelShape(Shape):
    """The hosting system on the VPS."""

    admin: Text
    """A contact of this file."""
    ssl_sites: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    allow: Annotated[tuple[Range, ...] | None, Field(strict=False)] = None
    """Addresses and ranges from where the panel may be reached; an empty list: from everywhere."""

    def domain(self) -> domain.Panel:
        """The panel."""
        return domain.Panel(admin=self.admin, ssl_sites=self.ssl_sites, allow=self.allow)


class AccessShape(Shape):
    """One grant of access; an ended one stays, with `until`."""

    who: Text
    """A contact of this file, with an ssh_key."""
    root: bool = False
    """Whether sudo is given as well."""
    since: Date
    request: Text
    """The recorded request, a ticket like T-1041: access is given upon request only (contract VPS-6)."""
    until: Date | None = None

    def domain(self) -> domain.Access:
        """The grant."""
        return domain.Access(who=self.who, root=self.root, since=self.since, request=self.request, until=self.until)


class MoveShape(Shape):
    """Written by `vps move`; it lets `host` change and may stay."""

    source: Annotated[Text, Field(alias="from")]
    """The host that it leaves."""
    live: bool = False
    """Whether the guest keeps running meanwhile."""

    def domain(self) -> domain.Move:
        """The intent."""
        return domain.Move(source=self.source, live=self.live)


class RestoreShape(Shape):
    """Written by `vps restore`; it lets a machine of a lost host be made elsewhere, and may stay."""

    source: Annotated[Text, Field(alias="from")]
    """The host that was lost."""
    disk: Text | None = None
    """The file of its disk on the machine that applies: qcow2, standing on no other."""
    sha256: Annotated[Text | None, Field(pattern=r"^[0-9a-f]{64}$")] = None
    """Of that file."""
    empty: bool = False
    """A new disk from the image: the client's data are not there."""
    backup: Annotated[Text | None, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")] = None
    """With `empty`: which backup its first boot brings back, by its time."""

    def domain(self) -> domain.Restore:
        """The intent."""
        return domain.Restore(
            source=self.source,
            disk=self.disk or "",
            sha256=self.sha256 or "",
            empty=self.empty,
            backup=self.backup or "",
        )


class VpsShape(Shape):
    """One VPS."""

    stand_ins: ClassVar[Mapping[str, object]] = {
        "id": "v-unread",
        "package": "unread",
        "term": {"months": 1, "start": "2000-01-01", "renew": False},
        "power": "managed",
        "host": "unread",
        "network": "unread",
        "fqdn": "unread.invalid",
        "image": "unread",
    }

    id: Text
    """Permanent, chosen once: v- and letters or digits."""
    package: Text
    """A package of catalogue.yaml with its version, like small@2026-01."""
    extras: Annotated[dict[str, int], Field(default_factory=dict)]
    """So many pieces of each extra of catalogue.yaml, like {memory@2026-01: 2}."""
    since: Date | None = None
    """From when package and extras are in force; left out: from the term's start."""
    before: Annotated[tuple[SaleShape, ...], Field(strict=False)] = ()
    """What was in force earlier, oldest first; `vps package` writes it."""
    term: TermShape
    power: Annotated[str, Field(json_schema_extra=_choice(*domain.POWERS))] = domain.POWERS[0]
    """managed, stopped or suspended."""
    host: Text
    """The stem of a file in hosts/."""
    network: Text
    """A network of fleet.yaml that the host carries."""
    ipv4: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    ipv6: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    fqdn: Text
    image: Text
    """An image of catalogue.yaml."""
    panel: PanelShape | None = None
    access: Annotated[tuple[AccessShape, ...], Field(strict=False)] = ()
    ends: Date | None = None
    """The day from which the VPS may be ended; the only way to end it."""
    reinstall: Annotated[int, Field(ge=0)] = 0
    """How often it was deliberately installed anew: raised by one, the next `vps up` gives it a new, empty disk."""
    move: MoveShape | None = None
    """What lets `host` change: `vps move` writes both."""
    restore: RestoreShape | None = None
    """What lets it be made anew elsewhere when its host is lost: `vps restore` writes it."""
    uuid: Text | None = None
    """Only for adopted machines: the UUID that they have."""
    mac: Text | None = None
    """Only for adopted machines: the MAC that they have, like 52:54:00:12:34:56."""
    pool: Text | None = None
    """Only for adopted machines: the pool where their disk lies, when it is not the host's."""
    antispoof: bool = True
    """Whether its host drops what the guest sends under any MAC or address but its own; false is for an adopted
    machine until its addresses here are known to be all that it uses."""
    options: Options
    """Settings of the image's flavour, by their names; what they mean stands in the flavour's README."""
    maintenance: MaintenanceShape | None = None
    """When it may be rebooted; left out: as fleet.yaml says."""

    def domain(self, key: str) -> domain.Vps:
        """The VPS under its name in the file."""
        return domain.Vps(
            id=self.id,
            key=key,
            package=self.package,
            term=self.term.domain(),
            power=self.power,
            host=self.host,
            network=self.network,
            ipv4=self.ipv4,
            ipv6=self.ipv6,
            fqdn=self.fqdn,
            image=self.image,
            panel=self.panel.domain() if self.panel else None,
            access=tuple(grant.domain() for grant in self.access),
            ends=self.ends,
            reinstall=self.reinstall,
            move=self.move.domain() if self.move else None,
            restore=self.restore.domain() if self.restore else None,
            uuid=self.uuid,
            mac=self.mac,
            pool=self.pool,
            antispoof=self.antispoof,
            options=options(self.options),
            maintenance=self.maintenance.domain() if self.maintenance else None,
            extras=self.extras,
            since=self.since,
            before=tuple(sale.domain() for sale in self.before),
        )


class ClientFile(FileShape):
    """clients/<client>.yaml: one client, its people, its contract and its VPSs."""

    stand_ins: ClassVar[Mapping[str, object]] = {
        "id": "unread",
        "name": "unread",
        "language": "unread",
        "contacts": {},
        "contract": {"version": "unread", "signed": "2000-01-01", "support": "standard"},
        "vps": {},
    }

    id: Text
    """Permanent, chosen once: c- and letters or digits."""
    name: Text
    language: Text
    """A language of fleet.yaml, like en."""
    contacts: Annotated[dict[str, ContactShape], Field(json_schema_extra=NEVER_EMPTY)]
    contract: ContractShape
    vps: Annotated[dict[str, VpsShape], Field(json_schema_extra=NEVER_EMPTY)]
    quota: QuotaShape | None = None
    """The most that it may have in all; left out: as fleet.yaml says."""

    def domain(self, key: str) -> domain.Client:
        """The client under the stem of its file's name."""
        return domain.Client(
            id=self.id,
            key=key,
            name=self.name,
            language=self.language,
            contacts={name: contact.domain() for name, contact in self.contacts.items()},
            contract=self.contract.domain(),
            vps={name: vps.domain(name) for name, vps in self.vps.items()},
            quota=self.quota.domain() if self.quota else None,
        )
