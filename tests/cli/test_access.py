"""`vps access` shows, asks, sets, and calls what it hears the guest's word."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest

from components.cli.access import wish
from tests.cli.test_trash import Fleet

TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path / "project")


def test_a_grant_that_ended_leaves_neither_key_nor_root(fleet: Fleet) -> None:
    grant = replace(fleet.web1.access[0], since=dt.date(2026, 1, 1))
    for until, number in ((None, 1), (TODAY, 1), (TODAY - dt.timedelta(days=1), 0)):
        vps = replace(fleet.web1, access=(replace(grant, until=until),))
        wanted = wish(fleet.client, vps, TODAY)
        assert wanted.hostname == "web1"
        assert {user: (len(one.keys), one.root) for user, one in wanted.people.items()} == {
            "ada": (number, number == 1)
        }


def test_root_needs_a_grant_of_root_that_runs(fleet: Fleet) -> None:
    """The ended one of a person's two grants gives nothing, and the request of the running one is told."""
    ended = replace(fleet.web1.access[0], root=True, until=TODAY - dt.timedelta(days=1))
    plain = replace(ended, root=False, until=None, request="T-2000")
    person = wish(fleet.client, replace(fleet.web1, access=(ended, plain)), TODAY).people["ada"]
    assert (len(person.keys), person.root, person.request) == (1, False, "T-2000")
    both = replace(fleet.web1, access=(plain, replace(ended, until=None)))
    assert wish(fleet.client, both, TODAY).people["ada"].root


def test_it_sets_what_the_file_grants_and_says_whose_word_it_tells(fleet: Fleet) -> None:
    backend = fleet.folder.parent / ".vps/state"
    backend.mkdir(parents=True, exist_ok=True)
    (backend / "aegir-vps-backend").write_text("b1\n")

    done = fleet.run("access", "example-coop/web1", "--yes")

    assert done.returncode == 0, done.stderr
    assert "example-coop/web1: ada: 1 key, root by sudo (request T-1041)" in done.stdout
    assert "Whoever else has an account in the guest keeps it, but no root" in done.stdout
    assert "The guest's own word, which nobody can check from outside (lab1):" in done.stdout
    assert "ada: no account -> 1 key, sudo, as declared" in done.stdout
    path = Path(fleet.host.uri.removeprefix("fake://")) / "domains" / f"{fleet.machine.uuid}.json"
    values = json.loads(path.read_text())
    key = fleet.client.contacts["ada"].ssh_key
    assert values["guest"] == {"people": {"ada": {"keys": [key], "root": True, "locked": False}}, "hostname": "web1"}
    assert "ada: 1 key, sudo, as before, as declared" in fleet.run("access", "example-coop/web1", "--yes").stdout

    path.write_text(json.dumps(values | {"guest": {"system": ["ada"]}}))
    done = fleet.run("access", "example-coop/web1", "--yes")
    assert done.returncode == 1
    assert "ada: no account, as before; the guest has an account of its own under this name" in done.stdout


def test_without_an_answer_nothing_is_set(fleet: Fleet) -> None:
    done = fleet.run("access", "example-coop/web1")

    assert done.returncode == 1
    assert "Nothing was touched" in done.stderr
