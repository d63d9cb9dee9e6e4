"""`vps package`: another package or other extras for a VPS from a day on, written into its client's file."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.cli.order import ExtraOption, FleetOption, JsonOption, YesOption

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.domain.clients import Client, Vps
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
    from components.cli.consequences import consequences, promises
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
    changes, notes = consequences(loaded, client, machine, found, today)
    _need_room(loaded, client, found, today)
    draft = Draft(folder / CLIENTS / f"{client.key}.yaml")
    _rewrite(draft.document["vps"][machine.key], found)
    after = draft.loaded(loaded)
    problems = brought(loaded.problems, after.problems)
    need_sound(draft.name, problems)
    more = promises(loaded.fleet, found)
    if not as_json:
        typer.echo(draft.diff())
        for sale in found.withdrawn:
            typer.echo(f"withdrawn   {sale.package}, which was declared from {sale.since} on")
        typer.echo(f"from        {_from(found, client_stack(client.key), today)}")
        for line in notes:
            typer.echo(f"note        {line}")
        for line in (*(one.words for one in changes), *more):
            typer.echo(f"does        {line}")
        typer.echo("\n".join(quoting.changed(loaded.fleet, after.fleet, today)))
        warn(problems)
    following: list[str] = []
    if sure(yes=yes, as_json=as_json):
        draft.write(judged)
        following = steps(folder, [draft.name], _message(vps, found), f"vps up {client_stack(client.key)}")
    if as_json:
        print_json(
            {
                "vps": vps,
                "package": found.will.package,
                "extras": dict(found.will.extras),
                "since": found.since.isoformat(),
                "withdrawn": [
                    {"package": one.package, "extras": dict(one.extras), "since": str(one.since)}
                    for one in found.withdrawn
                ],
                "file": draft.name,
                "written": bool(following),
                "consequences": [{"limit": one.key, "effect": str(one.effect), "words": one.words} for one in changes],
                "promises": more,
                "notes": notes,
                "price": quoting.changed_report(loaded.fleet, after.fleet, today),
                "warnings": [one.message for one in problems],
                "next": following,
            }
        )
    else:
        typer.echo(f"wrote {draft.name}. Next:")
        typer.echo("\n".join(f"  {step}" for step in following))


def _message(title: str, found: "Upgrade") -> str:
    """The commit's: what is sold from when."""
    from components.domain.prices import pieces

    sold = " + ".join([found.will.package, *(pieces(key, count) for key, count in found.will.extras.items())])
    return f"{title}: {sold} from {found.since}"


def _from(found: "Upgrade", stack: str, today: dt.date) -> str:
    """From when the guest has it, and from when it is paid."""
    if found.since > today and found.vps.sale(today) == found.will:
        return f"the next `vps up {stack}`; it is paid from {found.since} on, when the first term begins"
    return f"{found.since}, with the first `vps up {stack}` on or after that day"


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


def _need_room(loaded: "Loaded", client: "Client", found: "Upgrade", today: dt.date) -> None:
    """Raises DomainError when its host has no room for what it takes more, and names those that have.

    What it gives back, or keeps, stands against nothing, however oversold its host is.
    """
    from components.cli.moving import room
    from components.cli.placing import states
    from components.domain.capacity import of_sale, of_vps, rooms
    from components.domain.problems import DomainError

    vps, need = found.vps, of_sale(loaded.fleet, found.will)
    here = rooms(loaded.fleet, today).get(vps.host)
    more = need - of_vps(loaded.fleet, client.vps[vps.key], today)
    if here is None or all(amount <= 0 for amount in more.amounts):
        return
    lacking = [*here.lacks(more), *here.lacks_on_a_node(need)]
    refused, able = room(loaded, client, vps, found.will, vps.host, states(loaded.folder), today)
    if not refused or not lacking:
        return
    title, stack = f"{client.key}/{vps.key}", f"client.{client.key}"
    cause = [f"Unable to give {title} {found.will.package}: {vps.host}, where it lives, has no room for more."]
    if able:
        remedy = f"Move it first: vps move {title} {able[0]}, and vps up {stack}. Hosts that have: {', '.join(able)}."
    else:
        remedy = "No other host of its network has: add one, or make room with `vps move` or `vps drain`."
    more_of = [f"  {one}" for one in lacking]
    raise DomainError("\n".join([*cause, *more_of, f"{remedy} Nothing was written."]))


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
