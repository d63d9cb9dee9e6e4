"""`vps:index:Image`, `Network` and `StoragePool`: what a host must hold before machines can stand on it.

One behaviour for three nouns: ensure, read, remove. None is ever replaced: a new image digest is uploaded beside the
old one, a network or pool that differs is refused in words. What vanished stays in state as `missing`, and the next
update ensures it again: these objects hold no client data of their own.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from components.domain.changes import Consequence, Effect
from components.drivers.base import Driver, Fact, HostRef
from components.provider import facts
from components.provider.inputs import ImageInputs, NetworkInputs, PoolInputs, Versioned, failures, parse
from components.provider.machine import Change
from components.provider.properties import Bag, flatten

Inputs = TypeVar("Inputs", bound=Versioned)


class HostObject(Generic[Inputs]):
    """One kind of host object over whichever driver serves its host."""

    def __init__(
        self,
        model: type[Inputs],
        driver_for: Callable[[HostRef], Driver],
        *,
        ensure: Callable[[Driver, Inputs], Fact],
        read: Callable[[Driver, Inputs], Fact | None],
        delete: Callable[[Driver, Inputs], None],
    ) -> None:
        self.model = model
        self._driver_for = driver_for
        self._ensure = ensure
        self._read = read
        self._delete = delete

    def check(self, news: Bag) -> list[tuple[str, str]]:
        """Every problem of the inputs as (property, reason)."""
        return list(failures(self.model, news))

    def changes(self, old_inputs: Bag, state: Bag, news: Bag) -> list[Change]:
        """What differs; never raises, never asks a host."""
        before, after = flatten(old_inputs), flatten(news)
        found = [
            _change(key, before.get(key), after.get(key), f"{key}: {before.get(key)} -> {after.get(key)}")
            for key in sorted(before.keys() | after.keys())
            if before.get(key) != after.get(key)
        ]
        if state.get("status", facts.PRESENT) != facts.PRESENT:
            words = "it is gone from the host: it is made again"
            found.append(_change("status", state.get("status"), facts.PRESENT, words))
        return found

    def preview_create(self, news: Bag) -> Bag:
        """What a preview can promise of a new object."""
        return news

    def create(self, urn: str, news: Bag) -> tuple[str, Bag]:
        """Have the object on its host."""
        del urn
        inputs = parse(self.model, news)
        fact = self._ensure(self._driver_for(inputs.host.ref()), inputs)
        return f"{inputs.host.name}/{news['name']}", _outputs(news, fact)

    def read(self, identity: str, state: Bag, inputs: Bag) -> tuple[str, Bag, Bag]:
        """(id, outputs, inputs) as the host answers."""
        parsed = parse(self.model, inputs or state)
        fact = self._read(self._driver_for(parsed.host.ref()), parsed)
        if fact is None:
            return identity, {**state, "status": facts.MISSING}, inputs
        observed = {key: fact.values[key] for key in inputs if key in fact.values and key != "name"}
        return identity, _outputs(inputs, fact), {**inputs, **observed}

    def preview_update(self, state: Bag, news: Bag, changes: list[Change]) -> Bag:
        """The state that an update would leave."""
        del changes
        return {**state, **news}

    def update(self, identity: str, urn: str, state: Bag, news: Bag, changes: list[Change]) -> Bag:
        """Have the object as declared now; the driver refuses what would pull the floor from under machines."""
        del identity, urn, state, changes
        inputs = parse(self.model, news)
        return _outputs(news, self._ensure(self._driver_for(inputs.host.ref()), inputs))

    def delete(self, identity: str, state: Bag) -> str:
        """Remove what we made; what was there before us stays."""
        inputs = parse(self.model, state)
        if not state.get("made", False):
            return f"{identity} was on the host before us; it stays"
        self._delete(self._driver_for(inputs.host.ref()), inputs)
        return f"{identity} removed"


def images(driver_for: Callable[[HostRef], Driver], locate: Callable[[str], Path]) -> HostObject[ImageInputs]:
    """Golden images; `locate` finds the local file of a digest when the host still lacks it."""

    def ensure(driver: Driver, inputs: ImageInputs) -> Fact:
        present = driver.read_image(inputs.spec())
        return present or driver.ensure_image(inputs.spec(source=str(locate(inputs.sha256))))

    return HostObject(
        ImageInputs,
        driver_for,
        ensure=ensure,
        read=lambda driver, inputs: driver.read_image(inputs.spec()),
        delete=lambda driver, inputs: driver.delete_image(inputs.spec()),
    )


def networks(driver_for: Callable[[HostRef], Driver]) -> HostObject[NetworkInputs]:
    """Networks that machines are attached to."""
    return HostObject(
        NetworkInputs,
        driver_for,
        ensure=lambda driver, inputs: driver.ensure_network(inputs.spec()),
        read=lambda driver, inputs: driver.read_network(inputs.spec()),
        delete=lambda driver, inputs: driver.delete_network(inputs.spec()),
    )


def pools(driver_for: Callable[[HostRef], Driver]) -> HostObject[PoolInputs]:
    """Storage pools for disks, seeds and images."""
    return HostObject(
        PoolInputs,
        driver_for,
        ensure=lambda driver, inputs: driver.ensure_pool(inputs.spec()),
        read=lambda driver, inputs: driver.read_pool(inputs.spec()),
        delete=lambda driver, inputs: driver.delete_pool(inputs.spec()),
    )


def _outputs(inputs: Bag, fact: Fact) -> Bag:
    return {**inputs, "status": facts.PRESENT, "made": fact.made, "facts": dict(fact.values)}


def _change(key: str, before: object, after: object, words: str) -> Change:
    verdict = Consequence(key=key, effect=Effect.LIVE, words=words)
    return Change(key=key, before=before, after=after, consequence=verdict)
