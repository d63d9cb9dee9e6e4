"""A real KVM host of our own inside namespaces, which touches nothing else on the machine."""

import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from components.lab import (
    acceleration,
    guests,
    hostkit,
    libvirtd,
    lock,
    namespaces,
    processes,
    record,
    requirements,
    stock,
    traffic,
)
from components.lab.cgroup import Subtree, subtree
from components.lab.command import LabError, environment
from components.lab.places import DATA, RUN, Places

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabStatus:
    """A lab as it is now. `note` says in words what is not as it should be."""

    name: str
    running: bool
    pid: int
    uri: str
    netns: str
    acceleration: str
    acceleration_why: str
    rates_enforced: bool
    rates_why: str
    note: str = ""


class Lab:
    """One embedded host. A name that can't be used, and a method that can't do its work, raise LabError."""

    def __init__(self, name: str = "lab1") -> None:
        self.name = name
        self.places = Places(name)

    @property
    def uri(self) -> str:
        """The libvirt URI, for clients anywhere on this machine (root only)."""
        return self.places.uri

    @property
    def netns(self) -> str:
        """The network namespace's name."""
        return self.places.netns

    @property
    def probe(self) -> str:
        """The command of `HostRef.probe`: a shell that sees network, files and cgroups as the lab's libvirtd does."""
        return shlex.join([*self.places.enter, "sh"])

    @property
    def migration_address(self) -> str:
        """The address that other labs reach this one at, once they are joined."""
        return self.places.migration_address

    def up(self, progress: Progress | None = None) -> LabStatus:
        """Have the lab up: what runs is left alone, what died is started again, what a crash left is cleared away.

        Guests that run are kept when only libvirtd died. Interrupted anywhere, the next `up` goes on.
        """
        say = progress or _silent
        requirements.check("up", self.name)
        with _plain("bring up", self.name), lock.held(self.places):
            groups = subtree(self.name)
            known = record.read(self.places)
            whole = namespaces.whole(self.places, groups)
            hostkit.install(self.places)
            if whole and known and libvirtd.running(self.places) and libvirtd.answers(self.places):
                stock.ensure(self.places)
                hostkit.serve(self.places, groups)
                say(f"Lab {self.name} is up already.")
                return self._status(known)
            boots = not whole or known is None
            if not whole or known is None:
                known = self._make(groups, say)
                hostkit.decide(self.places, groups)
            else:
                say("libvirtd does not run: starting it again; guests that run are kept.")
            libvirtd.start(self.places, groups)
            stock.ensure(self.places)
            pid = libvirtd.running(self.places)
            known = replace(known, pid=pid, started=processes.started(pid))
            record.write(self.places, known)
            for line in hostkit.restore(self.places, groups) if boots else ():
                say(line)
            hostkit.serve(self.places, groups)
            say(f"Lab {self.name} is up: {self.uri}")
            return self._status(known)

    def status(self) -> LabStatus:
        """What is there now; changes nothing, and works without root as far as the machine lets it."""
        return self._status(record.read(self.places))

    def down(self, progress: Progress | None = None, *, data: bool = False, grace_s: float = 20) -> None:
        """End the lab and all that runs in it; with `data` its domains, disks and logs as well. Not there is done.

        Guests are asked to shut down and have `grace_s` for it. Only what is in the lab's cgroup or namespaces ends.
        """
        say = progress or _silent
        requirements.check("down", self.name)
        with _plain("take down", self.name), lock.held(self.places):
            groups = subtree(self.name)
            if namespaces.leftovers(self.places) or any(root.exists() for root in groups.roots):
                if libvirtd.running(self.places) and libvirtd.answers(self.places):
                    hostkit.go_down(self.places)
                    if names := guests.running(self.places):
                        say(f"Shutting down {len(names)} guest{'s' * (len(names) != 1)} ...")
                    guests.stop(self.places, grace_s)
                self._clear(groups)
                say(f"Lab {self.name} is down.")
            else:
                say(f"Lab {self.name} is not up.")
            if data and self.places.data.exists():
                self._remove_data()
                say(f"Its data are removed: {self.places.data}")
        _remove_empty(RUN, DATA, DATA.parent)

    def crash(self) -> None:
        """Cut its power: everything that runs in it is gone at once, disks stay. The next `up` is a host's boot."""
        requirements.check("crash", self.name)
        with _plain("crash", self.name), lock.held(self.places):
            self._clear(subtree(self.name), grace_s=-1)

    def run(self, command: Sequence[str], timeout: float = 30) -> subprocess.CompletedProcess[str]:
        """Run a command in the lab's network (curl to a guest, ping); output is text. Its exit code is the caller's.

        Raises LabError when the lab isn't there or the command doesn't end in `timeout` seconds.
        """
        what = f"Unable to run {command[0]} in lab {self.name}"
        if not self.places.netns_file.exists():
            raise LabError(what, "the lab is not up", f"Run `vps lab up {self.name}`.")
        full = [*self.places.enter_network, *command]
        try:
            return subprocess.run(
                full,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
                env=environment(),
            )
        except subprocess.TimeoutExpired as error:
            raise LabError(what, f"it did not end within {timeout:g} s") from error

    def _make(self, groups: Subtree, say: Progress) -> record.Record:
        if namespaces.leftovers(self.places) or any(root.exists() for root in groups.roots):
            say("Clearing away what an earlier, interrupted lab left ...")
            self._clear(groups)
        say("Trying whether guests run with KVM here ...")
        found = acceleration.probe()
        rates = traffic.probe()
        say(f"Acceleration: {found.kind}: {found.why}.")
        say(f"NIC rates: {'' if rates.enforced else 'not '}enforced: {rates.why}.")
        say("Making namespaces and starting libvirtd (some 5 seconds) ...")
        namespaces.make(self.places, groups, hide_kvm=found.kind != "kvm")
        known = record.Record(
            name=self.name,
            uri=self.uri,
            netns=self.netns,
            probe=self.probe,
            acceleration=found.kind,
            acceleration_why=found.why,
            rates_enforced=rates.enforced,
            rates_why=rates.why,
            cgroup=str(groups.roots[0]),
        )
        record.write(self.places, known)
        return known

    def _clear(self, groups: Subtree, *, grace_s: float = 5) -> None:
        bound = [self.places.netns_file, *(self.places.namespaces / name for name in ("mnt", "uts", "cgroup"))]
        processes.end(groups, bound, grace_s=grace_s)
        namespaces.remove(self.places)
        groups.remove()

    def _remove_data(self) -> None:
        if foreign := namespaces.foreign_mounts(self.places):
            raise LabError(
                f"Unable to remove the data of lab {self.name}",
                f"something else is mounted inside: {', '.join(foreign)}",
                "Unmount it first.",
            )
        doomed = self.places.data.with_name(f".{self.name}.{time.time_ns()}.removed")
        self.places.data.rename(doomed)
        shutil.rmtree(doomed)

    def _status(self, known: record.Record | None) -> LabStatus:
        pid = libvirtd.running(self.places) if known else 0
        running = bool(pid)
        note = ""
        if known and not pid:
            note = f"libvirtd died. Run `vps lab up {self.name}`: guests that run are kept."
        elif not known and namespaces.leftovers(self.places):
            note = f"an interrupted lab left something. `vps lab up {self.name}` or `down` clears it away."
        elif pid and not libvirtd.reachable(self.places):
            running = False
            note = f"libvirtd runs (pid {pid}) but does not accept connections; its log is in {self.places.data}/log."
        return LabStatus(
            name=self.name,
            running=running,
            pid=pid,
            uri=self.uri,
            netns=self.netns,
            acceleration=known.acceleration if known else "",
            acceleration_why=known.acceleration_why if known else "",
            rates_enforced=known.rates_enforced if known else False,
            rates_why=known.rates_why if known else "the lab is not up",
            note=note,
        )


@contextmanager
def _plain(verb: str, lab: str) -> Iterator[None]:
    """Say what the system refused (a full disk, a read-only one) as every other failure is said."""
    try:
        yield
    except OSError as error:
        cause = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        raise LabError(f"Unable to {verb} lab {lab}", cause, "Mend that, then run it again: it goes on.") from error


def _remove_empty(*folders: Path) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            continue  # other labs are in it, or it is not there


def _silent(_: str) -> None:
    """Say nothing."""
