"""`vps drain HOST`: the plan, its file, and what it refuses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from components.cli.main import app
from components.config.drain_file import read_steps
from components.domain.problems import DomainError
from components.engine.project import Project
from components.lab.example import make_fake_project
from tests.three_hosts import placed, spread


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    found = make_fake_project(tmp_path / "project")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{found.work / 'state'}")
    spread(found)
    return found


def vps(project: Project, *words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["drain", *words, "--fleet", str(project.fleet)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done


def test_a_plan_is_told_and_written_and_nothing_else_happens(project: Project) -> None:
    before = placed(project)
    record_all(project)
    said = vps(project, "lab1").output
    file = project.fleet / "drains" / "lab1.yaml"
    host, steps = read_steps(file, "demo")
    assert host == "lab1"
    assert sorted(step.title for step in steps) == ["beta/shop", "example-coop/web1", "example-coop/web2"]
    assert all(step.live and step.to in ("lab2", "lab3") for step in steps)
    for words in ("3 VPSs to move, 30 GiB", "Ada Ruiz <ada@beta.example>", "vps host set lab1 draining", str(file)):
        assert words in said
    assert "# Whom to tell, 24 h ahead" in file.read_text()
    assert placed(project) == before


def test_a_plan_that_is_there_is_not_written_over_unasked(project: Project) -> None:
    vps(project, "lab1")
    with pytest.raises(DomainError, match=r"is there already(.|\n)*--again"):
        vps(project, "lab1")
    vps(project, "lab1", "--again", "--to", "lab3", "--stopped")
    _, steps = read_steps(project.fleet / "drains" / "lab1.yaml", "demo")
    assert {(step.to, step.live, step.closes is None) for step in steps} == {("lab3", False, False)}


@pytest.mark.parametrize("name", ["fleet.yaml", "clients/beta.yaml", "drains/lab2.yaml"])
def test_only_a_plan_of_the_host_is_planned_over(project: Project, name: str) -> None:
    """A slip of the keyboard must not cost a declared file."""
    vps(project, "lab2")
    file = project.fleet / name
    before = file.read_text()
    with pytest.raises(DomainError, match=r"is no plan of lab1(.|\n)*left as it is"):
        vps(project, "lab1", "--out", str(file), "--again")
    assert file.read_text() == before
    out = project.fleet / "mine.yaml"
    vps(project, "lab1", "--out", str(out))
    vps(project, "lab1", "--out", str(out), "--again")


def test_for_machines_and_into_a_file_of_ones_own(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "plans" / "mine.yaml"
    record_all(project)
    told = json.loads(vps(project, "lab2", "--out", str(out), "--rate", "10", "--json").output)
    assert (told["file"], [step["vps"] for step in told["steps"]]) == (str(out), ["example-coop/web3"])
    assert told["steps"][0]["minutes"] == 80
    assert read_steps(out, "demo")[0] == "lab2"


def test_who_stays_is_told_and_ends_with_2(project: Project) -> None:
    for name in ("lab2", "lab3"):
        path = project.fleet / "hosts" / f"{name}.yaml"
        path.write_text(path.read_text().replace("memory: 17 GiB", "memory: 6 GiB"))
    said = vps(project, "lab1", code=2).output
    assert "Stays on lab1: 1. It will not be empty." in said or "Stay on lab1: " in said
    assert "not lab2: memory: 2112 MiB needed" in said


def test_an_empty_host_makes_no_file(project: Project) -> None:
    assert "lab3: no file places a VPS there." in vps(project, "lab3").output
    assert not (project.fleet / "drains").exists()


def test_a_file_for_others_names_no_folder_of_ours_and_is_found_by_its_name(project: Project) -> None:
    said = vps(project, "lab1").output
    text = (project.fleet / "drains" / "lab1.yaml").read_text()
    assert "vps drain --run drains/lab1.yaml --look" in text
    assert str(project.fleet) not in text
    assert "vps host set lab1 draining" in said
    assert "lab1: 0 of 3 steps are done" in vps(project, "--run", "drains/lab1.yaml", "--look", code=2).output


def test_a_host_that_is_drained_already_need_not_be_set_so(project: Project) -> None:
    assert "is not known to be draining" in _looked_at(project)
    words = ["host", "set", "lab1", "draining", "--reason", "new memory", "--fleet", str(project.fleet)]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert "vps host set" not in vps(project, "lab1", "--again").output
    assert "is not known to be draining" not in _looked_at(project)


def _looked_at(project: Project) -> str:
    vps(project, "lab1", "--again")
    return vps(project, "--run", "drains/lab1.yaml", "--look", "--json", code=2).stderr


def test_what_was_never_made_has_no_guest_to_move_and_nobody_to_tell(project: Project) -> None:
    record_all(project)
    (project.work / "state/.pulumi/stacks/aegir-vps/client.beta.json").unlink()
    said = vps(project, "lab1").output
    assert "3 VPSs to move, 20 GiB of disk" in said
    assert "beta/shop to lab3, new: no machine yet, so only its file is changed" in said.replace("lab2", "lab3")
    assert "ada@beta.example" not in said
    told = json.loads(vps(project, "lab1", "--again", "--json").output)
    assert {one["vps"]: (one["how"], one["gib"], one["minutes"]) for one in told["steps"]}["beta/shop"] == ("new", 0, 0)
    assert [one["client"] for one in told["tell"]] == ["example-coop"]


def test_a_move_that_is_declared_and_not_carried_out_is_a_step(project: Project) -> None:
    """State still knows it there: the host is not empty before `vps up`."""
    file = project.fleet / "clients" / "beta.yaml"
    file.write_text(file.read_text().replace("host: lab1", "host: lab3\n    move: {from: lab1, live: true}"))
    _record(project, "beta", "v-d3r3", "lab1")
    told = json.loads(vps(project, "lab1", "--json").output)
    assert {step["vps"]: step["declared"] for step in told["steps"]}["beta/shop"] is True
    _record(project, "beta", "v-d3r3", "lab3")
    told = json.loads(vps(project, "lab1", "--json", "--again").output)
    assert "beta/shop" not in {step["vps"] for step in told["steps"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["kvm9"], "Host kvm9 is not declared. Known: lab1, lab2, lab3"),
        (["lab1", "--to", "lab2,kvm9"], "Not declared: kvm9"),
        (["lab1", "--to", "lab1"], "it can't be a target"),
        ([], "Say a host or a plan. vps drain HOST plans; vps drain --run FILE carries a plan out"),
        (["lab1", "--run", "lab1.yaml"], "Both a host and a plan were said"),
    ],
    ids=["host", "target", "itself", "nothing", "both"],
)
def test_what_can_not_be_planned(project: Project, words: list[str], said: str) -> None:
    with pytest.raises(DomainError) as raised:
        vps(project, *words)
    assert said in str(raised.value)
    assert not (project.fleet / "drains").exists()


def test_a_lost_host_has_nothing_to_move(project: Project) -> None:
    path = project.fleet / "hosts" / "lab1.yaml"
    path.write_text(path.read_text() + 'lost: {since: "2026-11-22 10:00 UTC", fenced: "power pulled by Olena"}\n')
    with pytest.raises(DomainError, match=r"lost since(.|\n)*vps restore"):
        vps(project, "lab1")


def test_a_plan_waits_for_no_ledger(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its server may stand on the host that is to be emptied."""
    monkeypatch.setenv("VPS_LEDGER", "postgresql://nobody@127.0.0.1:1/fleet")
    done = vps(project, "lab1", "--json")
    assert len(json.loads(done.stdout)["steps"]) == 3
    assert "warning: states of hosts are not known" in done.stderr


