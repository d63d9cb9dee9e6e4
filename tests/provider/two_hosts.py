"""One machine and two fake hosts, as the engine asks for it, and what becomes of the hosts meanwhile."""

import datetime as dt
import json
from pathlib import Path

import pytest

from components.drivers.base import HostRef, Machine
from components.drivers.errors import HostUnreachable
from components.drivers.fake.driver import FakeDriver
from components.provider.connections import ADDRESSES, Connections
from components.provider.properties import Bag
from components.provider.roaming import RoamingMachine
from tests.provider.one_host import URN, furnish


class Fleet:
    """Two furnished fake hosts, lab1 and lab2, and the resource that knows both."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lost: dict[str, str] = {}
        self.said: list[str] = []
        for name in ("lab1", "lab2"):
            (folder / name).mkdir()
            furnish(self.driver(name), folder)

    def driver(self, name: str) -> FakeDriver:
        return FakeDriver(HostRef(name=name, driver="fake", uri=self.uri(name)))

    def uri(self, name: str) -> str:
        return f"fake://{self.folder / name / 'world'}"

    def resource(self) -> RoamingMachine:
        common = {"driver": "fake", "probe": "", "pool": "vps"}
        today = {name: {**common, "uri": self.uri(name), "lost": self.lost.get(name, "")} for name in ("lab1", "lab2")}
        made = RoamingMachine(Connections({ADDRESSES: json.dumps(today)}), lambda: dt.date(2026, 11, 22))
        made.say = lambda urn, words: self.said.append(words)
        return made

    def silence(self, name: str) -> None:
        (self.folder / name).rename(self.folder / f"{name}-away")

    def speak(self, name: str) -> None:
        (self.folder / f"{name}-away").rename(self.folder / name)

    def fault(self, name: str, **fault: object) -> None:
        (self.folder / name / "world/faults.json").write_text(json.dumps([fault]))

    def lose(self, name: str) -> None:
        """It is silent, and declared lost."""
        self.silence(name)
        self.declare_lost(name)

    def declare_lost(self, name: str) -> None:
        self.lost[name] = "2026-11-22 10:00 UTC"

    def machine(self, name: str, news: Bag) -> Machine | None:
        """The machine as that host has it."""
        return self.driver(name).read(news["uuid"])

    def holders(self, news: Bag) -> list[str]:
        return [name for name in ("lab1", "lab2") if self.machine(name, news) is not None]

    def placed(self, news: Bag, name: str, **more: object) -> Bag:
        """The inputs of a machine whose file says `host: name`."""
        return {**news, "host": {"name": name, "driver": "fake", "uri": self.uri(name), "probe": ""}, **more}

    def moved(self, news: Bag, *, live: bool = False, **more: object) -> Bag:
        return self.placed(news, "lab2", move={"from": "lab1", "live": live}, **more)

    def made_anew(self, news: Bag, **more: object) -> Bag:
        return self.placed(news, "lab2", restore={"from": "lab1", "empty": True}, **more)

    def make(self, news: Bag) -> Bag:
        """The state of the machine that was created."""
        return self.resource().create(URN, news)[1]

    def up(self, inputs: Bag, state: Bag, news: Bag) -> tuple[Bag, Bag, list[str]]:
        """What the engine does with one machine: refresh, diff, update; inputs and state afterwards, and the words."""
        resource = self.resource()
        uuid, state, inputs = resource.read(news["uuid"], URN, state, inputs)
        assert uuid
        changes = resource.changes(inputs, state, news)
        words = [change.consequence.words for change in changes if change.consequence.words]
        if changes:
            state = resource.update(uuid, URN, state, news, changes)
        return news, state, words

    def break_off(self, name: str, step: str, do: str, inputs: Bag, state: Bag, news: Bag) -> None:
        """An `up` that ends at `step` on that host, since it is not heard any more."""
        self.fault(name, step=step, do=do)
        with pytest.raises(HostUnreachable):
            self.up(inputs, state, news)

    def settled(self, inputs: Bag, state: Bag, news: Bag) -> bool:
        """Whether a preview after a refresh is empty."""
        resource = self.resource()
        _, state, inputs = resource.read(news["uuid"], URN, state, inputs)
        return resource.changes(inputs, state, news) == []
