"""`vps drift`: the whole fleet in one pass over its hosts, or one stack through the engine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from components.cli.stack import FINDINGS, Diff, FleetFolder
from components.cli.stack import drift as drift_of_stack

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.hosts import Host
    from components.report.evidence import Answer, Recorded
    from components.report.findings import Audit, Finding

CANNOT_TELL = 1
"""Exit status when a host did not answer and nothing else was found."""
AT_ONCE = 32
"""Hosts asked side by side."""


def drift(
    stack: Annotated[
        str | None, typer.Argument(metavar="[STACK]", help="client.<name> or host.<name>; default: every machine")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every machine, as without STACK.")] = False,
    fleet: FleetFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines (every machine only).")] = False,
    diff: Diff = False,
) -> None:
    """Look: do the hosts still have what state remembers? Exit 0 nothing, 2 findings, 1 could not tell."""
    import gc

    from components.domain.problems import DomainError

    if stack is not None and (everything or as_json):
        raise DomainError("STACK goes with neither --all nor --json.", "Leave STACK out to audit every machine.")
    if stack is not None:
        drift_of_stack(stack, fleet, diff)
        return
    # So many small objects and hardly a cycle among them: looking for some would take a tenth of the time.
    gc.disable()
    try:
        _everything(fleet, as_json=as_json)
    finally:
        gc.enable()


def _everything(fleet: Path | None, *, as_json: bool) -> None:
    import json
    from concurrent.futures import ThreadPoolExecutor

    from components.config.loader import find_fleet, load
    from components.report.drift import audit

    folder = find_fleet(fleet)
    # A thousand clients' files take longer than everything else here, and state holds what they declared.
    loaded = load(folder, clients_too=False)
    with ThreadPoolExecutor(max_workers=1) as beside:
        asked = beside.submit(_ask, loaded)
        recorded, unread, notes = _recorded(folder)
        answers = asked.result()
    found = audit(loaded.fleet.id, recorded, answers, frozenset(), unread)
    if found.is_late:
        # State first: what a run changed between both looks is then on the host already.
        recorded, unread, notes = _recorded(folder)
        answers = _ask(loaded)
        found = audit(loaded.fleet.id, recorded, answers, frozenset(), unread)
    if found.has_strangers:
        found = audit(loaded.fleet.id, recorded, answers, _declared(load(folder)), unread, _backend(folder))
    if as_json:
        hosts = {name: {"machines": len(said.machines), "silent": said.silent} for name, said in answers.items()}
        typer.echo(json.dumps({"hosts": hosts, **found.document(), "notes": [*found.notes, *notes]}, indent=2))
    else:
        _print(found, notes, answers)
    raise typer.Exit(FINDINGS if found.has_drift else CANNOT_TELL if found.is_unsure else 0)


def _declared(loaded: "Loaded") -> frozenset[str]:
    """The UUIDs of all machines that files declare."""
    clients = loaded.fleet.clients.values()
    return frozenset(vps.machine_uuid(loaded.fleet.id, client.id) for client in clients for vps in client.vps.values())


def _backend(folder: Path) -> str:
    """The id of the state backend, as marks name it; empty when it has none yet, which a look does not give it."""
    import os

    from components.engine.backend import ID_FILE, backend_id, local_folder
    from components.engine.project import project_of

    environment = project_of(folder).backend(os.environ)
    local = local_folder(environment)
    return "" if local is not None and not (local / ID_FILE).is_file() else backend_id(environment)


def _recorded(folder: Path) -> "tuple[list[Recorded], dict[str, str], list[str]]":
    """Every machine as state remembers it or, where only the engine reads state, as the files declare it.

    With it the stacks that could not be read and why, and notes.
    """
    import os

    from components.domain.names import CLIENT_STACKS
    from components.domain.problems import DomainError
    from components.engine import state
    from components.engine.project import project_of
    from components.report.evidence import Recorded

    environment = project_of(folder).backend(os.environ)
    stacks = state.stacks(environment)
    found: list[Recorded] = []
    unread: dict[str, str] = {}
    for stack in (name for name in stacks or () if name.startswith(CLIENT_STACKS)):
        try:
            bags = state.machines(environment, stack) or []
        except DomainError as problem:
            unread[stack] = str(problem)
            continue
        found += [Recorded.of(stack, bag) for bag in bags]
    return (found, unread, []) if stacks is not None else _from_files(folder)


def _from_files(folder: Path) -> "tuple[list[Recorded], dict[str, str], list[str]]":
    from components.config.loader import load
    from components.declaration import machine_inputs
    from components.domain.names import client_stack
    from components.report.evidence import Recorded

    found: list[Recorded] = []
    unread: dict[str, str] = {}
    loaded = load(folder)
    for client in loaded.fleet.clients.values():
        stack = client_stack(client.key)
        if loaded.blocking(stack):
            unread[stack] = "its files have problems: vps check"
        else:
            declared = (machine_inputs(loaded.fleet, client, vps, backend="") for vps in client.vps.values())
            found += [Recorded(stack, bag, delivered=None) for bag in declared]
    return found, unread, ["compared with the files, as only the engine reads the state of this backend"]


def _ask(loaded: "Loaded") -> "dict[str, Answer]":
    """Every host at once; one that is silent, or whose file can't be read, is said to be."""
    from concurrent.futures import ThreadPoolExecutor

    from components.config.folder import HOSTS
    from components.report.evidence import Answer

    hosts = loaded.fleet.hosts
    broken = {
        name: Answer(silent="its file has problems: vps check")
        for file in loaded.files
        if file.startswith(f"{HOSTS}/") and (name := Path(file).stem) not in hosts
    }
    if not hosts:
        return broken
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(hosts))) as pool:
        return {**broken, **dict(zip(hosts, pool.map(_answer, hosts.values()), strict=True))}