def test_a_broken_file_is_named_because_it_may_hide_somebody(project: Project) -> None:
    (project.fleet / "clients" / "broken.yaml").write_text("{")
    assert "could not tell: clients/broken.yaml" in vps(project, "lab1").output


def _record(project: Project, client: str, vps_id: str, host: str) -> None:
    """State as the engine would have left it."""
    _write(project, client, {vps_id: host})


def record_all(project: Project) -> None:
    """State in which every VPS is where its file says."""
    from components.config.loader import load

    for owner in load(project.fleet).fleet.clients.values():
        _write(project, owner.key, {one.id: one.host for one in owner.vps.values()})


def _write(project: Project, client: str, hosts: dict[str, str]) -> None:
    from components.config.loader import load

    fleet = load(project.fleet).fleet
    owner = fleet.clients[client]
    uuids = {one.id: one.machine_uuid(fleet.id, owner.id) for one in owner.vps.values()}
    outputs = [{"uuid": uuids[vps_id], "host": {"name": host}} for vps_id, host in hosts.items()]
    folder = project.work / "state/.pulumi/stacks/aegir-vps"
    folder.mkdir(parents=True, exist_ok=True)
    resources = [{"type": "vps:index:Machine", "outputs": one} for one in outputs]
    document = {"checkpoint": {"latest": {"resources": resources}}}
    (folder / f"client.{client}.json").write_text(json.dumps(document))
