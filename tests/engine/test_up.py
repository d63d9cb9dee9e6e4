"""The main job on the fake driver: one client file, `pulumi up`, and a machine."""

import copy
import datetime as dt
import json

import pytest
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from tests.engine.conftest import HOST_STACK, STACK, Bench

pytestmark = pytest.mark.engine


def test_up_makes_one_protected_machine_and_again_changes_nothing(bench: Bench) -> None:
    """Everything that a client pays for is protected; a second up is empty."""
    bench.up()
    assert len(bench.domains()) == 1
    machine = next(found for found in bench.state() if found["type"] == "vps:index:Machine")
    assert machine["protect"]
    assert machine["outputs"]["status"] == "present"
    bench.pulumi("preview", "--stack", STACK, "--expect-no-changes")
    bench.pulumi("refresh", "--preview-only", "--expect-no-changes", "--stack", STACK)
    assert all(found["protect"] for found in bench.state(HOST_STACK) if found["type"].startswith("vps:index:"))


def test_an_edit_for_first_boots_to_come_is_recorded_without_a_word(bench: Bench) -> None:
    """Of the fleet file: no row under any machine that stands, by the engine and by our own look, before and after."""
    bench.up()
    bench.edit(lambda fleet: fleet.update(guests={"smarthost": "mail.hoster.example"}), file="fleet.yaml")
    bench.pulumi("preview", "--stack", STACK, "--expect-no-changes")
    assert "nothing to change" in bench.vps("preview", STACK)
    bench.up()
    machine = next(found for found in bench.state() if found["type"] == "vps:index:Machine")
    assert machine["inputs"]["seed"]["values"]["settings"]["smarthost"] == "mail.hoster.example"
    bench.pulumi("preview", "--stack", STACK, "--expect-no-changes")
    assert "nothing to change" in bench.vps("preview", STACK)


def test_urns_are_frozen(bench: Bench) -> None:
    """Type tokens, logical names and the project's name are API: a changed line orphans machines."""
    bench.up()
    prefix = "::aegir-vps::"
    urns = sorted(found["urn"] for stack in (STACK, HOST_STACK) for found in bench.state(stack))
    ours = [urn.removeprefix("urn:pulumi:") for urn in urns if "pulumi:providers" not in urn]
    assert ours == [
        f"{STACK}{prefix}pulumi:pulumi:Stack::aegir-vps-{STACK}",
        f"{STACK}{prefix}vps:component:Vps$vps:index:Machine::v-h3k9-machine",
        f"{STACK}{prefix}vps:component:Vps::v-h3k9",
        f"{HOST_STACK}{prefix}pulumi:pulumi:Stack::aegir-vps-{HOST_STACK}",
        f"{HOST_STACK}{prefix}vps:component:Host$vps:index:Image::lab1-image-base-debian-13",
        f"{HOST_STACK}{prefix}vps:component:Host$vps:index:Network::lab1-network-public1",
        f"{HOST_STACK}{prefix}vps:component:Host$vps:index:StoragePool::lab1-pool",
        f"{HOST_STACK}{prefix}vps:component:Host::lab1",
    ]


def test_preview_says_live_and_up_does_it(bench: Bench) -> None:
    """The consequence stands in the preview, in words, before anything happens."""
    bench.up()
    bench.edit(lambda client: client["vps"]["web1"].update(package="medium@2026-01"))
    said = bench.pulumi("preview", "--diff", "--stack", STACK)
    assert "cpuCapPercent: 150 % -> 300 %: live, no reboot" in said
    assert "memoryMib: 2048 MiB -> 4096 MiB: live, inside the room" in said
    bench.up()
    (domain,) = bench.domains().values()
    assert domain["live"] == domain["config"]
    assert domain["boots"] == 1


def test_preview_says_what_waits_for_a_reboot(bench: Bench) -> None:
    """A guest that was booted without the room gets its memory with the next boot, and says so until then."""
    small = ["packages", "small@2026-01", "grows_to"]
    bench.edit(lambda file: file[small[0]][small[1]][small[2]].update(vcpus=2, memory="3 GiB"), "catalogue.yaml")
    bench.up()
    bench.edit(lambda client: client["vps"]["web1"].update(package="medium@2026-01"))
    said = bench.pulumi("preview", "--diff", "--stack", STACK)
    assert "at next reboot, the running guest keeps what it has: the running guest was booted with no room" in said
    assert "booted with room for 3072 only" in said
    bench.up()
    (domain,) = bench.domains().values()
    assert domain["live"]["memoryMib"] == 2048 < domain["config"]["memoryMib"]
    assert "waits for the next reboot: vcpus, memoryMib" in bench.vps("show", "example-coop/web1")


def test_drift_is_exit_7(bench: Bench) -> None:
    """A limit lowered behind the file is found, named, and mended by the next up."""
    bench.up()
    (uuid,) = bench.domains()
    _lower(bench, uuid)
    said = bench.pulumi("refresh", "--preview-only", "--expect-no-changes", "--diff", "--stack", STACK, code=7)
    assert "cpuCapPercent" in said
    bench.vps("drift", STACK, code=2)
    bench.up()
    assert bench.domains()[uuid]["live"]["cpuCapPercent"] == 150


