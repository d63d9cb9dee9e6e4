"""`vps add`: one more VPS in a client's file, with host and addresses picked; nothing is applied."""

import datetime as dt
from typing import Annotated

import typer

from components.cli.order import (
    ExtraOption,
    FleetOption,
    FqdnOption,
    HostOption,
    ImageOption,
    Ipv4Option,
    Ipv6Option,
    JsonOption,
    NetworkOption,
    PackageOption,
    Questions,
    RenewOption,
    StartOption,
    TermOption,
    YesOption,
    order,
)


def add(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="A client that has a file.")],
    vps: Annotated[
        str, typer.Argument(metavar="[VPS]", help="What it is called in the file; default: web2, web3, …")
    ] = "",
    package: PackageOption = None,
    term: TermOption = None,
    fqdn: FqdnOption = None,
    image: ImageOption = "",
    network: NetworkOption = None,
    host: HostOption = None,
    ipv4: Ipv4Option = None,
    ipv6: Ipv6Option = None,
    start: StartOption = None,
    renew: RenewOption = True,
    extra: ExtraOption = None,
    fleet: FleetOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write: add one more VPS to a client's file, with host and addresses picked, and show its price."""
    from components.cli.new import need_readable, pick
    from components.cli.offering import Offer
    from components.cli.placing import known
    from components.config.edit import Draft
    from components.config.folder import CLIENTS
    from components.config.loader import find_fleet, load
    from components.config.newcomer import vps_text, with_vps
    from components.config.writing import snapshot
    from components.domain import choices
    from components.domain.problems import DomainError

    client, _, label = client.partition("/")
    folder = find_fleet(fleet)
    judged, today = snapshot(folder), dt.datetime.now(dt.UTC).date()
    loaded = load(folder)
    found = loaded.fleet.clients.get(client)
    name = f"{CLIENTS}/{client}.yaml"
    if found is None:
        if name in loaded.files:
            raise DomainError(f"{name} can't be read as it is.", "Run: vps check")
        raise DomainError(f"No client file {name}.", f"A new client is made by: vps new {client}")
    label = label or vps or choices.label(found.vps)
    what = f"Unable to add {client}/{label}"
    if label in found.vps:
        raise DomainError(f"{what}: it is there already.", "Choose another name; `vps package` changes what it has.")
    need_readable(loaded, what)
    questions = Questions.at_terminal(unless=yes or as_json)
    ordered = order(
        loaded.fleet,
        questions,
        today,
        package=package,
        months=term,
        fqdn=fqdn,
        extras=extra,
        start=start,
        renew=renew,
        image=image,
        network=network,
        host=host,
        ipv4=ipv4,
        ipv6=ipv6,
    )
    questions.settle(what)
    operations = known(loaded, today)
    picked, lines = pick(loaded, client, found.id, label, ordered, operations, today, what)
    draft = Draft(folder / name)
    draft.replace(with_vps(draft.before, vps_text(lines, next(iter(found.contacts), "ada"))))

    def write() -> None:
        draft.write(judged)

    offer = Offer(
        operations=operations,
        judged=judged,
        client=client,
        name=name,
        lines=lines,
        picked=picked,
        before=loaded,
        after=draft.loaded(loaded),
        shown=draft.diff(),
        message=f"Add VPS {client}/{label}",
    )
    offer.carry_out(write, yes=yes, as_json=as_json)
