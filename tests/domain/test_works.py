"""Rows of work: the contract's worked cases, and the table against the example's catalogue."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.config.loader import load
from components.domain.problems import DomainError
from components.domain.services import Service
from components.domain.works import FACTS, ROWS, Order, Server, services, work

STACKS = Path(__file__).resolve().parents[2] / "stacks"
VPS = Server(key="web1")
WINDOWS_VPS = Server(key="web1", windows=True)
LINUX = Server(key="d1", dedicated=True)
MANAGED = Server(key="d1", dedicated=True, panel="cpanel", administered=True)
WINDOWS = Server(key="d1", dedicated=True, windows=True)


def amount(row: str, server: Server = VPS, times: int = 1, *given: str, used: int = 0, vip: bool = False) -> str:
    order = Order(row=f"WORK-{row}", server=server, times=times, given=frozenset(given))
    return str(work(order, used=used, vip=vip).amount)


def test_reinstallation() -> None:
    """W-5, W-6: the free use of a dedicated server is only for one with panel and administration."""
    assert [amount("1", MANAGED), amount("1", MANAGED, used=1)] == ["0.00", "35.00"]
    assert amount("1", LINUX) == "35.00"
    assert work(Order(row="WORK-1", server=LINUX)).counts == 0
    assert [amount("1", WINDOWS), amount("1", WINDOWS, vip=True)] == ["35.00", "0.00"]
    assert amount("1", VPS, 5) == "0.00"


def test_iso_images() -> None:
    """W-7."""
    assert [amount("2", server) for server in (VPS, LINUX, WINDOWS)] == ["25.00", "0.00", "35.00"]
    assert [amount("3", server) for server in (VPS, LINUX)] == ["25.00", "35.00"]
    assert amount("4") == "15.00"


def test_ip_addresses() -> None:
    """W-3 and W-9: the first change of a VPS is free; several additional addresses are transferred for one price."""
    assert amount("13", VPS, 3) == "20.00"
    assert amount("13", VPS, 1, used=1) == "10.00"
    assert amount("14", LINUX) == "25.00"
    assert [amount("16", LINUX, times, "more-ips") for times in (1, 8)] == ["15.00", "15.00"]
    main, more = amount("16", LINUX, 1, "main-ip"), amount("16", LINUX, 3, "more-ips")
    assert Decimal(main) + Decimal(more) == Decimal("50.00")


@pytest.mark.parametrize(("minutes", "found"), [(0, "35.00"), (120, "35.00"), (121, "70.00"), (240, "70.00")])
def test_kvm_is_sold_by_started_blocks(minutes: int, found: str) -> None:
    """W-8; a started minute counts, so 2:00:01 is the 121st."""
    assert str(work(Order(row="WORK-15", minutes=minutes)).amount) == found


def test_transfers_and_clones() -> None:
    """W-10."""
    assert amount("17", VPS, 3) == "45.00"
    assert [amount("17", VPS, 1, fact) for fact in ("to-dedicated", "outdated", "update")] == ["0.00"] * 3
    assert amount("22", LINUX) == "25.00"


def test_passwords() -> None:
    """W-11, R-49."""
    assert [amount("18", server) for server in (WINDOWS_VPS, LINUX, WINDOWS)] == ["0.00", "0.00", "35.00"]
    assert amount("18", WINDOWS, vip=True) == "0.00"


def test_recovery() -> None:
    """W-12."""
    assert amount("19", VPS, 1, "complete") == "0.00"
    assert [amount("19", VPS, times) for times in (1, 2)] == ["15.00", "30.00"]
    assert amount("21", VPS, 1, "backup") == "15.00"


def test_software() -> None:
    """W-13, W-14."""
    assert Decimal(amount("6")) + Decimal(amount("10", VPS, 2)) == Decimal("45.00")
    assert str(work(Order(row="WORK-11", client_vps=2)).amount) == "35.00"
    assert amount("12", VPS, 3) == "45.00"
    assert amount("12", Server(panel="aegir"), 3) == "45.00"
    both = [Decimal(amount(row, vip=vip)) for vip in (False, True) for row in ("5", "8")]
    assert (sum(both[:2]), sum(both[2:])) == (70, 0)


@pytest.mark.parametrize(
    ("row", "server", "why"),
    [
        ("4", LINUX, "for VPSs only"),
        ("9", WINDOWS_VPS, "for Linux only"),
        ("11", VPS, "two VPSs"),
        ("12", MANAGED, "without a panel"),
        ("13", LINUX, "WORK-14 is for dedicated"),
        ("14", VPS, "WORK-13 is for VPSs"),
        ("16", VPS, "for dedicated servers"),
        ("16", LINUX, "main-ip or their more-ips"),
        ("21", VPS, "a backup of the VPS is available"),
        ("22", VPS, "for dedicated servers"),
        ("23", VPS, "no row WORK-23"),
    ],
)
def test_an_order_outside_its_condition_is_refused_with_the_reason(row: str, server: Server, why: str) -> None:
    """WORK-26, W-9, W-12, W-13."""
    with pytest.raises(DomainError, match=why):
        amount(row, server)
    with pytest.raises(DomainError, match=why):
        amount(row, server, vip=True)


def test_a_line_says_all_that_an_order_is_shown_with() -> None:
    """WORK-27: row, quantity, unit price, counter position, VIP, amount."""
    line = work(Order(row="WORK-13", server=VPS, times=2), used=0)
    assert (line.row, line.quantity, line.per, line.free, str(line.unit_price)) == ("WORK-13", 2, "change", 1, "10.00")
    assert (line.currency, str(line.amount), line.counter, line.counts, line.vip) == ("USD", "10.00", 0, 2, False)
    vip = work(Order(row="WORK-13", server=VPS, times=2), used=1, vip=True)
    assert (str(vip.amount), vip.counts, vip.vip) == ("0.00", 0, True)


def test_the_catalogues_price_counts_for_vpss() -> None:
    """It changes what is paid for, never what is free."""
    own = Service(key="ip", kind="work", title="New address", price=Decimal("7.50"), row="WORK-13")
    line = work(Order(row="WORK-13", times=3), service=own, home="EUR")
    assert (line.what, str(line.amount), line.currency) == ("New address", "15.00", "EUR")
    scratch = Service(key="os", kind="work", title="Anew", price=Decimal("9.00"), row="WORK-1")
    assert str(work(Order(row="WORK-1"), service=scratch, home="EUR").amount) == "0.00"
    assert str(work(Order(row="WORK-1", server=WINDOWS), service=scratch, home="EUR").amount) == "35.00"


def test_a_line_is_called_what_is_ordered() -> None:
    """WORK-27: what is free by the contract is not the work that the catalogue sells under that row."""
    one = Service(key="recovery", kind="work", title="Single files from a backup", price=Decimal(15), row="WORK-19")
    free = work(Order(row="WORK-19", given=frozenset({"complete"})), service=one)
    assert (free.what, str(free.amount)) == ("Recovery from backup", "0.00")
    assert work(Order(row="WORK-19"), service=one).what == "Single files from a backup"
    assert work(Order(row="WORK-19", server=LINUX), service=one).what == "Recovery from backup"
    gift = Service(key="reset", kind="work", title="A new password", price=Decimal(0), row="WORK-18")
    assert work(Order(row="WORK-18"), service=gift).what == "A new password"


def test_the_example_sells_work_at_the_contracts_prices() -> None:
    """One source: where the catalogue names a row, it says what the table says of a VPS."""
    fleet = load(STACKS).fleet
    priced = {row: one for row, one in services(fleet).items() if row in ROWS}
    assert len(priced) > 15
    for row, service in priced.items():
        order = Order(row=row, client_vps=2, given=frozenset({"backup"}))
        ours, theirs = work(order, used=1), work(order, used=1, service=service, home=fleet.currency)
        assert (theirs.amount, theirs.currency) == (ours.amount, "USD"), row
        assert service.free_with_vip, row


ORDERS = st.builds(
    Order,
    row=st.sampled_from(sorted(ROWS)),
    server=st.builds(
        Server,
        dedicated=st.booleans(),
        windows=st.booleans(),
        panel=st.sampled_from(["", "aegir", "ispmanager4", "cpanel"]),
        administered=st.booleans(),
    ),
    times=st.integers(1, 9),
    given=st.sets(st.sampled_from(FACTS)).map(frozenset),
    minutes=st.integers(0, 600),
    client_vps=st.integers(1, 3),
)


@given(order=ORDERS, before=st.integers(0, 3))
def test_vip_is_free_and_uses_nothing_up(order: Order, before: int) -> None:
    """VIP-19, WORK-25; what is refused is refused with VIP as well."""
    try:
        paid = work(order, used=before)
    except DomainError:
        with pytest.raises(DomainError):
            work(order, used=before, vip=True)
        return
    free = work(order, used=before, vip=True)
    assert (free.amount, free.counts) == (0, 0)
    assert paid.amount >= 0
    assert work(order, used=before + 1).amount >= paid.amount
