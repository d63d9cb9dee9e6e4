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


def test_a_grant_that_ended_leaves_no_key(fleet: Fleet) -> None:
    grant = fleet.web1.access[0]
    for until, number in ((None, 1), (TODAY, 1), (TODAY - dt.timedelta(days=1), 0)):
        vps = replace(fleet.web1, access=(replace(grant, since=dt.date(2026, 1, 1), until=until),))
        wanted = wish(fleet.client, vps, TODAY)
        assert wanted.hostname == "web1"
        assert {user: len(keys) for user, keys in wanted.keys.items()} == {"ada": number}


def test_it_sets_what_the_file_grants_and_says_whose_word_it_tells(fleet: Fleet) -> None:
    backend = fleet.folder.parent / ".vps/state"
    backend.mkdir(parents=True, exist_ok=True)
    (backend / "aegir-vps-backend").write_text("b1\n")

    done = fleet.run("access", "example-coop/web1", "--yes")

    assert done.returncode == 0, done.stderr
    assert "example-coop/web1: ada: 1 key" in done.stdout
    assert "Whoever else has an account in the guest keeps it" in done.stdout
    assert "The guest's own word, which nobody can check from outside (lab1):" in done.stdout
    assert "ada: has exactly the declared keys" in done.stdout
    path = Path(fleet.host.uri.removeprefix("fake://")) / "domains" / f"{fleet.machine.uuid}.json"
    guest = json.loads(path.read_text())["guest"]
    assert guest == {"users": {"ada": [fleet.client.contacts["ada"].ssh_key]}, "hostname": "web1"}


def test_without_an_answer_nothing_is_set(fleet: Fleet) -> None:
    done = fleet.run("access", "example-coop/web1")

    assert done.returncode == 1
    assert "Nothing was touched" in done.stderr
