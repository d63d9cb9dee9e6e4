"""What `vps new` and `vps add` are told of a VPS, asked for where it is missing, and found in the catalogue."""

import datetime as dt
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:
    from components.domain.fleet import Fleet
    from components.domain.terms import Term

P = ParamSpec("P")
T = TypeVar("T")

PackageOption = Annotated[
    str | None, typer.Option("--package", metavar="PACKAGE", help="small@2026-01, or small for its newest version.")
]
TermOption = Annotated[int | None, typer.Option("--term", metavar="1|3|12", help="Months of a term.")]
FqdnOption = Annotated[str | None, typer.Option("--fqdn", metavar="NAME", help="Its full name: web1.coop.example.")]
ExtraOption = Annotated[
    list[str] | None, typer.Option("--extra", metavar="EXTRA=N", help="memory@2026-01=2; repeatable.")
]
ImageOption = Annotated[
    str, typer.Option("--image", metavar="IMAGE", help="Default: the catalogue's first that may be installed.")
]
NetworkOption = Annotated[
    str | None, typer.Option("--network", metavar="NETWORK", help="Default: the one that its host carries.")
]
HostOption = Annotated[
    str | None, typer.Option("--host", metavar="HOST", help="Default: the best; judged by the same rules.")
]
Ipv4Option = Annotated[int | None, typer.Option("--ipv4", metavar="N", min=0, max=64, help="So many addresses.")]
Ipv6Option = Annotated[int | None, typer.Option("--ipv6", metavar="N", min=0, max=64, help="So many addresses.")]
StartOption = Annotated[
    str | None, typer.Option("--start", metavar="DATE", help="First day of its term; default: today.")
]
RenewOption = Annotated[bool, typer.Option("--renew/--no-renew", help="Whether the next term follows by itself.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Write without asking.")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print what was picked for machines; without --yes nothing is written.")
]
FleetOption = Annotated[Path | None, typer.Option("--fleet", help="The fleet folder (default: the one you stand in).")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A VPS as it was ordered; host and network None: any. It has so many addresses of each family."""

    package: str
    extras: Mapping[str, int]
    term: "Term"
    fqdn: str
    image: str
    network: str | None
    host: str | None
    ipv4: int
    ipv6: int


@dataclass(slots=True)
class Questions:
    """What is missing is asked for where somebody can answer; else it is told all at once, with what is wrong."""

    asks: bool
    wrong: list[str] = field(default_factory=list)
    _told: bool = False

    @classmethod
    def at_terminal(cls, *, unless: bool) -> "Questions":
        """Ask when both ends are a terminal, but not where a command was told to do without."""
        return cls(asks=not unless and sys.stdin.isatty() and sys.stdout.isatty())

    def need(self, value: str | None, option: str, question: str, judge: Callable[[str], object] = str) -> str:
        """The value that was given, or the answer; empty, and noted, where nobody can answer.

        An answer that `judge` refuses with a DomainError is asked for again: nobody types everything twice.
        """
        from components.domain.problems import DomainError

        if value:
            return value
        while self.asks:
            answer = str(typer.prompt(question)).strip()
            try:
                judge(answer)
            except DomainError as problem:
                typer.echo(str(problem))
            else:
                return answer
        self.wrong.append(f"{option} is missing: {question[0].lower()}{question[1:]}.")
        return ""

    def tried(self, otherwise: T, found: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function finds; `otherwise`, and its words noted, when it refuses."""
        from components.domain.problems import DomainError

        try:
            return found(*args, **kwargs)
        except DomainError as problem:
            self.wrong.append(str(problem))
            return otherwise

    def settle(self, what: str) -> None:
        """Raises DomainError that begins with `what` and tells all that is missing or wrong."""
        from components.domain.problems import DomainError

        if len(self.wrong) == 1:
            raise DomainError(f"{what}: {self.wrong[0]}", "Nothing was written.")
        if self.wrong:
            told = "".join(f"\n  {one}" for one in self.wrong)
            raise DomainError(f"{what}:{told}\nNothing was written.")


def order(
    fleet: "Fleet",
    questions: Questions,
    today: dt.date,
    *,
    package: str | None,
    months: int | None,
    fqdn: str | None,
    extras: list[str] | None,
    start: str | None,
    renew: bool,
    image: str,
    network: str | None,
    host: str | None,
    ipv4: int | None,
    ipv6: int | None,
) -> Order:
    """The order in whole words; only of use once `questions.settle` let it pass."""
    from components.config.flavour_file import retired
    from components.domain import choices
    from components.domain.terms import LENGTHS, Term

    sold = ", ".join(key for key, one in fleet.packages.items() if not one.adopted)
    asked = questions.need(package, "--package", f"Package ({sold})", partial(choices.package, fleet))
    term = str(months) if months is not None else None
    length = questions.need(term, "--term", "Months of a term (1, 3 or 12)", choices.months)
    known = questions.tried(LENGTHS[0], choices.months, length) if length else LENGTHS[0]
    first = questions.tried(today, day, start, today) if start else today
    several = choices.networks(fleet, host)
    if several and not network:
        listed = ", ".join(several)
        network = questions.need(None, "--network", f"Network ({listed})", partial(choices.families, fleet)) or None
    usual = questions.tried((0, 0), choices.families, fleet, network)
    if host is not None and host not in fleet.hosts:
        questions.wrong.append(f'There is no host "{host}". There are {", ".join(sorted(fleet.hosts)) or "none"}.')
    return Order(
        package=questions.tried("", choices.package, fleet, asked) if asked else "",
        extras=questions.tried({}, chosen_extras, fleet, extras or []),
        term=Term(months=known, start=first, renew=renew),
        fqdn=questions.need(fqdn, "--fqdn", "Full name of the VPS (web1.coop.example)", partial(choices.fqdn, fleet)),
        image=questions.tried("", choices.image, fleet, image, today, retired(fleet)),
        network=network,
        host=host,
        ipv4=usual[0] if ipv4 is None else ipv4,
        ipv6=usual[1] if ipv6 is None else ipv6,
    )


def chosen_extras(fleet: "Fleet", texts: list[str]) -> dict[str, int]:
    """The extras of a new VPS, by key: those of which there is at least one. Raises DomainError."""
    from components.domain import choices

    return {key: count for key, count in choices.extras(fleet, texts).items() if count}


def day(text: str, today: dt.date) -> dt.date:
    """A day as people write it in options. Raises DomainError."""
    from components.domain.problems import DomainError

    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise DomainError(f'"{text}" is no date.', f"Write it like {today}.") from error
