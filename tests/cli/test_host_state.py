"""`vps host set`: who, when and why; what it means; and nothing twice."""

import pytest

from components.cli.host_state import NAMED, affected, note_loss
from components.config.loader import load
from components.domain.operations import HostState
from components.domain.problems import DomainError
from components.ledger import equipment
from tests.cli.noted_world import NotedWorld, noted  # noqa: F401 - a fixture
from tests.domain.sample import client, fleet, vps


def _states(world: NotedWorld) -> list[str]:
    return [f"{event.data['was']}-{event.data['state']}" for event in world.events()]


def test_a_state_is_noted_with_its_meaning(noted: NotedWorld) -> None:  # noqa: F811
    told = noted.run("host", "set", "lab1", "draining", "--reason", "new kernel")
    assert told.splitlines()[0].startswith("lab1: active -> draining since ")
    assert "Nobody new is placed there" in told
    assert "there: 1 VPS: example-coop/web1" in told
    [event] = noted.events()
    assert (event.actor, event.reason, event.subject) == ("olena", "new kernel", "host lab1")
    assert dict(event.data) == {"state": "draining", "was": "active"}


def test_a_faulty_part_is_named(noted: NotedWorld) -> None:  # noqa: F811
    """Whoever says active hears that a part still waits."""
    noted.run("fault", "open", "lab1", "cpu", "--reason", "heat")
    assert "faulty: cpu C2-0001 (f-" in noted.run("host", "set", "lab1", "draining", "--reason", "x")
    noted.run("fault", "withdraw", "lab1", "--reason", "a fan")
    assert "faulty" not in noted.run("host", "set", "lab1", "active", "--reason", "x")


def test_the_same_again_notes_nothing(noted: NotedWorld) -> None:  # noqa: F811
    assert "active already, and always was" in noted.run("host", "set", "lab1", "active", "--reason", "x")
    noted.run("host", "set", "lab1", "failed", "--reason", "smoke")
    assert "by olena: smoke. Nothing was noted." in noted.run("host", "set", "lab1", "failed", "--reason", "x")
    assert _states(noted) == ["active-failed"]


def test_it_may_be_noted_later_and_in_order(noted: NotedWorld) -> None:  # noqa: F811
    noted.run("host", "set", "lab1", "failed", "--reason", "smoke", "--at", noted.ago(hours=2))
    with pytest.raises(DomainError, match="order in which they came"):
        noted.run("host", "set", "lab1", "active", "--reason", "x", "--at", noted.ago(hours=3))
    with pytest.raises(DomainError, match="future"):
        noted.run("host", "set", "lab1", "active", "--reason", "x", "--at", "2999-01-01T00:00Z")
    noted.run("host", "set", "lab1", "active", "--reason", "x", "--at", noted.ago(hours=1))
    assert _states(noted) == ["active-failed", "failed-active"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["kvm9", "failed", "--reason", "x"], "Known: lab1"),
        (["lab1", "lost", "--reason", "x"], "vps host lost lab1 --fenced"),
        (["lab1", "failed", "--reason", " "], "Nobody said why"),
    ],
)
def test_what_is_refused_notes_nothing(noted: NotedWorld, arguments: list[str], said: str) -> None:  # noqa: F811
    with pytest.raises(DomainError, match=said):
        noted.run("host", "set", *arguments)
    assert noted.events() == ()


def test_a_lost_host_comes_back_by_its_own_command(noted: NotedWorld) -> None:  # noqa: F811
    """Its file says that it is lost, and that is reviewed; the ledger follows."""
    file = noted.fleet / "hosts" / "lab1.yaml"
    plain = file.read_text()
    file.write_text(plain + 'lost: {since: "2026-11-20 10:00 UTC", fenced: "power off at the PDU"}\n')
    note_loss(load(noted.fleet), "lab1", HostState.LOST, "power off at the PDU")
    with pytest.raises(DomainError, match="vps host return lab1"):
        noted.run("host", "set", "lab1", "active", "--reason", "x")
    file.write_text(plain)
    note_loss(load(noted.fleet), "lab1", HostState.ACTIVE, "vps host return")
    note_loss(load(noted.fleet), "lab1", HostState.ACTIVE, "vps host return")
    assert _states(noted) == ["active-lost", "lost-active"]


def test_a_ledger_that_fails_hinders_no_loss(
    noted: NotedWorld,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The machines of a lost host are restored whatever the ledger's server does."""
    monkeypatch.setenv("VPS_LEDGER", "postgresql://vps:hunter2@127.0.0.1:9/ledger")
    note_loss(load(noted.fleet), "lab1", HostState.LOST, "power off")
    told = capsys.readouterr().err
    assert "warning: that lab1 is lost stands in its file, and not in the ledger" in told
    assert "hunter2" not in told


def test_two_who_set_at_once(noted: NotedWorld, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """The second decides on what the first has said."""
    plain = equipment.standings

    def slow(events: object) -> object:
        monkeypatch.setattr(equipment, "standings", plain)
        noted.run("host", "set", "lab1", "failed", "--reason", "smoke")
        return plain(events)  # type: ignore[arg-type]

    monkeypatch.setattr(equipment, "standings", slow)
    with pytest.raises(DomainError, match="meanwhile"):
        noted.run("host", "set", "lab1", "draining", "--reason", "x")
    assert _states(noted) == ["active-failed"]


def test_many_are_counted(noted: NotedWorld) -> None:  # noqa: F811
    loaded = load(noted.fleet)
    many = fleet(client("coop", *(vps(f"web{number}", id=f"v-{number}") for number in range(NAMED + 3))))
    from dataclasses import replace

    told = affected(replace(loaded, fleet=many), "kvm1")
    assert told.startswith(f"{NAMED + 3} VPSs: coop/web0, ")
    assert told.endswith(" and 3 more")
    assert affected(loaded, "kvm1") == "no VPS is declared there"


def test_files_that_can_not_be_read_are_told(noted: NotedWorld) -> None:  # noqa: F811
    """Who is there is not known then."""
    (noted.fleet / "clients" / "example-coop.yaml").write_text("id: [\n")
    told = noted.run("host", "set", "lab1", "failed", "--reason", "smoke")
    assert "no VPS is declared there (1 clients' files can't be read: vps check)" in told


def test_a_host_fails_whether_its_file_can_be_read_or_not(noted: NotedWorld) -> None:  # noqa: F811
    """Other commands say that it is the file, not that there is no such host."""
    (noted.fleet / "hosts" / "lab1.yaml").write_text("datacentre: [dc1\n")
    assert "lab1: active -> failed" in noted.run("host", "set", "lab1", "failed", "--reason", "smoke")
    for words in (["host", "kit", "lab1"], ["fault", "open", "lab1", "cpu", "--reason", "heat"]):
        with pytest.raises(DomainError, match=r"hosts/lab1\.yaml can't be read as it is\. `vps check`"):
            noted.run(*words)
    with pytest.raises(DomainError, match="Host lab9 is not declared"):
        noted.run("host", "set", "lab9", "failed", "--reason", "smoke")
