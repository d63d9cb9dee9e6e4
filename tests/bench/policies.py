"""Row `policies`: the policy pack over a thousand machines, in process and through the engine.

Rule time is what the rules take of a processor once the files are read; reading them is measured beside, because an
operation does it once. Through the engine all that is recorded is judged by `pulumi policy analyze`, as `vps audit`
does it: engine, pack and the way of every resource between them are in it.
"""

import gc
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from components import declaration
from components.config.loader import load
from components.engine import audit, state
from components.engine.backend import PROJECT
from components.engine.location import engine_path
from components.engine.project import Project
from components.engine.run import POLICIES
from components.lab.example import make_fake_project
from policies import declared
from policies.machine import MACHINE, Resource
from policies.rule import judged
from policies.rules import OF_OURS
from tests.bench import fleets
from tests.bench.figures import Budget, CannotMeasure, Line, Sample, growth, in_turn
from tests.bench.options import Options
from tests.bench.processes import Command

MACHINES = 1000
RULES_S = 0.06
AT_MOST = 3
"""Runs of the engine: each takes seconds."""

Bags = Sequence[dict[str, Any]]


def lines(options: Options) -> Iterator[Line]:
    """In process warm and cold at N and 2N, then through the engine at one machine and N."""
    options.say(f"policies: writing fleets of {MACHINES:,} and {2 * MACHINES:,} machines")
    before = {name: os.environ.get(name) for name in ("VPS_FLEET", audit.KNOWN)}
    try:
        yield from _in_process(options)
    finally:
        declared.forget()
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({name: value} if value is not None else {})
    yield from _through_the_engine(options)


def _in_process(options: Options) -> Iterator[Line]:
    found = [_Fleet(options.scratch / f"policies-{count}", count) for count in (MACHINES, 2 * MACHINES)]
    actions = [
        *(one.warm for one in found),
        *(one.cold for one in found),
    ]
    warm, warm_twice, cold, cold_twice = in_turn(actions, options.runs, warm_up=True)
    number = len(OF_OURS)
    budget = Budget(warm.median, RULES_S, "s")
    yield Line(row="policies", what=f"{number} rules, in process", n=MACHINES, times=warm, budgets=(budget,))
    for what, times, base in (
        (f"{number} rules, in process", warm_twice, warm),
        ("the same, reading all files first", cold_twice, cold),
    ):
        if base is cold:
            yield Line(row="policies", what=what, n=MACHINES, times=cold)
        grown = growth(times, base)
        ratio = f"{grown.value:.2f} x t(N)"
        yield Line(row="policies", what=what, n=2 * MACHINES, times=times, ratio=ratio, budgets=(grown,))


def _through_the_engine(options: Options) -> Iterator[Line]:
    project = make_fake_project(options.scratch / "policies-engine")
    environment = project.environment({**os.environ, "PULUMI_CONFIG_PASSPHRASE": "bench"})
    project.prepare(environment)
    commands = [_analyze(project, environment, count) for count in (1, MACHINES)]
    one, all_ = in_turn([command.sample for command in commands], options.few(AT_MOST), warm_up=options.warm_up)
    what = "pulumi policy analyze"
    yield Line(row="policies", what=what, n=1, times=one, peak_mib=commands[0].peak_mib())
    each = (all_.median - one.median) / (MACHINES - 1) * 1000
    note = f"{each:.1f} ms for each further machine"
    yield Line(row="policies", what=what, n=MACHINES, times=all_, peak_mib=commands[1].peak_mib(), ratio=note)


class _Fleet:
    """A generated fleet of so many machines that all stand: what an operator's night and most days are like."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.bags = folder, _declared(folder, count)
        self.known = folder.with_name(f"{folder.name}-known.json")
        self.known.write_text(json.dumps(_known(self.bags)), encoding="utf-8")

    def warm(self) -> Sample:
        """Everything was read and asked once before."""
        self._use()
        _judge(self.bags)
        return _judge(self.bags)

    def cold(self) -> Sample:
        """As the first run of a process."""
        self._use()
        return _judge(self.bags)

    def _use(self) -> None:
        os.environ["VPS_FLEET"], os.environ[audit.KNOWN] = str(self.folder), str(self.known)
        declared.forget()


def _declared(folder: Path, count: int) -> Bags:
    fleets.generate(folder, count)
    fleet = load(folder).fleet
    every = [declaration.machine_inputs(fleet, client, vps, "bench") for client, vps in fleet.machines()]
    return every[:count]


def _known(bags: Bags) -> dict[str, Any]:
    return {"machines": audit.recorded([{"type": state.MACHINE, "inputs": bag} for bag in bags]), "hosts": {}}


def _judge(bags: Bags) -> Sample:
    """Every rule over every machine; only advice may come of it. Time is the processor's: rules wait for nothing."""
    resources = [Resource(type=MACHINE, name=bag["vps"], protected=True, properties=bag) for bag in bags]
    # This process holds fleets that no run of the pack holds: the collector shall not walk them each time.
    gc.collect()
    gc.freeze()
    spent = time.process_time()
    said = [one for found in resources for one in judged(found, OF_OURS)]
    spent = time.process_time() - spent
    wrong = [sentence for rule, sentence in said if rule.level == "mandatory"]
    if wrong:
        raise CannotMeasure(f"The generated fleet is not sound, says the pack: {wrong[0]}")
    return Sample(spent, spent)


def _analyze(project: Project, environment: dict[str, str], count: int) -> Command:
    """`pulumi policy analyze` of a state with so many machines, on a fleet of their own."""
    folder = project.folder / f"fleet-{count}"
    bags = _declared(folder, count)
    exported, known = folder.with_suffix(".json"), folder.with_name(f"known-{count}.json")
    known.write_text(json.dumps(_known(bags)), encoding="utf-8")
    stack = "urn:pulumi:bench::" + PROJECT
    provider = f"{stack}::pulumi:providers:vps::default"
    resources = [
        {"urn": provider, "custom": True, "id": "1", "type": "pulumi:providers:vps"},
        *(
            {
                "urn": f"{stack}::{MACHINE}::{bag['vps']}-machine",
                "custom": True,
                "id": bag["uuid"],
                "type": MACHINE,
                "inputs": bag,
                "outputs": bag,
                "protect": True,
                "provider": f"{provider}::1",
            }
            for bag in bags
        ),
    ]
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}
    whole = {"version": 3, "deployment": {"manifest": manifest, "resources": resources}}
    exported.write_text(json.dumps(whole), encoding="utf-8")
    command = [engine_path(), "policy", "analyze", "--file", exported, "--policy-pack", POLICIES, "--non-interactive"]
    return Command(command, cwd=project.folder, env={**environment, "VPS_FLEET": str(folder), audit.KNOWN: str(known)})
