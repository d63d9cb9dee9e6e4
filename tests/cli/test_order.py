"""Missing answers are asked for where somebody can answer, else told all at once."""

import datetime as dt

import pytest
import typer

from components.cli.order import Questions, chosen_extras, day, order
from components.config import flavour_file
from components.domain.problems import DomainError
from tests.domain.sample import fleet

TODAY = dt.date(2026, 11, 22)
WHOLE = {
    "package": "small",
    "months": 3,
    "fqdn": "web1.acme.example",
    "extras": [],
    "start": None,
    "renew": True,
    "image": "",
    "network": None,
    "host": None,
    "ipv4": None,
    "ipv6": None,
}


def asked(questions: Questions, **changes: object):
    return order(fleet(), questions, TODAY, **{**WHOLE, **changes})  # type: ignore[arg-type]


def test_short_words_become_an_order() -> None:
    questions = Questions(asks=False)
    found = asked(questions)
    questions.settle("Unable")
    assert (found.package, found.image, found.term.start) == ("small@2026-01", "base-debian-13", TODAY)
    assert (found.ipv4, found.ipv6, found.network, found.host) == (1, 1, None, None)
    assert asked(questions, ipv4=0, ipv6=3, start="2027-01-31").term.start == dt.date(2027, 1, 31)
    assert asked(questions, ipv4=0, ipv6=3).ipv6 == 3


def test_all_that_is_wrong_is_told_at_once() -> None:
    questions = Questions(asks=False)
    asked(
        questions, package=None, months=None, fqdn=None, start="soon", host="kvm9", network="x", image="y", extras=["z"]
    )
    with pytest.raises(DomainError) as told:
        questions.settle("Unable to add it")
    said = str(told.value)
    for word in ("--package", "--term", "--fqdn", '"soon"', '"kvm9"', 'network "x"', 'image "y"', 'extra "z"'):
        assert word in said, word
    assert said.startswith("Unable to add it:\n")
    assert said.endswith("Nothing was written.")


def test_who_sits_at_a_terminal_is_asked_for_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"Package": "small", "Months": "12", "Full name": " web1.acme.example "}
    heard = []

    def prompt(question: str) -> str:
        heard.append(question)
        return next(answer for begin, answer in answers.items() if question.startswith(begin))

    monkeypatch.setattr(typer, "prompt", prompt)
    questions = Questions(asks=True)
    found = asked(questions, package=None, months=None, fqdn=None)
    questions.settle("Unable")
    assert (found.package, found.term.months, found.fqdn) == ("small@2026-01", 12, "web1.acme.example")
    assert len(heard) == 3
    assert "small@2026-01" in heard[0]


def test_an_image_that_nobody_mends_is_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flavour_file, "retired", lambda _: {"base-debian-13": "It is at its end of life."})
    questions = Questions(asks=False)
    asked(questions)
    with pytest.raises(DomainError, match=r"base-debian-13 is at its end of life"):
        questions.settle("Unable")
    assert asked(Questions(asks=False), image="base-debian-13").image == "base-debian-13", "the rules refuse it"


def test_a_command_that_was_told_to_do_without_asks_nobody() -> None:
    assert not Questions.at_terminal(unless=True).asks


def test_days_and_pieces() -> None:
    assert day("2027-02-28", TODAY) == dt.date(2027, 2, 28)
    with pytest.raises(DomainError, match=r'"2027-02-30" is no date.*2026-11-22'):
        day("2027-02-30", TODAY)
    assert chosen_extras(fleet(), []) == {}
