"""`vps new --again`: after a rebase, another place for new VPSs that clash with what came in between."""

import datetime as dt
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.anew import Anew
    from components.domain.clients import Client


def pick_again(title: str, fleet: Path | None, base: str, *, yes: bool, as_json: bool) -> None:
    """Pick anew what clashes of one VPS, or of all that a client's file has, and of none that is in force.

    Raises DomainError when there is no such VPS, nobody can tell what is in force, or no host takes one that must go.
    """
    from components.cli import placing
    from components.cli.new import need_readable
    from components.cli.next_steps import print_json, steps, sure
    from components.config.edit import Draft
    from components.config.folder import CLIENTS
    from components.config.loader import find_fleet, load
    from components.domain.names import client_stack

    folder = find_fleet(fleet)
    loaded, today = load(folder), dt.datetime.now(dt.UTC).date()
    client, label = _declared(loaded, title)
    need_readable(loaded, f"Unable to place {title} anew")
    held, how = in_force(loaded, client, base)
    if not as_json:
        typer.echo(f"in force is what {how} has")
        for key in client.vps:
            if key in held and label in ("", key):
                typer.echo(f"{client.key}/{key}: in force, {held[key]}: left as it is")
    found = _anew(loaded, client, [key for key in client.vps if key not in held and label in ("", key)], today)
    name = f"{CLIENTS}/{client.key}.yaml"
    following: list[str] = []
    if found:
        draft = Draft(folder / name)
        for one in found.values():
            _rewrite(draft.document["vps"][one.vps.key], client.vps[one.vps.key], one)
        if not as_json:
            for key, one in found.items():
                typer.echo(f"\n{client.key}/{key}: " + "; ".join(one.why))
                placing.tell(one.placed)
            typer.echo(f"\n{draft.diff()}")
        if sure(yes=yes, as_json=as_json):
            draft.write()
            last = f"vps up {client_stack(client.key)}"
            following = steps(folder, [name], f"Place {client.key} anew", last)
    if as_json:
        anew = {key: placing.report(one.placed) | {"clashed": list(one.why)} for key, one in found.items()}
        report = {"client": client.key, "file": name, "base": how, "in_force": held, "anew": anew}
        print_json(report | {"written": bool(following), "next": following})
    elif following:
        typer.echo(f"wrote {name}. Next:")
        typer.echo("\n".join(f"  {step}" for step in following))
    elif not found:
        typer.echo(f"{title}: nothing clashes that is not in force; nothing was written.")


def in_force(loaded: "Loaded", client: "Client", base: str) -> tuple[dict[str, str], str]:
    """The client's VPSs that are in force, by name with how that is known; and where it was looked for.

    In force is what state holds, and what stood in the commit where the history left the trunk's; on the trunk itself,
    in its last one. Raises DomainError for an unknown `base`, when state can't be asked and no `base` is said, and when
    neither git nor state can be.
    """
    from components.config.folder import CLIENTS
    from components.config.revision import files_at
    from components.domain.names import client_stack
    from components.domain.problems import DomainError

    found: dict[str, str] = {}
    asked = []
    stack = client_stack(client.key)
    machines = _machines(loaded, stack)
    if machines is not None:
        asked.append(f"the state of {stack}")
        for key, vps in client.vps.items():
            if vps.machine_uuid(loaded.fleet.id, client.id) in machines:
                found[key] = f"the state of {stack} holds it"
    elif not base:
        raise DomainError(
            f"Unable to tell what of {client.key} is in force: the state of {stack} can't be asked from here.",
            "Nothing was written. Work where `vps up` works; or say by --base which commit alone is in force.",
        )
    commit = _base(loaded.folder, base)
    if commit:
        asked.append(f"commit {commit[:12]}")
        files: Mapping[str, bytes] = files_at(loaded.folder, commit)
        texts = [content.decode(errors="replace") for name, content in files.items() if name.startswith(f"{CLIENTS}/")]
        for key, vps in client.vps.items():
            if key not in found and any(re.search(rf"\b{re.escape(vps.id)}\b", text) for text in texts):
                found[key] = f"commit {commit[:12]} has it"
    if not asked:
        raise DomainError(
            f"Unable to tell what of {client.key} is in force: neither git nor its state can be asked here.",
            "Nothing was written. Work in the fleet's checkout.",
        )
    unasked = f" (the state of {stack} can't be asked from here)" if machines is None else ""
    return found, " and ".join(asked) + unasked


