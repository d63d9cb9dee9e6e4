"""An address of a VPS that ended lately is nobody else's for a while."""

from datetime import date

import pytest

from components.domain.rules.quarantine import problems
from tests.domain.sample import client, fleet, vps

TODAY, UNTIL = date(2027, 3, 10), date(2027, 3, 31)


@pytest.mark.parametrize("written", ["2001:db8:1::10", "2001:DB8:1:0::0010"])
def test_an_address_in_quarantine_is_given_to_nobody_however_it_is_written(written: str) -> None:
    known = fleet(client("example-coop", vps(ipv6=(written,))))
    (problem,) = problems(known, {"2001:db8:1::10": UNTIL}, TODAY)
    assert problem.path == ("clients", "example-coop", "vps", "web1", "ipv6", 0)
    assert problem.code == "address-in-quarantine"
    assert "2027-03-31" in problem.message
    assert problem.measure == 21


def test_from_the_day_on_which_it_is_over_the_address_is_free() -> None:
    assert list(problems(fleet(), {"192.0.2.10": UNTIL}, UNTIL)) == []


def test_who_had_it_before_this_change_keeps_it() -> None:
    assert list(problems(fleet(), {"192.0.2.10": UNTIL}, TODAY, fleet())) == []
    other = fleet(client("example-coop", vps(id="v-other")))
    assert [one.code for one in problems(other, {"192.0.2.10": UNTIL}, TODAY, fleet())] == ["address-in-quarantine"]


def test_other_addresses_are_none_of_its_business() -> None:
    assert list(problems(fleet(), {"192.0.2.11": UNTIL}, TODAY)) == []
