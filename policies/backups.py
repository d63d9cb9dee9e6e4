"""Where a package promises backups there is a place for them to go."""

from collections.abc import Iterator
from pathlib import Path

from policies import declared, lines, sales
from policies.machine import Resource, text
from policies.rule import Rule


def kept(found: Resource) -> Iterator[str]:
    """The fleet has a target for what the machine's package promises; where it has none, that is said."""
    if not found.is_machine:
        return
    package = sales.current(lines.of(found)).package
    promise = _promise(declared.folder(), package)
    if promise and not _has_target(declared.folder()):
        yield (
            f"{found.title}: {package} promises a backup every {promise}, and fleet.yaml names no target for any. "
            "Declare `backups:` in fleet.yaml, or sell a package that promises none."
        )


@declared.kept
def _promise(base: Path, package: str) -> str:
    backup = declared.lines(declared.catalogue(base, "packages", package, "package").get("backup"))
    return text(backup.get("every"))


@declared.kept
def _has_target(base: Path) -> bool:
    return bool(text(declared.lines(declared.fleet(base).get("backups")).get("target")).strip())


RULES = (Rule("backups-have-a-target", "What a package promises can be kept: backups have a target", kept, "advisory"),)
"""The rule about backups."""
