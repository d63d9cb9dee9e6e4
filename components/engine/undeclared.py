"""What state holds and no file declares: the engine's own refusal would advise to lift the protection, ours says how.

A line may go only after state no longer holds what it declared: a machine after its end, a host's image or network
after it was retired. Whatever is protected in state and not declared stops the whole stack, before anything is done.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from components.config import folder as places
from components.config.loader import Loaded
from components.declaration import host_resources
from components.domain.names import CLIENT_STACKS, HOST_STACKS
from components.domain.problems import DomainError, Problem
from components.engine import state

OURS = "vps:index:"

_PERMANENT = "Put the id back (git checkout): it is permanent. A new VPS gets lines of its own, with a new id."


def problems(environment: Mapping[str, str], loaded: Loaded) -> Iterator[Problem]:
    """Stacks without a file, machines without a line, and what hosts hold that no file names any more.

    Only of a `file://` backend; of another one nothing is known here.
    """
    for stack in state.stacks(environment) or ():
        prefix, folder = (
            (HOST_STACKS, places.HOSTS) if stack.startswith(HOST_STACKS) else (CLIENT_STACKS, places.CLIENTS)
        )
        name = stack.removeprefix(prefix)
        file, path = f"{folder}/{name}.yaml", (folder, name)
        try:
            held = _ours(environment, stack)
        except DomainError as problem:
            yield Problem(code="state-unreadable", path=path, message=str(problem), remedy="", file=file)
            continue
        if file not in loaded.files:
            if held:
                told = ", ".join(title(one) for one in held)
                message = f"The stack {stack} has no file, and it holds {told}."
                remedy = f"Restore {file} from git. {_remedy(stack)}"
                yield Problem(code="stack-without-file", path=path, message=message, remedy=remedy, file=file)
            continue
        lost = without_line(loaded, stack, held)
        changed = _with_lines(loaded, stack, map(title, lost))
        for one in lost:
            if title(one) in changed:
                message = f"{title(one)} is there under another id than its lines have now."
                yield Problem(code="id-changed", path=path, message=message, remedy=_PERMANENT, file=file)
                continue
            message = f"{title(one)} is there, and no line declares it any more."
            yield Problem(
                code="machine-without-line",
                path=path,
                message=message,
                remedy=f"Put the lines back. {_remedy(stack)}",
                file=file,
            )


def need_declared(environment: Mapping[str, str], loaded: Loaded, stack: str) -> None:
    """Raises DomainError when anything that is protected in the stack's state has lost its lines."""
    held = [one for one in _ours(environment, stack) if one.get("protect") or not _may_go(one)]
    lost = [title(one) for one in without_line(loaded, stack, held)]
    need_ids(loaded, stack, lost)
    if lost:
        raise DomainError(
            f"{', '.join(lost)}: still there, but the lines that declare it are gone. Refused, nothing was touched: "
            f"deleting lines never ends {'a VPS' if stack.startswith(CLIENT_STACKS) else 'anything'}.",
            f"Put the lines back (git checkout). {_remedy(stack)}",
        )


def need_ids(loaded: Loaded, stack: str, lost: Iterable[str]) -> None:
    """Raises DomainError when a machine of `lost`, by title, has its lines still, under an `id:` that was changed."""
    changed = _with_lines(loaded, stack, lost)
    if changed:
        raise DomainError(
            f"{', '.join(changed)}: the machine is there under another id than its file has now: an `id:` was changed, "
            "which would make a second, empty machine. Refused, nothing was touched.",
            _PERMANENT,
        )


def _with_lines(loaded: Loaded, stack: str, titles: Iterable[str]) -> list[str]:
    """Those titles that the stack's file has lines for, under whatever id."""
    client = loaded.fleet.clients.get(stack.removeprefix(CLIENT_STACKS)) if stack.startswith(CLIENT_STACKS) else None
    named = {f"{client.key}/{vps.key}" for vps in client.vps.values()} if client else set()
    return [one for one in titles if one in named]


def no_lines(loaded: Loaded, client: str, titles: Iterable[str]) -> list[str]:
    """Those titles that the client's file, broken or gone, has no lines for; none where nobody can tell."""
    reading = loaded.readings.get(f"{places.CLIENTS}/{client}.yaml")
    if reading is None:
        return list(titles)
    data = reading.document.data
    if data is None or not isinstance(lines := data.get("vps", ""), Mapping | None):
        return []
    return [one for one in titles if one.partition("/")[2] not in (lines or ())]


def without_line(loaded: Loaded, stack: str, held: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those resources that the stack's file doesn't declare; none when the file is broken, for then nobody can tell."""
    if stack.startswith(CLIENT_STACKS):
        client = loaded.fleet.clients.get(stack.removeprefix(CLIENT_STACKS))
        if client is None:
            return []
        declared = {vps.machine_uuid(loaded.fleet.id, client.id) for vps in client.vps.values()}
        return [one for one in held if one.get("type") == state.MACHINE and _outputs(one).get("uuid") not in declared]
    host = loaded.fleet.hosts.get(stack.removeprefix(HOST_STACKS))
    if host is None or loaded.blocking(stack):
        return []
    urns = host_resources(loaded.fleet, host, backend="").keys()
    return [one for one in held if one["urn"] not in urns]


def title(resource: Mapping[str, Any]) -> str:
    """What people call it: `example-coop/web1`, `image base-debian-13`."""
    found = _outputs(resource)
    kind = str(resource.get("type", "")).removeprefix(OURS)
    if kind == "Machine":
        return str(found.get("title") or found.get("name"))
    return f"{ {'StoragePool': 'pool'}.get(kind, kind.lower()) } {found.get('name')}"


def _remedy(stack: str) -> str:
    if stack.startswith(CLIENT_STACKS):
        return "A VPS ends by `vps end CLIENT/VPS --on DATE`; its lines may go once `vps up` has ended it."
    return "An image leaves a host by `vps image retire`; a network or pool stays as long as machines may stand on it."


def _may_go(resource: Mapping[str, Any]) -> bool:
    """Whether the engine may end what it holds without protection: of machines, those whose end is reached."""
    ends = str(_outputs(resource).get("ends") or "")
    return resource.get("type") != state.MACHINE or "" < ends <= dt.datetime.now(dt.UTC).date().isoformat()


def _outputs(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    found = resource.get("outputs")
    return found if isinstance(found, Mapping) else {}


def _ours(environment: Mapping[str, str], stack: str) -> list[dict[str, Any]]:
    return [one for one in state.resources(environment, stack) or () if str(one.get("type", "")).startswith(OURS)]
