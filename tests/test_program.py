"""The program: a stack's own file, nothing else, and words for everything that stops it."""

import datetime as dt
import json
import re
from pathlib import Path

import pulumi
import pytest
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from components.config.loader import load
from components.lab.example import make_fake_project
from components.program import declare
from tests.registrations import registrations

STACK = "client.example-coop"


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return make_fake_project(tmp_path).fleet


def _edit(fleet: Path, **web1: str) -> None:
    path = fleet / "clients" / "example-coop.yaml"
    yaml = YAML()
    document = yaml.load(path)
    document["vps"]["web1"]["term"]["start"] = DoubleQuotedScalarString("2026-01-01")
    document["vps"]["web1"].update({key: DoubleQuotedScalarString(value) for key, value in web1.items()})
    with path.open("w") as stream:
        yaml.dump(document, stream)


def test_client_stack_declares_its_machines(fleet: Path) -> None:
    """One client, one stack."""
    found = registrations(lambda: declare(load(fleet), STACK), STACK)
    assert [name for name, request in found.items() if request.custom] == ["v-h3k9-machine"]


def test_no_path_of_this_machine_gets_into_state(fleet: Path) -> None:
    """The SDK sends its call stack with every resource, and the engine keeps it."""
    for stack in (STACK, "host.lab1"):
        for request in registrations(lambda stack=stack: declare(load(fleet), stack), stack).values():
            if request.type != "pulumi:pulumi:Stack":
                assert not request.stackTrace.frames
                assert not request.sourcePosition.uri


def test_host_stack_declares_its_objects(fleet: Path) -> None:
    """No machine stands in a host's stack."""
    found = registrations(lambda: declare(load(fleet), "host.lab1"), "host.lab1")
    types = {request.type for request in found.values() if request.custom}
    assert types == {"vps:index:StoragePool", "vps:index:Network", "vps:index:Image"}


@pytest.mark.parametrize(
    ("days", "recorded", "declared"),
    [(1, True, True), (0, False, True), (0, True, False), (-30, True, False), (-30, None, False)],
)
def test_an_end_is_carried_out_only_after_it_was_recorded(
    fleet: Path, monkeypatch: pytest.MonkeyPatch, days: int, recorded: bool | None, declared: bool
) -> None:
    """The run that first reads a reached end lifts the protection and records it; the next one ends the machine."""
    ends = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)).isoformat()
    _edit(fleet, ends=ends)
    client = load(fleet).fleet.clients["example-coop"]
    machine = {"uuid": client.vps["web1"].machine_uuid("demo", client.id), "ends": ends if recorded else ""}
    resources = [] if recorded is None else [{"type": "vps:index:Machine", "outputs": machine}]
    folder = fleet / "state" / ".pulumi" / "stacks" / "aegir-vps"
    folder.mkdir(parents=True)
    (folder / f"{STACK}.json").write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{fleet / 'state'}")
    found = registrations(lambda: declare(load(fleet), STACK), STACK)
    assert ("v-h3k9-machine" in found) is declared


def test_what_would_be_new_on_a_full_host_stops(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{fleet.parent / 'state'}")
    host = fleet / "hosts" / "lab1.yaml"
    host.write_text(host.read_text().replace("memory: 8 GiB, disk", "memory: 3 GiB, disk"))
    with pytest.raises(pulumi.RunError, match=r"host-overfilled: .*lab1 has no room"):
        registrations(lambda: declare(load(fleet), STACK), STACK)
    assert registrations(lambda: declare(load(fleet), "host.lab1"), "host.lab1")


def test_a_ledger_that_is_away_stops_nobody(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has to be suspended while the ledger's server is down."""
    told: list[str] = []
    monkeypatch.setenv("VPS_LEDGER", "ftp://ledger")
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    assert "v-h3k9-machine" in registrations(lambda: declare(load(fleet), STACK), STACK)
    assert "come to a host that takes none was not judged" in told[0]


def test_a_backend_elsewhere_is_told(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    registrations(lambda: declare(load(fleet), STACK), STACK)
    assert any("nobody compared it here" in one for one in told)


def test_a_broken_file_stops_its_own_stack_only(fleet: Path) -> None:
    """With place, path and remedy; the host's stack goes on."""
    _edit(fleet, package="huge@2026-01")
    with pytest.raises(pulumi.RunError, match=r"clients/example-coop\.yaml:\d+: .*package"):
        declare(load(fleet), STACK)
    assert registrations(lambda: declare(load(fleet), "host.lab1"), "host.lab1")


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        ("client.nobody", "There is no file for the stack client.nobody. Restore clients/nobody.yaml from git"),
        ("host.nowhere", "There is no file for the stack host.nowhere. Restore hosts/nowhere.yaml from git"),
        ("dev", '"dev" is no stack of a fleet. Stacks are client.<client> and host.<host>.'),
    ],
)
def test_a_stack_without_a_file_declares_nothing(fleet: Path, stack: str, words: str) -> None:
    """An empty program would be an order to delete."""
    with pytest.raises(pulumi.RunError, match=re.escape(words)):
        declare(load(fleet), stack)
