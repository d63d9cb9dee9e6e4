"""What stops one stack stops no other: by what each of them uses."""

from pathlib import Path

import pytest

from components.config.concern import Used, concerns
from components.config.loader import load
from components.domain.problems import Problem
from tests.config.conftest import Edit

STACK = "client.example-coop"
OTHER = "client.other"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("catalogue.yaml", "cpu_cap: 300 %", "cpu_cap: 500 %"),
        ("catalogue.yaml", "memory: 4 GiB\n      disk: 40 GiB", "memory: 4 Gigs\n      disk: 40 GiB"),
    ],
    ids=["a rule", "a shape"],
)
def test_a_package_stops_those_who_have_it(
    folder: Path, edit: Edit, other_client: str, file: str, old: str, new: str
) -> None:
    edit(file, old, new)
    edit("clients/other.yaml", "small@2026-01", "medium@2026-01")
    loaded = load(folder)
    assert loaded.blocking(STACK) == loaded.blocking("host.lab1") == ()
    assert loaded.blocking(OTHER)


def test_what_no_machine_is_made_from_stops_nobody(folder: Path, edit: Edit) -> None:
    edit("catalogue.yaml", "row: VIP-14", "row: VIP14")
    edit("fleet.yaml", "email: help@hoster.example", "email: nobody")
    edit("fleet.yaml", "currency: EUR", "currency: euro")
    loaded = load(folder)
    assert {one.code for one in loaded.problems} == {"bad-row", "bad-email", "bad-currency"}
    assert loaded.blocking(STACK) == loaded.blocking("host.lab1") == ()


def test_a_network_stops_who_stands_on_it(folder: Path, edit: Edit) -> None:
    edit("fleet.yaml", "gateway: 192.0.2.1}", "gateway: 192.0.3.1}")
    loaded = load(folder)
    assert len(loaded.blocking(STACK)) == len(loaded.blocking("host.lab1")) == 1


@pytest.mark.parametrize(
    ("path", "file", "expected"),
    [
        (("packages",), "catalogue.yaml", True),
        (("packages", "a@2026-01", "limits"), "catalogue.yaml", True),
        (("packages", "b@2026-01"), "catalogue.yaml", False),
        (("id",), "fleet.yaml", True),
        (("spares", "ram"), "fleet.yaml", False),
        (("clients", "other", "id"), "clients/other.yaml", False),
        (("clients", "mine", "id"), "clients/mine.yaml", True),
        (("clients",), "clients/", True),
        (("hosts",), "hosts/", False),
        ((), "catalogue.yaml", True),
    ],
)
def test_each_problem_concerns_who_uses_its_place(path: tuple[str, ...], file: str, expected: bool) -> None:
    used = Used(frozenset({"clients/mine.yaml"}), frozenset({("packages", "a@2026-01")}))
    problem = Problem(code="x", path=path, message="", remedy="", file=file)
    assert concerns(problem, used) is expected
