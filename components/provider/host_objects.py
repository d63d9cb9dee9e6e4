"""`vps:index:Image`, `Network` and `StoragePool`: what a host must hold before machines can stand on it.

One behaviour for three nouns: ensure, read, remove. None is ever replaced: a new image digest is uploaded beside the
old one, a network or pool that differs is refused in words. What vanished stays in state as `missing`; the next update
makes images and networks again, but never a pool: its disk may only be unmounted, with clients' data on it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from components.domain.changes import Consequence, Effect
from components.drivers.base import Driver, Fact, HostRef
from components.drivers.errors import HostUnreachable
from components.provider import facts
from components.provider.inputs import ImageInputs, NetworkInputs, PoolInputs, Versioned, failures, parse
from components.provider.machine import Change, refuse
from components.provider.properties import Bag, flatten
from components.provider.takeover import need_pool_ours

Inputs = TypeVar("Inputs", bound=Versioned)

OWNER = ("fleet", "backend")
"""Inputs that say who asks for the object, not what it is: looked at when it is made, never a difference."""


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
        renewable: Mapping[str, str],
        need: Callable[[Driver, Inputs], None] = lambda *_: None,
    ) -> None:
        self.model = model
        self._driver_for = driver_for
        self._ensure = ensure
        self._read = read
        self._delete = delete
        self._renewable = renewable
        self._need = need

    def check(self, news: Bag) -> list[tuple[str, str]]:
        """Every problem of the inputs as (property, reason)."""
        return list(failures(self.model, news))

    def changes(self, old_inputs: Bag, state: Bag, news: Bag) -> list[Change]:
        """What differs; never raises, never asks a host."""
        before, after = (
            {key: value for key, value in flatten(bag).items() if key not in OWNER} for bag in (old_inputs, news)
        )
        differing = [key for key in sorted(before.keys() | after.keys()) if before.get(key) != after.get(key)]
        found = [self._change(key, before.get(key), after.get(key)) for key in differing]
        if state.get("status", facts.PRESENT) != facts.PRESENT:
            found.append(self._change("status", state.get("status"), facts.PRESENT))
        return found

    def preview_create(self, news: Bag) -> Bag:
        """What a preview can promise of a new object."""
        return news

    def announce(self, urn: str, news: Bag) -> str:
        """What Create will do beyond its inputs, in words. Raises as it would; a silent host is only told."""
        del urn
        inputs = parse(self.model, news)
        try:
            self._need(self._driver_for(inputs.host.ref()), inputs)
        except HostUnreachable as error:
            return f"could not look, so this is only what the files say. {error}"
        return ""

    def create(self, urn: str, news: Bag) -> tuple[str, Bag]:
        """Have the object on its host."""
        del urn
        inputs = parse(self.model, news)
        self._need(self._driver_for(inputs.host.ref()), inputs)
        fact = self._ensure(self._driver_for(inputs.host.ref()), inputs)
        return f"{inputs.host.name}/{news['name']}", _outputs(news, fact)

    def read(self, identity: str, urn: str, state: Bag, inputs: Bag) -> tuple[str, Bag, Bag]:
        """(id, outputs, inputs) as the host answers."""
        del urn
        parsed = parse(self.model, inputs or state)
        fact = self._read(self._driver_for(parsed.host.ref()), parsed)
        if fact is None:
            return identity, {**state, "status": facts.MISSING}, inputs
        observed = {key: fact.values[key] for key in inputs if key in fact.values and key != "name"}
        return identity, _outputs(inputs, fact, made=state.get("made")), {**inputs, **observed}

    def preview_update(self, state: Bag, news: Bag, changes: list[Change]) -> Bag:
        """The state that an update would leave. Raises Refused as `update` would."""
        refuse(state, changes)
        return {**state, **news}

    def update(self, identity: str, urn: str, state: Bag, news: Bag, changes: list[Change]) -> Bag:
        """Have the object as declared now, unless that would pull the floor from under machines (Refused)."""
        del identity, urn
        refuse(state, changes)
        inputs = parse(self.model, news)
        fact = self._ensure(self._driver_for(inputs.host.ref()), inputs)
        return _outputs(news, fact, made=state.get("made"))

    def delete(self, identity: str, state: Bag) -> str:
        """Remove what we made; what was there before us stays."""
        inputs = parse(self.model, state)
        if not state.get("made", False):
            return f"{identity} was on the host before us; it stays"
        self._delete(self._driver_for(inputs.host.ref()), inputs)
        return f"{identity} removed"

    def _change(self, key: str, before: object, after: object) -> Change:
        if key in ("host.uri", "host.probe"):
            effect, words = Effect.RECORDED, ""
        elif key in self._renewable:
            effect, words = Effect.LIVE, f"{key}: {before} -> {after}: {self._renewable[key]}"
        elif key == "status":
            effect = Effect.REFUSED
            words = "refused: it is gone from the host, and clients' disks may be on it; mount and start it by hand"
        else:
            effect = Effect.REFUSED
            words = f"refused: {key}: {before} -> {after}: machines stand on it; put {before!r} back"
        return Change(key=key, before=before, after=after, consequence=Consequence(key=key, effect=effect, words=words))


def images(driver_for: Callable[[HostRef], Driver], locate: Callable[[str, str], Path]) -> HostObject[ImageInputs]:
    """Golden images; `locate` finds the local file of a digest when the host still lacks it."""

    def ensure(driver: Driver, inputs: ImageInputs) -> Fact:
        present = driver.read_image(inputs.spec())
        return present or driver.ensure_image(inputs.spec(source=str(locate(inputs.sha256, inputs.name))))

    return HostObject(
        ImageInputs,
        driver_for,
        ensure=ensure,
        read=lambda driver, inputs: driver.read_image(inputs.spec()),
        delete=lambda driver, inputs: driver.delete_image(inputs.spec()),
        renewable={
            "sha256": "uploaded beside the old one; machines made from that one keep it",
            "status": "it is uploaded again",
        },
    )


def networks(driver_for: Callable[[HostRef], Driver]) -> HostObject[NetworkInputs]:
    """Networks that machines are attached to."""
    return HostObject(
        NetworkInputs,
        driver_for,
        ensure=lambda driver, inputs: driver.ensure_network(inputs.spec()),
        read=lambda driver, inputs: driver.read_network(inputs.spec()),
        delete=lambda driver, inputs: driver.delete_network(inputs.spec()),
        renewable={"status": "it is made again"},
    )


def pools(driver_for: Callable[[HostRef], Driver]) -> HostObject[PoolInputs]:
    """Storage pools for disks, seeds and images."""
    return HostObject(
        PoolInputs,
        driver_for,
        ensure=lambda driver, inputs: driver.ensure_pool(inputs.spec()),
        read=lambda driver, inputs: driver.read_pool(inputs.spec()),
        delete=lambda driver, inputs: driver.delete_pool(inputs.spec()),
        renewable={},
        need=need_pool_ours,
    )


def _outputs(inputs: Bag, fact: Fact, made: bool | None = None) -> Bag:
    """State of an object. Whether we made it was decided once: a later look can't tell."""
    first = fact.made if made is None else made
    return {**inputs, "status": facts.PRESENT, "made": first, "facts": dict(fact.values)}