def _base(folder: Path, asked: str) -> str:
    """The commit beyond which nothing is in force; empty outside of git, and before a first commit."""
    from components.config import checkout
    from components.domain.problems import DomainError

    if asked:
        return checkout.commit(folder, asked)
    try:
        checkout.prefix(folder)
    except DomainError:
        return ""
    for trunk in checkout.TRUNKS:
        fork = checkout.told(folder, "merge-base", trunk, "HEAD")
        if fork:
            return fork
    return checkout.told(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")


def _machines(loaded: "Loaded", stack: str) -> set[str] | None:
    """The UUIDs of the machines that state holds, read by the engine where only it can; None where nobody can."""
    from components.domain.problems import DomainError
    from components.engine import analysis, audit, state
    from components.engine.project import project_of

    try:
        project = project_of(loaded.folder)
        found = state.resources(project.backend(os.environ), stack)
        if found is None:
            environment = project.environment(os.environ)
            found = audit.resources_of(environment, stack) if stack in analysis.stacks(environment) else []
    except (DomainError, RuntimeError):
        return None
    if found is None:
        return None
    return {str((one.get("outputs") or {}).get("uuid")) for one in found if one.get("type") == state.MACHINE}


def _anew(loaded: "Loaded", client: "Client", labels: list[str], today: dt.date) -> "dict[str, Anew]":
    """Another place for each that clashes, one after the other: what the first gave up, the next may keep."""
    from components.cli.placing import known, refusals
    from components.domain.anew import anew
    from components.domain.problems import DomainError
    from components.domain.wishes import Unplaced

    operations, fleet = known(loaded, today), loaded.fleet
    found: dict[str, Anew] = {}
    for key in labels:
        one = anew(fleet, client, client.vps[key], operations, today)
        if isinstance(one, Unplaced):
            told = [f"Unable to place {client.key}/{key} anew: no host can take it.", *refusals(one.refused)]
            raise DomainError("\n".join([*told, f"{one.problem.remedy} Nothing was written."]))
        if one is not None:
            found[key] = one
            client = replace(client, vps={**client.vps, key: one.vps})
            fleet = replace(fleet, clients={**fleet.clients, client.key: client})
    return found


def _declared(loaded: "Loaded", title: str) -> "tuple[Client, str]":
    from components.config.folder import CLIENTS
    from components.domain.problems import DomainError

    key, _, label = title.partition("/")
    client = loaded.fleet.clients.get(key)
    if client is None:
        if f"{CLIENTS}/{key}.yaml" in loaded.files:
            raise DomainError(f"{CLIENTS}/{key}.yaml can't be read as it is.", "Run: vps check")
        raise DomainError(f"No client file {CLIENTS}/{key}.yaml.", f"A new client is made by: vps new {key}")
    if label:
        client.named(label)
    return client, label


def _rewrite(lines: Any, before: Any, found: "Anew") -> None:  # noqa: ANN401 - ruamel.yaml's own mapping
    """Host, network and addresses in the VPS's lines; what stays the same is not touched."""
    from ruamel.yaml.scalarstring import PlainScalarString

    from components.config.edit import put

    for key in ("host", "network"):
        if getattr(found.vps, key) != getattr(before, key):
            put(lines, key, PlainScalarString(getattr(found.vps, key)), after="power")
    for key in ("ipv4", "ipv6"):
        if getattr(found.vps, key) != getattr(before, key):
            texts = [one if ":" in one else PlainScalarString(one) for one in getattr(found.vps, key)]
            put(lines, key, texts, after="network")
