"""The end that `vps new` and `vps add` have in common: judge, show, ask, write, and say what comes next."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from components.cli import placing, quoting
from components.cli.next_steps import EngineFile, print_json, steps, sure
from components.config.edit import brought, need_sound
from components.config.flavour_file import retired
from components.config.pile import located
from components.config.writing import Snapshot, snapshot
from components.domain.fees import quote
from components.domain.names import client_stack
from components.domain.operations import Operations
from components.domain.problems import Problem
from components.domain.rules import arrivals

if TYPE_CHECKING:
    from components.config.loader import Loaded
    from components.config.newcomer import NewVps
    from components.domain.placement import Placed


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A VPS that is about to stand in the file `name` of the client `client`.

    `before` and `after` are the fleet without and with it, `shown` is the edit for people, `message` the commit's;
    `judged` are the files as they were when all this was looked at.
    """

    client: str
    name: str
    lines: "NewVps"
    picked: "Placed"
    before: "Loaded"
    after: "Loaded"
    shown: str
    message: str
    operations: Operations
    judged: Snapshot

    def _new(self) -> list[Problem]:
        """What stands against a VPS only because it is new: its image, its host."""
        today, before, fleet = dt.datetime.now(dt.UTC).date(), arrivals.declared(self.before.fleet), self.after.fleet
        found = arrivals.problems(
            fleet, before, today, clients=(self.client,), operations=self.operations, retired=retired(fleet)
        )
        documents = {name: reading.document for name, reading in self.after.readings.items()}
        return list(located(found, documents))

    def _long_ago(self) -> list[str]:
        """What may be a slip: whole terms that are over already."""
        term, today = self.lines.term, dt.datetime.now(dt.UTC).date()
        passed = term.number(today)
        if passed < 1:
            return []
        ago = f"{passed} term{'s' * (passed > 1)} of it {'are' if passed > 1 else 'is'} over"
        words = f"Its first term starts on {term.start}: {ago}, whose fees were due."
        return [f"{words} Write a later --start if that is a slip."]

    def carry_out(self, write: Callable[[], EngineFile | None], *, yes: bool, as_json: bool) -> None:
        """Show it, and `write` when that is wanted. Raises DomainError when the fleet would have new problems."""
        problems = (*brought(self.before.problems, self.after.problems), *self._new())
        need_sound(self.name, problems, meanwhile=snapshot(self.after.folder) != self.judged)
        client = self.after.fleet.clients[self.client]
        price = quote(self.after.fleet, client, client.vps[self.lines.label])
        warnings = [*(f"{one.message} {one.remedy}".rstrip() for one in problems), *self._long_ago()]
        if not as_json:
            typer.echo(self.shown)
            placing.tell(self.picked)
            typer.echo()
            typer.echo("\n".join(quoting.lines(price)))
            for line in warnings:
                typer.echo(f"warning   {line}")
        following: list[str] = []
        if sure(yes=yes, as_json=as_json):
            engine = write()
            last = f"vps up {client_stack(self.client)}"
            following = steps(self.after.folder, [self.name], self.message, last, engine)
        if not as_json:
            typer.echo(f"wrote {self.name}. Next:")
            typer.echo("\n".join(f"  {step}" for step in following))
            return
        print_json(
            {
                "client": self.client,
                "client_id": client.id,
                "vps": self.lines.label,
                "id": self.lines.id,
                "file": self.name,
                "written": bool(following),
                "placement": placing.report(self.picked),
                "price": quoting.report(price),
                "warnings": warnings,
                "next": following,
            }
        )
