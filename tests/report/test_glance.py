"""A VPS in a line, by its files."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from components.domain.clients import Vip
from components.domain.extras import Extra, Raise
from components.domain.sales import Sale
from components.domain.services import Service
from components.domain.terms import Term
from components.report.glance import Glance, cells, paid, sold, summary, summed, until
from tests.domain.sample import client, fleet, vps

TODAY = dt.date(2027, 1, 15)
MEMORY = Extra(
    name="memory",
    version="2026-01",
    title="Memory",
    adds=Raise(memory_mib=1024),
    price_month=Decimal("4.00"),
    set_up=Decimal(0),
)


def _row(one=None, *, whose=None, **changes):
    owner = whose or client()
    return Glance(fleet(owner, extras={"memory@2026-01": MEMORY}, **changes), TODAY).row(owner, one or vps())


def test_what_is_sold_for_how_much_and_until_when() -> None:
    row = _row()
    assert row["month"] == {"EUR": "19.00"}
    assert row["term"] == {"months": 3, "start": "2026-12-01", "until": "2027-03-01", "renew": True}
    assert cells(row)[:4] == ("example-coop/web1", "small@2026-01", "kvm1", "192.0.2.10")
    assert cells(row)[4:] == ("standard", "19.00 EUR", "2027-03-01", "renews", "")


def test_what_is_in_force_today_and_what_comes() -> None:
    """An upgrade that is sold for next month is no package yet, and is seen."""
    before = (Sale(package="small@2026-01", extras={"memory@2026-01": 2}),)
    row = _row(vps(before=before, since=dt.date(2027, 2, 1)))
    assert row["month"] == {"EUR": "27.00"}
    assert cells(row)[1] == "small@2026-01 + 2 memory"
    assert cells(row)[-1] == "small@2026-01 from 2027-02-01"
    assert sold(row) == "small@2026-01 + 2 x memory@2026-01; from 2027-02-01: small@2026-01"


def test_vip_in_another_currency_is_never_added() -> None:
    vip = Vip(since=dt.date(2026, 12, 1), accepted="T-7")
    owner = client(contract=replace(client().contract, support="vip", vip=vip))
    price = Service(key="vip", kind="option", title="VIP", price=Decimal(30), currency="USD", row="VIP-14")
    row = _row(whose=owner, services={"vip": price})
    assert cells(row)[4:6] == ("vip", "19.00 EUR + 30.00 USD")


def test_a_package_that_the_catalogue_lacks_has_no_price() -> None:
    row = _row(vps(package="gone@2026-01"))
    assert (row["month"], cells(row)[5]) == (None, "unknown")
    found = summary([row])
    assert found == {"vps": 1, "clients": 1, "hosts": 1, "month": {}, "unpriced": 1, "unsold": 0}
    nothing = "1 VPS, 1 client, 1 host; 0.00 EUR a month by what is sold today, 1 without a price"
    assert summed(found, "EUR") == nothing


@pytest.mark.parametrize(
    ("term", "last"),
    [
        (Term(months=1, start=dt.date(2026, 12, 31), renew=True), dt.date(2027, 1, 31)),
        (Term(months=1, start=dt.date(2026, 11, 15), renew=True), dt.date(2027, 2, 15)),
        (Term(months=3, start=dt.date(2027, 6, 1), renew=True), dt.date(2027, 9, 1)),
        (Term(months=1, start=dt.date(2026, 11, 1), renew=False), dt.date(2026, 12, 1)),
    ],
    ids=["clamped", "of today", "to come", "over"],
)
def test_the_term_s_end(term: Term, last: dt.date) -> None:
    assert until(term, TODAY) == last


def test_how_it_goes_on_and_what_is_declared_of_its_power() -> None:
    assert cells(_row(vps(ends=dt.date(2027, 4, 1))))[7] == "ends 2027-04-01"
    assert cells(_row(vps(term=Term(months=3, start=dt.date(2026, 12, 1), renew=False))))[7] == "expires"
    assert cells(_row(vps(power="suspended")))[-1] == "suspended"


def test_sums_are_exact_and_count_clients_once() -> None:
    rows = [_row(), _row(vps("web2", host="kvm2")), _row()]
    found = summary(rows)
    assert (found["vps"], found["clients"], found["hosts"], found["month"]) == (3, 1, 2, {"EUR": "57.00"})
    assert summed(found, "EUR") == "3 VPSs, 1 client, 2 hosts; 57.00 EUR a month by what is sold today"


@pytest.mark.parametrize(
    ("changes", "stage", "then", "note", "said"),
    [
        ({}, "sold", "renews", "", "19.00 EUR"),
        ({"start": dt.date(2027, 2, 1)}, "to come", "renews", "begins 2027-02-01", "19.00 EUR, from 2027-02-01 on"),
        ({"renew": False, "months": 1}, "over", "expired", "", "19.00 EUR, no longer: it is over"),
        ({"ends": dt.date(2027, 1, 15)}, "over", "ended 2027-01-15", "", "19.00 EUR, no longer: it is over"),
        ({"ends": dt.date(2027, 1, 16)}, "sold", "ends 2027-01-16", "", "19.00 EUR"),
    ],
    ids=["sold", "to come", "expired", "ended", "its last day"],
)
def test_what_nobody_pays_today_is_in_no_sum(changes, stage: str, then: str, note: str, said: str) -> None:
    """As `vps price` has it: neither before its first day nor after its last."""
    ends = changes.pop("ends", None)
    row = _row(vps(term=replace(Term(months=3, start=dt.date(2026, 12, 1), renew=True), **changes), ends=ends))
    assert (row["stage"], cells(row)[7:], paid(row)) == (stage, (then, note), said)
    sums = summary([row, _row(vps("web2"))])
    assert sums["month"] == {"EUR": "38.00" if stage == "sold" else "19.00"}
    assert summed(sums, "EUR").endswith(
        "today" if stage == "sold" else "19.00 EUR a month by what is sold today, 1 to come or over"
    )
