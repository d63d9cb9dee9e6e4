"""`vps new`: a client's file, with host and addresses picked; nothing is applied."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    Order,
    PackageOption,
    Questions,
    RenewOption,
    StartOption,
    TermOption,
    YesOption,
    day,
    order,
)

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.config.newcomer import NewVps, Person
    from components.domain.operations import Operations
    from components.domain.placement import Placed

MOST = 5
"""Flaws of a file that a refusal names."""


def new(
    ctx: typer.Context,
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="Its file's name; with --again, CLIENT[/VPS].")],
    package: PackageOption = None,
    term: TermOption = None,
    name: Annotated[str | None, typer.Option("--name", help='For people: "Example Cooperative".')] = None,
    contact: Annotated[
        list[str] | None, typer.Option("--contact", help='"Ada Ruiz <ada@coop.example>"; the first has every role.')
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The first contact's public SSH key.")
    ] = None,
    language: Annotated[str, typer.Option("--language", help="Default: the fleet's first.")] = "",
    fqdn: FqdnOption = None,
    vps: Annotated[str, typer.Option("--vps", metavar="NAME", help="What the VPS is called in the file.")] = "web1",
    image: ImageOption = "",
    network: NetworkOption = None,
    host: HostOption = None,
    ipv4: Ipv4Option = None,
    ipv6: Ipv6Option = None,
    start: StartOption = None,
    renew: RenewOption = True,
    support: Annotated[str, typer.Option("--support", metavar="standard|vip")] = "standard",
    accepted: Annotated[
        str, typer.Option("--accepted", metavar="TICKET", help="With --support vip: by which it was accepted.")
    ] = "",
    extra: ExtraOption = None,
    contract: Annotated[str, typer.Option("--contract", metavar="VERSION", help="Default: the newest valid one.")] = "",
    signed: Annotated[str | None, typer.Option("--signed", metavar="DATE", help="Default: today.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="After a rebase: pick anew what clashes now, and nothing that is in force.")
    ] = False,
    base: Annotated[
        str, typer.Option("--base", metavar="REV", help="With --again: what is in force; default as in vps check.")
    ] = "",
    fleet: FleetOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write: make a new client's file, with host and addresses picked by the fleet's rules, and show its price.

    Where the state's place and its passphrase are at hand, the client's stack is made as by `vps init`: the engine's
    file belongs into the same commit. No machine is touched.
    """
    if again:
        from components.cli.again import pick_again

        _need_alone(ctx)
        pick_again(client, fleet, base, yes=yes, as_json=as_json)
        return
    from components.cli.next_steps import EngineFile, engine_file
    from components.cli.offering import Offer
    from components.cli.placing import known
    from components.config.edit import create
    from components.config.folder import CLIENTS
    from components.config.ids import fresh
    from components.config.loader import find_fleet, load
    from components.config.newcomer import NewClient, client_text
    from components.config.writing import snapshot
    from components.domain import choices
    from components.domain.names import client_stack

    folder = find_fleet(fleet)
    judged, today = snapshot(folder), dt.datetime.now(dt.UTC).date()
    loaded = load(folder)
    what = f"Unable to make {CLIENTS}/{client}.yaml"
    _need_new(loaded, client, what)
    need_readable(loaded, what)
    questions = Questions.at_terminal(unless=yes or as_json)
    called = questions.need(name, "--name", 'Name of the client ("Example Cooperative")')
    people = _people(questions, contact or [], key)
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
    on = questions.tried(today, day, signed, today) if signed else today
    questions.tried("", choices.support, support)
    if support == "vip":
        accepted = questions.need(accepted, "--accepted", "Ticket by which VIP was accepted (T-1042)")
    elif accepted:
        questions.wrong.append(f"--accepted {accepted} is of VIP, and nothing says --support vip.")
    newcomer = NewClient(
        key=client,
        id=fresh("c", {one.id for one in loaded.fleet.clients.values()}, folder),
        name=called,
        language=language or next(iter(loaded.fleet.languages), "en"),
        people=people,
        contract=questions.tried("", choices.contract, loaded.fleet, contract, on),
        signed=on,
        support=support,
        accepted=accepted,
    )
    questions.settle(what)
    operations = known(loaded, today)
    picked, lines = pick(loaded, newcomer.key, newcomer.id, vps, ordered, operations, today, what)
    file, text = f"{CLIENTS}/{client}.yaml", client_text(newcomer, lines)

    def write() -> EngineFile:
        create(folder, file, text, judged)
        return engine_file(folder, client_stack(client), quiet=as_json)

    offer = Offer(
        operations=operations,
        judged=judged,
        client=client,
        name=file,
        lines=lines,
        picked=picked,
        before=loaded,
        after=load(folder, {file: text.encode()}, like=loaded),
        shown="".join(f"+{line}\n" for line in text.splitlines()),
        message=f"Add client {client}",
    )
    offer.carry_out(write, yes=yes, as_json=as_json)


