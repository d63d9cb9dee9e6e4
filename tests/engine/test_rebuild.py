"""State made again from git and marks, on hosts that are folders."""

import copy
import json
import shutil
from pathlib import Path

import pytest
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from components.domain.problems import DomainError
from components.engine import rebuild
from components.engine.backend import backend_id
from components.engine.project import Project
from tests.engine.conftest import HOST_STACK, STACK, Bench

HOST_FILE = "hosts/lab1.yaml"


@pytest.fixture
def backend(tmp_path: Path) -> dict[str, str]:
    return {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}"}


def test_an_empty_backend_takes_the_id_over(backend: dict[str, str]) -> None:
    assert backend_id(backend) != "0123456789ab"
    rebuild.need_successor(backend, "0123456789ab")
    rebuild.succeed(backend, "0123456789ab")
    assert backend_id(backend) == "0123456789ab"
    rebuild.need_successor(backend, "0123456789ab")


def test_a_backend_that_holds_machines_does_not(backend: dict[str, str], tmp_path: Path) -> None:
    stacks = tmp_path / "state/.pulumi/stacks/aegir-vps"
    stacks.mkdir(parents=True)
    machine = {"type": "vps:index:Machine", "outputs": {"uuid": "u"}}
    checkpoint = {"checkpoint": {"latest": {"resources": [machine]}}}
    (stacks / f"{STACK}.json").write_text(json.dumps(checkpoint))
    with pytest.raises(DomainError, match=f"holds 1 machines in stack {STACK}"):
        rebuild.need_successor(backend, "0123456789ab")
    rebuild.need_successor(backend, backend_id(backend))


def test_an_address_is_an_id_that_does_not_change() -> None:
    backend = {"PULUMI_BACKEND_URL": "s3://bucket"}
    with pytest.raises(DomainError, match="its id is its address"):
        rebuild.need_successor(backend, "0123456789ab")
    rebuild.need_successor(backend, backend_id(backend))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("encryptionsalt: v1:x:y\n", None),
        ("encryptionsalt: v1:x:y\nconfig:\n  a: b\n", "config:\n  a: b\n"),
        (
            "encryptionsalt: v1:x:y\nconfig:\n  a:\n    secure: z\n",
            "encryptionsalt: v1:x:y\nconfig:\n  a:\n    secure: z\n",
        ),
    ],
)
def test_the_salt_of_a_lost_passphrase_goes_unless_it_guards_something(
    tmp_path: Path, text: str, left: str | None
) -> None:
    project = Project(folder=tmp_path, fleet=tmp_path / "stacks")
    file = project.settings(STACK)
    file.parent.mkdir(parents=True)
    file.write_text(text)
    rebuild.forget_salt(project, {"PULUMI_CONFIG_PASSPHRASE": "mine"}, STACK)
    assert file.read_text() == text, "the operator's own passphrase is not lost"
    rebuild.forget_salt(project, {"PULUMI_CONFIG_PASSPHRASE_FILE": str(project.work / "passphrase")}, STACK)
    assert (file.read_text() if file.exists() else None) == left
    rebuild.forget_salt(project, {}, "client.unknown")


@pytest.mark.parametrize("value", ["{", "7"])
def test_only_a_rebuild_sets_its_variable(value: str) -> None:
    with pytest.raises(DomainError, match=rebuild.REBUILD):
        rebuild.left_out({rebuild.REBUILD: value})
    assert rebuild.left_out({rebuild.REBUILD: '["a"]'}) == {"a"}
    assert rebuild.left_out({}) == frozenset()
    assert not rebuild.is_rebuilding({})


def _second(bench: Bench) -> None:
    """A second VPS in the client's file."""

    def add(client: dict) -> None:
        own = {"id": "v-b8x2", "ipv4": ["192.0.2.11"], "ipv6": ["2001:db8:1::11"], "fqdn": "web2.coop.example"}
        client["vps"]["web2"] = {**copy.deepcopy(client["vps"]["web1"]), **own}

    bench.edit(add)


def _unmarked(domains: dict) -> dict:
    return {uuid: {**domain, "mark": None} for uuid, domain in domains.items()}


@pytest.mark.engine
def test_lost_state_comes_back_untouched(bench: Bench) -> None:
    """Only the mark's incarnation and revision change; each preview is empty, as the command itself looked.

    A host that is silent may hold any machine, so it stops everything.
    """
    bench.up()
    before = bench.domains()
    shutil.rmtree(bench.project.work / "state")
    uri = f"fake://{bench.world}"
    bench.edit(lambda host: host.update(uri=DoubleQuotedScalarString("fake:///no/such/folder/world")), HOST_FILE)
    assert "Not every host answered" in bench.vps("rebuild", "--yes", code=1)
    bench.edit(lambda host: host.update(uri=DoubleQuotedScalarString(uri)), HOST_FILE)
    assert "2 of 2 stacks have their state again" in bench.vps("rebuild", "--yes")
    assert _unmarked(bench.domains()) == _unmarked(before)
    bench.pulumi("preview", "--expect-no-changes", "--stack", STACK)


@pytest.mark.engine
def test_nothing_is_made_and_nothing_changed(bench: Bench) -> None:
    """What no host holds is recorded as missing, so that no later `up` makes it empty; `--new` leaves it to that `up`.

    What differs from the files waits for an `up` whose preview somebody saw.
    """
    bench.up()
    before = bench.domains()
    _second(bench)
    bench.edit(lambda client: client["vps"]["web1"].update(package="medium@2026-01"))
    shutil.rmtree(bench.project.work / "state")
    said = bench.vps("rebuild", "--yes", code=1)
    assert "example-coop/web2: on no host. It is recorded as missing" in said
    assert "refused: example-coop/web2 was delivered" in bench.vps("up", STACK, "--yes", code=1)
    assert _unmarked(bench.domains()) == _unmarked(before)

    # So far the host was too full for both, which stops nothing that is there; web2 is new from here on.
    bench.edit(lambda host: host["capacity"].update(memory="16 GiB"), HOST_FILE)
    shutil.rmtree(bench.project.work / "state")
    for _ in ("lost", "there again"):
        bench.vps("rebuild", "--yes", "--new", "example-coop/web2", code=1)
        assert _unmarked(bench.domains()) == _unmarked(before)
    assert "live, no reboot" in bench.vps("up", STACK, "--yes")
    assert len(bench.domains()) == 2


@pytest.mark.engine
def test_a_second_backend_is_refused(bench: Bench) -> None:
    """In the preview already, for the host too; the first one's id and the way out are named."""
    bench.up()
    first = backend_id(bench.environment)
    other = Bench.__new__(Bench)
    other.project = bench.project
    other.environment = {**bench.environment, "PULUMI_BACKEND_URL": f"file://{bench.project.folder / 'second'}"}
    (bench.project.folder / "second").mkdir()
    before = bench.domains()
    other.vps("init", HOST_STACK, STACK)
    for said in (other.vps("preview", HOST_STACK, code=1), other.vps("up", STACK, "--yes", code=1)):
        assert first in said
        assert "vps rebuild" in said
    assert bench.domains() == before
