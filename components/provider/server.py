"""`pulumi-resource-vps`: the resource protocol on gRPC, spoken directly.

Directly, because the SDK's own server knows no partial failure, passes no old inputs and reports a changed provider
wrongly. The plugin takes no configuration: every resource names its host, and drivers are shared per host.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

from components.cloudinit import ValuesError
from components.domain.problems import DomainError
from components.drivers.errors import DriverError
from components.images.errors import ImageError
from components.provider.connections import Connections, with_hosts
from components.provider.kinds import Resource, resources
from components.provider.machine import Change, PartlyCreated
from components.provider.properties import from_struct, has_unknown, to_struct
from components.provider.roaming import RoamingMachine
from components.provider.schema import package_schema

VERSION = version("aegir-vps")
WORKERS = 64
"""Waiting costs a thread, work does not: drivers limit the changes per host."""
MESSAGE_LIMIT = 64 * 1024 * 1024
PARENT_POLL_S = 0.5
OUTPUTS = ("status", "phase", "moving")
"""What a diff may name beside inputs."""


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """The protocol's verbs, translated to resources and back; no rule of ours lives here."""

    def __init__(self, kinds: dict[str, Resource], engine_address: str = "") -> None:
        self._kinds = kinds
        self._log = EngineLog(engine_address)
        machine = kinds.get("vps:index:Machine")
        if isinstance(machine, RoamingMachine):
            machine.say = self._tell

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        del context
        self._log = EngineLog(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        del request, context
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        del request, context
        return provider_pb2.GetSchemaResponse(schema=package_schema(VERSION))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        del request, context
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        del request, context
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True, acceptResources=False)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        news = from_struct(request.news)
        if has_unknown(news):
            return provider_pb2.CheckResponse(inputs=request.news)
        with self._errors(context):
            problems = self._kind(request.urn).check(news)
        return provider_pb2.CheckResponse(
            inputs=request.news,
            failures=[provider_pb2.CheckFailure(property=path, reason=reason) for path, reason in problems],
        )

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        with self._errors(context):
            changes = self._changes(request)
        for change in changes:
            if change.consequence.words:
                self._log.info(request.urn, change.consequence.words)
        kind = provider_pb2.PropertyDiff.UPDATE
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({change.key.split(".")[0] for change in changes}),
            detailedDiff={
                change.key: provider_pb2.PropertyDiff(kind=kind, inputDiff=change.key not in OUTPUTS)
                for change in changes
            },
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind, news = self._kind(request.urn), from_struct(request.properties)
        with self._errors(context):
            if request.preview:
                self._log.info(request.urn, kind.announce(request.urn, news))
                return provider_pb2.CreateResponse(id="", properties=to_struct(kind.preview_create(news)))
            identity, state = kind.create(request.urn, news)
        return provider_pb2.CreateResponse(id=identity, properties=to_struct(state), refresh_before_update=True)

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        with self._errors(context):
            identity, state, inputs = self._kind(request.urn).read(
                request.id, request.urn, from_struct(request.properties), from_struct(request.inputs)
            )
        return provider_pb2.ReadResponse(
            id=identity, properties=to_struct(state), inputs=to_struct(inputs), refresh_before_update=True
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind, state, news = self._kind(request.urn), from_struct(request.olds), from_struct(request.news)
        with self._errors(context):
            changes = self._changes(request)
            if request.preview:
                after = kind.preview_update(state, news, changes)
            else:
                after = kind.update(request.id, request.urn, state, news, changes)
        return provider_pb2.UpdateResponse(properties=to_struct(after), refresh_before_update=True)

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        with self._errors(context):
            words = self._kind(request.urn).delete(request.id, from_struct(request.properties))
        self._log.info(request.urn, words)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        # Steps in flight are short or may be cut at any point; there is nothing to wind down.
        del request, context
        return empty_pb2.Empty()

    def _tell(self, urn: str, words: str) -> None:
        self._log.info(urn, words)

    def _kind(self, urn: str) -> Resource:
        token = urn.split("::")[2].rsplit("$", 1)[-1]
        if token not in self._kinds:
            raise DriverError(f"Unable to serve {urn}", f"{token} is not a resource of this plugin")
        return self._kinds[token]

    def _changes(self, request: Any) -> list[Change]:
        old_inputs = from_struct(request.old_inputs) or from_struct(request.olds)
        changes = self._kind(request.urn).changes(old_inputs, from_struct(request.olds), from_struct(request.news))
        ignored = set(request.ignoreChanges)
        return [change for change in changes if change.key not in ignored and change.key.split(".")[0] not in ignored]

    @contextmanager
    def _errors(self, context: grpc.ServicerContext) -> Iterator[None]:
        try:
            yield
        except PartlyCreated as error:
            _abort_partly(context, error)
        except (DriverError, DomainError, ImageError, ValuesError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Exception as error:  # noqa: BLE001 - the plugin's last edge: words for people, never a traceback
            where = error.__traceback__
            while where is not None and where.tb_next is not None:
                where = where.tb_next
            place = f" ({where.tb_frame.f_code.co_qualname}:{where.tb_lineno})" if where is not None else ""
            text = f"internal error of the vps plugin: {type(error).__name__}: {error}{place}. Please report it."
            context.abort(grpc.StatusCode.UNKNOWN, text)


class EngineLog:
    """Words for people, beside the resource that they concern."""

    def __init__(self, address: str) -> None:
        channel = grpc.insecure_channel(address) if address else None
        self._engine = engine_pb2_grpc.EngineStub(channel) if channel is not None else None

    def info(self, urn: str, words: str) -> None:
        """One line beside the resource; a lost line never fails an operation."""
        if self._engine is None or not words:
            return
        request = engine_pb2.LogRequest(severity=engine_pb2.LogSeverity.INFO, message=words, urn=urn)
        try:
            self._engine.Log(request, timeout=5)
        except grpc.RpcError:
            sys.stderr.write(words + "\n")


def _abort_partly(context: grpc.ServicerContext, error: PartlyCreated) -> NoReturn:
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.uuid, properties=to_struct(error.state), reasons=[str(error)], refresh_before_update=True
        )
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error), details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(error))
    raise AssertionError  # abort raises


def serve(kinds: dict[str, Resource], engine_address: str, announce: Callable[[str], object]) -> grpc.Server:
    """Start serving on a loopback port of the kernel's choice and announce it, as the engine expects."""
    limits = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=WORKERS), options=limits)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(kinds, engine_address), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    announce(f"{port}\n")
    return server


def main() -> None:
    """The plugin process: serves until the engine ends it, and never outlives the engine."""
    # Before the first answer: an engine that dies after it must be missed.
    engine = os.getppid()
    connections = Connections(with_hosts(os.environ))
    address = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")
    server = serve(resources(connections), address, lambda text: (sys.stdout.write(text), sys.stdout.flush()))
    # The engine ends its plugins with SIGINT, waits five seconds for each and calls a later one's end premature; it
    # starts them in groups of their own, so a user's Ctrl-C never arrives here.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop(grace=1))
    threading.Thread(target=_watch_parent, args=(engine,), daemon=True).start()
    server.wait_for_termination()
    connections.close()


def _watch_parent(parent: int) -> None:
    """A plugin whose engine was killed would race the next run: it ends at once, and every step can bear that."""
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_S)
    os._exit(1)


if __name__ == "__main__":
    main()
