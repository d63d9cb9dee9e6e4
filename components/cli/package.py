"""`vps package`: another package or other extras for a VPS from a day on, written into its client's file."""

import datetime as dt
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.cli.order import ExtraOption, FleetOption, JsonOption, YesOption

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.changes import Consequence
    from components.domain.clients import Client, Vps
    from components.domain.fleet import Fleet
    from components.domain.sales import Sale
    from components.domain.upgrades import Upgrade


def package(
    vps: Annotated[str, typer.Argument(metavar="CLIENT/VPS")],
    name: Annotated[
        str,
        typer.Argument(metavar="[PACKAGE]", help="small@2026-01, or small for its newest version; default: as now."),
    ] = "",
    extra: ExtraOption = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day of it; default: today.")
    ] = None,
    fleet: FleetOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write: give a VPS another package or extras from a day on; say what that does to its guest and its price."""
    from components.cli import quoting
    from components.cli.next_steps import print_json, steps, sure, warn
    from components.cli.order import day
    from components.config.edit import Draft, brought, need_sound
    from components.config.folder import CLIENTS
    from components.config.loader import find_fleet, load
    from components.config.writing import snapshot
    from components.domain import choices
    from components.domain.names import client_stack
    from components.domain.problems import DomainError
    from components.domain.upgrades import upgrade

    folder = find_fleet(fleet)
    judged, today = snapshot(folder), dt.datetime.now(dt.UTC).date()
    loaded = load(folder)
    client, machine = _find(loaded, vps)
    first = day(since, today) if since else today
    if first < today:
        raise DomainError(f"{first} is past: nobody can be told of it any more.", f"Write {today} or a later day.")
    if not name and not extra:
        raise DomainError("Say what it shall have.", f"Write a package, or --extra: vps package {vps} PACKAGE")
    wanted = choices.package(loaded.fleet, name) if name else machine.sale(max(first, machine.term.start)).package
    found = upgrade(loaded.fleet, machine, wanted, choices.extras(loaded.fleet, extra or []), first, today)
    consequences = _consequences(loaded, client, machine, found)
    _need_room(loaded, client, found, today)
    draft = Draft(folder / CLIENTS / f"{client.key}.yaml")
    _rewrite(draft.document["vps"][machine.key], found)
    after = draft.loaded(loaded)
    problems = brought(loaded.problems, after.problems)
    need_sound(draft.name, problems)
    told = [*(one.words for one in consequences), *_promises(loaded.fleet, found)]
    if not as_json:
        typer.echo(draft.diff())
        for sale in found.withdrawn:
            typer.echo(f"withdrawn   {sale.package}, which was declared from {sale.since} on")
        typer.echo(
            f"from        {found.since}, with the first `vps up {client_stack(client.key)}` on or after that day"
        )
        for line in told:
            typer.echo(f"does        {line}")
        typer.echo("\n".join(quoting.changed(loaded.fleet, after.fleet, today)))
        warn(problems)
    following: list[str] = []
    if sure(yes=yes, as_json=as_json):
        draft.write(judged)
        message = f"{client.key}/{machine.key}: {found.will.package} from {found.since}"
        following = steps(folder, [draft.name], message, f"vps up {client_stack(client.key)}")
    if as_json:
        print_json(
            {
                "vps": vps,
                "package": found.will.package,
                "extras": dict(found.will.extras),
                "since": found.since.isoformat(),
                "file": draft.name,
                "written": bool(following),
                "consequences": [
                    {"limit": one.key, "effect": str(one.effect), "words": one.words} for one in consequences
                ],
                "price": quoting.changed_report(loaded.fleet, after.fleet, today),
                "warnings": [one.message for one in problems],
                "next": following,
            }
        )
    else:
        typer.echo(f"wrote {draft.name}. Next:")
        typer.echo("\n".join(f"  {step}" for step in following))


def _find(loaded: "Loaded", title: str) -> "tuple[Client, Vps]":
    from components.config.folder import CLIENTS
    from components.domain.problems import DomainError

    key, _, label = title.partition("/")
    client = loaded.fleet.clients.get(key)
    if client is None:
        if f"{CLIENTS}/{key}.yaml" in loaded.files:
            raise DomainError(f"{CLIENTS}/{key}.yaml can't be read as it is.", "Run: vps check")
        known = ", ".join(sorted(loaded.fleet.clients)) or "none"
        raise DomainError(f"No client file {CLIENTS}/{key}.yaml.", f"Known: {known}. Write CLIENT/VPS.")
    return client, client.named(label)


def _consequences(loaded: "Loaded", client: "Client", vps: "Vps", found: "Upgrade") -> "list[Consequence]":
    """What becomes of each limit, by what state knows of the guest. Raises DomainError for what is refused."""
    from components.domain.changes import Effect, consequence
    from components.domain.problems import DomainError
    from components.provider.facts import guest

    recorded = _recorded(loaded, client, vps)
    running = guest(recorded) if recorded else None
    before, after = _limits(loaded.fleet, found.was), _limits(loaded.fleet, found.will)
    changes = [consequence(key, before[key], after[key], running) for key in after if before[key] != after[key]]
    refused = [one.words for one in changes if one.effect is Effect.REFUSED]
    if refused:
        raise DomainError(f"Unable to give {client.key}/{vps.key} {found.will.package}: {'; '.join(refused)}.")
    return changes


def _limits(fleet: "Fleet", sale: "Sale") -> dict[str, int]:
    """The limits of a sale by the keys that machines have for them."""
    from components.declaration import FIRST_NIC, ROOT_DISK

    limits = fleet.limits(sale)
    return {
        "vcpus": limits.vcpus,
        "cpuCapPercent": limits.cpu_cap_percent,
        "memoryMib": limits.memory_mib,
        f"disks.{ROOT_DISK}.sizeGib": limits.disk_gib,
        f"disks.{ROOT_DISK}.iops": limits.disk_iops,
        f"disks.{ROOT_DISK}.rateMibS": limits.disk_rate_mib_s,
        f"nics.{FIRST_NIC}.rateMbitS": limits.nic_rate_mbit_s,
    }


def _promises(fleet: "Fleet", found: "Upgrade") -> list[str]:
    """What else a package promises, where it changes."""
    from components.domain.capacity import of_sale, shown

    old, new = fleet.packages[found.was.package], fleet.packages[found.will.package]
    had, has = of_sale(fleet, found.was).traffic_gb, of_sale(fleet, found.will).traffic_gb
    told = []
    if had != has:
        told.append(f"traffic: {shown('traffic_gb', had)} -> {shown('traffic_gb', has)} a month")
    if old.backup != new.backup:
        kept = [
            f"every {one.every_hours} h, kept {one.keep_days} days" if one else "none"
            for one in (old.backup, new.backup)
        ]
        told.append(f"backups: {kept[0]} -> {kept[1]}")
    return told


def _recorded(loaded: "Loaded", client: "Client", vps: "Vps") -> dict[str, Any]:
    """What state holds of the machine, where it can be read without the engine; else nothing."""
    from components.domain.names import client_stack
    from components.domain.problems import DomainError
    from components.engine import state
    from components.engine.project import project_of

    try:
        machines = state.machines(project_of(loaded.folder).backend(os.environ), client_stack(client.key))
    except DomainError:
        return {}
    uuid = vps.machine_uuid(loaded.fleet.id, client.id)
    return next((one for one in machines or [] if one.get("uuid") == uuid), {})


def _need_room(loaded: "Loaded", client: "Client", found: "Upgrade", today: dt.date) -> None:
    """Raises DomainError when its host has no room for what it takes more, and names those that have."""
    from components.cli.moving import room
    from components.cli.placing import refusals, states
    from components.domain.capacity import of_sale
    from components.domain.problems import DomainError

    more = of_sale(loaded.fleet, found.will) - of_sale(loaded.fleet, found.was)
    if all(amount <= 0 for amount in more.amounts):
        return
    vps = found.vps
    refused, able = room(loaded, client, vps, found.will, vps.host, states(loaded.folder), today)
    if not refused:
        return
    title, stack = f"{client.key}/{vps.key}", f"client.{client.key}"
    cause = [f"Unable to give {title} {found.will.package}: {vps.host}, where it lives, has no room for more."]
    if able:
        remedy = f"Move it first: vps move {title} {able[0]}, and vps up {stack}. Hosts that have: {', '.join(able)}."
    else:
        remedy = "No other host of its network has: add one, or make room with `vps move` or `vps drain`."
    raise DomainError("\n".join([*cause, *refusals(refused), f"{remedy} Nothing was written."]))


def _rewrite(lines: Any, found: "Upgrade") -> None:  # noqa: ANN401 - ruamel.yaml's own mapping
    """Package, extras and periods in the VPS's lines."""
    from ruamel.yaml.scalarstring import PlainScalarString

    from components.config.edit import put, take

    put(lines, "package", PlainScalarString(found.vps.package), after="id")
    if found.vps.before:
        put(lines, "before", [_sale(one, found.vps.term.start) for one in found.vps.before], after="package")
    else:
        take(lines, "before")
    if found.vps.since is not None:
        put(lines, "since", found.vps.since.isoformat(), after="package")
    else:
        take(lines, "since")
    if found.vps.extras:
        put(lines, "extras", dict(found.vps.extras), after="package")
    else:
        take(lines, "extras")


def _sale(sale: "Sale", first: dt.date) -> dict[str, object]:
    """An earlier sale, with the day since which it was in force."""
    from ruamel.yaml.scalarstring import PlainScalarString

    found: dict[str, object] = {"package": PlainScalarString(sale.package)}
    if sale.extras:
        found["extras"] = dict(sale.extras)
    return found | {"since": (sale.since or first).isoformat()}
