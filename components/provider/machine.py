"""`vps:index:Machine`: the life of one machine as Pulumi asks for it.

Never replaced: Diff names updates only. Identity is the UUID; an incarnation in mark and state tells *mine* from *not
mine any more*, so that Pulumi's create-then-delete of a replacement leaves the machine untouched.
Gone is not deleted: a delivered machine that its host lost stays in state as `missing`, and Update refuses.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace

from components.cloudinit import render, seed_digest, seed_iso, template_digest
from components.domain.changes import Consequence, Effect
from components.domain.growth import Guest
from components.drivers.base import Driver, HostRef, Machine, Mark, Phase, Power
from components.drivers.errors import DriverError, HostUnreachable, Interrupted, Refused
from components.engine.rebuild import is_rebuilding
from components.provider import facts, reinstall, takeover
from components.provider.forecast import forecast
from components.provider.inputs import MachineInputs, SeedInputs, failures, parse
from components.provider.properties import Bag, flatten

OUTPUT_ONLY = ("backend", "host.uri", "host.probe", "trashDays")
"""Inputs that say how to get there, not what the machine is: a change of theirs is recorded, nobody is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One key that differs, with what it does."""

    key: str
    before: object
    after: object
    consequence: Consequence


class PartlyCreated(Exception):  # noqa: N818 - says what happened
    """Creation stopped half-way: `state` is what exists and must be kept."""

    def __init__(self, uuid: str, state: Bag, reason: str) -> None:
        super().__init__(reason)
        self.uuid = uuid
        self.state = state


class MachineResource:
    """The resource's operations over whichever driver serves the machine's host."""

    model = MachineInputs

    def __init__(self, driver_for: Callable[[HostRef], Driver], today: Callable[[], datetime.date]) -> None:
        self._driver_for = driver_for
        self._today = today

    def check(self, news: Bag) -> list[tuple[str, str]]:
        """Every problem of the inputs as (property, reason)."""
        return list(failures(MachineInputs, news))

    def changes(self, old_inputs: Bag, state: Bag, news: Bag) -> list[Change]:
        """What differs between what was (declared then, or observed by a refresh) and what is declared now.

        Never raises and never asks a host: an exception here would blind a refresh of the whole stack.
        """
        before, after, guest = flatten(old_inputs), flatten(news), facts.guest(state)
        today = self._today()
        passed = reinstall.passed(state, news)
        found = [
            Change(
                key=key,
                before=before.get(key),
                after=after.get(key),
                consequence=reinstall.judge(key, before.get(key), after.get(key), state, news, today)
                or _judge(key, before, after, guest, state, today),
            )
            for key in sorted(before.keys() | after.keys())
            if before.get(key) != after.get(key) and not key.startswith(passed)
        ]
        status = state.get("status", facts.PRESENT)
        if status != facts.PRESENT:
            verdict = reinstall.judge("status", status, facts.PRESENT, state, news, today)
            found.append(_status_change(status, state, verdict))
        elif state.get("phase") == Phase.ENDING:
            words = "refused: its end began and was interrupted; declare its `ends:` again, so that it can be finished"
            verdict = Consequence(key="phase", effect=Effect.REFUSED, words=words)
            found.append(Change(key="phase", before=Phase.ENDING.value, after="ready", consequence=verdict))
        elif state.get("phase") not in (None, "", Phase.READY):
            words = "creation was interrupted: it is taken up where it stopped"
            verdict = Consequence(key="phase", effect=Effect.LIVE, words=words)
            found.append(Change(key="phase", before=state.get("phase"), after="ready", consequence=verdict))
        return found

    def preview_create(self, news: Bag) -> Bag:
        """What a preview can promise of a new machine."""
        return news

    def announce(self, urn: str, news: Bag) -> str:
        """What Create will do, in words. Raises as it would; a silent host is only told."""
        inputs = parse(MachineInputs, news)
        try:
            return takeover.preview(self._driver_for(inputs.host.ref()), inputs, news, takeover.new_mark(urn, inputs))
        except HostUnreachable as error:
            return f"{inputs.title}: could not look whether it is there already. {error}"

    def create(self, urn: str, news: Bag) -> tuple[str, Bag]:
        """Make, resume or take over the machine; a failure that left something behind raises PartlyCreated."""
        inputs = parse(MachineInputs, news)
        driver = self._driver_for(inputs.host.ref())
        mark = takeover.new_mark(urn, inputs)
        there, _ = takeover.look(driver, inputs, mark)
        if there is None and is_rebuilding():
            raise missing(mark, inputs, news)
        machine, digest = self._make(driver, inputs, news, mark)
        stays = inputs.power == "managed" or is_rebuilding()
        if not stays and machine.power is Power.RUNNING and machine.mark is not None:
            # Taken over while it ran, although it is declared down.
            machine = driver.power(inputs.uuid, "off", machine.mark)
        return inputs.uuid, facts.outputs(news, machine, seed_digest=digest, incarnation=mark.incarnation)

    def read(self, uuid: str, urn: str, state: Bag, inputs: Bag) -> tuple[str, Bag, Bag]:
        """(id, outputs, observed inputs) as the host answers. The id is empty only for what was never delivered.

        A machine whose mark names this URN and, as its previous incarnation, the one that state knows was taken over
        by a run of ours that died before state was written: its new incarnation is learnt here.
        """
        if not inputs:
            raise Refused(
                f"Unable to import machine {uuid}",
                "an import knows the id alone, not the host",
                "`vps adopt HOST` and `vps adopt CLIENT/VPS` take a machine over that is there, then `vps up`.",
            )
        host = parse(MachineInputs, inputs).host.ref()
        machine = self._driver_for(host).read(uuid)
        if machine is None:
            if state.get("phase") == Phase.CREATING and not state.get("reinstall"):
                return "", {}, {}  # Nothing of the client was ever on it.
            return uuid, {**state, "status": facts.MISSING, "observedPower": "unknown"}, inputs
        incarnation = state.get("incarnation", "")
        found = machine.mark
        if takeover.never_claimed(state, found, urn):
            return "", {}, {}  # Our claim never arrived there: this state speaks of nothing, and Create claims anew.
        if found is not None and found.previous and found.previous == incarnation:
            same = (found.urn, found.fleet, found.backend) == (urn, inputs["fleet"], inputs["backend"])
            incarnation = found.incarnation if same else incarnation
        outs = facts.outputs(inputs, machine, seed_digest=state.get("seedDigest", ""), incarnation=incarnation)
        return uuid, outs, facts.observed_inputs(inputs, machine)

    def preview_update(self, state: Bag, news: Bag, changes: list[Change]) -> Bag:
        """The state that an update would leave, as far as it can be known. Raises Refused as `update` would."""
        refuse(state, changes)
        reboot = {change.key for change in changes if change.consequence.effect is Effect.REBOOT}
        predicted = {**state, **news}
        predicted["rebootRequired"] = sorted({*state.get("rebootRequired", []), *reboot})
        return predicted

    def update(self, uuid: str, urn: str, state: Bag, news: Bag, changes: list[Change]) -> Bag:
        """Carry out what Diff announced; refused changes touch nothing at all."""
        inputs = parse(MachineInputs, news)
        takeover.need_untouched(f"Unable to change {inputs.title} on {inputs.host.name}")
        driver = self._driver_for(inputs.host.ref())
        refuse(state, changes)
        expected = replace(facts.expected_mark(state, urn), power=inputs.power, order=inputs.order)
        power = next((change for change in changes if change.key == "power"), None)
        digest = state.get("seedDigest", "")
        if reinstall.is_wanted(state, news):
            machine, digest = self._reinstall(driver, inputs, news, state, expected)
        elif state.get("phase") in (Phase.CREATING, Phase.STARTING):
            machine, digest = self._make(driver, inputs, news, replace(expected, phase=Phase.CREATING))
        else:
            # A declared power is noted once it is reached (below): a run that dies before it leaves a difference.
            noted = expected if power is None else replace(expected, power=state.get("power", "managed"))
            machine = driver.update(inputs.spec(), noted)
        if power is not None and machine.mark is not None:
            declared = replace(machine.mark, power=inputs.power)
            machine = driver.power(uuid, "running" if power.after == "managed" else "off", declared)
        return facts.outputs(news, machine, seed_digest=digest, incarnation=expected.incarnation)

    def delete(self, uuid: str, state: Bag) -> str:
        """End the machine if its end was declared and reached. Returns words for the log.

        Another incarnation on the host is *not mine any more*: nothing is touched and the engine may forget this one.
        Raises Refused without a reached `ends`.
        """
        inputs = parse(MachineInputs, state)
        driver = self._driver_for(inputs.host.ref())
        incarnation = state.get("incarnation", "")
        machine = driver.read(uuid)
        if machine is not None and (machine.mark is None or machine.mark.incarnation != incarnation):
            return f"{inputs.title}: {uuid} is not ours any more (another incarnation); nothing was touched"
        # The host's word counts: an answer that was lost left `creating` in state behind a delivered machine.
        phase = machine.mark.phase if machine is not None and machine.mark is not None else state.get("phase")
        delivered = reinstall.delivered(None if machine is None else machine.mark, phase)
        if delivered and not (inputs.ends and inputs.ends <= self._today().isoformat()):
            seen = f"its declared end is {inputs.ends}" if inputs.ends else "no end is declared for it"
            raise Refused(
                f"Unable to end machine {inputs.title} on {inputs.host.name}",
                f"{seen}, and today is {self._today().isoformat()}",
                "Nothing was touched. Put the lines back; a VPS ends by `ends:` in its file, never by deleting lines.",
            )
        due = reinstall.due(state, self._today())
        driver.delete(uuid, incarnation, due)
        if machine is None:
            return f"{inputs.title}: {inputs.host.name} did not hold it any more; nothing was there to end"
        if not delivered and phase == Phase.CREATING:
            return f"{inputs.title}: it was never delivered; what was made of it is removed"
        return f"{inputs.title}: ended; its disks are in the trash of {inputs.host.name} until {due}"

    def _reinstall(
        self, driver: Driver, inputs: MachineInputs, news: Bag, state: Bag, expected: Mark
    ) -> tuple[Machine, str]:
        if state.get("status") == facts.MISSING:
            return self._make(driver, inputs, news, replace(expected, phase=Phase.CREATING, reinstall=inputs.reinstall))
        assert inputs.seed is not None  # Check refuses reinstalling without one.
        iso = _seed(inputs.seed, inputs.title)
        machine = driver.reinstall(inputs.spec(), iso, expected, reinstall.due(news, self._today()))
        return machine, seed_digest(iso)

    def _make(self, driver: Driver, inputs: MachineInputs, news: Bag, mark: Mark) -> tuple[Machine, str]:
        iso = b"" if inputs.seed is None else _seed(inputs.seed, inputs.title)
        digest = seed_digest(iso) if iso else ""
        spec = inputs.spec()
        try:
            machine = driver.create(spec, iso, mark)
        except Interrupted as error:
            known = error.machine.mark if error.machine is not None else None
            if known is not None and known.incarnation != mark.incarnation:
                raise  # It is there as it was before: our claim was never written, so state has nothing to keep.
            state = _partial(news, error.machine, mark, digest)
            raise PartlyCreated(inputs.uuid, state, str(error)) from error
        if machine.mark is not None and facts.observed_inputs(news, machine) != news and not is_rebuilding():
            # Taken over after state had lost it: the machine is whole, only its limits may be behind the file.
            try:
                machine = driver.update(spec, machine.mark)
            except DriverError as error:
                # The host carries the new incarnation by now: state must learn it, or it takes us for a stranger.
                raise PartlyCreated(inputs.uuid, _partial(news, machine, mark, digest), str(error)) from error
        return machine, digest


def missing(mark: Mark, inputs: MachineInputs, news: Bag) -> PartlyCreated:
    """What a rebuild keeps of a declared machine that no host holds: it was delivered, and no restore was done yet."""
    state = _partial(news, None, replace(mark, phase=Phase.READY, revision=0, incarnation=""), "")
    reason = f"Unable to take over {inputs.title} from {inputs.host.name}: {takeover.MISSING}"
    return PartlyCreated(inputs.uuid, {**state, "status": facts.MISSING, "restore": None}, reason)


def refuse(state: Bag, changes: list[Change]) -> None:
    """One refused key refuses the whole update, in the preview already: a preview never promises what up won't do."""
    refused = [change.consequence.words for change in changes if change.consequence.effect is Effect.REFUSED]
    if refused:
        what = f"Unable to change {state.get('title') or state.get('name')} on {state.get('host', {}).get('name')}"
        raise Refused(what, "; ".join(refused), "Nothing was changed.")


