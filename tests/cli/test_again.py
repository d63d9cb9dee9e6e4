"""After a rebase: what clashes and is not in force is picked anew, with real branches in a real checkout."""

import json
from pathlib import Path

import pytest

from components.domain.problems import DomainError
from components.engine import analysis, audit
from tests.cli.writers import ACME, Checkout, clean

BOLT = tuple(word.replace("acme", "bolt").replace("Acme", "Bolt") for word in ACME)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """Two branches, each with a new client that has the same address, the one merged and the other rebased on it."""
    clean(monkeypatch)
    found = Checkout(tmp_path / "project")
    for name, words in (("acme", ACME), ("bolt", BOLT)):
        found.git("switch", "-q", "-c", name, "main")
        found.vps("new", name, *words, "--yes")
        found.commit(f"Add {name}")
        assert found.errors() == []
    found.git("switch", "-q", "main")
    found.git("merge", "-q", "--ff-only", "acme")
    found.git("switch", "-q", "bolt")
    found.git("rebase", "-q", "main")
    return found


def test_check_catches_the_address_that_both_picked_and_again_mends_it(made: Checkout) -> None:
    checked = made.run("check")
    assert checked.exit_code == 1
    assert "192.0.2.11 also belongs to acme/web1" in checked.output
    first = made.file("acme").read_text()
    before = made.file("bolt").read_text()

    said = made.vps("new", "--again", "bolt", "--yes")

    assert "192.0.2.11 is taken" in said
    assert made.errors() == []
    assert made.file("acme").read_text() == first
    assert made.run("check").exit_code == 0
    changed = [line for line in made.file("bolt").read_text().splitlines() if line not in before.splitlines()]
    assert [line.strip() for line in changed] == ["ipv4: [192.0.2.12]", 'ipv6: ["2001:db8:1::12"]']
    made.commit("Place bolt anew")
    assert "nothing clashes" in made.vps("new", "--again", "bolt")


def test_who_was_there_first_is_never_touched(made: Checkout) -> None:
    """Both clash; the one of the trunk is in force, and it is shown how that is known."""
    before = made.file("acme").read_text()
    trunk = made.git("rev-parse", "main").strip()

    said = made.vps("new", "--again", "acme")

    assert f"acme/web1: in force, commit {trunk[:12]} has it: left as it is" in said
    assert "nothing was written" in said
    assert made.file("acme").read_text() == before


def test_what_state_holds_is_in_force_on_any_branch(made: Checkout) -> None:
    loaded = made.loaded()
    client = loaded.fleet.clients["bolt"]
    uuid = client.vps["web1"].machine_uuid(loaded.fleet.id, client.id)
    folder = made.project.work / "state/.pulumi/stacks/aegir-vps"
    folder.mkdir(parents=True)
    machine = {"type": "vps:index:Machine", "outputs": {"uuid": uuid}}
    (folder / "client.bolt.json").write_text(json.dumps({"checkpoint": {"latest": {"resources": [machine]}}}))

    said = made.vps("new", "--again", "bolt")

    assert "bolt/web1: in force, the state of client.bolt holds it" in said


def test_where_state_can_not_be_asked_nothing_is_taken_away(made: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have been applied from its branch."""
    before = made.file("bolt").read_text()
    monkeypatch.setenv("PULUMI_BACKEND_URL", "postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
    with pytest.raises(DomainError, match=r"the state of client.bolt can't be asked from here.*--base"):
        made.run("new", "--again", "bolt", "--yes")
    assert made.file("bolt").read_text() == before

    said = made.vps("new", "--again", "bolt", "--base", "main", "--yes")

    assert "(the state of client.bolt can't be asked from here)" in said
    assert "192.0.2.11 is taken" in said


def test_the_engine_is_asked_where_only_it_reads_state(made: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = made.loaded()
    client = loaded.fleet.clients["bolt"]
    uuid = client.vps["web1"].machine_uuid(loaded.fleet.id, client.id)
    stacks = ["client.bolt"]
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://x")
    monkeypatch.setattr(analysis, "stacks", lambda _: stacks)
    machine = {"type": "vps:index:Machine", "outputs": {"uuid": uuid}}
    monkeypatch.setattr(audit, "export", lambda *_: {"deployment": {"resources": [machine]}})
    assert "bolt/web1: in force, the state of client.bolt holds it" in made.vps("new", "--again", "bolt")
    stacks.clear()
    assert "192.0.2.11 is taken" in made.vps("new", "--again", "bolt", "--yes")


def test_a_host_that_both_filled_is_left_by_the_second(made: Checkout) -> None:
    """Room for two of the three that would stand on it."""
    fleet = made.loaded().fleet
    (host,) = {client.vps["web1"].host for client in fleet.clients.values()}
    made.edit(f"hosts/{host}.yaml", capacity={"vcpus": 4, "memory": "7 GiB", "disk": "100 GiB"})
    checked = made.run("check")
    assert checked.exit_code == 1
    assert f"hosts/{host}.yaml" in checked.output

    said = json.loads(made.vps("new", "--again", "bolt", "--json", "--yes"))

    assert said["written"]
    assert any(host in why for why in said["anew"]["web1"]["clashed"])
    assert made.loaded().fleet.clients["bolt"].vps["web1"].host != host
    assert made.errors() == []


def test_a_base_can_be_named(made: Checkout) -> None:
    """On the trunk itself its last commit is in force, unless somebody says that it was never applied."""
    made.git("switch", "-q", "main")
    made.git("merge", "-q", "--ff-only", "bolt")
    assert "bolt/web1: in force" in made.vps("new", "--again", "bolt")

    made.vps("new", "--again", "bolt/web1", "--base", "main~1", "--yes")

    assert made.errors() == []
    with pytest.raises(DomainError, match='no revision "nowhere"'):
        made.run("new", "--again", "bolt", "--base", "nowhere")


def test_options_of_an_order_are_not_passed_over(made: Checkout) -> None:
    with pytest.raises(DomainError, match=r"--again picks host and addresses anew.*knows no --host, --package\."):
        made.run("new", "--again", "bolt", "--host", "lab2", "--package", "small", "--yes")


def test_what_is_not_there_is_refused(made: Checkout) -> None:
    with pytest.raises(DomainError, match=r"No client file clients/nobody.yaml"):
        made.run("new", "--again", "nobody")
    with pytest.raises(DomainError, match=r"bolt has no VPS 'db'"):
        made.run("new", "--again", "bolt/db")
