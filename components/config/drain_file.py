"""drains/<host>.yaml: the steps by which a host is emptied, as somebody looked them over.

It is no declaration: no rule reads it, and it says nothing of how far anybody came.
"""

import datetime as dt
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from components.config.documents import read
from components.config.shape import FileShape, Shape, shaped
from components.config.texts import Text
from components.domain.drains import Plan, Step
from components.domain.problems import DomainError, Problem

FOLDER = "drains"
"""In the fleet folder, so that a plan can be reviewed and committed; nothing has to be."""
SCHEMA = 1
Instant = Annotated[Text, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]


class StepShape(Shape):
    """One VPS that moves."""

    vps: Text
    """CLIENT/VPS."""
    id: Text
    """Its id: another VPS under that name is not moved."""
    to: Text
    """A host of hosts/."""
    live: bool
    """Whether its guest keeps running."""
    opens: Instant
    """Not before then (UTC)."""
    closes: Instant | None = None
    """A guest that is shut down is back by then (UTC)."""
    minutes: Annotated[int, Field(ge=0)] = 0
    """How long it is thought to take: with `closes`, it does not begin later than that."""


class DrainFile(FileShape):
    """A whole plan."""

    stand_ins: ClassVar[dict[str, object]] = {}

    schema_: Annotated[int, Field(alias="schema", ge=SCHEMA, le=SCHEMA)]
    fleet: Text
    """Id of the fleet."""
    host: Text
    """The host that is emptied."""
    made: Instant
    steps: Annotated[tuple[StepShape, ...], Field(strict=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A step of a file."""

    client: str
    vps: str
    id: str
    to: str
    live: bool
    opens: dt.datetime
    closes: dt.datetime | None
    lasts: dt.timedelta

    @property
    def title(self) -> str:
        """CLIENT/VPS."""
        return f"{self.client}/{self.vps}"


def read_steps(file: Path, fleet: str) -> tuple[str, tuple[Wanted, ...]]:
    """Host and steps of a file. Raises DomainError with every problem of it, or when it is of another fleet."""
    document = read(file)
    if document.data is not None and "steps" not in document.data:
        raise DomainError(f"{file} is no drain plan: it has no `steps:`.", "Nothing was done. Plan: vps drain HOST")
    whole, flaws = shaped(document, DrainFile)
    problems = [
        Problem(code="drain-file", path=flaw.path, message=flaw.message, remedy=flaw.remedy, file=str(file), line=line)
        for flaw in flaws
        for line in (flaw.line or document.line(flaw.path),)
    ]
    steps: list[Wanted] = []
    for index, step in enumerate(whole.steps if whole else ()):
        try:
            steps.append(_step(step, whole.host if whole else "", {one.title for one in steps}))
        except DomainError as error:
            path = ("steps", index, "vps")
            line = document.line(path)
            problems.append(
                Problem(
                    code="drain-file", path=path, message=error.message, remedy=error.remedy, file=str(file), line=line
                )
            )
    if whole is None or problems:
        told = "\n".join(str(problem) for problem in problems)
        raise DomainError(f"Unable to read the plan:\n{told}", "Nothing was done. Mend it, or: vps drain HOST --again")
    if whole.fleet != fleet:
        raise DomainError(f"{file} is of the fleet {whole.fleet}, and this one is {fleet}.", "Nothing was done.")
    return whole.host, tuple(steps)


def _step(step: StepShape, host: str, before: Collection[str]) -> Wanted:
    """Raises DomainError for a step that means nothing."""
    client, _, vps = step.vps.partition("/")
    if not (client and vps):
        raise DomainError(f'"{step.vps}" is no CLIENT/VPS.', "Write it like example-coop/web1.")
    if step.to == host:
        raise DomainError(f"{step.vps} goes to {host}, which is to be emptied.", "Name another host.")
    if step.vps in before:
        raise DomainError(f"{step.vps} stands here twice.", "Keep one of the two.")
    try:
        opens, closes = _read(step.opens), _read(step.closes) if step.closes else None
    except ValueError as error:
        raise DomainError(f"There is no such instant: {error}.", "Write it like 2026-11-24T03:00:00Z.") from error
    lasts = dt.timedelta(minutes=step.minutes)
    return Wanted(
        client=client, vps=vps, id=step.id, to=step.to, live=step.live, opens=opens, closes=closes, lasts=lasts
    )


def text(plan: Plan, fleet: str, name: str, remarks: str) -> str:
    """The file of a plan; `name` is how people call it, `remarks` are lines of comment at its end."""
    head = (
        f"# How {plan.host} is emptied, as planned {plan.made:%Y-%m-%d %H:%M} UTC. Look it over: take steps out,\n"
        "# change their order, host or hour. Then:\n"
        f'#   vps host set {plan.host} draining --reason "…"\n'
        "#   tell the clients; drafts stand below\n"
        f"#   vps drain --run {name} --look    what is left, and whether the plan still fits\n"
        f"#   vps drain --run {name}           as often as it takes; it goes on where it stopped\n"
        "# Nobody writes into this file what is done: each run looks at the clients' files and at the state.\n"
    )
    lines = [
        f"schema: {SCHEMA}",
        f"fleet: {json.dumps(fleet)}",
        f"host: {json.dumps(plan.host)}",
        f'made: "{_written(plan.made)}"',
        "steps:" if plan.steps else "steps: []",
    ]
    return head + "\n".join([*lines, *_lines(plan.steps)]) + "\n\n" + remarks


def _lines(steps: Sequence[Step]) -> list[str]:
    lines = []
    for step in steps:
        lines += [
            f"  - vps: {json.dumps(step.title)}",
            f"    id: {json.dumps(step.id)}",
            f"    to: {json.dumps(step.to)}",
            f"    live: {'true' if step.live else 'false'}",
            f'    opens: "{_written(step.opens)}"',
            *([f'    closes: "{_written(step.closes)}"'] if step.closes else []),
            f"    minutes: {step.lasts // dt.timedelta(minutes=1)}",
        ]
    return lines


def _written(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
