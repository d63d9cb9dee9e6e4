"""All that is recorded, held against the policy pack by the engine, without a program, a plugin or a host.

The engine takes the resources of many stacks as one file, so a thousand stacks cost one start of the pack.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.domain.problems import DomainError
from components.engine import audit, state
from components.engine.location import engine_path

DEADLINE_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One violation: of which rule, how strict that is, and where. `resource` is the logical name."""

    stack: str
    resource: str
    rule: str
    level: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What was judged and what was found, in the order of stacks; `unread` are stacks that nobody could export."""

    stacks: int
    resources: int
    findings: tuple[Finding, ...]
    unread: tuple[str, ...] = ()

    @property
    def violations(self) -> int:
        """How many findings are mandatory."""
        return sum(one.level != "advisory" for one in self.findings)


def analyse(environment: Mapping[str, str], pack: Path, hosts: Mapping[str, str], only: Sequence[str] = ()) -> Analysis:
    """Judge every stack of the backend, or `only` these; `hosts` are states by name. Raises DomainError."""
    gathered, unread = {}, []
    for stack in only or stacks(environment):
        found = _deployment(environment, stack)
        if found is None:
            unread.append(stack)
        elif found.get("resources"):
            gathered[stack] = found
    every = [one for found in gathered.values() for one in found["resources"] if not one.get("delete")]
    findings = _findings(environment, pack, hosts, gathered, every) if every else ()
    return Analysis(stacks=len(gathered), resources=len(every), findings=tuple(findings), unread=tuple(unread))


def stacks(environment: Mapping[str, str]) -> list[str]:
    """Every stack of the backend, by name, listed by the engine where only it can. Raises DomainError."""
    found = state.stacks(environment)
    if found is not None:
        return found
    told = _run(environment, ["stack", "ls", "--json"])
    try:
        return sorted(str(one["name"]).rpartition("/")[2] for one in json.loads(told.stdout))
    except (ValueError, TypeError, KeyError) as error:
        raise DomainError(
            f"The engine can't list the stacks: {told.stderr.strip()}.", "Is the backend there?"
        ) from error


def _deployment(environment: Mapping[str, str], stack: str) -> dict[str, Any] | None:
    found = state.latest(environment, stack)
    if found is not None:
        return found
    exported = audit.export(environment, stack)
    return None if exported is None else dict(exported.get("deployment") or {})


def _findings(
    environment: Mapping[str, str],
    pack: Path,
    hosts: Mapping[str, str],
    gathered: Mapping[str, Mapping[str, Any]],
    every: Sequence[Mapping[str, Any]],
) -> Iterator[Finding]:
    # What is recorded is what was before: nothing in it is new, and rules of a change find no change.
    deployment = {**next(iter(gathered.values())), "resources": every, "pending_operations": []}
    known = dict(environment)
    with (
        audit.handed_over(known, "", hosts, every),
        tempfile.NamedTemporaryFile("w", prefix="vps-audit-", suffix=".json", encoding="utf-8") as file,
    ):
        json.dump({"version": 3, "deployment": deployment}, file)
        file.flush()
        told = _run(known, ["policy", "analyze", "--file", file.name, "--policy-pack", str(pack), "--json"])
    events = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
    found = [_finding(event["policyEvent"]) for event in events if "policyEvent" in event]
    is_whole = any("summaryEvent" in event for event in events)
    if not is_whole or (told.returncode != 0 and all(one.level == "advisory" for one in found)):
        cause = " ".join((told.stderr or told.stdout).split())[-1000:] or f"it ended with {told.returncode}"
        raise DomainError(f"The engine could not judge what is recorded: {cause}", "Nothing is said of any stack.")
    order = {stack: number for number, stack in enumerate(gathered)}
    yield from sorted(found, key=lambda one: (order.get(one.stack, len(order)), one.level == "advisory", one.resource))


def _finding(event: Mapping[str, Any]) -> Finding:
    parts = str(event.get("resourceUrn", "")).split("::")
    _, _, message = str(event.get("message", "")).partition("\n")
    return Finding(
        stack=parts[0].removeprefix("urn:pulumi:"),
        resource=parts[-1],
        rule=str(event.get("policyName", "")),
        level=str(event.get("enforcementLevel", "")),
        message=message or str(event.get("message", "")),
    )


def _run(environment: Mapping[str, str], arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [str(engine_path()), *arguments, "--non-interactive"],
            cwd=Path(environment["VPS_FLEET"]).parent,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DomainError(f"The engine can't be asked: {error}.", "Nothing is said of any stack.") from error
