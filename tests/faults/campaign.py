"""Breaks every step of a scenario in every way, looks at the wreck, runs once more, looks again, and counts."""

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.fake_world import FakeWorld
from tests.faults.operators import Operator
from tests.faults.scenarios import Scenario
from tests.faults.view import FOREIGN, LOST, Problem, View, problems
from tests.faults.worker import DONE, FAILED, KILLED, Worker

FAULTS = {
    "killed before": {"do": "kill", "when": "before"},
    "killed after": {"do": "kill", "when": "after"},
    "failed before": {"do": "fail", "when": "before"},
    "failed after": {"do": "fail", "when": "after"},
    "connection dropped": {"do": "unreachable", "when": "before"},
    "answer lost": {"do": "lose-answer"},
    "pool full": {"do": "full", "when": "before"},
}
"""Every way in which a step goes wrong, as `components.drivers.faults` reads it."""

OF_REACHING = ("killed before", "connection dropped")
"""What can happen to a step that only reaches the host: there is nothing in it to be done or lost."""


@dataclass(slots=True)
class Tally:
    """How many faults struck, and what came of them. `wrong` says in words what should not have been."""

    injected: int = 0
    found: list[Problem] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    steps: set[str] = field(default_factory=set)

    def note(self, where: str, seen: list[Problem]) -> None:
        """Count broken promises."""
        self.found += seen
        self.wrong += [f"{where}: {problem.kind}: {problem.words}" for problem in seen]


class Campaign:
    """Scenarios on copies of one furnished world."""

    def __init__(self, furnished: FakeWorld, scratch: Path, worker: Worker) -> None:
        self._furnished = furnished
        self._scratch = scratch
        self._worker = worker
        self._numbers = itertools.count()
        self._prepared: dict[str, tuple[FakeWorld, list[str]]] = {}

    def steps(self, scenario: Scenario) -> list[str]:
        """Every step that the scenario takes, in order, each once: found by doing it."""
        return self._prepare(scenario)[1]

    def run(self, scenario: Scenario, kind: str) -> Tally:
        """Break each step of the scenario in this way, one after the other."""
        tally = Tally(steps=set(self.steps(scenario)))
        for step in self.steps(scenario):
            if step.startswith("reach.") and kind not in OF_REACHING:
                continue
            self._break(scenario, {"step": step, "times": 1, **FAULTS[kind]}, f"{scenario.name}, {step} {kind}", tally)
        return tally

    def _break(self, scenario: Scenario, fault: dict[str, object], where: str, tally: Tally) -> None:
        operator = self._copy(self._prepare(scenario)[0])
        before = operator.world.look()
        operator.world.fault(fault)
        operator.forked = fault["do"] == "kill"
        status = scenario.act(operator)
        tally.injected += operator.world.struck()
        expected = KILLED if fault["do"] == "kill" else FAILED
        # A read that failed may be tried again, so that nobody hears of it; a process that was killed is dead.
        endured = status == DONE and expected != KILLED
        if not (status == expected or endured) or not operator.world.struck():
            tally.wrong.append(f"{where}: ended with {status}: {operator.said}")
        operator.world.heal()
        operator.forked = False
        wreck = operator.world.look()
        tally.note(f"{where}, before the next run", _judged(scenario, problems(before, wreck, settled=False)))
        if (status := scenario.act(operator)) != DONE:
            tally.wrong.append(f"{where}: the next run ended with {status}: {operator.said}")
            return
        self._judge(scenario, operator, before, wreck, where, tally)

    def _judge(
        self, scenario: Scenario, operator: Operator, before: View, wreck: View, where: str, tally: Tally
    ) -> None:
        after = operator.world.look()
        seen = problems(before, after, settled=True)
        seen += [problem for problem in problems(wreck, after, settled=True) if problem not in seen]
        tally.note(where, _judged(scenario, seen))
        try:
            scenario.expect(operator)
        except AssertionError as error:
            tally.wrong.append(f"{where}: not what was asked for: {error}")

    def _prepare(self, scenario: Scenario) -> tuple[FakeWorld, list[str]]:
        if scenario.name not in self._prepared:
            operator = self._copy(self._furnished)
            scenario.prepare(operator)
            operator.world.stamp()
            tracing = self._copy(operator.world)
            tracing.trace = str(tracing.world.folder / "trace")
            status = scenario.act(tracing)
            assert status == DONE, f"{scenario.name} without any fault ended with {status}: {tracing.said}"
            scenario.expect(tracing)
            steps = list(dict.fromkeys(Path(tracing.trace).read_text().split()))
            self._prepared[scenario.name] = (operator.world, steps)
        return self._prepared[scenario.name]

    def _copy(self, world: FakeWorld) -> Operator:
        return Operator(world.copy(self._scratch / f"world-{next(self._numbers)}"), self._worker)


def _judged(scenario: Scenario, seen: list[Problem]) -> list[Problem]:
    """Without what the act is for."""
    meant = {LOST} if scenario.destroys else {FOREIGN} if scenario.adopts else set()
    return [problem for problem in seen if problem.kind not in meant]
