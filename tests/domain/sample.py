"""A small fleet with nothing wrong, made of plain domain objects, for tests to break one thing of."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from components.domain import rules
from components.domain.authorities import Authority
from components.domain.clients import Access, Client, Contact, Contract, Panel, Vps
from components.domain.contracts import ContractVersion
from components.domain.datacentres import Datacentre
from components.domain.fleet import Fleet
from components.domain.hardware import Part, Spare
from components.domain.hosts import Contact as Duty
from components.domain.hosts import Host, Pool
from components.domain.images import Image, ImageOffer
from components.domain.limits import Limits
from components.domain.networks import AddressRange, Network
from components.domain.packages import Backup, Growth, Package
from components.domain.problems import Problem
from components.domain.rules.references import NOTHING, Unread
from components.domain.terms import Discount, Term

SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6APDOl8jlIz+nxvyQA1B6kIefNZB++7G+oZ3fgav+l ada"

LIMITS = Limits(
    vcpus=2,
    cpu_cap_percent=150,
    memory_mib=2048,
    disk_gib=10,
    disk_iops=1000,
    disk_rate_mib_s=100,
    nic_rate_mbit_s=100,
)
PACKAGE = Package(
    name="small",
    version="2026-01",
    limits=LIMITS,
    traffic_gb=1000,
    price_month=Decimal("19.00"),
    set_up=Decimal("0.00"),
    grows_to=Growth(vcpus=4, memory_mib=4096, disk_gib=40),
    backup=Backup(every_hours=24, keep_days=14),
)
CONTRACT_VERSION = ContractVersion(key="standard@2026-01", title="Managed VPS", valid_from=date(2026, 1, 1))
NETWORK = Network(
    name="public1",
    ipv4=IPv4Network("192.0.2.0/24"),
    ipv4_gateway=IPv4Address("192.0.2.1"),
    ipv6=IPv6Network("2001:db8:1::/64"),
    ipv6_gateway=IPv6Address("2001:db8:1::1"),
    reserved=(AddressRange.parse("192.0.2.2-192.0.2.9"),),
    dns=("192.0.2.1",),
)
DATACENTRE = Datacentre(
    name="dc1",
    title="One",
    address="1 Example Street",
    ups=True,
    generator=True,
    temperature_control=True,
    humidity_control=True,
    access_cards=True,
    registered=("Olena Duty",),
    approved=(),
    intrusion_detection=True,
    cameras=True,
)
IMAGE = Image(
    name="base-debian-13",
    sha256="ab" * 32,
    bytes=1000,
    virtual_gib=3,
    inputs="cd" * 32,
    built=date(2026, 11, 1),
    expires=date(2027, 11, 1),
)


def part(kind: str, serial: str = "1") -> Part:
    return Part(
        kind=kind,
        model=f"Model {kind}",
        serial=f"{kind}-{serial}",
        installed=date(2026, 1, 1),
        warranty=date(2029, 1, 1),
        spare=kind,
    )


def spare(kind: str) -> Spare:
    return Spare(name=kind, kind=kind, model=f"Model {kind}", count=1, place="shelf", supplier="", lead_time_hours=None)


HOST = Host(
    name="kvm1",
    driver="libvirt",
    uri="qemu+ssh://root@kvm1/system",
    probe="ssh kvm1 sudo sh",
    datacentre="dc1",
    cabinet="A1",
    contact=Duty(name="Olena Duty", email="duty@hoster.example"),
    assigned="shared",
    networks={"public1": "bridge:br0"},
    bridges={},
    pool=Pool(name="vps", path="/var/lib/vps"),
    overlay=False,
    vcpus=8,
    memory_mib=16384,
    disk_gib=200,
    sells_vcpus=400,
    sells_memory=100,
    sells_disk=100,
    free_memory_mib=4096,
    free_disk_gib=20,
    inventory=tuple(part(kind) for kind in ("server", "cpu", "ram", "hard_drive")),
)


def vps(key: str = "web1", **changes: object) -> Vps:
    plain = Vps(
        id="v-h3k9",
        key=key,
        package="small@2026-01",
        term=Term(months=3, start=date(2026, 12, 1), renew=True),
        power="managed",
        host="kvm1",
        network="public1",
        ipv4=("192.0.2.10",),
        ipv6=("2001:db8:1::10",),
        fqdn="web1.coop.example",
        image="base-debian-13",
        panel=Panel(admin="ada", ssl_sites=("www.coop.example",)),
        access=(Access(who="ada", root=True, since=date(2026, 12, 3), request="T-1041"),),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def client(key: str = "example-coop", *machines: Vps, **changes: object) -> Client:
    plain = Client(
        id="c-q7m2",
        key=key,
        name="Example Cooperative",
        language="en",
        contacts={
            "ada": Contact(name="Ada Ruiz", email="ada@coop.example", roles=("owner",), ssh_key=SSH_KEY),
            "bob": Contact(name="Bob Small", email="bob@coop.example", roles=("billing",)),
        },
        contract=Contract(version="standard@2026-01", signed=date(2026, 11, 20), support="standard"),
        vps={one.key: one for one in machines or (vps(),)},
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def fleet(*clients: Client, **changes: object) -> Fleet:
    kinds = ("server", "cpu", "ram", "hard_drive")
    plain = Fleet(
        id="demo",
        name="Demo Hosting",
        currency="EUR",
        languages=("en", "uk"),
        datacentres={"dc1": DATACENTRE},
        networks={"public1": NETWORK},
        spares={kind: spare(kind) for kind in kinds},
        packages={"small@2026-01": PACKAGE},
        offers={"base-debian-13": ImageOffer(name="base-debian-13", new_installs_until=None)},
        contracts={"standard@2026-01": CONTRACT_VERSION},
        discounts=(Discount(months=12, percent=10),),
        images={"base-debian-13": IMAGE},
        hosts={"kvm1": HOST},
        clients={one.key: one for one in clients or (client(),)},
        authority=Authority(directory="https://acme.hoster.example/directory"),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def judged(one: Fleet, unread: Unread = NOTHING) -> list[Problem]:
    """What all rules have against it on a day when nothing of it is too early or too late."""
    return list(rules.problems(one, unread, today=date(2026, 12, 10)))
