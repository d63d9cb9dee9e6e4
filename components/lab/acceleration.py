"""Whether this machine really runs guests with KVM.

`/dev/kvm` can exist, open and still not run a guest (nested virtualisation), and libvirt then wrongly advertises KVM.
So a guest is started with it that goes to 64-bit mode and works for a moment: only one that ran can end QEMU with the
exit code that it asks for. (A guest of a few instructions is not enough: some KVMs emulate those and no kernel.)
"""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from components.lab.command import environment

KVM = Path("/dev/kvm")
DEADLINE_S = 5.0

_ASKED = 0x2A
_GUEST = bytes.fromhex(
    "fa31c08ed88ec08ed0bc007cbf0010b90018fcf3abc70600100320c70600200330c7060030830066b8001000000f22d8"
    "0f20e00c200f22e066b9800000c00f3280cc010f300f0116787c66b8010000800f22c0ea587c0800b900e1f505ffc975"
    "fcb02ae6f4f4ebfd000000000000000000000000009a20000f00687c0000"
)
"""The machine code of `probe.S`."""


@dataclass(frozen=True, slots=True)
class Acceleration:
    """What guests run with, and why."""

    kind: Literal["kvm", "tcg"]
    why: str


def probe(device: Path = KVM) -> Acceleration:
    """Find out by booting, within `DEADLINE_S`. Never raises for a machine without KVM: that is TCG."""
    if not device.exists():
        return Acceleration("tcg", f"this machine has no {device}")
    if not os.access(device, os.R_OK | os.W_OK):
        return Acceleration("tcg", f"{device} may not be opened")
    failure = boot("kvm", DEADLINE_S)
    if failure:
        return Acceleration("tcg", f"{device} exists, but a probe guest did not run with it: {failure}")
    return Acceleration("kvm", "a probe guest booted with it")


def boot(accelerator: str, deadline_s: float) -> str:
    """Boot the probe guest; empty when it ran, else what was seen."""
    with tempfile.TemporaryDirectory(prefix="vps-probe-") as folder:
        sector = Path(folder) / "sector.img"
        sector.write_bytes(_GUEST.ljust(510, b"\0") + b"\x55\xaa")
        command = [
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine", "pc",
            "-accel", accelerator, "-cpu", "host" if accelerator == "kvm" else "max", "-m", "16", "-no-reboot",
            "-drive", f"file={sector},format=raw,if=ide", "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=deadline_s,
                check=False,
                env=environment(),
            )
        except subprocess.TimeoutExpired:
            return f"it did not get anywhere within {deadline_s:g} s"
        except OSError as error:
            return f"qemu-system-x86_64 can't be started ({error.strerror})"
    if done.returncode == 2 * _ASKED + 1:
        return ""
    lines = done.stderr.strip().splitlines()
    return (
        lines[0].removeprefix("qemu-system-x86_64: ").removeprefix("error: ")
        if lines
        else f"QEMU ended with code {done.returncode}"
    )