def pick(
    loaded: "Loaded",
    client: str,
    client_id: str,
    label: str,
    ordered: Order,
    operations: "Operations",
    today: dt.date,
    what: str,
) -> "tuple[Placed, NewVps]":
    """Host and addresses for what was ordered, and what its lines say. Raises DomainError that begins with `what`."""
    from components.cli.placing import placed
    from components.config.ids import fresh
    from components.config.newcomer import NewVps
    from components.domain.placement import Wish
    from components.domain.sales import Sale

    wish = Wish(
        client=client,
        client_id=client_id,
        name=label,
        sale=Sale(package=ordered.package, extras=ordered.extras),
        ipv4=ordered.ipv4,
        ipv6=ordered.ipv6,
        network=ordered.network,
        host=ordered.host,
    )
    found = placed(loaded, wish, operations, today, what)
    lines = NewVps(
        label=label,
        id=fresh("v", {one.id for _, one in loaded.fleet.machines()}, loaded.folder),
        package=ordered.package,
        extras=ordered.extras,
        term=ordered.term,
        host=found.host,
        network=found.network,
        ipv4=found.ipv4,
        ipv6=found.ipv6,
        fqdn=ordered.fqdn,
        image=ordered.image,
    )
    return found, lines


def need_readable(loaded: "Loaded", what: str) -> None:
    """Raises DomainError that begins with `what` where the files that all clients share are not whole.

    A network without one of its families, or a catalogue without a package, would be taken for what was meant.
    """
    from components.config.folder import CATALOGUE, FLEET, LOCK
    from components.config.loader import load
    from components.domain.problems import DomainError, Severity

    shared = load(loaded.folder, clients_too=False, judge=False).problems
    flaws = [one for one in shared if one.file in (FLEET, CATALOGUE, LOCK) and one.severity is Severity.ERROR]
    if flaws:
        told = "".join(f"\n  {one.file}{f':{one.line}' if one.line else ''}: {one.message}" for one in flaws[:MOST])
        more = f"\n  and {len(flaws) - MOST} more" if len(flaws) > MOST else ""
        cause = f"{what}: what all clients share can't be read as it is.{told}{more}"
        raise DomainError(f"{cause}\nNothing was written. Run: vps check")


def _need_alone(ctx: typer.Context) -> None:
    """Raises DomainError for options of which `--again` would take no notice."""
    from components.domain.problems import DomainError

    given = [name for name in ctx.params if str(getattr(ctx.get_parameter_source(name), "name", "")) == "COMMANDLINE"]
    useless = [f"--{name}" for name in given if name not in ("client", "again", "base", "fleet", "yes", "as_json")]
    if useless:
        raise DomainError(
            f"--again picks host and addresses anew, and nothing else: it knows no {', '.join(sorted(useless))}.",
            "Nothing was written. Leave it out; what else was ordered is changed in the file.",
        )


def _need_new(loaded: "Loaded", client: str, what: str) -> None:
    from components.config.folder import CLIENTS
    from components.domain.names import is_label
    from components.domain.problems import DomainError

    if not is_label(client):
        raise DomainError(f'"{client}" is no name for a client.', "Use lower-case letters, digits and hyphens.")
    if f"{CLIENTS}/{client}.yaml" in loaded.files:
        raise DomainError(
            f"{what}: it is there already.",
            f"One more VPS for that client: vps add {client}. To pick anew after a rebase: vps new --again {client}",
        )


def _people(questions: Questions, texts: list[str], key: Path | None) -> "list[Person]":
    from components.config.newcomer import person

    if not texts:
        texts = [questions.need(None, "--contact", 'First contact ("Ada Ruiz <ada@coop.example>")', _contact)]
    ssh_key = questions.tried("", _public_key, key) if key is not None else ""
    found = []
    for number, text in enumerate(texts):
        one = person(text, ssh_key if number == 0 else "")
        if one is not None:
            found.append(one)
        elif text:
            questions.tried(None, _contact, text)
    return found


def _contact(text: str) -> None:
    """Raises DomainError for what names nobody."""
    from components.config.newcomer import person
    from components.domain.problems import DomainError

    if person(text) is None:
        raise DomainError(f'"{text}" is no contact: write it like "Ada Ruiz <ada@coop.example>".')


def _public_key(file: Path) -> str:
    """The one line of a .pub file. Raises DomainError; a private key is never shown."""
    from components.domain.problems import DomainError

    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DomainError(f"The key {file} can't be read: {error}.", "Name a .pub file.") from error
    if "PRIVATE" in text or len(text.splitlines()) != 1:
        raise DomainError(
            f"{file} is no public key.", "Name the .pub file beside it; the private one is nobody else's."
        )
    return text
