"""Work done once, on order: the contract's table of rows (WORK-1 to WORK-22), their conditions and what a line costs.

The table is the contract's, in US dollars. A service of catalogue.yaml that names a row gives the hoster's own price
and currency for VPSs instead; conditions, free uses and what VIP makes free stay the contract's.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from components.domain.fleet import Fleet
from components.domain.problems import DomainError
from components.domain.services import Service

CURRENCY = "USD"
"""Of the contract's prices (J8)."""

BLOCK_MINUTES = 120
"""KVM is sold by started blocks of so long (WORK-15, R-52)."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a row costs where all of `needs` hold; `first_free`: once in a calendar month for each server (WORK-25)."""

    needs: frozenset[str]
    price: Decimal
    first_free: bool = False
    flat: bool = False
    """Charged once, however many (WORK-16)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the first case that fits counts; where none does, the order is refused and told `otherwise`."""

    title: str
    per: str
    cases: tuple[Case, ...]
    otherwise: str = ""


def _case(price: int, needs: str = "", *, first_free: bool = False, flat: bool = False) -> Case:
    return Case(frozenset(needs.split()), Decimal(price).quantize(Decimal("0.01")), first_free, flat)


ROWS: dict[str, Row] = {
    f"WORK-{number}": Row(title, per, cases, *otherwise)
    for number, title, per, cases, *otherwise in (
        (
            1,
            "OS reinstallation with deletion of server data",
            "reinstallation",
            (_case(0, "vps"), _case(35, "linux panel administered", first_free=True), _case(35)),
        ),
        (2, "OS installation from an ISO image", "installation", (_case(25, "vps"), _case(0, "linux"), _case(35))),
        (3, "OS reinstallation from an ISO image", "reinstallation", (_case(25, "vps"), _case(35))),
        (4, "Connecting an ISO image", "connection", (_case(15, "vps"),), "It is for VPSs only."),
        (5, "Jabber server (ejabberd)", "server", (_case(35),)),
        (6, "OpenVPN", "server", (_case(15),)),
        (7, "Proxy server (3proxy)", "server", (_case(15),)),
        (8, "WordPress, Drupal, Joomla or Bitrix by hand", "installation", (_case(35),)),
        (9, "Graphical interface (GNOME)", "installation", (_case(35, "linux"),), "It is for Linux only."),
        (10, "Additional VPN configuration", "configuration", (_case(15),)),
        (11, "Double VPN", "set-up", (_case(35, "two-vps"),), "It is for clients with two VPSs, or who order two."),
        (
            12,
            "Let's Encrypt certificate that renews itself",
            "site",
            (_case(15, "no-panel"), _case(15, "ispmanager4"), _case(15, "aegir")),
            "It is for servers without a panel, with ispmanager 4 or with Aegir.",
        ),
        (
            13,
            "Changing the main IP address of a VPS",
            "change",
            (_case(10, "vps", first_free=True),),
            "It is for VPSs only; WORK-14 is for dedicated servers.",
        ),
        (
            14,
            "Changing the main IP address of a dedicated server",
            "change",
            (_case(25, "dedicated"),),
            "It is for dedicated servers only; WORK-13 is for VPSs.",
        ),
        (15, "KVM connection", "started 2 hours", (_case(35),)),
        (
            16,
            "IP transfer",
            "transfer",
            (_case(35, "dedicated main-ip"), _case(15, "dedicated more-ips", flat=True)),
            "It is for dedicated servers within the datacentre, either their main-ip or their more-ips.",
        ),
        (
            17,
            "Migration, transfer or cloning of a server",
            "server",
            (_case(0, "vps to-dedicated"), _case(0, "vps outdated"), _case(0, "update"), _case(15)),
        ),
        (18, "Password reset", "reset", (_case(0, "vps"), _case(0, "linux"), _case(35))),
        (19, "Recovery from backup", "request", (_case(0, "complete"), _case(15))),
        (20, "Backup for download", "request", (_case(15),)),
        (
            21,
            "Recovery of a VPS that was deleted for non-payment",
            "VPS",
            (_case(15, "vps backup"),),
            "It is done only where a backup of the VPS is available.",
        ),
        (22, "Disk cloning on a dedicated server", "disk", (_case(25, "dedicated"),), "It is for dedicated servers."),
    )
}