def _partial(news: Bag, machine: Machine | None, mark: Mark, digest: str) -> Bag:
    if machine is not None:
        return facts.outputs(news, machine, seed_digest=digest, incarnation=mark.incarnation)
    return {
        **news,
        "status": facts.PRESENT,
        "phase": str(mark.phase),
        "incarnation": mark.incarnation,
        "revision": mark.revision,
        "seedDigest": digest,
    }


def _seed(seed: SeedInputs, title: str) -> bytes:
    here = template_digest(seed.template)
    if here != seed.templateDigest:
        raise DriverError(
            f"Unable to render the seed of {title}",
            f"template {seed.template} is {here[:12]} for the plugin but {seed.templateDigest[:12]} for the program",
            "Run program and plugin from one checkout: ./run setup.",
        )
    return seed_iso(render(seed.template, seed.values))


def _judge(key: str, before: Bag, after: Bag, guest: Guest | None, state: Bag, today: datetime.date) -> Consequence:
    if key in OUTPUT_ONLY:
        return Consequence(key=key, effect=Effect.RECORDED, words="")
    return forecast(key, before.get(key), after.get(key), guest, state, today)


def _status_change(status: str, state: Bag, verdict: Consequence | None = None) -> Change:
    title, host = state.get("title", ""), state.get("host", {}).get("name", "")
    if status == facts.MISSING:
        words = (
            f"refused: {title} was delivered and {host} does not hold it any more; it is never created empty again. "
            "Look on the host and in its trash (`vps trash list`); raising `reinstall` by one makes it anew, with an "
            "empty disk"
        )
    elif status == facts.DAMAGED:
        words = (
            f"refused: {host} answered that a disk of {title} is gone; it is never made anew. "
            "Look in the pool first; raising `reinstall` by one gives it a new, empty disk"
        )
    else:
        words = f"refused: the machine on {host} carries another incarnation: somebody else took it over"
    verdict = verdict or Consequence(key="status", effect=Effect.REFUSED, words=words)
    return Change(key="status", before=status, after=facts.PRESENT, consequence=verdict)
