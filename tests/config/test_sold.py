"""What was sold never changes: against every catalogue that git has."""

from dataclasses import replace
from pathlib import Path

import pytest

from components.config.loader import load
from components.config.sold import named, problems, repriced
from components.domain.problems import Blame, Problem, Severity
from components.domain.terms import Discount
from tests.config.conftest import Edit
from tests.config.test_revision import commit


def found(folder: Path, base: str) -> list[Problem]:
    fleet = load(folder).fleet
    return list(problems(folder, fleet, base, named(fleet)))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('price: {month: "19.00"', 'price: {month: "19.01"', "price_month 19.00 → 19.01"),
        ("cpu_cap: 150 %", "cpu_cap: 140 %", "limits.cpu_cap_percent 150 → 140"),
        ("traffic: 1 TB ", "traffic: 2 TB ", "traffic_gb 1000 → 2000"),
        ('from: "2026-01-01"', 'from: "2026-01-02"', "valid_from 2026-01-01 → 2026-01-02"),
    ],
    ids=["price", "limit", "traffic", "terms"],
)
def test_no_number_of_a_sold_version_changes(folder: Path, edit: Edit, old: str, new: str, said: str) -> None:
    base = commit(folder)
    edit("catalogue.yaml", old, new)
    (problem,) = found(folder, base)
    assert said in problem.message
    assert (problem.code, problem.blame, problem.blocks) == ("sold-version-changed", Blame.NEW, False)


def test_words_about_it_may_change(folder: Path, edit: Edit) -> None:
    base = commit(folder)
    edit("catalogue.yaml", "title: Managed VPS", "title: Managed servers")
    edit("catalogue.yaml", "  small@2026-01:\n", "  small@2026-01:\n    about: For small sites.\n")
    assert found(folder, base) == []


def test_one_that_nobody_was_sold_may_change(folder: Path, edit: Edit) -> None:
    base = commit(folder)
    edit("catalogue.yaml", '"37.00"', '"39.00"')
    assert found(folder, base) == []


def test_one_that_somebody_had_once_may_not(folder: Path, edit: Edit) -> None:
    edit("clients/example-coop.yaml", "small@2026-01", "medium@2026-01")
    commit(folder)
    edit("clients/example-coop.yaml", "medium@2026-01", "small@2026-01")
    base = commit(folder)
    edit("catalogue.yaml", '"37.00"', '"39.00"')
    (problem,) = found(folder, base)
    assert problem.path == ("packages", "medium@2026-01")


def test_what_slipped_through_earlier_is_old_until_it_is_put_back(folder: Path, edit: Edit) -> None:
    commit(folder)
    edit("catalogue.yaml", '"19.00"', '"21.00"')
    base = commit(folder)
    edit("catalogue.yaml", '"37.00"', '"39.00"')
    (problem,) = found(folder, base)
    assert (problem.path, problem.blame) == (("packages", "small@2026-01"), Blame.OLD)
    edit("catalogue.yaml", '"21.00"', '"22.00"')
    (problem,) = found(folder, base)
    assert problem.blame is Blame.NEW


def test_an_extra_s_version_stays_too(folder: Path, edit: Edit) -> None:
    extra = (
        '  memory@2026-09: {title: Memory, adds: {memory: 1 GiB}, most: 4, price: {month: "4.44", set_up: "0.00"}}\n'
    )
    text = (folder / "catalogue.yaml").read_text()
    at = text.index("extras:\n") + len("extras:\n") if "\nextras:\n" in text else None
    text = text[:at] + extra + text[at:] if at else f"{text}extras:\n{extra}"
    (folder / "catalogue.yaml").write_text(text)
    edit(
        "clients/example-coop.yaml", "package: small@2026-01", "package: small@2026-01\n    extras: {memory@2026-09: 1}"
    )
    base = commit(folder)
    assert found(folder, base) == []
    edit("catalogue.yaml", '"4.44"', '"5.55"')
    (problem,) = found(folder, base)
    assert problem.path == ("extras", "memory@2026-09")


def test_catalogues_that_can_t_be_read_any_more_hinder_nothing(folder: Path, edit: Edit) -> None:
    good = (folder / "catalogue.yaml").read_text()
    for content in ("packages: [", "packages: {}\n", "- 1\n"):
        (folder / "catalogue.yaml").write_text(content)
        commit(folder)
    (folder / "catalogue.yaml").write_text(good)
    base = commit(folder)
    assert found(folder, base) == []
    edit("catalogue.yaml", '"19.00"', '"21.00"')
    assert len(found(folder, base)) == 1


def test_a_branch_may_mend_a_version_that_it_adds_itself(folder: Path, edit: Edit) -> None:
    base = commit(folder)
    text = (folder / "catalogue.yaml").read_text()
    at = text.index("  small@2026-01:")
    own = text[at : text.index("  medium@2026-01:")].replace("small@2026-01", "small@2026-12")
    (folder / "catalogue.yaml").write_text(text[:at] + own + text[at:])
    edit("clients/example-coop.yaml", "small@2026-01", "small@2026-12")
    commit(folder)
    (folder / "catalogue.yaml").write_text(text[:at] + own.replace('"19.00"', '"18.00"') + text[at:])
    assert found(folder, base) == []
    later = commit(folder)
    (folder / "catalogue.yaml").write_text(text[:at] + own.replace('"19.00"', '"17.00"') + text[at:])
    assert [one.blame for one in found(folder, later)] == [Blame.NEW]


def test_what_everybody_pays_by_is_compared_too(folder: Path) -> None:
    fleet = load(folder).fleet
    (months,) = {vps.term.months for _, vps in fleet.machines()}
    assert list(repriced(fleet, fleet)) == []
    (money,) = repriced(replace(fleet, currency="USD"), fleet)
    assert (money.code, money.path, money.blocks) == ("sold-currency-changed", ("currency",), False)
    dearer = replace(fleet, discounts=(Discount(months=1, percent=0), Discount(months=months, percent=1)))
    (less,) = repriced(dearer, replace(fleet, discounts=(Discount(months=months, percent=10),)))
    assert (less.code, less.path, less.severity) == ("sold-discount-changed", ("term_discounts", 1), Severity.WARNING)
    assert "1 client with terms" in less.message
    assert "10 % off → 1 % off" in less.message
    (gone,) = repriced(replace(fleet, discounts=()), dearer)
    assert gone.path == ("term_discounts",)
    others = replace(fleet, discounts=(*fleet.discounts, Discount(months=99, percent=50)))
    assert list(repriced(others, fleet)) == []
    assert list(repriced(replace(fleet, currency="USD", discounts=()), replace(fleet, clients={}))) == []
