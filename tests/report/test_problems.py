"""A report of problems is read on one screen."""

from dataclasses import replace
from pathlib import Path

from components.domain.problems import Blame, Problem, Severity
from components.report.problems import FEW, by_file, counted

ONE = Problem(
    code="bad-fqdn",
    path=("clients", "a", "vps", "web1", "fqdn"),
    message='"web1" is no full domain name.',
    remedy="Write it whole.",
    file="clients/a.yaml",
    line=7,
)
SHELF = Problem(
    code="spare-few",
    path=("spares", "ram", "count"),
    message="1 is few.",
    remedy="",
    file="fleet.yaml",
    severity=Severity.WARNING,
    blame=Blame.OLD,
)


def test_each_problem_is_whole_under_its_file() -> None:
    assert list(by_file([SHELF, ONE, replace(ONE, line=9)], Path("stacks"))) == [
        "stacks/fleet.yaml spares.ram.count",
        "  warning (old, fleet) spare-few: 1 is few.",
        "",
        "stacks/clients/a.yaml:7 clients.a.vps.web1.fqdn",
        '  error (VPS a/web1) bad-fqdn: "web1" is no full domain name.',
        "  Write it whole.",
        "stacks/clients/a.yaml:9 clients.a.vps.web1.fqdn",
        '  error (VPS a/web1) bad-fqdn: "web1" is no full domain name.',
        "  Write it whole.",
    ]


def test_of_many_the_old_ones_are_counted() -> None:
    new = replace(ONE, blame=Blame.NEW)
    many = [*([SHELF] * FEW), replace(ONE, blame=Blame.OLD), new]
    assert list(by_file(many, Path("stacks")))[3:] == [
        "",
        "9 more were there before (--all shows all):",
        "    1  error bad-fqdn  stacks/clients/a.yaml:7",
        "    8  warning spare-few  stacks/fleet.yaml, …",
    ]
    assert len(list(by_file(many, Path("stacks"), everything=True))) > 1.5 * len(many)


def test_a_narrow_terminal_breaks_between_words() -> None:
    long = replace(
        ONE, message="It is no full domain name, " * 5 + "so it is.", remedy="Write it whole, with dots. " * 4
    )
    lines = list(by_file([long], Path("stacks"), lambda text, colour: f"<{text}>", most=60))
    assert all(len(line) <= 60 + len("<>") and line.startswith("  ") for line in lines[1:])
    assert " ".join(line.strip() for line in lines[1:]) == (
        f"<error> (VPS a/web1) bad-fqdn: {long.message} {long.remedy.strip()}"
    )
    assert list(by_file([ONE], Path("stacks"), most=80)) == list(by_file([ONE], Path("stacks")))


def test_colours_are_the_reader_s() -> None:
    painted = list(by_file([ONE], Path(), lambda text, colour: f"<{colour}>{text}</>"))
    assert painted[0].startswith("<cyan>clients/a.yaml:7</> ")
    assert "<red>error</> (VPS a/web1) bad-fqdn" in painted[1]


def test_the_sum_says_who_is_to_blame() -> None:
    assert counted([ONE]) == "1 error in 1 file"
    found = [replace(ONE, blame=Blame.NEW), replace(ONE, blame=Blame.OLD), replace(ONE, blame=Blame.WORSE), SHELF]
    assert counted(found) == "3 errors (1 new, 1 worse, 1 old) and 1 warning (1 old) in 2 files"
