"""`vps drain --run`: what is refused before anything is touched; carrying it out is in tests/engine/test_drain.py."""

import fcntl
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from components.cli import drain_run, move
from components.cli import stack as stack_commands
from components.config.loader import load
from components.declaration import host_ref
from components.domain.problems import DomainError
from components.drivers.base import PoolSpec
from components.drivers.fake.driver import FakeDriver
from components.engine import outlook
from components.engine.project import Project
from components.engine.run import Engine
from tests.cli.test_drain import _record as record
from tests.cli.test_drain import project, record_all, vps  # noqa: F401 - a fixture
from tests.cli.test_occupants import elsewhere, hold
from tests.three_hosts import placed


@pytest.fixture
def plan(project: Project) -> Path:
    vps(project, "lab1", "--to", "lab3")
    return project.fleet / "drains" / "lab1.yaml"


def test_a_look_tells_what_is_left_and_waits_for_whose_hour(project: Project, plan: Path) -> None:
    record_all(project)
    said = vps(project, "--run", str(plan), "--look", code=2).output
    assert "lab1: 0 of 3 steps are done" in said
    assert "beta/shop to lab3: to move: from " in said
    told = json.loads(vps(project, "--run", str(plan), "--look", "--json", code=2).stdout)
    assert {one["stand"] for one in told["steps"]} == {"to move"}
    assert (told["others"], told["problems"]) == ([], [])


def test_before_the_announced_hour_nothing_happens(project: Project, plan: Path) -> None:
    before = placed(project)
    record_all(project)
    assert "from " in vps(project, "--run", str(plan), "--yes", code=2).output
    assert placed(project) == before


def test_what_was_never_made_waits_for_no_hour(project: Project, plan: Path) -> None:
    """Nobody misses it, and nobody may make it on a host that is drained."""
    record_all(project)
    (project.work / "state/.pulumi/stacks/aegir-vps/client.beta.json").unlink()
    for host in load(project.fleet).fleet.hosts.values():
        FakeDriver(host_ref(host)).ensure_pool(PoolSpec(name="vps", path="/var/lib/aegir-vps/pool"))
    said = vps(project, "--run", str(plan), "--yes", code=2).output
    assert "beta/shop was never made: its file places it on lab3 now" in said
    assert "lab1: 1 of 3 steps are done" in said
    assert placed(project)["example-coop", "web1"] == "lab1"


def test_a_target_that_became_full_refuses_the_whole_plan(project: Project, plan: Path) -> None:
    before = placed(project)
    file = project.fleet / "hosts" / "lab3.yaml"
    file.write_text(file.read_text().replace("memory: 17 GiB", "memory: 6 GiB"))
    with pytest.raises(DomainError, match=r"does not fit the fleet any more(.|\n)*2112 MiB needed(.|\n)*--again"):
        vps(project, "--run", str(plan), "--now", "--yes")
    assert placed(project) == before
    assert "does not fit any more: " in vps(project, "--run", str(plan), "--look", code=2).output


def test_who_came_since_is_told(project: Project, plan: Path) -> None:
    text = plan.read_text()
    head, _, rest = text.partition('  - vps: "beta/shop"')
    _, _, others = rest.partition("  - vps: ")
    plan.write_text(head + ("  - vps: " + others if others else ""))
    said = vps(project, "--run", str(plan), "--look", code=2).output
    assert "beta/shop lives there, and the plan does not name it" in said


