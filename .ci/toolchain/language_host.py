"""Runs Pulumi programs and policy packs written in Python: the engine's language host of this project.

The official release of Pulumi brings a language host of its own; an engine built from its Go module has none, and
this one stands in for it. The engine starts it as `pulumi-language-python <engine address>`, reads the port from the
first line of its output and speaks the LanguageRuntime protocol (pulumirpc, language.proto) with it. Everything runs
under the interpreter that runs this file, so that interpreter must be the project's.

A program runs in this process, in the main thread; a policy pack runs in a child of its own. Nothing outlives the
engine: the host ends with a signal or when its parent is gone, and its children end with it.
"""

# ruff: noqa: ANN401, ARG002, N802 - names and signatures are the protocol's, its messages carry no types

import asyncio
import contextlib
import ctypes
import importlib.metadata
import os
import queue
import runpy
import signal
import subprocess
import sys
import sysconfig
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.proto import LanguageRuntimeServicer, language_pb2, plugin_pb2
from pulumi.runtime.proto.language_pb2_grpc import add_LanguageRuntimeServicer_to_server

VERSION = "1.0.0"
_MESSAGE_LIMIT = 400 * 1024 * 1024  # bytes; what the engine and the SDK allow themselves
_SIGNAL_CHECK_S = 0.2
_PARENT_CHECK_S = 0.5
_PR_SET_PDEATHSIG = 1  # prctl(2)
_PACK = "--policy-pack"

# Frames of these are no news to the author of a program; packages installed beside the SDK may be.
_OURS = ("<frozen", __file__, *(f"{Path(module.__file__).parent}/" for module in (pulumi, grpc) if module.__file__))
_INSTALLED = tuple(f"{sysconfig.get_path(name)}/" for name in ("purelib", "platlib"))
_STANDARD = f"{sysconfig.get_path('stdlib')}/"


def explain(error: BaseException) -> str:
    """What the user reads when a program fails with `error`.

    A `pulumi.RunError` is a message and nothing else. Anything else is a fault of the program, shown with its
    traceback without the frames of this host, Pulumi's SDK and the standard library.
    """
    if isinstance(error, pulumi.RunError):
        return str(error)
    if isinstance(error, SystemExit):
        told = error.code if isinstance(error.code, str) else f"exit status {error.code}"
        return f"The program stopped early: {told}"
    told = traceback.TracebackException.from_exception(error)
    _keep_program_frames(told)
    return "The program failed:\n" + "".join(told.format()).rstrip()


def _keep_program_frames(told: traceback.TracebackException) -> None:
    told.stack = traceback.StackSummary.from_list([frame for frame in told.stack if _is_program(frame.filename)])
    for chained in (told.__cause__, told.__context__, *(told.exceptions or ())):
        if chained is not None:
            _keep_program_frames(chained)


def _is_program(filename: str) -> bool:
    if filename.startswith(_OURS):
        return False
    return filename.startswith(_INSTALLED) or not filename.startswith(_STANDARD)


def run_program(request: Any, engine_address: str) -> Any:
    """Run one program to its end, its resources included; returns a RunResponse.

    What went wrong has been logged at the engine by then, so `bail` (stop, say no more) is set instead of `error`.
    """
    reset_options(
        project=request.project,
        stack=request.stack,
        root_directory=request.info.root_directory,
        organization=request.organization or "organization",
        monitor_address=request.monitor_address,
        engine_address=engine_address,
        parallel=request.parallel,
        preview=request.dryRun,
    )
    set_all_config(dict(request.config), list(request.configSecretKeys))
    os.chdir(request.pwd)
    folder = request.info.program_directory
    sys.path[0] = folder  # in place of this file's own folder, as if the program had been started from a shell
    sys.argv = [str(Path(folder, request.info.entry_point)), *request.args]

    def program() -> None:
        runpy.run_path(sys.argv[0], run_name="__main__")

    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=max(request.parallel, 1) * 4))
    loop.set_exception_handler(lambda _loop, _context: None)  # failures of tasks are raised by run_in_stack
    try:
        loop.run_until_complete(run_in_stack(program))
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.UNAVAILABLE:  # unavailable: the engine is going and knows why
            pulumi.log.error(f"The engine refused a call: {error.details()}")
        return language_pb2.RunResponse(bail=True)
    except SystemExit as error:
        if error.code:
            pulumi.log.error(explain(error))
            return language_pb2.RunResponse(bail=True)
    except BaseException as error:  # noqa: BLE001 - the program's own, whatever it is
        pulumi.log.error(explain(error))
        return language_pb2.RunResponse(bail=True)
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                loop.run_until_complete(task)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return language_pb2.RunResponse()


