"""What the Pulumi program declares for one stack: the machines of a client, or what a host must hold."""

import datetime as dt
import os
from typing import Any

import pulumi
import pulumi.runtime.resource
from pulumi.runtime.proto.source_pb2 import StackTrace

from components import declaration
from components.config.loader import Loaded
from components.domain.fleet import Fleet
from components.domain.operations import NOTHING_KNOWN
from components.domain.problems import DomainError
from components.engine import commit, rebuild, state, undeclared
from components.engine.backend import backend_id
from components.engine.judged import judged
from components.host import Host
from components.ledger.opened import operations
from components.vps import Vps


def declare(loaded: Loaded, stack: str) -> None:
    """Declare the stack `client.<name>` or `host.<name>`. Raises pulumi.RunError with every problem that blocks it."""
    _keep_call_stacks_out_of_state()
    _need_sound(loaded, stack)
    _need_last_commit(loaded, stack)
    try:
        undeclared.need_declared(os.environ, loaded, stack)
    except DomainError as problem:
        raise pulumi.RunError(str(problem)) from problem
    kind, _, name = stack.partition(".")
    if kind == "client":
        _declare_client(loaded.fleet, name)
    else:
        _declare_host(loaded.fleet, name)


def _need_sound(loaded: Loaded, stack: str) -> None:
    """Stop what the files have wrong for this stack, and what its change would make worse than state records."""
    known = NOTHING_KNOWN
    try:
        known = operations(loaded.folder, os.environ, dt.datetime.now(dt.UTC))
    except DomainError as error:
        pulumi.log.warn(f"Whether new VPSs come to a host that takes none was not judged. {error}")
    try:
        found = judged(os.environ, loaded, stack, known)
    except DomainError as error:
        raise pulumi.RunError(str(error)) from error
    if found.problems:
        listed = "\n".join(f"  {problem.code}: {problem}" for problem in found.problems)
        raise pulumi.RunError(f"{len(found.problems)} problem(s) in the declared files stop {stack}:\n{listed}")
    if found.note:
        pulumi.log.warn(found.note)


def _need_last_commit(loaded: Loaded, stack: str) -> None:
    """Stop an update from a checkout that lacks the commit last applied; a preview is only told."""
    try:
        commit.need(os.environ, loaded.folder, stack)
    except DomainError as error:
        if not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(str(error)) from error
        pulumi.log.warn(str(error))


def _keep_call_stacks_out_of_state() -> None:
    """Register resources without the Python call stack that the SDK sends with each; it has no switch for that.

    State would keep some twenty paths of the applying machine per resource: 40 % of a state that the engine writes
    whole twice per resource, and a home directory's name in everybody's state. (The stack's own resource is registered
    before this program runs and keeps its one.)
    """
    pulumi.runtime.resource._get_stack_trace = StackTrace  # noqa: SLF001


def _declare_client(fleet: Fleet, name: str) -> None:
    client = fleet.clients[name]
    backend = backend_id(os.environ)
    today = dt.datetime.now(dt.UTC).date()
    known = state.machines(os.environ, f"client.{name}")
    rebuilding, out = rebuild.is_rebuilding(), rebuild.left_out()
    for vps in client.vps.values():
        uuid = vps.machine_uuid(fleet.id, client.id)
        if rebuilding and uuid in out:
            continue
        if not rebuilding and vps.ends and vps.ends <= today and _may_go(known, uuid, vps.ends):
            continue
        Vps(declaration.machine_inputs(fleet, client, vps, backend))
        pulumi.export(vps.key, declaration.exports(vps))


def _may_go(known: list[dict[str, Any]] | None, uuid: str, ends: dt.date) -> bool:
    """Whether leaving a machine out, whose end is reached, lets the engine end it by the plugin's rules.

    Only once state carries that end, and so no protection: the run that first reads an end date records it, the next
    one ends the machine. Where state can't be read here, the end must have been recorded by an earlier run.
    """
    found = next((machine for machine in known or () if machine.get("uuid") == uuid), None)
    return found is None or found.get("ends") == ends.isoformat()


def _declare_host(fleet: Fleet, name: str) -> None:
    host = fleet.hosts[name]
    Host(
        name,
        pool=declaration.pool_inputs(host, fleet.id, backend_id(os.environ)),
        networks=declaration.network_inputs(fleet, host),
        images=declaration.image_inputs(fleet, host),
    )
