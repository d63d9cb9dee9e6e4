"""Somebody who runs `vps`, with a world before them; what runs are good for is `scenarios`'."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults.fake_world import HOSTS, FakeWorld
from tests.faults.view import Guest
from tests.faults.worker import DONE, Worker

if TYPE_CHECKING:
    from tests.faults.lab_world import LabWorld

Bag = dict[str, Any]


class Operator:
    """Somebody with a world before them; every run is a process of its own."""

    def __init__(self, world: "FakeWorld | LabWorld", worker: Worker) -> None:
        self.world = world
        self.worker = worker
        self.log = world.folder / "log"
        self.trace = ""
        self.forked = True
        """Runs may be killed; without, they are faster."""
        self.begun = False
        """The next run is only begun; `wait` ends it."""

    def up(self, news: Bag | None) -> int:
        """`vps up` of the client's stack."""
        return self._run("up", urn=self.world.urn, state=self.state, news=news, **self._common)

    def power(self, wish: str, host: str = HOSTS[0]) -> int:
        """`vps start|stop|suspend`."""
        return self._on_host("power", host, uuid=self.world.inputs()["uuid"], wish=wish)

    def restore(self) -> int:
        """`vps trash restore`."""
        return self._on_host("restore", key=self.world.inputs()["uuid"])

    def empty(self) -> int:
        """`vps trash empty --due`."""
        return self._on_host("empty", key=self.world.inputs()["uuid"])

    def adopt(self, news: Bag) -> int:
        """`vps adopt` of the machine that the file declares, then `vps up`, which takes it over."""
        return self._on_host("adopt", news=news, urn=self.world.urn) or self.up(news)

    def upload(self) -> int:
        """`vps up` of the host, which lacks an image."""
        return self._on_host("image", spec=self.world.other_image())

    def shows_nothing(self, news: Bag) -> bool:
        """Whether a preview is empty."""
        common = {"environ": self.world.environ()}
        return self._run("preview", urn=self.world.urn, state=self.state, news=news, **common) == DONE

    def wait(self) -> int:
        """The exit status of the run that was begun."""
        self.begun = False
        return self.worker.end()

    def forget(self) -> None:
        """Lose the state."""
        Path(self.state).unlink()

    @property
    def state(self) -> str:
        return str(self.world.folder / "machine.state")

    @property
    def machine(self) -> Guest | None:
        """The client's machine; None when it is nowhere."""
        uuid = self.world.inputs()["uuid"]
        found = [guest for guest in self.world.look().guests if guest.uuid == uuid and guest.owner]
        assert len(found) < 2, found
        return found[0] if found else None

    @property
    def said(self) -> str:
        """What the runs so far printed."""
        return self.log.read_text() if self.log.exists() else ""

    def _on_host(self, action: str, host: str = HOSTS[0], **arguments: Any) -> int:
        reference = self.world.inputs(host)["host"]
        return self._run(action, host=reference, **arguments, **self._common)

    def _run(self, action: str, **arguments: Any) -> int:
        if self.begun:
            self.worker.begin(action, self.log, forked=self.forked, **arguments)
            return DONE
        return self.worker.run(action, self.log, forked=self.forked, **arguments)

    @property
    def _common(self) -> Bag:
        return {"trace": self.trace, "environ": self.world.environ()}
