"""`vps image retire` and `vps host retire`: what hosts hold and nobody needs goes, and state forgets it.

The host is asked first and refuses while anything stands on it; only what is gone there is taken out of state. A run
that died is finished by the next one.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.drivers.base import Driver, HostRef
    from components.engine.run import Engine

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def image(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An image that the catalogue no longer offers.")],
    fleet: FleetFolder = None,
    yes: Yes = False,
) -> None:
    """Act: take a withdrawn image off every host, after asking; refused while any disk, trash included, needs it."""
    from components.domain.problems import DomainError

    engine, loaded = _engine(fleet)
    if name in loaded.fleet.offers and name in loaded.fleet.images:
        raise DomainError(
            f"Image {name} is still offered.", "Take it out of catalogue.yaml first, with every VPS that names it."
        )
    held = [
        (stack, one)
        for stack in _host_stacks(engine)
        for one in _held(engine, stack)
        if one["type"] == "vps:index:Image" and one["outputs"].get("name") == name
    ]
    if not held:
        raise DomainError(f"No host's state holds image {name}.", "`vps image list` shows what is locked.")
    typer.echo(f"Image {name} goes from {', '.join(stack.partition('.')[2] for stack, _ in held)}.")
    if not yes and not typer.confirm("Remove it there?"):
        raise typer.Exit(1)
    failed = [stack for stack, one in held if not _retired(engine, loaded, stack, one)]
    raise typer.Exit(1 if failed else 0)


def host(
    name: Annotated[str, typer.Argument(metavar="HOST", help="The stem of its file in hosts/.")],
    fleet: FleetFolder = None,
    yes: Yes = False,
) -> None:
    """Act: clear an empty host of what we made there and forget its stack; refused while machines or trash stay."""
    from components.domain.names import host_stack
    from components.domain.problems import DomainError
    from components.engine import state

    engine, loaded = _engine(fleet)
    stack = host_stack(name)
    found = loaded.fleet.hosts.get(name)
    if found is None:
        raise DomainError(f"Host {name} is not declared.", f"Known: {', '.join(sorted(loaded.fleet.hosts)) or 'none'}.")
    placed = [f"{client.key}/{vps.key}" for client, vps in loaded.fleet.machines() if vps.host == name]
    if placed:
        raise DomainError(f"Host {name} is still that of {', '.join(placed)}. Nothing was touched.", "Move them first.")
    if state.is_initialised(engine.environment, stack) is not True:
        raise DomainError(
            f"Nobody can tell what stack {stack} holds.", "Only a local backend's stacks are retired yet."
        )
    _need_empty(name, _driver(loaded, name))
    held = sorted(_held(engine, stack), key=lambda one: _ORDER.index(one["type"]))
    typer.echo(f"From {name} goes what we made there: {', '.join(_title(one) for one in held) or 'nothing'}.")
    if not yes and not typer.confirm("Remove it and forget the stack?"):
        raise typer.Exit(1)
    if not all(_retired(engine, loaded, stack, one) for one in held):
        raise typer.Exit(1)
    if engine.run(["stack", "rm", stack, "--yes", "--force"]) != 0:
        raise DomainError(f"The engine could not forget stack {stack}.", "Its own words stand above. Run this again.")
    typer.echo(f"{name} is retired. Remove hosts/{name}.yaml and commit.")


_ORDER = ("vps:index:Image", "vps:index:Network", "vps:index:StoragePool")


def _engine(fleet: Path | None) -> "tuple[Engine, Loaded]":
    from components.config.loader import find_fleet, load
    from components.engine.project import project_of
    from components.engine.run import Engine

    loaded = load(find_fleet(fleet))
    return Engine.of(project_of(loaded.folder), loaded.fleet.hosts.values()), loaded


def _host_stacks(engine: "Engine") -> list[str]:
    from components.domain.names import HOST_STACKS
    from components.domain.problems import DomainError
    from components.engine import state

    found = state.stacks(engine.environment)
    if found is None:
        raise DomainError("This backend's state can't be read here.", "Only a local backend's images are retired yet.")
    return [stack for stack in found if stack.startswith(HOST_STACKS)]


def _held(engine: "Engine", stack: str) -> list[dict[str, Any]]:
    from components.engine import state

    return [one for one in state.resources(engine.environment, stack) or () if one.get("type") in _ORDER]


def _driver(loaded: "Loaded", name: str) -> "Driver":
    from components.declaration import host_ref
    from components.drivers.registry import connect

    return connect(host_ref(loaded.fleet.hosts[name]))


def _need_empty(name: str, driver: "Driver") -> None:
    from components.domain.problems import DomainError

    machines = [machine.name for machine in driver.read_all()]
    trash = [found.title for found in driver.read_trash()]
    if machines or trash:
        told = [f"machines {', '.join(machines)}"] * bool(machines) + [f"trash of {', '.join(trash)}"] * bool(trash)
        raise DomainError(
            f"Host {name} still holds {' and '.join(told)}. Nothing was touched.",
            "Move or end the machines; `vps trash empty --due` when their day has come.",
        )


def _retired(engine: "Engine", loaded: "Loaded", stack: str, resource: dict[str, Any]) -> bool:
    """Take one thing off its host, then out of state; whether both are done."""
    from components.declaration import host_ref
    from components.domain.problems import DomainError
    from components.drivers.errors import DriverError
    from components.drivers.registry import connect
    from components.engine import lock
    from components.provider.host_objects import images, networks, pools

    what = f"{_title(resource)} of {stack.partition('.')[2]}"

    def driver_for(ref: "HostRef") -> "Driver":
        known = loaded.fleet.hosts.get(ref.name)
        return connect(ref if known is None else host_ref(known))

    delete = {
        "vps:index:Image": images(driver_for, lambda _sha256, _name: Path()).delete,
        "vps:index:Network": networks(driver_for).delete,
        "vps:index:StoragePool": pools(driver_for).delete,
    }[resource["type"]]
    try:
        with lock.hold(engine.environment, stack, f"vps retire {what}"):
            words = delete(resource["id"], dict(resource["outputs"]))
    except (DriverError, DomainError) as problem:
        typer.echo(f"error: {problem}", err=True)
        return False
    with engine.turn(stack, f"vps retire {what}"):
        code = engine.run(["state", "delete", resource["urn"], "--force", "--yes", "--stack", stack])
    typer.echo(words if code == 0 else f"{words}, but state still holds it: run this again", err=code != 0)
    return code == 0


def _title(resource: dict[str, Any]) -> str:
    from components.engine.undeclared import title

    return title(resource)
