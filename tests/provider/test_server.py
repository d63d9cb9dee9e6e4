"""The plugin as a process, spoken to as the engine does."""

import subprocess
import sys
import time
from collections.abc import Iterator

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from components.drivers.base import Driver
from components.provider.properties import Bag, from_struct, to_struct

URN = "urn:pulumi:client.x::aegir-vps::vps:component:Vps$vps:index:Machine::v-h3k9-machine"


@pytest.fixture
def plugin() -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    """A running plugin; its first line is its port."""
    command = [sys.executable, "-m", "components.provider.server"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
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


def test_unknown_resource_and_broken_state_are_words(plugin: provider_pb2_grpc.ResourceProviderStub) -> None:
    """Never a traceback."""
    with pytest.raises(grpc.RpcError, match="not a resource of this plugin"):
        plugin.Check(provider_pb2.CheckRequest(urn=URN.replace("Machine", "Toaster")))
    with pytest.raises(grpc.RpcError) as caught:
        plugin.Delete(provider_pb2.DeleteRequest(id="x", urn=URN, properties=to_struct({"schema": 1})))
    assert "Traceback" not in str(caught.value.details())


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
