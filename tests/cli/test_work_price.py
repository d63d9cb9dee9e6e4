"""`vps price CLIENT/VPS --order`: the line before the work, or why there is none."""

import json
from pathlib import Path

import pytest

from tests.cli.priced import Priced

WEB = "example-coop/web1"


@pytest.fixture
def priced(tmp_path: Path) -> Priced:
    return Priced(tmp_path)


def data(priced: Priced, *words: str) -> dict[str, object]:
    done = priced.price(WEB, "--on", "2026-12-24", "--json", *words)
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.output)
    return found


def test_the_line_is_shown_and_nothing_is_ordered(priced: Priced) -> None:
    """WORK-27."""
    done = priced.price(WEB, "--order", "WORK-13", "--times", "3", "--on", "2026-12-24")
    first, _, line, total = done.output.splitlines()
    assert first == "example-coop/web1, ordered on 2026-12-24 without VIP; nothing is ordered by this"
    told = " ".join(line.split())
    assert told.startswith("WORK-13 Changing the main IP address of a VPS 3 x change 10.00 USD 1 0 this month, 1 free")
    assert total == "together 20.00 USD"


@pytest.mark.parametrize(
    ("words", "total"),
    [
        (["--order", "WORK-13", "--used", "1"], "10.00"),
        (["--order", "ip-change:2"], "10.00"),
        (["--order", "work-6", "--order", "WORK-10:2"], "45.00"),
        (["--order", "WORK-15", "--minutes", "121"], "70.00"),
        (["--order", "WORK-19", "--given", "complete"], "0.00"),
        (["--order", "WORK-20", "--order", "WORK-24", "--minutes", "20", "--logged", "60"], "26.67"),
        (["--minutes", "70"], "15.00"),
        (["--order", "hour", "--minutes", "60"], "0.00"),
        (["--order", "SUP-9"], "0.00"),
    ],
)
def test_a_request_is_priced_whole(priced: Priced, words: list[str], total: str) -> None:
    assert data(priced, *words)["totals"] == {"USD": total}


def test_vip_makes_rows_free_and_hours_not(priced: Priced) -> None:
    priced.upgrade()
    words = ["--order", "WORK-8", "--minutes", "90", "--logged", "60", "--on", "2027-01-05"]
    assert data(priced, *words)["totals"] == {"USD": "52.50"}
    assert "with VIP" in priced.price(WEB, *words).output


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--order", "WORK-14"], "dedicated servers only"),
        (["--order", "WORK-11"], "two VPSs"),
        (["--order", "WORK-21"], "backup of the VPS is available"),
        (["--order", "certificate"], "quoted on request"),
        (["--order", "vip"], "no single work"),
        (["--order", "dance"], "There is no work"),
        (["--order", "SUP-21"], "no row SUP-21"),
        (["--order", "WORK-13:0"], "is no order"),
        (["--order", "WORK-24"], "needs its length"),
        (["--order", "WORK-15", "--order", "WORK-24", "--minutes", "9"], "can't be both"),
        (["--order", "WORK-19", "--given", "luck"], "nothing that a price hangs on"),
    ],
)
def test_an_order_is_refused_with_its_reason(priced: Priced, words: list[str], why: str) -> None:
    """WORK-26."""
    done = priced.price(WEB, *words)
    assert done.exit_code == 1
    assert why in str(done.exception)
