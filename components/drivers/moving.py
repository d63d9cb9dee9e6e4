"""How a machine moves from one host to another: one order of steps for every driver.

Off: note, arrive, halt, copy and compare each part, park the source as `left`, arm the target, start, verify, clear.
Live: note, arrive, room on the target, park the source (its guest runs on), migrate, verify, clear.

Whoever calls again goes on: what both hosts say decides what is next. Until the source has `left` (or the guest runs on
the target) a failure brings it back to where it was; from there on it goes forward, unless the target can't start it.
"""

import hashlib
import time
from collections.abc import Callable, Iterator

from components.drivers.base import MachineSpec, Mark, Phase, Power, Say
from components.drivers.errors import DriverError, HostUnreachable, Missing, NotOurs, Refused
from components.drivers.gate import Gate, Parcel, Passport, Standing

BUSY_S = 900.0
"""How long to wait for a live migration that an interrupted run of ours left at work."""
PAUSE_S = 0.5
TOLD_S = 5.0
"""A long copy says how far it is this often."""
GIB = 1024**3


class Move:
    """One machine's move between two hosts of the same driver."""

    def __init__(self, source: Gate, target: Gate, spec: MachineSpec, mark: Mark, say: Say, due: str = "") -> None:
        self._source = source
        self._target = target
        self._spec = spec
        self._mark = mark
        self._say = say
        self._due = due
        self._what = f"Unable to move {spec.title} from {source.host} to {target.host}"

    def run(self, *, live: bool) -> None:
        """Carry it out, or go on with it. Raises DriverError; then the machine is whole on one of the two hosts."""
        here, there = self._look()
        if here is not None and here.busy:
            self._outlast(here)
            here, there = self._look()
        if here is None:
            self._arrived(there)
            return
        # Before anything else: nothing of it may be brought back here while a third host may have its guest.
        self._need_this_move(here)
        if there is not None and (here.mark.phase is Phase.LEFT or there.mark.phase is Phase.READY):
            here, there = self._settle(here, there)
        elif here.mark.phase is Phase.LEFT:
            raise Missing(
                self._what,
                f"it has left {self._source.host}, and {self._target.host} holds nothing of it",
                f"Nothing was touched: its disks are still in the pool of {self._source.host}. Look at both hosts",
            )
        elif not here.armed:
            here = self._back()
        if here is None or here.mark.phase is Phase.LEFT:
            self._finish()
            return
        self._from_the_start(here, there, live=live)

    def call_off(self) -> None:
        """Stay on the source although a move was begun. Raises Refused when the machine has left already."""
        here, there = self._look()
        if here is None or here.mark.phase is Phase.LEFT or (there is not None and there.mark.phase is Phase.READY):
            raise Refused(
                self._what,
                f"it is {self._target.host}'s already",
                f"Declare `host: {self._target.host}`; to bring it back, move it back: vps move",
            )
        if here.busy:
            self._outlast(here)
            self.call_off()
            return
        if there is not None:
            self._target.forget(self._spec.uuid, self._mark.incarnation)
        self._source.stay(self._spec.uuid, self._mark.incarnation)
        self._say(f"the move to {self._target.host} is off: it stays on {self._source.host}")

    def call_off_without_target(self) -> None:
        """Stay on the source although the target can't be asked, and is known to run nothing any more.

        Raises Refused unless the source never gave its disks away: only then is it whole, whatever arrived there.
        """
        here = self._ours(self._source)
        if here is None or here.mark.phase is Phase.LEFT or not here.armed or here.busy:
            raise Refused(
                self._what,
                f"its disks may have changed hands already, and {self._target.host} can't be asked",
                f"Nothing was touched: what {self._source.host} has of it is in its pool. Bring {self._target.host} "
                "back, and run again",
            )
        self._source.stay(self._spec.uuid, self._mark.incarnation)
        self._say(f"the move to {self._target.host} is off: it stays on {self._source.host}")

    def _look(self) -> tuple[Standing | None, Standing | None]:
        here, there = (self._ours(gate) for gate in (self._source, self._target))
        return here, there

    def _ours(self, gate: Gate) -> Standing | None:
        found = gate.look(self._spec.uuid)
        if found is not None and found.mark.incarnation != self._mark.incarnation:
            raise NotOurs(
                self._what,
                f"what {gate.host} holds under its UUID carries incarnation {found.mark.incarnation}, state knows "
                f"{self._mark.incarnation}",
                "Nothing was touched. Find out which of the two is the client's machine",
            )
        return found

    def _arrived(self, there: Standing | None) -> None:
        if there is None or there.mark.phase is not Phase.READY:
            raise Missing(
                self._what,
                f"neither {self._source.host} nor {self._target.host} holds it whole",
                "Nothing was touched. Look on both hosts and in their trash",
            )
        self._say(f"it had arrived on {self._target.host} already")
        self._finish()

    def _settle(self, here: Standing, there: Standing) -> tuple[Standing | None, Standing | None]:
        """Both hosts hold it and one of them is done with it: find out which of the two is the machine.

        Gives where to go on from; a source that is None or has left means that only the end is to be done.
        """
        if here.mark.phase is Phase.LEFT:
            return here, there
        if here.armed:
            raise Refused(
                self._what,
                f"both {self._source.host} and {self._target.host} hold it with its disks: two copies of one machine",
                "Nothing was touched. Find out which one is the client's, and disconnect the other by hand",
            )
        if here.power is Power.RUNNING and not there.is_off:
            raise Refused(
                self._what,
                f"it runs on {self._source.host} and on {self._target.host}: two copies of one machine",
                "Nothing was touched. Find out at once which one its client uses, and stop the other by hand",
            )
        if here.power is Power.RUNNING or (here.power is Power.PAUSED and there.is_off):
            # libvirt made it persistent on the target and failed to let it run there.
            self._target.disarm(self._spec.uuid, self._mark.incarnation, self._source.host)
            return self._back(), self._ours(self._target)
        self._say(f"its guest went over to {self._target.host} before the last run was cut off: going on from there")
        return None, there

    def _back(self) -> Standing:
        """A live move that did not come to its end: the source is the machine, with its disks."""
        self._source.stay(self._spec.uuid, self._mark.incarnation)
        self._say(f"an interrupted live move was undone: it is whole on {self._source.host}")
        back = self._ours(self._source)
        assert back is not None
        self._mark = back.mark  # What was written since it was read was written by us.
        return back

    def _need_this_move(self, here: Standing) -> None:
        if here.mark.move not in ("", f"to:{self._target.host}"):
            raise Refused(
                self._what,
                f"another move was begun and not finished: {here.mark.move.replace(':', ' ')}",
                "Nothing was touched. Declare that host again and run `vps up`, which ends it; then move",
            )

    def _outlast(self, here: Standing | None) -> None:
        until = time.monotonic() + BUSY_S
        while here is not None and here.busy:
            if time.monotonic() > until:
                raise Refused(
                    self._what,
                    f"a live migration has been at work for {BUSY_S:.0f} s",
                    f"Nothing was touched. Look at it on {self._source.host}: virsh domjobinfo; then run again",
                )
            time.sleep(PAUSE_S)
            here = self._ours(self._source)

    def _from_the_start(self, here: Standing, there: Standing | None, *, live: bool) -> None:
        resumed = bool(here.mark.move)
        if resumed:
            self._say("going on with a move that was interrupted")
        passport = self._source.note(self._spec.uuid, here.mark if resumed else self._mark, self._target.host)
        if live and here.power is not Power.RUNNING:
            self._say("it does not run, so it is moved as it is")
            live = False
        try:
            if there is not None:
                # Of an earlier attempt, from here or elsewhere: no disk of it was ever attached, each part is copied
                # anew anyway, and the machine may have changed since.
                self._target.forget(self._spec.uuid, self._mark.incarnation)
            self._target.arrive(passport, self._spec, self._source.host)
            if live:
                self._over(passport)
            else:
                self._carry(passport)
        except HostUnreachable:
            # Nobody can tell how far it is: the next run looks at both hosts and goes on.
            raise
        except DriverError as problem:
            self._undo(problem)
            raise
        self._finish()

    def _undo(self, problem: DriverError) -> None:
        """Bring it back to the source, unless it has left it. A host that is silent now is asked by the next run."""
        try:
            here, there = self._look()
            if here is None or here.mark.phase is Phase.LEFT or (there is not None and there.mark.phase is Phase.READY):
                return
            if there is not None:
                self._target.forget(self._spec.uuid, self._mark.incarnation)
            self._source.stay(self._spec.uuid, self._mark.incarnation)
        except DriverError as second:
            self._say(f"undoing the move failed as well: {second}. The next run goes on from there")
            return
        self._say(f"the move was undone, it is whole on {self._source.host}: {problem.cause}")

    def _take_back(self, problem: DriverError) -> None:
        """The target can't run it, and the source has not been cleared yet: nobody's guest stays down for that."""
        uuid, incarnation = self._spec.uuid, self._mark.incarnation
        here, there = self._look()
        if here is None or here.mark.phase is not Phase.LEFT or there is None or not there.is_off:
            return
        self._target.disarm(uuid, incarnation, self._source.host)
        self._source.stay(uuid, incarnation, back=True)
        self._target.forget(uuid, incarnation)
        self._say(f"{self._target.host} could not start it, so it is back on {self._source.host}: {problem.cause}")

    def _carry(self, passport: Passport) -> None:
        uuid, incarnation = self._spec.uuid, self._mark.incarnation
        began = time.monotonic()
        self._source.halt(uuid, incarnation)
        for part in passport.parts:
            self._copy(part)
        self._source.park(uuid, incarnation, left=True)
        self._say(f"every part is on {self._target.host} and was compared, after {time.monotonic() - began:.1f} s")

    def _over(self, passport: Passport) -> None:
        uuid, incarnation = self._spec.uuid, self._mark.incarnation
        if "seed" in passport.parts:
            # The seed is read-only: libvirt leaves it to us.
            self._copy("seed")
        self._source.migrate(uuid, incarnation, self._target, self._say)

    def _copy(self, part: str) -> None:
        uuid, incarnation = self._spec.uuid, self._mark.incarnation
        parcel = self._source.send(uuid, incarnation, part)
        sent = hashlib.sha256()
        self._target.receive(
            uuid, incarnation, part, Parcel(length=parcel.length, pieces=self._counted(part, parcel, sent.update))
        )
        found = self._target.digest(uuid, incarnation, part)
        if found != sent.hexdigest():
            raise DriverError(
                self._what,
                f"{part} has digest {found} on {self._target.host}, {sent.hexdigest()} was sent",
                "Check the network and the target's disks, then run again",
            )
        self._say(f"{part}: {_size(parcel.length)} copied, sha256 {found[:16]} on both sides")

    def _counted(self, part: str, parcel: Parcel, take: Callable[[bytes], object]) -> Iterator[bytes]:
        done, told = 0, time.monotonic()
        for piece in parcel.pieces:
            take(piece)
            done += len(piece)
            if time.monotonic() - told > TOLD_S:
                told = time.monotonic()
                self._say(f"{part}: {_size(done)} of {_size(parcel.length)} copied")
            yield piece

    def _finish(self) -> None:
        """The target is the machine: arm it, start it if it ran, look whether it is whole, clear the source."""
        uuid, incarnation = self._spec.uuid, self._mark.incarnation
        self._target.arm(uuid, incarnation)
        there = self._ours(self._target)
        if there is not None and there.is_off and there.mark.wish == Power.RUNNING and self._spec.start:
            try:
                self._target.start(uuid, incarnation)
            except HostUnreachable:
                raise
            except DriverError as problem:
                self._take_back(problem)
                raise
            there = self._ours(self._target)
        if there is None or not there.armed or there.mark.phase is not Phase.READY:
            raise DriverError(
                self._what,
                f"{self._target.host} does not hold it as it was written",
                f"What {self._source.host} has of it was not touched. Run again",
            )
        self._source.clear(uuid, incarnation, self._target.host, self._due)
        self._say(
            f"it is {there.power} on {self._target.host}; its former disks are in the trash of {self._source.host}"
        )


def _size(length: int) -> str:
    return f"{length / GIB:.1f} GiB" if length >= GIB else f"{length / 1024**2:.1f} MiB"
