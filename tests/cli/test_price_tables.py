"""A statement in words: money by currency, columns, deposits and ends."""

import re
from datetime import date
from decimal import Decimal

import pytest

from components.cli.price_tables import client_data, client_lines, money, signed, table, vps_lines
from components.domain.statements import statement
from tests.domain import sample
from tests.domain.test_fees import of
from tests.domain.test_prices import MEMORY, VIP, selling, served

DAY = date(2027, 1, 5)


def test_money_is_by_currency() -> None:
    both = {"EUR": Decimal("1.50"), "USD": Decimal("-2.00")}
    assert money(both, "EUR") == "1.50 EUR + -2.00 USD"
    assert money({}, "EUR") == "0.00 EUR"
    assert signed(both) == "+1.50 EUR, -2.00 USD"


def test_amounts_stand_at_their_right() -> None:
    assert table([("a", "1.00", "x"), ("bb", "100.00", "y")], (1,)) == ["a     1.00  x", "bb  100.00  y"]


@pytest.mark.parametrize("width", [80, 120])
def test_a_statement_fits_its_terminal_and_lacks_nothing(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    vps = sample.vps(term=of(12, "2026-12-01"), extras={MEMORY.key: 2})
    client = sample.client("coop", vps, contract=served(date(2026, 12, 1)))
    fleet = selling(client)
    found = statement(fleet, client, DAY)
    wide = client_lines(fleet, found)
    monkeypatch.setattr("components.cli.terminal.width", lambda: width)
    told = client_lines(fleet, found)
    assert max(map(len, wide)) > width >= max(map(len, told))
    said = " ".join(" ".join(told).replace(";", " ").split())
    for cell in re.split(r"  +", wide[3].strip()):
        assert cell in said


def test_deposit_set_up_and_an_end_inside_a_term_are_told() -> None:
    vps = sample.vps(term=of(3, "2026-12-01"), ends=date(2027, 2, 1))
    client = sample.client("coop", vps, name="Coop \x1b[31m", contract=served(date(2026, 12, 1)))
    fleet = selling(client)
    found = statement(fleet, client, DAY)
    for told in (client_lines(fleet, found), vps_lines(fleet, found, "web1")):
        text = "\n".join(" ".join(line.split()) for line in told)
        assert "web1 deposit: small@2026-01 50.00 EUR due 2026-11-20, on signing" in text
        assert "web1 set-up: small@2026-01 5.00 EUR due on reception of the invoice, for 2026-12-01" in text
        assert "web1 ends on 2027-02-01; its term, which is owed whole, goes on to 2027-03-01." in text
        assert "2027-02-01 web1 68.00 EUR -> 0.00 EUR ends" in text
        assert "\x1b" not in text


def test_another_currency_has_a_sum_of_its_own() -> None:
    client = sample.client("coop", contract=served(date(2026, 12, 1)))
    dollars = VIP.__class__(key="vip", kind="option", title="VIP", price=Decimal("9.00"), currency="USD", row="VIP-14")
    fleet = selling(client, services={"vip": dollars})
    found = statement(fleet, client, DAY)
    assert "a month, of what is sold on 2027-01-05: 19.00 EUR + 9.00 USD" in client_lines(fleet, found)
    assert client_data(fleet, found)["month"] == {"EUR": "19.00", "USD": "9.00"}


def test_data_of_one_vps_alone() -> None:
    client = sample.client("coop", sample.vps(), sample.vps("web2", id="v-two2"))
    fleet = selling(client)
    found = statement(fleet, client, DAY)
    assert [one["vps"] for one in client_data(fleet, found)["vps"]] == ["web1", "web2"]
    assert [one["vps"] for one in client_data(fleet, found, "web2")["vps"]] == ["web2"]
