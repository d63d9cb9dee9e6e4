"""Clients and their VPSs, as one file per client declares them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from components.domain import names
from components.domain.guests import Maintenance, Options
from components.domain.problems import DomainError
from components.domain.sales import Sale, in_force
from components.domain.terms import Term

POWERS = ("managed", "stopped", "suspended")
"""`managed`: started once at creation, then the client's; the others are declared."""

ROLES = ("owner", "technical", "billing")
SUPPORT_LEVELS = ("standard", "vip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A registered person of the client; only with an SSH key can they be given access to a VPS."""

    name: str
    email: str
    roles: tuple[str, ...]
    ssh_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vip:
    """VIP Administration: in force from `since` up to `until` (None: no end), by the recorded acceptance (VIP-15)."""

    since: date
    accepted: str
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What was signed: the version of the terms, when, and the level of support (`standard` or `vip`)."""

    version: str
    signed: date
    support: str
    vip: Vip | None = None
    """When VIP is or was in force; it may stay after its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """The most that a client may have in all; None: no such limit."""

    vps: int | None = None
    vcpus: int | None = None
    memory_mib: int | None = None
    disk_gib: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The hosting system on the VPS: who administers it and which sites have SSL (contract OPT-1).

    `allow` are the ranges from where it may be reached; empty: from everywhere, None: as the flavour has it.
    """

    admin: str
    ssl_sites: tuple[str, ...] = ()
    allow: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may log in to a VPS since when, by which request; `root` is sudo (contract VPS-6)."""

    who: str
    root: bool
    since: date
    request: str
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What lets `host` change: from which host it goes, and whether its guest runs on meanwhile. It may stay."""

    source: str
    live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """What lets a machine whose host is lost be made elsewhere: from a disk's file with its digest, or `empty`.

    With `backup`, the instant of one as its target saw it, an empty disk is filled from that at its first boot.
    """

    source: str
    disk: str = ""
    sha256: str = ""
    empty: bool = False
    backup: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vps:
    """One VPS. UUID, MACs, ledger and backups hang on `id`, never on `key`, which is its name in the file.

    `reinstall` counts deliberate reinstallations; `ends` is the only way to end it. Only an adopted machine has `uuid`
    and `mac` pinned, and may have its disk in another `pool` than its host's.
    """

    id: str
    key: str
    package: str
    term: Term
    power: str
    host: str
    network: str
    ipv4: tuple[str, ...]
    ipv6: tuple[str, ...]
    fqdn: str
    image: str
    panel: Panel | None = None
    access: tuple[Access, ...] = ()
    ends: date | None = None
    reinstall: int = 0
    uuid: str | None = None
    move: Move | None = None
    restore: Restore | None = None
    mac: str | None = None
    pool: str | None = None
    antispoof: bool = True
    options: Options = field(default_factory=dict)
    maintenance: Maintenance | None = None
    """Its own window for maintenance; None: the fleet's."""
    extras: Mapping[str, int] = field(default_factory=dict)
    """So many pieces of each of the catalogue's extras, beside `package`."""
    since: date | None = None
    """From when `package` and `extras` are in force; None: from the term's start."""
    before: tuple[Sale, ...] = ()
    """What was in force earlier, oldest first; each up to the day of the next."""

    @property
    def sales(self) -> tuple[Sale, ...]:
        """Everything that was or will be in force, in the order of days."""
        return (*self.before, Sale(package=self.package, extras=self.extras, since=self.since))

    def sale(self, day: date) -> Sale:
        """What is in force on `day`."""
        return in_force(self.sales, day)

    @property
    def is_adopted(self) -> bool:
        """Whether the machine was made by somebody else and taken over as it is."""
        return self.uuid is not None

    def machine_uuid(self, fleet_id: str, client_id: str) -> str:
        """The machine's UUID: the pinned one, else made from the three ids."""
        return self.uuid or names.machine_uuid(fleet_id, client_id, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client; `key` is the stem of the file's name, `id` never changes, `name` is for people."""

    id: str
    key: str
    name: str
    language: str
    contacts: Mapping[str, Contact]
    contract: Contract
    vps: Mapping[str, Vps]
    quota: Quota | None = None
    """Its own; None: the fleet's."""

    def named(self, label: str) -> Vps:
        """Its VPS of that name. Raises DomainError when there is none, or no name was given."""
        if label in self.vps:
            return self.vps[label]
        known = ", ".join(f"{self.key}/{one}" for one in self.vps) or "none"
        if not label:
            raise DomainError(f"{self.key} is a client, and this is about one VPS.", f"Write CLIENT/VPS: {known}.")
        raise DomainError(f"{self.key} has no VPS {label!r}.", f"Known: {known}.")