def test_removed_lines_are_refused(bench: Bench) -> None:
    """Deleting lines never ends a VPS: our command says how, the engine's own protection stands behind it."""
    bench.edit(lambda client: client["vps"].update(web2=_second(client["vps"]["web1"])))
    bench.up()
    assert len(bench.domains()) == 2
    before = bench.domains(), bench.volumes()
    bench.edit(lambda client: client["vps"].pop("web1"))
    said = bench.vps("up", STACK, "--yes", code=1)
    assert "example-coop/web1" in said
    assert "deleting lines never ends a VPS" in said
    assert "vps end" in said
    bench.up(code=1)
    assert (bench.domains(), bench.volumes()) == before


def test_the_last_lines_are_refused_too(bench: Bench) -> None:
    """An empty file is a mistake in the file, and its machine is named."""
    bench.up()
    before = bench.domains()
    bench.edit(lambda client: client.update(vps={}))
    said = bench.vps("up", STACK, "--yes", code=1)
    assert "example-coop/web1: still there" in said
    assert bench.domains() == before


def _second(web1: dict[str, object]) -> dict[str, object]:
    own = {"id": "v-b8x2", "ipv4": ["192.0.2.11"], "ipv6": ["2001:db8:1::11"], "fqdn": "web2.coop.example"}
    return {**copy.deepcopy(web1), **own}


def test_a_file_that_is_gone_is_refused(bench: Bench) -> None:
    """No file is no order to delete."""
    bench.up()
    before = bench.domains()
    (bench.project.fleet / "clients" / "example-coop.yaml").unlink()
    assert "never by deleting files" in bench.pulumi("preview", "--stack", STACK, code=1)
    assert bench.domains() == before


def test_a_reached_end_is_recorded_then_carried_out_and_the_disk_kept(bench: Bench) -> None:
    """Two runs: the first lifts the protection, the second ends the machine by the plugin's rules."""
    assert "vps deliver example-coop waits for it" in bench.vps("up", STACK, "--yes")
    today = dt.datetime.now(dt.UTC).date().isoformat()
    bench.edit(lambda client: client["vps"]["web1"]["term"].update(start=DoubleQuotedScalarString("2026-01-01")))
    bench.edit(lambda client: client["vps"]["web1"].update(ends=DoubleQuotedScalarString(today)))
    said = bench.vps("up", STACK, "--yes")
    assert "the next `vps up client.example-coop` ends it" in said
    assert "vps deliver" not in said
    assert len(bench.domains()) == 1
    bench.vps("up", STACK, "--yes")
    assert bench.domains() == {}
    assert all(volume["trash"] for volume in bench.volumes().values())
    bench.vps("up", STACK, "--yes")


def test_a_host_that_moved_is_still_reached(bench: Bench) -> None:
    """Its new address is recorded, its machines are as they were."""
    bench.up()
    before = bench.domains()
    moved = bench.project.work / "moved"
    bench.world.rename(moved)
    bench.edit(lambda host: host.update(uri=f"fake://{moved}"), file="hosts/lab1.yaml")
    bench.vps("up", STACK, "--yes")
    assert not bench.world.exists()
    domains = {path.stem: json.loads(path.read_text()) for path in (moved / "domains").glob("*.json")}
    assert domains.keys() == before.keys()


def test_a_stack_that_was_never_made_is_said_with_its_remedy(bench: Bench) -> None:
    """No traceback, one command to run."""
    stacks = bench.project.work / "state" / ".pulumi" / "stacks" / "aegir-vps"
    (stacks / f"{STACK}.json").unlink()
    for command in (("up", STACK, "--yes"), ("preview", STACK), ("drift", STACK)):
        said = bench.vps(*command, code=1)
        assert f"Stack {STACK} was never initialised in this backend. Run: vps init {STACK}" in " ".join(said.split())
        assert "lost: vps rebuild" in said
        assert "Traceback" not in said


def test_a_stack_without_a_file_is_said_with_its_remedy(bench: Bench) -> None:
    """A mistyped name, or a file that is gone."""
    said = bench.vps("up", "client.nobody", "--yes", code=1)
    assert "There is no file for the stack client.nobody. Restore clients/nobody.yaml from git" in said
    assert "Traceback" not in said


def test_our_command_always_runs_the_policy_pack(bench: Bench) -> None:
    """The auditor is asked before anything happens, and again when it does: nobody has to remember it."""
    for command in (("preview", STACK), ("up", STACK, "--yes")):
        assert "aegir-vps@v0.1.0 (local: " in bench.vps(*command)
    assert len(bench.domains()) == 1


def test_our_files_are_never_rewritten(bench: Bench) -> None:
    """A round trip through the real CLI leaves every declared file byte-equal."""
    ours = {path: path.read_bytes() for path in bench.project.fleet.rglob("*.yaml") if path.parent.name != "pulumi"}
    assert len(ours) >= 4
    bench.up()
    bench.pulumi("config", "set", "when", "2026-12-01", "--stack", STACK)
    bench.pulumi("config", "set", "--secret", "word", "hidden", "--stack", STACK)
    bench.up()
    assert {path: path.read_bytes() for path in ours} == ours


def _lower(bench: Bench, uuid: str) -> None:
    path = bench.world / "domains" / f"{uuid}.json"
    domain = json.loads(path.read_text())
    domain["config"]["cpuCapPercent"] = domain["live"]["cpuCapPercent"] = 20
    path.write_text(json.dumps(domain))
