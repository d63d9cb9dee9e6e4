"""`vps price BASE..HEAD`: what a pull request changes in money."""

import json
from pathlib import Path

import pytest

from tests.cli.priced import CLIENT, Priced


@pytest.fixture
def priced(tmp_path: Path) -> Priced:
    return Priced(tmp_path)


def test_nothing_changes(priced: Priced) -> None:
    priced.edit("host: lab1", "host: lab1  # still")
    assert priced.price("HEAD..").output == "nothing changes in money\n"


def test_an_upgrade_before_it_is_committed_and_after(priced: Priced) -> None:
    """The same change, read from files and from git."""
    priced.upgrade()
    words = ["--on", "2026-12-24", "--json"]
    files = json.loads(priced.price("HEAD..", *words).output)
    priced.commit("upgrade")
    commits = json.loads(priced.price("HEAD~1..HEAD", *words).output)
    assert commits.pop("head") == priced.git("rev-parse", "HEAD").strip()
    assert files.pop("head") is None
    assert files == commits
    (change,) = commits["changes"]
    assert (change["client"], change["vps"], change["kind"]) == ("example-coop", "web1", "changed")
    assert [(one["start"], one["end"], one["before"]["EUR"], one["after"]["EUR"]) for one in change["month"]] == [
        ("2027-01-01", "2027-02-01", "18.43", "67.43"),
        ("2027-02-01", None, "18.43", "92.65"),
    ]
    assert change["term"]["start"] == "2026-12-01"
    assert commits["unsure"] == []


def test_for_people_it_is_a_table_with_a_sum(priced: Priced) -> None:
    priced.upgrade()
    told = priced.price("HEAD..", "--on", "2026-12-24").output.splitlines()
    first = " ".join(told[1].split())
    assert first.startswith("~ example-coop/web1 2027-01-01 2027-02-01 18.43 EUR -> 67.43 EUR")
    assert told[-1] == "together: +74.22 EUR a month for good; left out: 1 row for a time only"


def test_what_is_for_a_time_only_is_no_sum_of_months(priced: Priced) -> None:
    """A term that starts two weeks later costs nothing less a month; a year's discount is one for good."""
    priced.edit('start: "2026-12-01"', 'start: "2026-12-15"')
    told = priced.price("HEAD..", "--on", "2026-11-24").output.splitlines()
    assert told[-1] == "together: no more and no less a month for good; left out: 1 row for a time only"
    assert json.loads(priced.price("HEAD..", "--on", "2026-11-24", "--json").output)["month"] == {}
    priced.edit("months: 3", "months: 12")
    told = priced.price("HEAD..", "--on", "2026-11-24").output.splitlines()
    assert told[-1] == "together: -1.33 EUR a month for good; left out: 1 row for a time only"


def test_a_narrow_terminal_has_the_fee_below(priced: Priced, monkeypatch: pytest.MonkeyPatch) -> None:
    priced.upgrade()
    monkeypatch.setattr("components.cli.terminal.width", lambda: 80)
    told = priced.price("HEAD..", "--on", "2026-12-24").output.splitlines()
    assert max(map(len, told)) <= 80
    assert any(line.startswith("    ") and "fee of the term +" in line for line in told)


def test_clients_come_and_go(priced: Priced) -> None:
    text = (priced.folder / CLIENT).read_text(encoding="utf-8")
    other = text.replace("c-q7m2", "c-new1").replace("v-h3k9", "v-new1")
    (priced.folder / "clients" / "other.yaml").write_text(other, encoding="utf-8")
    (priced.folder / CLIENT).unlink()
    told = priced.price("HEAD..", "--on", "2026-12-24").output
    marks = [line.split()[:4] for line in told.splitlines()[1:3]]
    assert marks == [["-", "example-coop/web1", "(gone", "client)"], ["+", "other/web1", "(new", "client)"]]


def test_a_branch_is_compared_with_where_it_left(priced: Priced) -> None:
    """What happened on main meanwhile is no change of the branch's."""
    priced.git("switch", "--quiet", "-c", "branch")
    priced.edit("months: 3", "months: 12")
    priced.commit("a year")
    priced.git("switch", "--quiet", "main")
    priced.upgrade()
    priced.commit("upgrade")
    two, three = (json.loads(priced.price(f"main{dots}branch", "--json").output) for dots in ("..", "..."))
    (change,) = three["changes"]
    assert [(one["before"], one["after"]) for one in change["month"]] == [({"EUR": "18.43"}, {"EUR": "17.10"})]
    assert len(two["changes"][0]["month"]) == 3


def test_what_cannot_be_read_or_priced_is_named_and_is_no_change(priced: Priced) -> None:
    priced.edit("small@2026-01", "smal@2026-01")
    done = priced.price("HEAD..")
    assert done.exit_code == 1
    assert "nothing changes in money" in done.output
    assert "could not tell: example-coop/web1 has smal@2026-01 at files" in done.output
    (priced.folder / CLIENT).write_text("id: [", encoding="utf-8")
    done = priced.price("HEAD..", "--json")
    assert done.exit_code == 1
    found = json.loads(done.output)
    assert found["changes"] == []
    assert found["unsure"] == ["clients/example-coop.yaml can't be read at files: vps check"]


def test_a_price_that_can_not_be_read_is_not_called_unsold(priced: Priced) -> None:
    priced.edit('"19.00"', "19", "catalogue.yaml")
    done = priced.price("HEAD..")
    assert done.exit_code == 1
    assert "small@2026-01 at files, which catalogue.yaml, as far as it can be read, does not sell" in done.output


@pytest.mark.parametrize(("subject", "why"), [("nowhere..HEAD", "nowhere"), ("HEAD..--upload-pack=x", "upload-pack")])
def test_an_unknown_revision_is_refused(priced: Priced, subject: str, why: str) -> None:
    done = priced.price(subject)
    assert done.exit_code == 1
    assert why in str(done.exception)
