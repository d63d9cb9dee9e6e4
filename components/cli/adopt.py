"""`vps adopt`: machines that somebody else made become a client's VPSs, without a touch to what runs."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.config.loader import Loaded
    from components.config.proposal import Proposal
    from components.domain.clients import Client, Vps
    from components.domain.hosts import Host
    from components.drivers.adoption import Stranger

FleetFolder = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]


def adopt(
    what: Annotated[str, typer.Argument(metavar="HOST|CLIENT/VPS")],
    write: Annotated[
        str, typer.Option("--write", metavar="CLIENT", help="With HOST: write the proposal as a new client's file.")
    ] = "",
    machine: Annotated[
        list[str] | None, typer.Option("--machine", help="With HOST: only this machine, by name or UUID; repeatable.")
    ] = None,
    fleet: FleetFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="With HOST: for machines.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Adopt without asking.")] = False,
) -> None:
    """Act: with HOST, look for machines without an owner and propose files; with CLIENT/VPS, adopt one as declared."""
    from components.config.loader import find_fleet, load

    loaded = load(find_fleet(fleet))
    if "/" in what:
        _act(loaded, what, yes=yes)
    else:
        _look(loaded, what, set(machine or ()), write, as_json=as_json)


def _look(loaded: "Loaded", name: str, wanted: set[str], write: str, *, as_json: bool) -> None:
    from components.config.proposal import propose
    from components.declaration import host_ref
    from components.domain.problems import DomainError
    from components.drivers.registry import connect

    host = loaded.fleet.hosts.get(name)
    if host is None:
        known = ", ".join(sorted(loaded.fleet.hosts)) or "none"
        raise DomainError(f'There is no host "{name}" whose file is whole.', f"Hosts: {known}. Or write CLIENT/VPS.")
    driver = connect(host_ref(host))
    try:
        found = driver.adopter().strangers()
    finally:
        driver.close()
    if wanted:
        lacking = wanted - {key for one in found for key in (one.name, one.uuid)}
        if lacking:
            raise DomainError(
                f"{name} holds no machine without an owner called {', '.join(sorted(lacking))}.",
                f"It holds {', '.join(one.name for one in found) or 'none'}.",
            )
        found = [one for one in found if wanted & {one.name, one.uuid}]
    able = [one for one in found if not one.obstacles]
    proposal = propose(loaded.fleet, host, write or "CLIENT", able, dt.datetime.now(dt.UTC).date()) if able else None
    if as_json:
        _print_json(host, found, proposal)
    else:
        _print_found(host, found)
    if write:
        if proposal is None:
            raise DomainError(f"Nothing on {name} can be adopted as it is.", "Nothing was written.")
        _write(loaded, write, proposal)
    elif proposal is not None and not as_json:
        typer.echo(f"\nProposed (nothing was written; --write CLIENT does):\n\n{_packages(proposal)}")
        typer.echo(f"# clients/CLIENT.yaml\n{proposal.client}", nl=False)


def _print_found(host: "Host", found: "Sequence[Stranger]") -> None:
    from components.domain.limits import display

    if not found:
        typer.echo(f"{host.name}: every machine there has an owner's mark, or there is none.")
        return
    typer.echo(f"{host.name}: {len(found)} without an owner's mark. Nothing was touched.")
    for one in found:
        verdict = "can be adopted" if not one.obstacles else "can't be adopted as it is"
        typer.echo(f"\n{_plain(one.name)}  {one.uuid}  {one.power}  {verdict}")
        limits = ", ".join(f"{key} {display(key, value)}" for key, value in one.limits.items())
        typer.echo(f"  {limits}")
        seen = f", seen with {', '.join(one.addresses)}" if one.addresses else ""
        typer.echo(f"  {one.attach or 'no single NIC'} {one.mac}, pool {one.pool or 'unknown'}{seen}")
        for obstacle in one.obstacles:
            typer.echo(f"  in the way: {_plain(obstacle)}")
        for note in one.notes:
            typer.echo(f"  note: {_plain(note)}")


def _print_json(host: "Host", found: "Sequence[Stranger]", proposal: "Proposal | None") -> None:
    import json
    from dataclasses import asdict

    document: dict[str, Any] = {"host": host.name, "machines": [asdict(one) for one in found], "proposal": None}
    if proposal is not None:
        document["proposal"] = {"client": proposal.client, "packages": proposal.packages}
    typer.echo(json.dumps(document, indent=2))


def _packages(proposal: "Proposal") -> str:
    if not proposal.packages:
        return ""
    lines = ["# catalogue.yaml", "packages:"]
    for key, text in proposal.packages.items():
        lines += [f"  {key}:", *(f"    {line}" for line in text.splitlines())]
    return "\n".join(lines) + "\n"


def _write(loaded: "Loaded", client: str, proposal: "Proposal") -> None:
    """The catalogue first: a file that names no known package would be worse than a package that nobody has."""
    from ruamel.yaml import YAML

    from components.config.edit import edit
    from components.config.folder import CATALOGUE, CLIENTS
    from components.config.loader import load
    from components.config.writing import replace
    from components.domain.names import is_label
    from components.domain.problems import DomainError

    file = loaded.folder / CLIENTS / f"{client}.yaml"
    if not is_label(client):
        raise DomainError(f'"{client}" is no name for a client.', "Use lower-case letters, digits and hyphens.")
    if file.exists():
        raise DomainError(
            f"{CLIENTS}/{client}.yaml is there already.", "Give another name, or copy lines from the printed proposal."
        )
    with edit(loaded.folder / CATALOGUE) as draft:
        packages = draft.document["packages"]
        for key, text in proposal.packages.items():
            # Before the last one, whose comments may belong to what follows the packages.
            packages.insert(max(len(packages) - 1, 0), key, YAML().load(text))
    replace(file, proposal.client)
    typer.echo(f"\nWritten: {CLIENTS}/{client}.yaml" + "".join(f", {CATALOGUE}: {key}" for key in proposal.packages))
    mine = [one for one in load(loaded.folder).problems if one.file == f"{CLIENTS}/{client}.yaml"]
    if mine:
        typer.echo("To fill in before `vps check` is content:")
        for problem in mine:
            typer.echo(f"  line {problem.line}: {problem.message} {problem.remedy}")


def _act(loaded: "Loaded", name: str, *, yes: bool) -> None:
    from components.cli.consent import consent
    from components.declaration import host_ref, machine_inputs, machine_urn
    from components.domain.names import client_stack
    from components.drivers.adoption import need_same
    from components.drivers.registry import connect
    from components.engine.backend import backend_id
    from components.engine.lock import hold
    from components.engine.project import project_of
    from components.provider.inputs import MachineInputs, parse
    from components.provider.takeover import need_one_backend, new_mark

    client, vps = _declared(loaded, name)
    fleet, stack = loaded.fleet, client_stack(client.key)
    host = fleet.hosts[vps.host]
    environment = _environment(project_of(loaded.folder))
    inputs = parse(MachineInputs, machine_inputs(fleet, client, vps, backend_id(environment)))
    spec, mark = inputs.spec(), new_mark(machine_urn(client, vps), inputs)
    what = f"Unable to adopt {name} on {host.name}"
    driver = connect(host_ref(host))
    try:
        adopter = driver.adopter()
        need_one_backend(driver, what, inputs.fleet, inputs.backend)
        found = next((one for one in adopter.strangers() if one.uuid == inputs.uuid), None)
        if found is not None:
            need_same(what, spec, found)
            typer.echo(f"{_plain(found.name)} ({found.uuid}) on {host.name} is exactly what {name} declares.")
            consent(f"Write our owner mark onto it, and nothing else, for stack {stack}?", given=yes)
        with hold(environment, stack, f"vps adopt {name}"):
            adopter.adopt(spec, mark)
    finally:
        driver.close()
    typer.echo(f"{name}: {'adopted' if found else 'was adopted already'}; nothing of it was touched.")
    typer.echo(f"`vps init {stack}` if it is new, then `vps up {stack}`: state takes it over as it is, protected.")


def _environment(project: Any) -> dict[str, str]:  # noqa: ANN401 - imported late
    import os

    found: dict[str, str] = project.environment(os.environ)
    return found


def _declared(loaded: "Loaded", name: str) -> "tuple[Client, Vps]":
    """The declared VPS that is to be an adopted one. Raises DomainError in words."""
    from components.config.folder import CLIENTS
    from components.domain.names import client_stack
    from components.domain.problems import DomainError

    key, _, vps_key = name.partition("/")
    if f"{CLIENTS}/{key}.yaml" not in loaded.files:
        known = ", ".join(sorted(loaded.fleet.clients)) or "none"
        raise DomainError(f"No client file {CLIENTS}/{key}.yaml.", f"Known: {known}. `vps adopt HOST` proposes one.")
    problems = loaded.blocking(client_stack(key))
    if problems:
        told = "\n".join(str(problem) for problem in problems)
        raise DomainError(told, "Fill in and mend the files first: vps check")
    client = loaded.fleet.clients[key]
    vps = client.named(vps_key)
    if not vps.is_adopted:
        remedy = "Pin `uuid:` and `mac:` as `vps adopt HOST` prints them; without them a new machine is made."
        raise DomainError(f"{name} pins no `uuid`, so it is no adopted machine.", remedy)
    return client, vps


def _plain(text: str) -> str:
    """A stranger's text, on one line and without anything that a terminal obeys."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
