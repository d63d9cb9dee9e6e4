"""What `vps move` and `vps restore` write into a client's file, and what they refuse; carrying it out is `vps up`'s."""

import hashlib
import json
import struct
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.cli.main import app
from components.config.loader import load
from components.declaration import host_ref
from components.domain.clients import Move, Restore
from components.domain.problems import DomainError
from components.drivers.base import PoolSpec
from components.drivers.errors import DriverError
from components.drivers.fake.driver import FakeDriver
from tests.cli.world import TITLE, MadeWorld


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeWorld:
    """The example with a second fake host lab2."""
    world = MadeWorld(tmp_path / "project")
    monkeypatch.setenv("PULUMI_BACKEND_URL", world.environment["PULUMI_BACKEND_URL"])
    folder = world.project.fleet / "hosts"
    first = (folder / "lab1.yaml").read_text()
    (folder / "lab2.yaml").write_text(first.replace("/world", "/world2").replace("serial: ", "serial: 2-"))
    _pool(world)
    return world


def _pool(made: MadeWorld) -> FakeDriver:
    driver = FakeDriver(host_ref(load(made.project.fleet).fleet.hosts["lab2"]))
    driver.ensure_pool(PoolSpec(name="vps", path="/var/lib/aegir-vps/pool"))
    return driver


