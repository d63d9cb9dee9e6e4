"""`vps up` and its kin, before the engine starts; engine runs themselves are in tests/engine."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.cli.main import app
from components.domain.problems import DomainError
from components.lab.example import make_fake_project


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return make_fake_project(tmp_path).fleet


@pytest.mark.parametrize("verb", ["up", "preview"])
def test_problems_of_the_stack_stop_it_with_file_and_line(fleet: Path, verb: str) -> None:
    """Nothing is touched, everything is said."""
    client = fleet / "clients" / "example-coop.yaml"
    client.write_text(client.read_text().replace("small@2026-01", "huge@2026-01"))
    done = CliRunner().invoke(app, [verb, "client.example-coop", "--fleet", str(fleet)])
    assert done.exit_code == 1
    assert "clients/example-coop.yaml:" in done.output
    assert "nothing was touched" in done.output


def test_a_change_that_oversells_is_stopped_and_an_absent_ledger_is_told(
    fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VPS_LEDGER", "ftp://ledger")
    host = fleet / "hosts" / "lab1.yaml"
    host.write_text(host.read_text().replace("memory: 8 GiB, disk", "memory: 3 GiB, disk"))
    done = CliRunner().invoke(app, ["up", "client.example-coop", "--fleet", str(fleet)])
    assert done.exit_code == 1
    assert "lab1 has no room: with 2112 MiB more for this client" in done.output
    assert "warning: states of hosts are not known" in done.output


def test_a_stack_that_was_never_made_names_the_command(fleet: Path) -> None:
    """`vps init` is the remedy."""
    done = CliRunner().invoke(app, ["up", "client.example-coop", "--fleet", str(fleet)])
    assert done.exit_code == 1
    assert "vps init client.example-coop" in str(done.exception)


def test_nobody_there_to_ask_is_said_before_the_engine_starts(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that forgot --yes."""
    state = fleet.parent / ".vps/state"
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{state}")
    stacks = state / ".pulumi/stacks/aegir-vps"
    stacks.mkdir(parents=True)
    (stacks / "client.example-coop.json").write_text('{"version": 3, "checkpoint": {}}')
    monkeypatch.setattr("components.engine.run.Engine.run", lambda *_: pytest.fail("the engine was started"))
    done = CliRunner().invoke(app, ["up", "client.example-coop", "--fleet", str(fleet)])
    assert isinstance(done.exception, DomainError)
    assert "Say --yes, or run it in a terminal" in str(done.exception)


@pytest.mark.engine
def test_env_makes_the_plain_engine_work(fleet: Path) -> None:
    """Lines for a shell: backend, passphrase file, fleet and PATH, absolute; a look makes nothing."""
    before = sorted(fleet.parent.rglob("*"))
    done = CliRunner().invoke(app, ["env", "--fleet", str(fleet)])
    assert done.exit_code == 0
    assert f"export PULUMI_BACKEND_URL=file://{fleet.parent}/.vps/state" in done.output
    assert f"export PULUMI_CONFIG_PASSPHRASE_FILE={fleet.parent}/.vps/passphrase" in done.output
    assert sorted(fleet.parent.rglob("*")) == before


@pytest.mark.engine
@pytest.mark.parametrize("verb", ["init", "drift", "up", "preview"])
@pytest.mark.parametrize("stack", ["client.nobody", "dev"])
def test_a_stack_that_no_file_declares_is_said_and_not_made(fleet: Path, verb: str, stack: str) -> None:
    """A typo leaves nothing behind."""
    before = sorted(fleet.parent.rglob("*"))
    done = CliRunner().invoke(app, [verb, stack, "--fleet", str(fleet)])
    assert done.exit_code == 1
    assert stack in done.output + str(done.exception)
    assert "Known: client.example-coop, host.lab1." in done.output + str(done.exception)
    assert sorted(fleet.parent.rglob("*")) == before
