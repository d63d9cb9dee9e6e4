"""What a run does in a process of its own: the things that operators do, as far as a driver sees them."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.drivers import registry
from components.drivers.base import Driver, HostRef, ImageSpec, Mark, Phase
from components.drivers.errors import DriverError
from components.drivers.faults import Faults
from components.provider import connections
from components.provider.inputs import MachineInputs, parse
from tests.faults.stand_in import Aborted, StandIn

EXPECTED = (Aborted, DriverError)
LEASE_S = 4
STOP_S = 0.3
"""How long a guest that knows no power button is asked, on a real host."""


def up(
    urn: str, state: str, news: dict[str, Any] | None, trace: str = "", environ: dict[str, str] | None = None
) -> None:
    """One `up` of one machine."""
    with _traced(trace, environ):
        StandIn(Path(state), urn).up(news)


def preview(urn: str, state: str, news: dict[str, Any], environ: dict[str, str] | None = None) -> None:
    """Raises Aborted when a preview would show a change."""
    with _traced("", environ):
        if not StandIn(Path(state), urn).is_settled(news):
            raise Aborted("the preview is not empty")


def power(host: dict[str, str], uuid: str, wish: str, trace: str = "", environ: dict[str, str] | None = None) -> None:
    """`vps start` and its like: read, then bring about."""
    with _traced(trace, environ):
        driver = _connect(HostRef(**host))
        machine = driver.read(uuid)
        if machine is None or machine.mark is None:
            raise DriverError("Unable to find the machine", "it is gone")
        driver.power(uuid, wish, machine.mark)


def restore(host: dict[str, str], key: str, trace: str = "", environ: dict[str, str] | None = None) -> None:
    """`vps trash restore`, as far as the host is concerned."""
    with _traced(trace, environ):
        _connect(HostRef(**host)).restore(key)


def adopt(
    host: dict[str, str], news: dict[str, Any], urn: str, trace: str = "", environ: dict[str, str] | None = None
) -> None:
    """`vps adopt` of a machine that somebody made by hand."""
    with _traced(trace, environ):
        inputs = parse(MachineInputs, news)
        mark = Mark(
            fleet=inputs.fleet,
            backend=inputs.backend,
            urn=urn,
            client=inputs.client,
            vps=inputs.vps,
            phase=Phase.READY,
            incarnation=secrets.token_hex(8),
        )
        _connect(HostRef(**host)).adopter().adopt(inputs.spec(), mark)


def empty(host: dict[str, str], key: str, trace: str = "", environ: dict[str, str] | None = None) -> None:
    """`vps trash empty --due`, long after the day."""
    with _traced(trace, environ):
        _connect(HostRef(**host)).empty(key, "2999-01-01", "2999-01-01")


def image(host: dict[str, str], spec: dict[str, str], trace: str = "", environ: dict[str, str] | None = None) -> None:
    """The host's stack brings an image."""
    with _traced(trace, environ):
        _connect(HostRef(**host)).ensure_image(ImageSpec(**spec))


@contextmanager
def _traced(trace: str, environ: dict[str, str] | None) -> Iterator[None]:
    """Note every step before it is taken, with the folder of the world that it belongs to."""
    os.environ.update(environ or {})
    registry.connect = connections.connect = _connect
    if trace:
        strike = Faults._strike

        def noting(self: Faults, name: str, when: str) -> None:
            if when == "before":
                with Path(trace).open("a") as stream:
                    stream.write(f"{name}\n")
            strike(self, name, when)

        Faults._strike = noting  # type: ignore[method-assign]
    yield


_original = registry.connect


def _connect(host: HostRef) -> Driver:
    if host.driver == "libvirt":
        from components.drivers.libvirt.driver import LibvirtDriver

        return LibvirtDriver(host, stop_seconds=STOP_S, lease_seconds=LEASE_S)
    return _original(host)