def _answer(host: "Host") -> "Answer":
    from components.drivers.base import HostRef
    from components.drivers.errors import DriverError, HostUnreachable
    from components.drivers.registry import survey
    from components.report.evidence import Answer

    ref = HostRef(name=host.name, driver=host.driver, uri=host.uri, probe=host.probe)
    lost = host.lost.since if host.lost else ""
    try:
        return Answer(machines=survey(ref), has_probe=bool(ref.probe) or ref.driver == "fake", lost=lost)
    except DriverError as problem:
        # Only silence bears out that it is lost: one that answers with an error is there.
        return Answer(silent=problem.cause, lost=lost if isinstance(problem, HostUnreachable) else "")


def _print(found: "Audit", notes: list[str], answers: "dict[str, Answer]") -> None:
    from collections import Counter

    from components.report.findings import CLASSES

    lines: list[str] = []
    wide = [max((len(text) for text in column), default=0) for column in zip(*map(_cells, found.findings), strict=True)]
    for finding in found.findings:
        told = "  ".join(cell.ljust(width) for cell, width in zip(_cells(finding), wide, strict=True))
        lines.append(f"{told}  {finding.words}")
    lines += (f"note: {note}" for note in (*found.notes, *notes))
    counted = Counter(finding.kind for finding in found.findings)
    told = ", ".join(f"{counted[kind]} {kind}" for kind in CLASSES if counted[kind]) or "no drift"
    lines.append(f"{found.machines} machines recorded, {len(answers)} hosts asked: {told}")
    stacks = sorted({finding.stack for finding in found.findings if finding.stack})
    if stacks:
        lines.append(f"look closer: vps drift {stacks[0]} --diff")
    # Names and reasons come from hosts: nothing of them may steer a terminal.
    for line in lines:
        typer.echo("".join(letter if letter.isprintable() else "?" for letter in line))


def _cells(finding: "Finding") -> tuple[str, str, str, str]:
    return finding.kind, finding.machine or "-", finding.host or "-", finding.key