FACTS = ("aegir", "backup", "complete", "ispmanager4", "main-ip", "more-ips", "outdated", "to-dedicated", "update")
"""What may be said of an order beside its server: each changes what some row costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What an order is about. `administered`: the provider administers it, a recorded flag (contract R-47)."""

    key: str = ""
    dedicated: bool = False
    windows: bool = False
    panel: str = ""
    """`aegir`, `ispmanager4` or another; empty: none."""
    administered: bool = False

    @property
    def words(self) -> frozenset[str]:
        """What cases may ask of it."""
        found = {"dedicated" if self.dedicated else "vps", "windows" if self.windows else "linux"}
        found.add("panel" if self.panel else "no-panel")
        if self.administered:
            found.add("administered")
        return frozenset(found | ({self.panel} if self.panel else set()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """So many times a row's work for a server; `given` are some of `FACTS`, `minutes` are of a KVM connection."""

    row: str
    server: Server = field(default_factory=Server)
    times: int = 1
    given: frozenset[str] = frozenset()
    minutes: int = 0
    client_vps: int = 1
    """How many VPSs the client has or orders (WORK-11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLine:
    """What an order costs, before it is given (contract WORK-27).

    `quantity` units, of which `free` cost nothing; `counter` is how often the row was used for this server before in
    this month, None where it has no free use; `counts` is by how much the order raises it.
    """

    row: str
    what: str
    server: str
    quantity: int
    per: str
    free: int
    unit_price: Decimal
    currency: str
    amount: Decimal
    vip: bool
    counter: int | None = None
    counts: int = 0


def services(fleet: Fleet) -> dict[str, Service]:
    """The hoster's own priced services by the contract's row, the first of each."""
    found: dict[str, Service] = {}
    for service in fleet.services.values():
        if service.row and service.price is not None:
            found.setdefault(service.row, service)
    return found


def work(order: Order, *, used: int = 0, vip: bool = False, service: Service | None = None, home: str = "") -> WorkLine:
    """The line of an order. `used`: how often this server had the row in this calendar month, those by VIP not counted.

    `service` is the catalogue's for that row, `home` the fleet's currency. Raises DomainError, with the reason, for an
    order that does not meet the row's condition (contract WORK-26).
    """
    row = ROWS.get(order.row)
    if row is None:
        raise DomainError(f"The contract has no row {order.row} of work.", "Known: WORK-1 to WORK-22.")
    if order.times < 1 or order.minutes < 0 or used < 0:
        raise DomainError(f"{order.row} {order.times} times is no order.", "Write a whole number above zero.")
    words = order.server.words | order.given | ({"two-vps"} if order.client_vps > 1 else set())
    case = next((one for one in row.cases if one.needs <= words), None)
    if case is None:
        raise DomainError(f"{order.row} ({row.title}) can't be ordered: {row.otherwise}", "Nothing was ordered.")
    price, currency, title = case.price, CURRENCY, row.title
    if service is not None and service.price is not None and not order.server.dedicated:
        if price:
            price, currency = service.price, service.currency or home or CURRENCY
        # What the catalogue sells under this row is not what the row does for nothing.
        if case.price or not service.price:
            title = service.title
    quantity = order.times
    if order.row == "WORK-15":
        quantity *= max(1, -(-order.minutes // BLOCK_MINUTES))
    counts = quantity if case.first_free and not vip else 0
    free = quantity if vip or not price else min(quantity, max(0, 1 - used)) if case.first_free else 0
    billed = min(quantity - free, 1) if case.flat else quantity - free
    return WorkLine(
        row=order.row,
        what=title,
        server=order.server.key,
        quantity=quantity,
        per=row.per,
        free=free,
        unit_price=price,
        currency=currency,
        amount=price * billed,
        vip=vip,
        counter=used if case.first_free else None,
        counts=counts,
    )


def task(row: str, server: str = "") -> WorkLine:
    """A task of standard support, SUP-1 to SUP-20: free on request, whatever time it takes. Raises DomainError."""
    name, _, number = row.partition("-")
    if name != "SUP" or not number.isascii() or not number.isdecimal() or not 1 <= int(number) <= 20:
        raise DomainError(
            f"The contract has no row {row} that can be ordered.", "Known: WORK-1 to WORK-22, SUP-1 to SUP-20."
        )
    return _line(row, "Standard support, free on request", server, 1, "task", Decimal("0.00"), CURRENCY)


def service_line(service: Service, times: int, *, vip: bool, home: str, server: str = "") -> WorkLine:
    """The line of a service that the hoster sells beside the contract's rows. Raises DomainError without a price."""
    if service.kind != "work" or service.price is None:
        why = "it is quoted on request" if service.price is None else "it runs on beside a VPS and is no single work"
        raise DomainError(f"{service.key} ({service.title}) can't be priced here: {why}.", "Ask whoever sells it.")
    if times < 1:
        raise DomainError(f"{service.key} {times} times is no order.", "Write a whole number above zero.")
    price, currency = service.price, service.currency or home
    line = _line(service.row, service.title, server, times, service.per or "order", price, currency)
    free = vip and service.free_with_vip
    return replace(line, free=times if free else 0, amount=Decimal("0.00") if free else line.amount, vip=vip)


def _line(row: str, what: str, server: str, times: int, per: str, price: Decimal, currency: str) -> WorkLine:
    return WorkLine(
        row=row,
        what=what,
        server=server,
        quantity=times,
        per=per,
        free=0,
        unit_price=price,
        currency=currency,
        amount=price * times,
        vip=False,
    )
