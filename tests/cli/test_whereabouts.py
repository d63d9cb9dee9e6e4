"""Where a VPS is that moves: by state, whoever reads it, and by the host that it leaves."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from components.cli.whereabouts import Whereabouts
from components.config.loader import load
from components.domain.clients import Client, Vps
from components.engine import audit
from tests.cli.test_drain import _record as record
from tests.cli.world import MadeWorld


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeWorld:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    return MadeWorld(tmp_path / "project")


def _web1(made: MadeWorld) -> tuple[Whereabouts, Client, Vps]:
    loaded = load(made.project.fleet)
    client = loaded.fleet.clients["example-coop"]
    return Whereabouts(loaded, ("example-coop",)), client, client.vps["web1"]


def _recorded(made: MadeWorld) -> str | None:
    where, client, vps = _web1(made)
    return where.recorded(client, vps)


def _is_cut(made: MadeWorld) -> bool | None:
    where, client, vps = _web1(made)
    return where.is_cut(client, vps, "lab1")


def test_state_says_where_it_is(made: MadeWorld) -> None:
    assert _recorded(made) == ""
    record(made.project, "example-coop", "v-h3k9", "lab2")
    assert _recorded(made) == "lab2"


def test_state_that_only_the_engine_can_read_is_asked_of_it(made: MadeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a team's drain would never be through."""
    machine = {"type": "vps:index:Machine", "outputs": {"uuid": made.spec.uuid, "host": {"name": "lab3"}}}
    asked = []

    def export(environment: Mapping[str, str], stack: str) -> dict[str, object]:
        asked.append((environment["VPS_FLEET"], stack))
        return {"deployment": {"resources": [{**machine, "delete": True, "outputs": {}}, machine]}}

    monkeypatch.setattr(audit, "export", export)
    monkeypatch.setenv("PULUMI_BACKEND_URL", "postgres://somewhere/state")
    assert _recorded(made) == "lab3"
    assert asked == [(str(made.project.fleet), "client.example-coop")]


def test_state_that_nobody_can_read_is_not_taken_for_empty(made: MadeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "export", lambda _, __: None)
    monkeypatch.setenv("PULUMI_BACKEND_URL", "postgres://somewhere/state")
    assert _recorded(made) is None


@pytest.mark.parametrize(
    ("power", "mark", "is_cut"),
    [
        ("running", {}, False),
        ("running", {"move": "to:lab3"}, False),
        ("off", {"move": "to:lab3"}, True),
        ("paused", {"move": "to:lab3"}, True),
        ("off", {"move": "to:lab3", "phase": "left"}, True),
        ("off", {}, False),
    ],
    ids=["nothing begun", "noted, and its guest runs", "shut down for it", "paused for it", "left", "off by itself"],
)
def test_a_move_is_cut_when_it_was_begun_and_its_guest_does_not_run(
    made: MadeWorld, power: str, mark: dict[str, str], is_cut: bool
) -> None:
    domain = made.world.get("domains", made.spec.uuid)
    assert domain is not None
    made.change(power=power, mark=domain["mark"] | mark)
    assert _is_cut(made) is is_cut


def test_what_its_host_does_not_hold_any_more_has_no_guest_there(made: MadeWorld) -> None:
    made.world.remove("domains", made.spec.uuid)
    assert _is_cut(made) is True


def test_nobody_knows_what_a_silent_host_holds(made: MadeWorld) -> None:
    (made.world.folder / "faults.json").write_text('[{"step": "reach.read", "do": "unreachable", "times": -1}]')
    assert _is_cut(made) is None


def test_nobody_knows_what_a_lost_host_holds(made: MadeWorld) -> None:
    file = made.project.fleet / "hosts" / "lab1.yaml"
    file.write_text(file.read_text() + 'lost: {since: "2026-11-22 10:00 UTC", fenced: "power pulled by Olena"}\n')
    assert _is_cut(made) is None
