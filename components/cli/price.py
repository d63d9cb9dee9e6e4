"""`vps price`: what a client pays, what works would cost, and what a change of files changes in money."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from components.domain.clients import Client
    from components.domain.fleet import Fleet

OrderOption = Annotated[
    list[str] | None,
    typer.Option("--order", metavar="ROW[:N]", help="What works would cost, N times: WORK-13, or a service's name."),
]
TimesOption = Annotated[int, typer.Option("--times", metavar="N", min=1, help="How often, where --order says no N.")]
MinutesOption = Annotated[int, typer.Option("--minutes", metavar="N", min=0, help="Of hourly work, or of WORK-15.")]
UsedOption = Annotated[
    int, typer.Option("--used", metavar="N", min=0, help="How often in that month the VPS had the row before.")
]
LoggedOption = Annotated[
    int, typer.Option("--logged", metavar="N", min=0, help="Minutes of the month's included hour that are used up.")
]
GivenOption = Annotated[
    list[str] | None,
    typer.Option("--given", metavar="FACT", help="What a row's price hangs on: complete, backup, outdated, …"),
]


def price(
    subject: Annotated[str, typer.Argument(metavar="CLIENT[/VPS] | BASE..[HEAD]", help="Whom, or which change.")],
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="On that day; default: today.")] = None,
    order: OrderOption = None,
    times: TimesOption = 1,
    minutes: MinutesOption = 0,
    used: UsedOption = 0,
    logged: LoggedOption = 0,
    given: GivenOption = None,
    fleet: Annotated[
        Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look: what a client pays and when that changes, what works would cost, what a pull request changes in money.

    BASE..HEAD compares two revisions, BASE.. one with the files as they are, BASE...HEAD what HEAD changed since it
    left BASE. Exit 1: something could not be read or priced, which is named.
    """
    from components.domain.problems import DomainError

    if ".." in subject:
        if order or minutes:
            raise DomainError("A change orders nothing.", "Works are priced for CLIENT/VPS: --order, --minutes.")
        _compare(subject, _day(on), fleet, as_json=as_json)
        return
    from components.cli.guests import choose

    chosen = choose(subject, fleet, judge=False)
    declared, client = chosen.fleet, chosen.lines[0].client if chosen.lines else chosen.fleet.clients[subject]
    broken = {problem.file for problem in chosen.loaded.problems}
    _must_be_priced(declared, client, [line.vps.key for line in chosen.lines], broken)
    day = _day(on) or _today(declared, client)
    vps = subject.partition("/")[2]
    if order or minutes:
        from components.cli.work_price import show

        if not vps:
            raise DomainError("Works are done for one VPS.", f"Write CLIENT/VPS, like {chosen.lines[0].title}.")
        asked = client.vps[vps]
        show(declared, client, asked, day, order or [], times, minutes, used, logged, given or [], as_json=as_json)
        return
    from components.cli.price_tables import client_data, client_lines, vps_lines
    from components.domain.statements import statement

    found = statement(declared, client, day)
    if as_json:
        from components.cli.guests import say

        say(client_data(declared, found, vps))
    else:
        for line in vps_lines(declared, found, vps) if vps else client_lines(declared, found):
            typer.echo(line)


def _compare(subject: str, day: dt.date | None, folder: Path | None, *, as_json: bool) -> None:
    from components.cli.price_comparison import compare

    base, dots, head = subject.partition("...") if "..." in subject else subject.partition("..")
    if not compare(base, head, day, folder, fork=dots == "...", as_json=as_json):
        raise typer.Exit(1)


def _day(text: str | None) -> dt.date | None:
    from components.config.texts import parse_date

    return None if text is None else parse_date(text)


def _today(fleet: "Fleet", client: "Client") -> dt.date:
    """Today where the client's contract counts its days."""
    from components.domain.calendar import day_of
    from components.domain.fees import time_zone

    return day_of(dt.datetime.now(dt.UTC), time_zone(fleet, client))


def _must_be_priced(fleet: "Fleet", client: "Client", machines: list[str], broken: set[str]) -> None:
    from components.config.folder import CATALOGUE
    from components.domain.problems import DomainError
    from components.domain.statements import unpriced

    missing = {name: unpriced(fleet, client.vps[name]) for name in machines}
    told = [f"{client.key}/{name} has {', '.join(lacks)}" for name, lacks in missing.items() if lacks]
    if told and CATALOGUE in broken:
        raise DomainError(f"{CATALOGUE} can't be read as it is, so nobody can tell a price.", "See where: vps check")
    if told:
        raise DomainError(f"{'; '.join(told)}, which is not sold, so it has no price.", "See where: vps check")