class LanguageHost(LanguageRuntimeServicer):
    """Serves the engine. Calls come in on threads of the server; `submit` hands a program to the main thread."""

    def __init__(self, engine_address: str, submit: Callable[[Callable[[], Any]], "Future[Any]"]) -> None:
        self.engine_address = engine_address
        self._submit = submit

    def Handshake(self, request: Any, context: Any) -> Any:
        """Learn the engine's address."""
        self.engine_address = request.engine_address or self.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """This host's version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def About(self, request: Any, context: Any) -> Any:
        """Which interpreter runs programs."""
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        """None: the project names its provider plugin itself, and nothing is fetched."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:
        """None, as for packages."""
        return language_pb2.GetRequiredPluginsResponse()

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        """What is installed beside the program, for `pulumi about`."""
        found = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=n, version=v) for n, v in sorted(found.items())]
        )

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        """Refuse: dependencies are pinned, and installed by the project's own set-up."""
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "Dependencies are installed by ./run setup.")
        yield from ()

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        """Nothing to ask."""
        return language_pb2.RuntimeOptionsResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        """Nothing to do: the engine closes the monitor, and that ends the program."""
        return empty_pb2.Empty()

    def Run(self, request: Any, context: Any) -> Any:
        """Run a program; see `run_program`."""
        return self._submit(lambda: run_program(request, self.engine_address)).result()

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Run a policy pack in a child and pass on what it prints, then its exit code."""
        if request.kind != "analyzer":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"A plugin of kind {request.kind!r} can't be run in Python.")
        child = subprocess.Popen(
            [sys.executable, "-u", __file__, _PACK, str(os.getpid()), *request.args, request.info.program_directory],
            cwd=request.pwd,
            env={**os.environ, **dict(pair.split("=", 1) for pair in request.env)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        context.add_callback(child.kill)
        chunks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for name in ("stdout", "stderr"):
            threading.Thread(target=_pump, args=(getattr(child, name), name, chunks), daemon=True).start()
        ended = 0
        while ended < 2:
            chunk = chunks.get()
            if chunk is None:
                ended += 1
            else:
                yield chunk
        yield language_pb2.RunPluginResponse(exitcode=child.wait())


def _pump(stream: Any, name: str, chunks: "queue.SimpleQueue[Any]") -> None:
    """Put what comes out of `stream` into `chunks` as it comes, then None."""
    while data := stream.read1(65536):
        chunks.put(language_pb2.RunPluginResponse(**{name: data}))
    chunks.put(None)


def _end_with_parent() -> None:
    """End this process when the engine that started it is gone, however it went."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_S)
    os._exit(1)


def serve(engine_address: str) -> None:
    """Serve the engine until a signal comes; programs run here, in the main thread."""
    jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()

    def submit(job: Callable[[], Any]) -> "Future[Any]":
        done: Future[Any] = Future()
        jobs.put((job, done))
        return done

    limits = [("grpc.max_receive_message_length", _MESSAGE_LIMIT), ("grpc.max_send_message_length", _MESSAGE_LIMIT)]
    # Each policy pack holds a thread for as long as it runs.
    server = grpc.server(ThreadPoolExecutor(max_workers=64), options=limits)
    add_LanguageRuntimeServicer_to_server(LanguageHost(engine_address, submit), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    while True:
        try:
            job, done = jobs.get(timeout=_SIGNAL_CHECK_S)
        except queue.Empty:
            continue  # A signal that the kernel gave to another thread is handled here, and wakes nobody.
        try:
            done.set_result(job())
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            done.set_exception(error)


def run_policy_pack(arguments: list[str]) -> None:
    """Become a policy pack: the SDK's own runner, ended by the kernel when the host ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    host, *sys.argv[1:] = arguments
    if os.getppid() != int(host):  # it ended before the kernel was told
        return
    sys.path[0] = ""  # as with `python -m`
    runpy.run_module("pulumi.policy", run_name="__main__", alter_sys=True)


def main() -> None:
    """The command line that the engine uses."""
    if sys.argv[1:2] == [_PACK]:
        run_policy_pack(sys.argv[2:])
        return
    # The engine keeps a terminal's Ctrl-C away from its plugins and itself signals when it wants them to end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    serve(sys.argv[-1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    main()
