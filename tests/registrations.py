"""What a program registers, with its options, without an engine."""

from collections.abc import Callable
from typing import Any

import pulumi
from pulumi.runtime import mocks


class _Echo(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"the program called {args.token}")


class _Monitor(mocks.MockMonitor):
    def __init__(self) -> None:
        super().__init__(_Echo())
        self.requests: list[Any] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        self.requests.append(request)
        return super().RegisterResource(request)


def registrations(declare: Callable[[], object], stack: str) -> dict[str, Any]:
    """Run `declare` as the program of `stack`; its registrations by logical name."""
    monitor = _Monitor()
    mocks.set_mocks(_Echo(), project="aegir-vps", stack=stack, preview=False, monitor=monitor)

    @pulumi.runtime.test
    def program() -> None:
        declare()

    program()
    return {request.name: request for request in monitor.requests}
