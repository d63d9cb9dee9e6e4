"""Engine runs: one subprocess, its words straight to the user, its exit code kept."""

import datetime as dt
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from components.config.loader import Loaded
from components.domain.hosts import Host
from components.domain.problems import DomainError
from components.engine import audit, lock, state, undeclared
from components.engine.location import engine_path
from components.engine.lock import WAIT_S, Say
from components.engine.project import CHECKOUT, Project
from components.provider.connections import ADDRESSES, addresses

EXIT_CHANGES = 7
"""The engine's exit code for `--expect-no-changes` that was violated."""

POLICIES = CHECKOUT / "policies"


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine for one project."""

    project: Project
    environment: dict[str, str]

    @classmethod
    def of(cls, project: Project, hosts: Iterable[Host] = ()) -> "Engine":
        """Ready to run; the plugin learns the hosts' addresses of today. Raises DomainError without an engine."""
        environment = project.environment(os.environ)
        environment[ADDRESSES] = addresses(hosts)
        return cls(project=project, environment=environment)

    def init(self, stack: str) -> bool:
        """Make the stack in the backend, and its settings file; False when it was there."""
        if state.is_initialised(self.environment, stack):
            return False
        self.project.prepare(self.environment)
        code = self.run(["stack", "init", stack, "--no-select"])
        if code != 0:
            raise DomainError(f"The engine could not make stack {stack} (exit {code}).", "Its own words stand above.")
        return True

    def check(self, stack: str, loaded: Loaded) -> None:
        """Everything that can be refused before the engine starts. Raises DomainError with words and remedy."""
        self.known(stack)
        lost = self.undeclared(stack, loaded)
        undeclared.need_ids(loaded, stack, lost)
        if lost:
            raise DomainError(
                f"{', '.join(lost)}: the machine is there, but its lines are gone from the client's file. Refused, "
                "nothing was touched: deleting lines never ends a VPS.",
                "Put the lines back (git checkout). To end it, keep them and run `vps end CLIENT/VPS --on DATE`.",
            )
        undeclared.need_declared(self.environment, loaded, stack)

    def known(self, stack: str) -> None:
        """Raises DomainError when the backend certainly lacks the stack."""
        if state.is_initialised(self.environment, stack) is False:
            raise DomainError(
                f"Stack {stack} was never initialised in this backend.",
                f"Run: vps init {stack}; if its state was here once and is lost: vps rebuild",
            )

    def undeclared(self, stack: str, loaded: Loaded) -> list[str]:
        """Titles of the machines that state holds and no line declares, but those whose end is declared.

        Of a file that can't be read whole: those that it has no lines for at all, as far as it can be read.
        """
        kind, _, name = stack.partition(".")
        client = loaded.fleet.clients.get(name) if kind == "client" else None
        vps = client.vps.values() if client else ()
        declared = {found.machine_uuid(loaded.fleet.id, client.id) for found in vps} if client else set()
        machines = state.machines(self.environment, stack) or []
        lost = [one for one in machines if one.get("uuid") not in declared and not one.get("ends")]
        titles = [str(found.get("title")) for found in lost]
        return titles if client or kind != "client" else undeclared.no_lines(loaded, name, titles)

    def ending(self, stack: str, loaded: Loaded) -> list[str]:
        """Titles of the machines that the next run ends: state carries their reached end, and no line says otherwise.

        An end that the file withdraws or postpones is only recorded anew.
        """
        today = dt.datetime.now(dt.UTC).date().isoformat()
        kind, _, name = stack.partition(".")
        client = loaded.fleet.clients.get(name) if kind == "client" else None
        lines = (
            {vps.machine_uuid(loaded.fleet.id, client.id): vps.ends for vps in client.vps.values()} if client else {}
        )
        found = []
        for machine in state.machines(self.environment, stack) or []:
            ends = machine.get("ends") or ""
            declared = lines.get(str(machine.get("uuid")), dt.date.min)
            withdrawn = declared is None or (declared is not dt.date.min and declared.isoformat() != ends)
            if ends and ends <= today and not withdrawn:
                found.append(str(machine.get("title")))
        return found

    def run(self, arguments: Sequence[str]) -> int:
        """Run the engine in the project's folder and return its exit code.

        Ctrl-C is the engine's to handle; once it has ended, KeyboardInterrupt tells the caller.
        """
        command = [str(engine_path()), *arguments]
        interrupted: list[int] = []
        before = signal.signal(signal.SIGINT, lambda number, _: interrupted.append(number))
        try:
            with subprocess.Popen(command, cwd=self.project.folder, env=self.environment) as process:
                code = process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
        if interrupted:
            raise KeyboardInterrupt
        return code

    @contextmanager
    def audited(self, loaded: Loaded, stack: str, hosts: Mapping[str, str]) -> Iterator[None]:
        """Around a run with the policy pack: hand it over what state recorded and which states `hosts` have."""
        with audit.handed_over(self.environment, stack, hosts, None, audit.returned(loaded, stack)):
            yield

    @contextmanager
    def turn(self, stack: str, doing: str, *, say: Say = print, deadline_s: float = WAIT_S) -> Iterator[None]:
        """Around a run that locks the stack: wait for whoever is at work on it, release the lock of a dead run.

        `say` gets a line for each holder that is waited for or released. Raises DomainError after `deadline_s`.
        """
        with lock.turn(self.environment, stack, doing, say=say, deadline_s=deadline_s):
            lock.wait(self.environment, stack, say=say, deadline_s=deadline_s)
            yield