def _vps(made: MadeWorld, *arguments: str) -> str:
    done = CliRunner().invoke(app, [*arguments, "--fleet", str(made.project.fleet)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def _declared(made: MadeWorld):
    loaded = load(made.project.fleet)
    assert loaded.problems == () or not any(problem.blocks for problem in loaded.problems)
    return loaded.fleet.clients["example-coop"].vps["web1"]


def _file(made: MadeWorld) -> str:
    return (made.project.fleet / "clients/example-coop.yaml").read_text()


def _lose(made: MadeWorld, host: str) -> None:
    path = made.project.fleet / f"hosts/{host}.yaml"
    path.write_text(path.read_text() + 'lost: {since: "2026-11-22 10:00 UTC", fenced: "power pulled by Olena"}\n')


def _record(made: MadeWorld, **outputs: object) -> None:
    """State as the engine would have left it."""
    folder = made.project.work / "state/.pulumi/stacks/aegir-vps"
    folder.mkdir(parents=True)
    machine = {"type": "vps:index:Machine", "outputs": {"uuid": made.spec.uuid, **outputs}}
    (folder / "client.example-coop.json").write_text(json.dumps({"checkpoint": {"latest": {"resources": [machine]}}}))


@pytest.mark.parametrize("live", [False, True])
def test_move_writes_host_and_intent_and_keeps_every_other_line(made: MadeWorld, live: bool) -> None:
    before = _file(made)
    _record(made, host={"name": "lab1"})

    said = _vps(made, "move", TITLE, "lab2", *(["--live"] if live else []))

    vps = _declared(made)
    assert (vps.host, vps.move) == ("lab2", Move(source="lab1", live=live))
    assert ("keeps running" in said, "is shut down" in said) == (live, not live)
    assert "vps up client.example-coop" in said
    kept = [line for line in before.splitlines() if "host:" not in line]
    assert [line for line in _file(made).splitlines() if "host:" not in line and "move:" not in line] == kept


def test_a_machine_that_was_never_made_has_no_guest_to_shut_down(made: MadeWorld) -> None:
    said = _vps(made, "move", TITLE, "lab2")
    assert "state holds no machine of it yet" in said
    assert "shut down" not in said
    assert _declared(made).host == "lab2"


def test_moving_back_before_it_was_carried_out_takes_the_intent_away(made: MadeWorld) -> None:
    _record(made, host={"name": "lab1"})
    before = _file(made)
    _vps(made, "move", TITLE, "lab2")

    said = _vps(made, "move", TITLE, "lab1")

    assert "stays on lab1" in said
    assert _file(made) == before


def test_a_second_move_names_where_the_machine_really_is(made: MadeWorld) -> None:
    _record(made, host={"name": "lab9"})

    _vps(made, "move", TITLE, "lab2")

    assert _declared(made).move == Move(source="lab9", live=False)


def test_the_kind_of_a_move_can_be_changed_before_it_is_carried_out(made: MadeWorld) -> None:
    _record(made, host={"name": "lab1"})
    _vps(made, "move", TITLE, "lab2")

    assert "keeps running" in _vps(made, "move", TITLE, "lab2", "--live")

    assert _declared(made).move == Move(source="lab1", live=True)
    with pytest.raises(DomainError, match="places it there already"):
        _vps(made, "move", TITLE, "lab2", "--live")
    _vps(made, "move", TITLE, "lab2")
    assert _declared(made).move == Move(source="lab1", live=False)


def test_a_host_whose_stack_was_never_applied_is_refused_and_a_silent_one_is_told(made: MadeWorld) -> None:
    before = _file(made)
    _pool(made).delete_pool(PoolSpec(name="vps", path="/var/lib/aegir-vps/pool"))
    with pytest.raises(DomainError, match=r"lab2 answers and lacks pool vps(.|\n)*vps up host\.lab2"):
        _vps(made, "move", TITLE, "lab2")
    assert _file(made) == before
    _silence(made, "lab2")

    assert "lab2 does not answer now" in _vps(made, "move", TITLE, "lab2")

    assert _declared(made).host == "lab2"


def test_move_refuses_what_can_not_be(made: MadeWorld) -> None:
    before = _file(made)
    with pytest.raises(DomainError, match=r"Host kvm9 is not declared.*Known: lab1, lab2"):
        _vps(made, "move", TITLE, "kvm9")
    with pytest.raises(DomainError, match="places it there already"):
        _vps(made, "move", TITLE, "lab1")
    with pytest.raises(DomainError, match=r"no VPS 'example-coop/web9'.*Known: example-coop/web1"):
        _vps(made, "move", "example-coop/web9", "lab2")
    path = made.project.fleet / "hosts/lab2.yaml"
    whole = path.read_text()
    path.write_text(whole.replace("public1: {", "private9: {").replace("driver: fake", "driver: libvirt"))
    with pytest.raises(DomainError, match=r"lab1 is fake, lab2 is libvirt"):
        _vps(made, "move", TITLE, "lab2")
    path.write_text(whole.replace("public1: {", "private9: {"))
    with pytest.raises(DomainError, match=r"lab2 does not carry network public1"):
        _vps(made, "move", TITLE, "lab2")
    path.write_text(whole)
    _lose(made, "lab2")
    with pytest.raises(DomainError, match="lab2 is lost since"):
        _vps(made, "move", TITLE, "lab2")
    path.write_text(whole)
    _lose(made, "lab1")
    with pytest.raises(DomainError, match=r"vps restore example-coop/web1 --to lab2"):
        _vps(made, "move", TITLE, "lab2")
    assert _file(made) == before


def test_a_host_without_room_is_refused_by_the_rules_of_the_fleet(made: MadeWorld) -> None:
    path = made.project.fleet / "hosts/lab2.yaml"
    lines = path.read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("sells:"))
    lines[at] = "sells: {vcpus: 400 %, memory: 1 %, disk: 100 %}"
    path.write_text("\n".join(lines) + "\n")

    with pytest.raises(
        DomainError, match=r"no room there\.\n  lab2  memory: 2112 MiB needed(.|\n)*No host of its network"
    ):
        _vps(made, "move", TITLE, "lab2")


def _disk(folder: Path) -> tuple[Path, str]:
    path = folder / "web1.qcow2"
    path.write_bytes(b"QFI\xfb" + struct.pack(">IQIIQ", 3, 0, 0, 16, 1024**3) + b"its data")
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def _silence(made: MadeWorld, host: str) -> None:
    path = made.project.fleet / f"hosts/{host}.yaml"
    path.write_text(path.read_text().replace("/world", "/no/such/world"))


def test_restore_writes_the_file_with_its_digest_or_that_it_is_empty(made: MadeWorld, tmp_path: Path) -> None:
    _silence(made, "lab1")
    _lose(made, "lab1")
    path, sha256 = _disk(tmp_path)

    _vps(made, "restore", TITLE, "--to", "lab2", "--disk", str(path))

    vps = _declared(made)
    assert (vps.host, vps.restore) == ("lab2", Restore(source="lab1", disk=str(path), sha256=sha256))


def test_an_empty_restore_says_what_is_not_there(made: MadeWorld) -> None:
    _silence(made, "lab1")
    _lose(made, "lab1")

    said = _vps(made, "restore", TITLE, "--to", "lab2", "--empty")

    assert "the client's data are not there" in said
    assert _declared(made).restore == Restore(source="lab1", empty=True)


def test_a_full_host_keeps_nobody_from_being_restored(made: MadeWorld) -> None:
    """It is told, and a host's own admission refuses what it really can't hold."""
    _silence(made, "lab1")
    _lose(made, "lab1")
    path = made.project.fleet / "hosts/lab2.yaml"
    path.write_text(path.read_text().replace("memory: 8 GiB, disk", "memory: 3 GiB, disk"))

    said = _vps(made, "restore", TITLE, "--to", "lab2", "--empty")

    assert "warning: 2112 MiB of memory are sold here, 1088 MiB more than may be." in said
    assert _declared(made).host == "lab2"


def test_restore_refuses_a_machine_that_is_there_and_half_an_answer(made: MadeWorld, tmp_path: Path) -> None:
    before = _file(made)
    path, _ = _disk(tmp_path)
    with pytest.raises(DomainError, match=r"lab1 answers and holds it \(running\).*vps move example-coop/web1 lab2"):
        _vps(made, "restore", TITLE, "--to", "lab2", "--empty")
    with pytest.raises(DomainError, match=r"lab1 answers and holds it.*Write `host: lab1`"):
        _vps(made, "restore", TITLE, "--to", "lab1", "--empty")
    _lose(made, "lab1")
    with pytest.raises(DomainError, match=r"declared lost since .* yet it answers and holds it.*vps host return lab1"):
        _vps(made, "restore", TITLE, "--to", "lab2", "--empty")
    _silence(made, "lab1")
    for half in ((), ("--empty", "--disk", str(path))):
        with pytest.raises(DomainError, match=r"Give one of --from DATE \(or latest\), --disk FILE and --empty"):
            _vps(made, "restore", TITLE, "--to", "lab2", *half)
    with pytest.raises(DomainError, match="can't be read"):
        _vps(made, "restore", TITLE, "--to", "lab2", "--disk", str(tmp_path / "absent"))
    assert _file(made) == before


def test_a_silent_host_that_nobody_declared_lost_may_hold_it(made: MadeWorld) -> None:
    _silence(made, "lab1")
    with pytest.raises(DriverError, match=r"could not tell whether lab1 holds it.*vps host lost lab1"):
        _vps(made, "restore", TITLE, "--to", "lab2", "--empty")

    assert _declared(made).restore is None


@pytest.mark.parametrize("target", ["lab1", "lab2"])
def test_a_machine_that_every_host_answered_not_to_hold_can_be_restored(made: MadeWorld, target: str) -> None:
    """Nothing was moved and no host is lost: neither command would get it back."""
    made.world.remove("domains", made.spec.uuid)

    _vps(made, "restore", TITLE, "--to", target, "--empty")

    vps = _declared(made)
    assert (vps.host, vps.restore) == (target, Restore(source="lab1", empty=True))


def test_show_finds_a_machine_whose_move_is_only_declared(made: MadeWorld) -> None:
    _vps(made, "move", TITLE, "lab2")

    said = _vps(made, "show", TITLE)

    assert "is not carried out yet: vps up client.example-coop" in said
    assert "running" in said
