"""The plugin as a process, spoken to as the engine does."""

import copy
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from components.drivers.base import Driver
from components.provider.properties import Bag, flatten, from_struct, to_struct

URN = "urn:pulumi:client.x::aegir-vps::vps:component:Vps$vps:index:Machine::v-h3k9-machine"


@pytest.fixture
def plugin() -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """A running plugin; its first line is its port."""
    command = [sys.executable, "-m", "components.provider.server"]
    # No fleet's hosts: the one that this checkout carries as its example has a host of the same name.
    environment = {**os.environ, "VPS_HOSTS": "{}"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
    finally:
        process.terminate()
        assert process.wait(timeout=10) == 0


def test_life_of_a_machine(plugin: provider_pb2_grpc.ResourceProviderStub, driver: Driver, news: Bag) -> None:
    """check, diff, create, read, diff: what the engine calls, in its order."""
    inputs = to_struct(news)
    assert not plugin.Check(provider_pb2.CheckRequest(urn=URN, news=inputs)).failures
    made = plugin.Create(provider_pb2.CreateRequest(urn=URN, properties=inputs))
    assert made.id == news["uuid"]
    assert made.refresh_before_update
    read = plugin.Read(provider_pb2.ReadRequest(id=made.id, urn=URN, properties=made.properties, inputs=inputs))
    assert from_struct(read.inputs) == news
    request = provider_pb2.DiffRequest(id=made.id, urn=URN, olds=read.properties, old_inputs=read.inputs, news=inputs)
    assert plugin.Diff(request).changes == provider_pb2.DiffResponse.DIFF_NONE
    changed = to_struct({**news, "uuid": news["uuid"][:-1] + "0", "memoryMib": 1024})
    request = provider_pb2.DiffRequest(id=made.id, urn=URN, olds=read.properties, old_inputs=inputs, news=changed)
    diff = plugin.Diff(request)
    assert set(diff.detailedDiff) == {"uuid", "memoryMib"}
    assert not diff.replaces


def test_partial_failure_carries_state(
    plugin: provider_pb2_grpc.ResourceProviderStub, driver: Driver, news: Bag
) -> None:
    """The error itself brings what exists, so that the engine keeps it."""
    from pathlib import Path

    world = Path(news["host"]["uri"].removeprefix("fake://"))
    (world / "faults.json").write_text('[{"step": "create.start", "do": "fail", "times": 1}]')
    with pytest.raises(grpc.RpcError) as caught:
        plugin.Create(provider_pb2.CreateRequest(urn=URN, properties=to_struct(news)))
    packed = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(packed).details[0].Unpack(detail)
    assert detail.id == news["uuid"]
    assert from_struct(detail.properties)["phase"] == "starting"


def _other(value: Any) -> Any:
    """The same shape with every value another."""
    if isinstance(value, dict):
        return {key: _other(inner) for key, inner in value.items()}
    if isinstance(value, bool):
        return not value
    if isinstance(value, list):
        return [*value, "more"]
    return value + 1 if isinstance(value, int) else f"{value}x"


def _diff(plugin: provider_pb2_grpc.ResourceProviderStub, olds: Bag, before: Bag, news: Bag, *ignored: str) -> Any:
    request = provider_pb2.DiffRequest(
        id="u",
        urn=URN,
        olds=to_struct(olds),
        old_inputs=to_struct(before),
        news=to_struct(news),
        ignoreChanges=ignored,
    )
    return plugin.Diff(request)


def _only_updates(diff: Any) -> None:
    kinds = {key: provider_pb2.PropertyDiff.Kind.Name(detail.kind) for key, detail in diff.detailedDiff.items()}
    assert set(kinds.values()) == {"UPDATE"}, kinds
    assert list(diff.replaces) == []
    assert diff.deleteBeforeReplace is False
    assert diff.hasDetailedDiff is True
    assert diff.changes == provider_pb2.DiffResponse.DIFF_SOME


def test_no_change_of_any_input_asks_for_a_replacement(
    plugin: provider_pb2_grpc.ResourceProviderStub, news: Bag
) -> None:
    """A replaced machine is a client's data gone: each input changed, added and removed, and what only state tells."""
    changed = _other(news)
    diff = _diff(plugin, news, news, changed)
    assert set(diff.detailedDiff) == set(flatten(news))
    assert set(diff.diffs) == set(news)
    _only_updates(diff)
    two = copy.deepcopy(news)
    two["disks"]["data"] = news["disks"]["root"]
    two["nics"]["n1"] = news["nics"]["n0"]
    _only_updates(_diff(plugin, news, news, two))
    _only_updates(_diff(plugin, two, two, news))
    for told in ({"status": "missing"}, {"status": "not ours any more"}, {"phase": "starting"}, {"phase": "ending"}):
        diff = _diff(plugin, {**news, **told}, news, news)
        assert set(diff.detailedDiff) == set(told)
        _only_updates(diff)


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("Image", {"name": "tiny", "sha256": "0" * 64, "pool": "vps"}),
        ("Network", {"name": "public1", "mode": "nat", "bridge": "vpsbr0", "ipv4": "", "ipv6": ""}),
        ("StoragePool", {"name": "vps", "path": "/var/lib/aegir-vps/pool"}),
    ],
)
def test_no_host_object_is_replaced_either(
    plugin: provider_pb2_grpc.ResourceProviderStub, news: Bag, token: str, inputs: Bag
) -> None:
    """Machines stand on them."""
    declared = {"schema": 1, "host": news["host"], **inputs}
    urn = f"urn:pulumi:host.lab1::aegir-vps::vps:component:Host$vps:index:{token}::o"
    request = provider_pb2.DiffRequest(id="o", urn=urn, news=to_struct(_other(declared)))
    request.olds.CopyFrom(to_struct({**declared, "status": "missing"}))
    request.old_inputs.CopyFrom(to_struct(declared))
    diff = plugin.Diff(request)
    assert set(diff.detailedDiff) == {*flatten(declared), "status"}
    _only_updates(diff)