def test_a_plan_is_carried_out_without_a_ledger(project: Project, plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at, judged and begun: only a target that was never brought up stops it, which is looked at last."""
    monkeypatch.setenv("VPS_LEDGER", "postgresql://nobody@127.0.0.1:1/fleet")
    done = vps(project, "--run", str(plan), "--look", "--json", code=2)
    assert json.loads(done.stdout)["problems"] == []
    assert "warning: states of hosts are not known" in done.stderr
    told: list[str] = []
    monkeypatch.setattr(drain_run.typer, "echo", lambda text, **_: told.append(text))
    with pytest.raises(DomainError, match="lab3 answers and lacks pool vps"):
        vps(project, "--run", str(plan), "--now", "--yes")
    assert f"To go on from there: vps drain --run {plan}" in told
    assert "What was begun stands in its client's file: look it over and commit it." in told


def test_nobody_is_moved_unasked(project: Project, plan: Path) -> None:
    before = placed(project)
    with pytest.raises(DomainError, match=r"Move 3 VPSs off lab1.*Nobody can answer"):
        vps(project, "--run", str(plan), "--now")
    assert placed(project) == before


def test_two_runs_of_one_plan_are_one_too_many(project: Project, plan: Path) -> None:
    with plan.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DomainError, match="Another run carries"):
            vps(project, "--run", str(plan), "--now", "--yes")


def test_a_plan_about_no_host_of_ours(project: Project, plan: Path) -> None:
    plan.write_text(plan.read_text().replace('host: "lab1"', "host: kvm9"))
    with pytest.raises(DomainError, match="Host kvm9 is not declared"):
        vps(project, "--run", str(plan))


def test_a_host_that_was_emptied_otherwise_is_empty(project: Project, plan: Path) -> None:
    for name in ("example-coop", "beta"):
        file = project.fleet / "clients" / f"{name}.yaml"
        file.write_text(file.read_text().replace("host: lab1", "host: lab2"))
    said = vps(project, "--run", str(plan), "--yes").output
    assert "beta/shop to lab3: skipped: its file places it on lab2 now" in said
    assert "No VPS is left on lab1" in said


def test_a_host_is_not_called_empty_while_one_lives_there(project: Project, plan: Path) -> None:
    """Its files place it elsewhere, and nobody carried that out: what is skipped, and whom the plan does not name."""
    elsewhere(project)
    record(project, "beta", "v-d3r3", "lab1")
    said = vps(project, "--run", str(plan), "--yes", code=2).output
    assert "its file places it on lab2 now, and state knows it on lab1: vps up client.beta moves it" in said
    assert "No VPS is left" not in said
    record(project, "beta", "v-d3r3", "lab2")
    assert "No VPS is left on lab1" in vps(project, "--run", str(plan), "--look").output

    hold(project, uuid="5d1f6c1e-8f0b-4f39-9d0a-7b1c2d3e4f50")
    said = vps(project, "--run", str(plan), "--yes", code=2).output
    assert "  lab1 holds its-name (running)" in said
    assert "No VPS is left" not in said
    told = json.loads(vps(project, "--run", str(plan), "--look", "--json", code=2).stdout)
    assert told["there"] == ["lab1 holds its-name (running)"]


def test_a_host_is_not_called_empty_while_nobody_can_tell(project: Project, plan: Path) -> None:
    elsewhere(project)
    file = project.fleet / "clients" / "beta.yaml"
    whole = file.read_text()
    file.write_text(whole.replace("name: Beta", "name: ["))
    said = vps(project, "--run", str(plan), "--look", code=2).output
    assert "could not tell: clients/beta.yaml can't be read as it is" in said
    assert "No VPS is left" not in said
    file.write_text(whole)
    (project.work / "world").mkdir(exist_ok=True)
    (project.work / "world/faults.json").write_text('[{"step": "reach.read_all", "do": "unreachable", "times": -1}]')
    said = vps(project, "--run", str(plan), "--look", code=2).output
    assert "could not tell: lab1 does not say whether it holds anybody" in said
    assert "No VPS is left" not in said


def test_a_plan_that_is_not_there(project: Project) -> None:
    with pytest.raises(DomainError, match=r"nowhere.yaml can't be read: No such file(.|\n)*Nothing was touched"):
        vps(project, "--run", str(project.fleet / "nowhere.yaml"), "--yes")


def test_what_somebody_moved_elsewhere_meanwhile_is_left_there(
    project: Project, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run takes hours: what was to be moved at its beginning is looked at again at its turn."""
    for host in load(project.fleet).fleet.hosts.values():
        FakeDriver(host_ref(host)).ensure_pool(PoolSpec(name="vps", path="/var/lib/aegir-vps/pool"))
    real, done = move.move, []

    def moved(*, vps: str, host: str, live: bool, fleet: Path) -> None:
        real(vps=vps, host=host, live=live, fleet=fleet)
        done.append(vps)
        if len(done) == 1:
            real(vps="example-coop/web2", host="lab2", live=live, fleet=fleet)

    monkeypatch.setattr(move, "move", moved)
    said = vps(project, "--run", str(plan), "--now", "--yes").output
    assert done == ["beta/shop", "example-coop/web1"]
    assert "step 3 of 3: example-coop/web2 to lab3: skipped: its file places it on lab2 now" in said
    assert placed(project) == {
        ("beta", "shop"): "lab3",
        ("example-coop", "web1"): "lab3",
        ("example-coop", "web2"): "lab2",
        ("example-coop", "web3"): "lab2",
    }
    assert "beta/shop was never made: its file places it on lab3 now" in said


def test_what_waits_in_one_client_s_file_keeps_nobody_else_on_the_host(
    project: Project, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of its step was touched, and whoever comes behind it has nothing to do with it."""
    for host in load(project.fleet).fleet.hosts.values():
        FakeDriver(host_ref(host)).ensure_pool(PoolSpec(name="vps", path="/var/lib/aegir-vps/pool"))
    record_all(project)

    def would(_: object, __: object, stack: str) -> outlook.Outlook:
        changes = {"beta/shop": ("reinstall: 0 -> 1: DOWNTIME AND A NEW, EMPTY DISK",)}
        return outlook.Outlook(changes=changes if stack == "client.beta" else {}, resources=1, hosts=(), waiting={})

    applied: list[str] = []

    def up(*, stack: str, **_: object) -> None:
        applied.append(stack)
        record_all(project)

    monkeypatch.setattr(Engine, "of", lambda *_: SimpleNamespace(environment={}))
    monkeypatch.setattr(outlook, "outlook", would)
    monkeypatch.setattr(stack_commands, "up", up)
    said = vps(project, "--run", str(plan), "--now", "--yes", code=1).output
    assert "beta/shop was not begun: `vps up client.beta`, which moves it, would do more than that" in said
    assert "lab1: 2 of 3 steps are done" in said
    assert set(applied) == {"client.example-coop"}
    assert placed(project)["beta", "shop"] == "lab1"
    assert placed(project)["example-coop", "web2"] == "lab3"


def test_nothing_is_read_before_others_are_shut_out(
    project: Project, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []

    def misfits(*_: object) -> list[str]:
        with plan.open("rb") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(True)
        return ["enough seen"]

    monkeypatch.setattr(drain_run, "misfits", misfits)
    with pytest.raises(DomainError, match="enough seen"):
        vps(project, "--run", str(plan), "--now", "--yes")
    assert held == [True]


def test_a_host_whose_file_is_broken_is_not_called_unknown(project: Project, plan: Path) -> None:
    (project.fleet / "hosts" / "lab1.yaml").write_text("{")
    for words in (["lab1", "--again"], ["--run", str(plan), "--yes"]):
        with pytest.raises(DomainError, match=r"hosts/lab1.yaml can't be read as it is(.|\n)*vps check"):
            vps(project, *words)
