"""`vps rebuild`: state is a cache; here it is made again from git and from what the hosts hold."""

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.drivers.base import Mark
    from components.engine.census import Census
    from components.engine.run import Engine

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
QUIET = ("--suppress-outputs", "--suppress-progress")


def rebuild(
    new: Annotated[
        list[str] | None, typer.Option("--new", metavar="CLIENT/VPS", help="Declared, but never delivered; repeatable.")
    ] = None,
    fleet: FleetFolder = None,
    yes: Annotated[bool, typer.Option("--yes", help="Rebuild without asking.")] = False,
) -> None:
    """Act: make lost state again from the files and the machines' marks; no machine is made and none is touched."""
    from components.cli.consent import consent
    from components.config.loader import find_fleet, load
    from components.engine import census
    from components.engine.project import project_of
    from components.engine.rebuild import need_successor, succeed
    from components.engine.run import Engine

    loaded = load(find_fleet(fleet))
    engine = Engine.of(project_of(loaded.folder), loaded.fleet.hosts.values())
    stacks, blocked = _stacks(loaded)
    found = census.take(loaded.fleet, _owners(loaded), new or [], dt.datetime.now(dt.UTC).date())
    engine.project.prepare(engine.environment)
    need_successor(engine.environment, found.backend)
    _tell(found, stacks, blocked)
    consent(
        f"Make state in this backend the successor of backend {found.backend}? Never while that one may still be used: "
        "two states would each believe to own these machines.",
        given=yes,
    )
    succeed(engine.environment, found.backend)
    failed = [stack for stack in stacks if not _take_over(engine, loaded, stack, found)]
    _verdict(stacks, failed, found, blocked)


def _stacks(loaded: "Loaded") -> tuple[list[str], list[str]]:
    """Every declared stack that nothing stops, hosts first, and those that their files stop."""
    from components.config.folder import CLIENTS, HOSTS
    from components.domain.names import client_stack, host_stack

    found: list[str] = []
    for folder, stack_of in ((HOSTS, host_stack), (CLIENTS, client_stack)):
        files = (Path(file) for file in loaded.files)
        found += sorted(stack_of(file.stem) for file in files if str(file.parent) == folder)
    blocked = [stack for stack in found if loaded.blocking(stack)]
    return [stack for stack in found if stack not in blocked], blocked


def _owners(loaded: "Loaded") -> dict[str, "list[Mark]"]:
    """The marks on every host, all asked at once. Raises DomainError when one does not answer: it may hold any."""
    from components.declaration import host_ref
    from components.domain.problems import DomainError
    from components.drivers.base import HostRef
    from components.drivers.errors import DriverError
    from components.drivers.registry import connect

    def ask(ref: HostRef) -> "list[Mark] | DriverError":
        try:
            driver = connect(ref)
            try:
                return list(driver.adopter().owners())
            finally:
                driver.close()
        except DriverError as error:
            return error

    hosts = [host for host in loaded.fleet.hosts.values() if host.lost is None]
    declared = {file for file in loaded.files if file.startswith("hosts/")}
    unread = declared - {f"hosts/{name}.yaml" for name in loaded.fleet.hosts}
    if unread:
        raise DomainError(
            f"{', '.join(sorted(unread))} can't be read whole, and that host may hold any machine.",
            "Nothing was touched. Mend it first: vps check",
        )
    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = dict(zip((host.name for host in hosts), pool.map(ask, map(host_ref, hosts)), strict=True))
    silent = [str(answer) for answer in answers.values() if isinstance(answer, DriverError)]
    if silent:
        raise DomainError(
            "Not every host answered, and one that did not may hold any machine:\n" + "\n".join(silent),
            "Nothing was touched. Bring it up, or fence it and say so with `vps host lost`, then run this again.",
        )
    return {name: answer for name, answer in answers.items() if not isinstance(answer, DriverError)}


def _tell(found: "Census", stacks: list[str], blocked: list[str]) -> None:
    typer.echo(f"Every mark names backend {found.backend}. {len(found.held)} declared machines are there:")
    for name, host in found.held.items():
        typer.echo(f"  {name} on {host}")
    for name in found.missing:
        typer.echo(f"  {name}: on no host. It is recorded as missing and never made empty (--new {name} if it is new).")
    for text in found.undeclared:
        typer.echo(f"  {text}: no line that can be read declares it. It stays untouched, and no state will know it.")
    for stack in blocked:
        typer.echo(f"  {stack}: its files have problems (vps check); it is left out.")
    typer.echo(f"State is made again for {len(stacks)} stacks: {', '.join(stacks)}.")


def _take_over(engine: "Engine", loaded: "Loaded", stack: str, found: "Census") -> bool:
    """Make the stack and take over what it declares; whether state has all of it now, and a preview is empty.

    Nothing of it is new, which the policy pack is told: an overfull host keeps nobody's state from coming back.
    """
    from components.engine import audit, state
    from components.engine.rebuild import REBUILD, forget_salt
    from components.engine.run import POLICIES

    typer.echo(f"\n{stack}")
    with engine.turn(stack, "vps rebuild"):
        if state.is_initialised(engine.environment, stack) is None:
            engine.run(["stack", "select", "--create", stack])
        elif not state.is_initialised(engine.environment, stack):
            forget_salt(engine.project, engine.environment, stack)
            engine.init(stack)
        engine.environment[REBUILD] = json.dumps(sorted(found.left_out))
        try:
            common = ["--stack", stack, "--policy-pack", str(POLICIES), *QUIET]
            there = audit.declared(loaded, stack)
            with audit.handed_over(engine.environment, stack, {}, (), there):
                if engine.run(["up", "--yes", "--skip-preview", *common]) != 0:
                    return False
                return engine.run(["preview", "--expect-no-changes", *common]) == 0
        finally:
            del engine.environment[REBUILD]


def _verdict(stacks: list[str], failed: list[str], found: "Census", blocked: list[str]) -> None:
    typer.echo(
        f"\n{len(stacks) - len(failed)} of {len(stacks)} stacks have their state again, each with an empty preview."
    )
    for stack in failed:
        typer.echo(f"{stack}: not as declared, or not all of it is there; see above, then `vps preview {stack}`.")
    typer.echo("Commit the changed files of pulumi/: they hold the new state's salt.")
    if failed or found.missing or found.undeclared or blocked:
        raise typer.Exit(1)