def test_ignored_changes_are_no_changes(plugin: provider_pb2_grpc.ResourceProviderStub, news: Bag) -> None:
    """By a whole input or by one key in it; the rest is still told."""
    changed = copy.deepcopy({**news, "memoryMib": 4096, "vcpus": 4})
    changed["disks"]["root"] |= {"iops": 1, "rateMibS": 1}
    changed["nics"]["n0"]["rateMbitS"] = 1
    diff = _diff(plugin, news, news, changed, "memoryMib", "nics", "disks.root.iops")
    assert set(diff.detailedDiff) == {"vcpus", "disks.root.rateMibS"}
    assert set(diff.diffs) == {"vcpus", "disks"}
    everything = _diff(plugin, news, news, changed, "memoryMib", "vcpus", "nics", "disks")
    assert everything.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert not everything.detailedDiff


def test_unknown_resource_is_words(plugin: provider_pb2_grpc.ResourceProviderStub) -> None:
    """A newer program with an older plugin."""
    with pytest.raises(grpc.RpcError) as caught:
        plugin.Check(provider_pb2.CheckRequest(urn=URN.replace("Machine", "Toaster")))
    assert "vps:index:Toaster is not a resource of this plugin" in str(caught.value.details())


@pytest.mark.parametrize("verb", ["Read", "Update", "Delete"])
def test_broken_state_is_words(plugin: provider_pb2_grpc.ResourceProviderStub, news: Bag, verb: str) -> None:
    """Edited by hand, say: what is wrong with it stands there by its name, and it is no error of the plugin."""
    broken = to_struct({key: value for key, value in news.items() if key != "uuid"})
    requests = {
        "Read": provider_pb2.ReadRequest(id="x", urn=URN, properties=broken, inputs=broken),
        "Update": provider_pb2.UpdateRequest(id="x", urn=URN, olds=broken, old_inputs=broken, news=broken),
        "Delete": provider_pb2.DeleteRequest(id="x", urn=URN, properties=broken),
    }
    with pytest.raises(grpc.RpcError) as caught:
        getattr(plugin, verb)(requests[verb])
    said = str(caught.value.details())
    assert "uuid is missing" in said
    assert "internal error" not in said
    assert "Traceback" not in said


def test_plugin_ends_with_its_engine() -> None:
    """A plugin that outlives a killed engine would race the next run."""
    script = (
        "import subprocess, sys, time\n"
        "command = [sys.executable, '-m', 'components.provider.server']\n"
        "p = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)\n"
        "p.stdout.readline()\n"
        "print(p.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    engine = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert engine.stdout is not None
    plugin = int(engine.stdout.readline())
    engine.kill()
    engine.wait(timeout=10)
    end = time.monotonic() + 10
    while _alive(plugin):
        assert time.monotonic() < end, "the plugin outlived its engine"
        time.sleep(0.1)


def _alive(pid: int) -> bool:
    from pathlib import Path

    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
