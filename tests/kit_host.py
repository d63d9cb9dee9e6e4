"""A lab with the host kit, whose power tests cut."""

import subprocess
from dataclasses import replace
from pathlib import Path

from components.drivers.base import Machine, MachineSpec, Mark
from components.hostkit import HOOK, KEEP, PROGRAM, settings
from components.lab import hostkit
from tests.drivers.hosts import SEED
from tests.drivers.libvirt_host import LibvirtHost


class KitHost(LibvirtHost):
    """A lab of its own, whose power the tests cut."""

    @property
    def kept(self) -> Path:
        return hostkit.folder(self.lab.places)

    def made(self, name: str, **mark: object) -> MachineSpec:
        """A delivered machine that runs, called so that `name` sorts."""
        spec = self.spec()
        spec = replace(spec, name=f"{name}-{spec.name}", start=mark.get("power", "managed") == "managed")
        self.seen[-1] = spec
        driver = self.driver()
        driver.create(spec, SEED, self.mark(spec, **mark))
        driver.close()
        return spec

    def read(self, spec: MachineSpec) -> Machine:
        driver = self.driver()
        machine = driver.read(spec.uuid)
        driver.close()
        assert machine is not None
        return machine

    def mark_of(self, spec: MachineSpec) -> Mark:
        mark = self.read(spec).mark
        assert mark is not None
        return mark

    def bring(self, spec: MachineSpec, wish: str, deadline_s: float | None = None) -> None:
        """As `vps stop|suspend` do."""
        driver = self.driver()
        driver.power(spec.uuid, wish, self.mark_of(spec), deadline_s=deadline_s)
        driver.close()

    def change(self, spec: MachineSpec) -> Machine:
        """As `vps up` does, with another `spec`."""
        driver = self.driver()
        changed = driver.update(spec, self.mark_of(spec))
        driver.close()
        return changed

    def running(self) -> set[str]:
        return set(self.virsh("list", "--name").split())

    def inside(self, *words: str, check: bool = True) -> str:
        command = [*self.lab.places.enter, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout + done.stderr

    def kit(self, action: str, *, check: bool = True) -> str:
        return self.inside("sh", str(PROGRAM), action, check=check)

    def hold_after(self, minutes: int) -> None:
        text = settings(minutes, connect=self.lab.uri, now_here=hostkit.NOW_HERE, pause_s="0")
        (self.kept / "settings").write_text(text, encoding="utf-8")

    def rebooted_before(self, spec: MachineSpec) -> None:
        """A reboot of its guest was cut, two minutes ago."""
        self.inside("touch", "-d", "-2 minutes", f"{KEEP}/pending/{spec.uuid}")

    def log(self) -> str:
        return (self.kept / "log").read_text()

    def boots(self) -> str:
        """Cut its power and switch it on again; what the kit said of that boot."""
        (self.kept / "log").unlink(missing_ok=True)
        self.lab.crash()
        self.lab.up()
        return self.log()

    def guest_shuts_down(self, spec: MachineSpec) -> None:
        """As libvirt tells it of a guest that was shut down from inside (a blank one can't)."""
        described = self.virsh("dumpxml", spec.uuid)
        self.virsh("destroy", spec.uuid)
        hook = [*self.lab.places.enter, str(HOOK), spec.name, "stopped", "end", "shutdown"]
        subprocess.run(hook, input=described, text=True, check=True, timeout=30)
