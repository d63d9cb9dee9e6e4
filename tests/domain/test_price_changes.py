"""What a change of files changes in money."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from components.domain.clients import Client, Vps
from components.domain.fleet import Fleet
from components.domain.price_changes import PriceChange, added, more, price_change, price_changes
from components.domain.prices import is_sold, monthly, totals
from components.domain.sales import Sale
from components.domain.terms import Discount
from tests.domain import sample
from tests.domain.test_fees import DAYS, SALES, a_fleet, of, selling
from tests.domain.test_prices import MEMORY, served

TODAY = date(2027, 1, 10)
WEB = sample.vps(term=of(1, "2026-12-01"))
COOP = sample.client("coop", WEB)


def fleet(*clients: Client) -> Fleet:
    return replace(a_fleet(COOP), clients={client.key: client for client in clients})


def changed(old: Vps, new: Vps) -> list[PriceChange]:
    before, after = sample.client("coop", old), sample.client("coop", new)
    return list(price_changes(fleet(before), fleet(after), TODAY))


def eur(amounts: Mapping[str, Decimal]) -> str:
    return str(amounts.get("EUR", 0))


def stretches(change: PriceChange) -> list[tuple[str, str | None, str, str]]:
    return [
        (one.start.isoformat(), one.end.isoformat() if one.end else None, eur(one.before), eur(one.after))
        for one in change.stretches
    ]


def test_the_same_files_change_nothing() -> None:
    assert list(price_changes(fleet(COOP), fleet(COOP), TODAY)) == []


def test_what_costs_nothing_is_no_change() -> None:
    """A new name, an address, another host."""
    moved = replace(WEB, key="www", host="kvm2", power="suspended")
    assert changed(WEB, moved) == []
    assert list(price_changes(fleet(COOP), fleet(replace(COOP, key="cooperative", name="Coop")), TODAY)) == []


def test_an_upgrade_costs_more_from_its_day_on() -> None:
    """And for the term in which that lies: 30.00 a month more for 22 of January's 31 days."""
    up = replace(
        WEB, package="large@2026-01", since=date(2027, 1, 10), before=(Sale(package="small@2026-01", since=None),)
    )
    (change,) = changed(WEB, up)
    assert (change.client, change.vps, change.kind, change.client_kind) == ("coop", "web1", "changed", "kept")
    assert stretches(change) == [("2027-01-10", None, "30.00", "60.00")]
    assert change.once == {}
    assert change.term is not None
    assert (change.term.start, change.term.end, eur(change.term.more)) == (date(2027, 1, 1), date(2027, 2, 1), "21.29")
    (back,) = changed(up, WEB)
    assert back.term is not None
    assert eur(back.term.more) == "-21.29"


def test_a_piece_more_costs_its_set_up() -> None:
    more = replace(WEB, extras={MEMORY.key: 1}, since=date(2027, 2, 1), before=(Sale(package="small@2026-01"),))
    (change,) = changed(WEB, more)
    assert stretches(change) == [("2027-02-01", None, "30.00", "34.50")]
    assert eur(change.once) == "2.00"


def test_a_new_client_is_all_new() -> None:
    new = sample.client("new", replace(WEB, id="v-new1", term=of(3, "2027-02-01", renew=False)), id="c-new1")
    (change,) = price_changes(fleet(COOP), fleet(COOP, new), TODAY)
    assert (change.client, change.kind, change.client_kind) == ("new", "new", "new")
    assert stretches(change) == [("2027-02-01", "2027-05-01", "0", "30.00")]
    assert change.term is not None
    assert eur(change.term.more) == "90.00"
    assert added([change]) == ({}, {})
    (change,) = price_changes(fleet(COOP), fleet(COOP, replace(new, vps={"web1": WEB})), TODAY)
    assert added([change]) == ({"EUR": Decimal("30.00")}, {})


def test_a_client_whose_file_goes_is_gone() -> None:
    (change,) = price_changes(fleet(COOP), fleet(), TODAY)
    assert (change.kind, change.client_kind, stretches(change)) == (
        "gone",
        "gone",
        [("2026-12-01", None, "30.00", "0")],
    )


def test_lines_that_go_pay_nothing_back() -> None:
    """Neither days that are over, nor set-up and deposit of what had begun: lines may go once a VPS has ended."""
    package = replace(sample.PACKAGE, set_up=Decimal("25.00"), deposit=Decimal("40.00"))
    base = replace(fleet(), packages={package.key: package})

    def gone(vps: Vps) -> list[PriceChange]:
        return list(price_changes(replace(base, clients={"coop": sample.client("coop", vps)}), base, TODAY))

    more = replace(WEB, extras={MEMORY.key: 1}, since=date(2026, 12, 20), before=(Sale(package="small@2026-01"),))
    assert gone(replace(more, ends=TODAY)) == []
    assert gone(replace(WEB, term=of(1, "2026-12-01", renew=False))) == []
    (change,) = gone(more)
    assert (stretches(change), change.once) == ([("2026-12-20", None, "23.50", "0")], {})
    (change,) = gone(replace(WEB, term=of(1, "2027-02-01")))
    assert (stretches(change), eur(change.once)) == ([("2027-02-01", None, "19.00", "0")], "-65.00")


