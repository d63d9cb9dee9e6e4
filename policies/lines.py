"""The line that declares a machine: a VPS in its client's file, found by the permanent ids that the machine carries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from policies import declared
from policies.declared import DeclaredError, UndeclaredError
from policies.machine import Resource, text
from policies.rule import Rule

_WITHOUT = "Put it back: a machine without a line has no package, no term and nobody who pays."


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One VPS as declared: its client's name and file, its own name and lines."""

    client: str
    file: Mapping[str, object]
    name: str
    vps: Mapping[str, object]

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.client}/{self.name}"


def of(found: Resource) -> Line:
    """The line of a machine. Raises UndeclaredError when there is none, or its file can't be read."""
    if "line" not in found.memo:
        found.memo["line"] = _of(found)
    line: Line = found.memo["line"]
    return line


def _of(found: Resource) -> Line:
    client, identity = found.title.partition("/")[0], text(found.properties.get("vps"))
    try:
        line = by_id(declared.folder(), client).get(identity)
    except DeclaredError as error:
        raise UndeclaredError(str(error)) from error
    if line is None:
        raise UndeclaredError(f"clients/{client}.yaml declares no VPS with the id {identity or '(none)'}. {_WITHOUT}")
    if text(line.file.get("id")) != text(found.properties.get("client")):
        raise UndeclaredError(f"clients/{client}.yaml is another client's: its id isn't the machine's. {_WITHOUT}")
    return line


@declared.kept
def by_id(base: Path, client: str) -> Mapping[str, Line]:
    """Every VPS of a client by its id. Raises DeclaredError."""
    file = declared.client(base, client)
    found = {name: declared.lines(vps) for name, vps in declared.lines(file.get("vps")).items()}
    return {text(vps.get("id")): Line(client=client, file=file, name=name, vps=vps) for name, vps in found.items()}


def stands(found: Resource) -> Iterator[str]:
    """A machine is somebody's: a line of a client's file says so."""
    if not found.is_machine:
        return
    try:
        line = of(found)
    except UndeclaredError as error:
        yield f"{found.title}: {error}"
        return
    if text(line.vps.get("host")) != found.host:
        yield (
            f"{found.title}: it would stand on {found.host or 'no host'}, but its line says "
            f"{text(line.vps.get('host')) or 'none'}. Run `vps move`, which changes both."
        )


RULES = (Rule("machine-is-declared", "A machine has its line in a client's file, on the host that it names", stands),)
