"""A machine among several hosts: `MachineResource` knows one host, this knows that there are others.

Gone is only what every host of the fleet answered not to hold, and nothing is made while one of them is silent. One
that is declared lost may be; while it answers, the declaration is false, and what it holds is there and nowhere else.
"""

import datetime
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from components.drivers.base import Phase
from components.drivers.errors import HostUnreachable, Interrupted, Refused
from components.engine.rebuild import is_rebuilding
from components.provider import facts, move
from components.provider.connections import Connections
from components.provider.inputs import MachineInputs, parse
from components.provider.machine import Change, MachineResource, PartlyCreated, missing, refuse
from components.provider.properties import Bag
from components.provider.takeover import need_untouched, new_mark


def _silent(urn: str, words: str) -> None:
    """Nobody listens."""
    del urn, words


class RoamingMachine(MachineResource):
    """`vps:index:Machine` on whichever host it is, was, or shall be. `say` takes one line beside the resource."""

    def __init__(self, connections: Connections, today: Callable[[], datetime.date]) -> None:
        super().__init__(connections.driver_for, today)
        self._connections = connections
        self.say: Callable[[str, str], None] = _silent

    def changes(self, old_inputs: Bag, state: Bag, news: Bag) -> list[Change]:
        """As `MachineResource.changes`; what hangs together with the host is judged by the declared intent."""
        # An observed bag of a lost machine names its old host in state and inputs alike.
        known = {**state, "host": (old_inputs.get("host") or state.get("host") or {})}
        found = []
        for change in super().changes(old_inputs, state, news):
            verdict = move.judge(change.key, change.before, change.after, known, news)
            found.append(replace(change, consequence=verdict) if verdict else change)
        verdict = move.unfinished(known, news)
        if verdict is not None or state.get("status") == facts.LOST:
            found = [change for change in found if change.key not in ("status", "phase", "moving")]
        if verdict is not None:
            found.append(Change(key=verdict.key, before=state.get(verdict.key), after="", consequence=verdict))
        return found

    def create(self, urn: str, news: Bag) -> tuple[str, Bag]:
        """As `MachineResource.create`, once every other host answered that it does not hold the machine."""
        inputs = parse(MachineInputs, news)
        if is_rebuilding() and self._is_gone(inputs):
            raise missing(new_mark(urn, inputs), inputs, news)
        self._need_new(inputs)
        return super().create(urn, news)

    def announce(self, urn: str, news: Bag) -> str:
        """As `MachineResource.announce`, and what the other hosts say against it."""
        inputs = parse(MachineInputs, news)
        try:
            if not (is_rebuilding() and self._is_gone(inputs)):
                self._need_new(inputs)
        except HostUnreachable as error:
            return f"{inputs.title}: could not look whether it is there already. {error}"
        return super().announce(urn, news)

    def _is_gone(self, inputs: MachineInputs) -> bool:
        return self._connections.is_gone(inputs.host.ref(), inputs.uuid)

    def _need_new(self, inputs: MachineInputs) -> None:
        """Raises Refused, unless it is on its host already, when a machine must not be made there."""
        if self._driver_for(inputs.host.ref()).read(inputs.uuid) is not None:
            return
        what = f"Unable to create machine {inputs.title} on {inputs.host.name}"
        move.need_nowhere(self._connections, what, inputs.uuid, inputs.host.name)
        if is_rebuilding():
            return
        move.need_no_trash(self._connections, what, inputs)
        if inputs.restore is not None:
            raise Refused(
                what,
                "its file says `restore:`, but state knows no machine that was lost",
                "Nothing was made. Remove the line `restore:` to make it new and empty",
            )

    def read(self, uuid: str, urn: str, state: Bag, inputs: Bag) -> tuple[str, Bag, Bag]:
        """As `MachineResource.read`, wherever in the fleet the machine is by now."""
        name = move.host_name(inputs)
        since = self._connections.lost_since(name)
        if since and self._is_gone(parse(MachineInputs, inputs)):
            identity, outs, observed = uuid, {**state, "status": facts.LOST, "observedPower": "unknown"}, inputs
        else:
            identity, outs, observed = super().read(uuid, urn, state, inputs)
            if since and identity and outs.get("status") != facts.MISSING:
                self.say(urn, f"{name} is declared lost, yet it answers and holds it. Run: vps host return {name}")
                outs = {**outs, facts.FALSELY_LOST: since}
            if outs.get("status") != facts.MISSING:
                return identity, outs, observed
        what = f"Unable to find machine {inputs.get('title')}, which {name} does not hold"
        found = move.found_elsewhere(self._connections, what, uuid, urn, state, inputs)
        if found is None:
            if outs.get("status") == facts.LOST:
                title = inputs.get("title")
                self.say(urn, f"{name} is lost since {since}. To have it elsewhere: vps restore {title} --to HOST")
            return identity, outs, observed
        moved, machine, incarnation = found
        self.say(urn, f"found on {move.host_name(moved)}: an earlier run brought it there before it wrote that down")
        outs = facts.outputs(moved, machine, seed_digest=state.get("seedDigest", ""), incarnation=incarnation)
        return uuid, outs, facts.observed_inputs(moved, machine)

    def preview_update(self, state: Bag, news: Bag, changes: list[Change]) -> Bag:
        """As `MachineResource.preview_update`; a host that is silent now is the update's matter."""
        after = super().preview_update(state, news, changes)
        with suppress(HostUnreachable):
            move.need_no_quarantine(self._connections, state, news)
        return after

    def update(self, uuid: str, urn: str, state: Bag, news: Bag, changes: list[Change]) -> Bag:
        """As `MachineResource.update`; a change of host is carried out first."""
        refuse(state, changes)
        need_untouched(f"Unable to change {news.get('title')} on {move.host_name(news)}")
        move.need_no_quarantine(self._connections, state, news)
        if move.is_restore(state, news):
            return self._restore(urn, state, news)
        if not move.is_move(state, news) and not state.get("moving"):
            return super().update(uuid, urn, state, news, changes)
        inputs = parse(MachineInputs, news)
        spec, mark = inputs.spec(), facts.expected_mark(state, urn)

        def say(words: str) -> None:
            self.say(urn, words)

        if move.is_move(state, news):
            live = inputs.move is not None and inputs.move.live
            due = (self._today() + datetime.timedelta(days=inputs.trashDays)).isoformat()
            move.carry(self._connections, state, inputs.host.ref(), spec, mark, say, live=live, due=due)
        else:
            move.call_off(self._connections, state, spec, mark, say)
        machine = self._driver_for(inputs.host.ref()).read(uuid)
        if machine is None:
            raise Refused(
                f"Unable to change {inputs.title} on {inputs.host.name}",
                "the host answered that it does not hold it any more",
                "Run `vps up` again, which looks on every host",
            )
        outs = facts.outputs(news, machine, seed_digest=state.get("seedDigest", ""), incarnation=mark.incarnation)
        rest = [change for change in changes if change.key == "power"]
        if not rest and facts.observed_inputs(news, machine) == news:
            return outs
        return super().update(uuid, urn, outs, news, rest)

    def delete(self, uuid: str, state: Bag) -> str:
        """As `MachineResource.delete`. Raises Refused while a move is not finished."""
        if state.get("moving") or state.get("phase") == Phase.LEFT:
            raise Refused(
                f"Unable to end machine {state.get('title')} on {move.host_name(state)}",
                f"its move {str(state.get('moving', '')).replace(':', ' ')} is not finished",
                f"Nothing was touched. Withdraw its end for now: `vps end {state.get('title')} --never`, and "
                "`vps up`, which ends the move; then end it",
            )
        return super().delete(uuid, self._found(uuid, state))

    def _found(self, uuid: str, state: Bag) -> Bag:
        """State as it is, or with the host where an earlier run brought the machine before it wrote that down."""
        inputs = parse(MachineInputs, state)
        if self._driver_for(inputs.host.ref()).read(uuid) is not None:
            return state
        what = f"Unable to end machine {inputs.title} on {inputs.host.name}, which does not hold it"
        for host, machine in self._connections.elsewhere(what, uuid, inputs.host.name):
            mark = machine.mark
            if mark is not None and state.get("incarnation") in (mark.incarnation, mark.previous):
                address = {"name": host.name, "driver": host.driver, "uri": host.uri, "probe": host.probe}
                return {**state, "host": address, "incarnation": mark.incarnation}
        return state

    def _restore(self, urn: str, state: Bag, news: Bag) -> Bag:
        """Make the lost machine anew where it is declared now, under a new incarnation: the old copy is a stranger."""
        inputs = parse(MachineInputs, news)
        what = f"Unable to restore {inputs.title} on {inputs.host.name}"
        move.need_nowhere(self._connections, what, inputs.uuid, inputs.host.name, state.get("incarnation", ""))
        mark = replace(new_mark(urn, inputs), previous=state.get("incarnation", ""))
        try:
            machine, digest = self._make(self._driver_for(inputs.host.ref()), inputs, news, mark)
        except PartlyCreated as error:
            cut = error.__cause__
            if isinstance(cut, Interrupted) and cut.machine is None:
                # Nobody knows whether it was begun: state goes on to say what was lost, and the next run finds what
                # was made by its mark, or begins anew.
                raise cut from None
            raise
        return facts.outputs(news, machine, seed_digest=digest, incarnation=mark.incarnation)