def test_an_end_costs_nothing_from_its_day_on() -> None:
    """A term that has begun stays owed, so the fee of March is what is saved first."""
    (change,) = changed(WEB, replace(WEB, ends=date(2027, 3, 1)))
    assert stretches(change) == [("2027-03-01", None, "30.00", "0")]
    assert change.term is not None
    assert (change.term.start, eur(change.term.more)) == (date(2027, 3, 1), "-30.00")
    (change,) = changed(WEB, replace(WEB, ends=date(2027, 3, 10)))
    assert change.term is None


def test_vip_concerns_every_vps_of_the_client() -> None:
    two = sample.client("coop", WEB, sample.vps("web2", id="v-two2", term=of(1, "2027-01-01")))
    vip = replace(two, contract=served(date(2027, 2, 1), date(2027, 5, 1)))
    found = list(price_changes(fleet(two), fleet(vip), TODAY))
    assert [one.vps for one in found] == ["web1", "web2"]
    assert [stretches(one) for one in found] == [[("2027-02-01", "2027-05-01", "30.00", "79.00")]] * 2
    assert added(found)[0] == {}
    vip = replace(two, contract=served(date(2027, 2, 1)))
    assert added(price_changes(fleet(two), fleet(vip), TODAY))[0] == {"EUR": Decimal("98.00")}


def test_an_edit_of_the_catalogue_is_seen_in_every_client() -> None:
    year = sample.client("coop", replace(WEB, term=of(12, "2026-12-01")))
    base, head = fleet(year), replace(fleet(year), discounts=(Discount(months=12, percent=20),))
    (change,) = price_changes(base, head, TODAY)
    assert stretches(change) == [("2026-12-01", None, "27.00", "24.00")]
    assert change.term is not None
    assert eur(change.term.more) == "-36.00"


def test_another_length_of_term_is_another_fee() -> None:
    """Both are told with their days: the one doesn't pay for those of the other."""
    (change,) = changed(WEB, replace(WEB, term=of(12, "2026-12-01")))
    assert stretches(change) == [("2026-12-01", None, "30.00", "27.00")]
    assert change.term is not None
    assert (change.term.start, change.term.end, change.term.was) == (
        date(2026, 12, 1),
        date(2027, 12, 1),
        date(2027, 2, 1),
    )
    assert (eur(change.term.before), eur(change.term.after), eur(change.term.more)) == ("30.00", "324.00", "294.00")


EDITED = st.builds(
    lambda sales, months, ends: replace(selling(sales, months), ends=ends),
    SALES,
    st.sampled_from((1, 3, 12)),
    st.none() | DAYS,
)


@given(old=EDITED, new=EDITED, day=DAYS)
def test_stretches_tell_both_prices_of_every_day(old: Vps, new: Vps, day: date) -> None:
    """And an edit that is taken back costs the opposite."""
    everything = fleet(COOP)
    there = price_change((everything, COOP, old), (everything, COOP, new), TODAY)
    back = price_change((everything, COOP, new), (everything, COOP, old), TODAY)
    before, after = (totals(monthly(everything, COOP, vps, day)) if is_sold(vps, day) else {} for vps in (old, new))
    if there is None or back is None:
        assert there is back
        assert before == after
        return
    found = [one for one in there.stretches if one.start <= day and (one.end is None or day < one.end)]
    assert [(one.before, one.after) for one in found] == ([(before, after)] if before != after else [])
    assert [(one.start, one.end, one.after, one.before) for one in back.stretches] == [
        (one.start, one.end, one.before, one.after) for one in there.stretches
    ]
    assert {currency: -amount for currency, amount in back.once.items()} == there.once


@given(old=EDITED, new=EDITED)
def test_the_sum_is_what_is_paid_for_good(old: Vps, new: Vps) -> None:
    """The difference of what a month costs on a day after all changes."""
    everything, far = fleet(COOP), date(2099, 1, 1)
    change = price_change((everything, COOP, old), (everything, COOP, new), TODAY)
    before, after = (totals(monthly(everything, COOP, vps, far)) if is_sold(vps, far) else {} for vps in (old, new))
    assert added([change] if change else [])[0] == more(before, after)
