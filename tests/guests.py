"""A guest in a container: an image's own tree booted by systemd-nspawn, at host speed and with its real services.

systemd, cloud-init, nginx, php-fpm and MariaDB are the image's; only the kernel, the disk and the serial port are not.
Everything hangs on one process of ours and ends with the test. A run that is killed itself leaves the container's first
process, with all that it started: it is below pid 1 then, and to be killed by hand.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Self

import yaml

from components.cloudinit.template import Rendered
from tests.groups import Group

DELIVERY = "run/vps-delivery"
BOOT_DEADLINE_S = 300
"""Twenty times of what a quiet machine takes."""

_BOOT = """
set -eu
if [ -n "$9" ]; then
    mkdir "$9"
    echo $$ >"$9/cgroup.procs"
fi
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4"
ip link set lo up
ip link add n0 address "$5" type veth peer name "$7" netns "$6"
nsenter --net="/proc/$6/ns/net" ip link set "$7" master wire up
exec systemd-nspawn --quiet --register=no --keep-unit --directory="$4" --machine="$8" \\
    --network-namespace-path="/proc/$$/ns/net" --capability=CAP_NET_ADMIN --boot --console=read-only \\
    --resolv-conf=off --timezone=off --link-journal=no
"""


def dies_with_us(command: list[str], **options: object) -> subprocess.Popen[bytes]:
    """A process that the kernel kills when this one ends, however it ends; so does every one that it execs."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], **options)  # type: ignore[call-overload,no-any-return]


class Wire:
    """A network of its own that guests, and servers of a test, are plugged into: a bridge in a namespace."""

    def __init__(self, *addresses: str) -> None:
        """`addresses` are the bridge's own, with prefix length: where a test's servers listen."""
        self._holder = dies_with_us(
            ["unshare", "--net", "sh", "-c", "echo up; exec sleep infinity"], stdout=subprocess.PIPE
        )
        assert self._holder.stdout
        assert self._holder.stdout.readline() == b"up\n"
        self.pid = self._holder.pid
        for words in (
            ["link", "set", "lo", "up"],
            ["link", "add", "wire", "type", "bridge"],
            ["link", "set", "wire", "up"],
            *(
                ["address", "add", address, "dev", "wire", *(["nodad"] if ":" in address else [])]
                for address in addresses
            ),
        ):
            assert self.run(["ip", *words]).returncode == 0

    def command(self, command: list[str]) -> list[str]:
        """The words that run a command in this network."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", *command]

    def run(self, command: list[str], timeout: float = 60, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in this network."""
        words = self.command(command)
        return subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)

    def spawn(self, command: list[str], **options: object) -> subprocess.Popen[bytes]:
        """Start a server in this network; it is gone with the test at the latest."""
        return dies_with_us(self.command(command), **options)

    def close(self) -> None:
        """Take the network away."""
        self._holder.kill()
        self._holder.wait()
        assert self._holder.stdout
        self._holder.stdout.close()

    def __enter__(self) -> Self:
        """The network stands."""
        return self

    def __exit__(self, *_: object) -> None:
        """It is gone."""
        self.close()


class Guest:
    """One machine: `tree` is left as it is, what the guest writes lies in `folder` and outlives a power cut.

    `write` and `remove` change its disk while it is off; `with` starts it and takes it away.
    """

    def __init__(self, tree: Path, seed: Rendered, folder: Path, *, wire: Wire | None = None) -> None:
        """A guest that is still off, with the seed of `seed`; on `wire` it has a port, else a network of its own."""
        self.folder = folder
        self.tree = tree
        self._own = None if wire else Wire()
        self.wire = wire or self._own
        for part in ("upper", "work", "root"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "upper").chmod(0o755)
        self.name = f"vps-{secrets.token_hex(4)}"
        nics = yaml.safe_load(seed.network_config)["ethernets"]
        (self.mac,) = (nic["match"]["macaddress"] for nic in nics.values())
        for name, text in (
            ("user-data", seed.user_data),
            ("meta-data", seed.meta_data),
            ("network-config", seed.network_config),
        ):
            self.write(f"var/lib/cloud/seed/nocloud/{name}", text)
        # The root is mounted already; the UUID in the image's table is its disk's.
        self.write("etc/fstab", "")
        self._process: subprocess.Popen[bytes] | None = None
        self._console: IO[bytes] | None = None
        self._leader = 0
        self._group = Group(self.name)

    @property
    def leader(self) -> int:
        """The pid, outside, of the guest's first process."""
        assert self._leader, "the guest is off"
        return self._leader

    @property
    def console(self) -> str:
        """What the guest said on its console, since its first boot."""
        return (self.folder / "console.log").read_text(errors="replace")

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Lay a file onto the disk of a guest that is off."""
        target = self.folder / "upper" / path.lstrip("/")
        self._make(target.parent)
        target.write_text(text, encoding="utf-8")
        target.chmod(mode)

    def _make(self, folder: Path) -> None:
        """A folder as the tree has it: overlayfs takes mode and owner from the upper one."""
        below = folder.relative_to(self.folder / "upper")
        for part in [*reversed(below.parents), below]:
            made, original = self.folder / "upper" / part, self.tree / part
            if not made.is_dir():
                made.mkdir(mode=0o755)
                if original.is_dir():
                    found = original.stat()
                    os.chown(made, found.st_uid, found.st_gid)
                    made.chmod(found.st_mode & 0o7777)

    def file(self, path: str) -> Path:
        """A file of the running guest, as seen from outside."""
        return Path(f"/proc/{self.leader}/root") / path.lstrip("/")

    def start(self) -> None:
        """Switch it on."""
        assert self._process is None, "the guest runs already"
        self._console = (self.folder / "console.log").open("ab")
        assert self.wire
        port = f"p{self.name.removeprefix('vps-')}"
        paths = (str(self.tree), *(str(self.folder / part) for part in ("upper", "work", "root")))
        words = (*paths, self.mac, str(self.wire.pid), port, self.name, str(self._group.path or ""))
        self._process = dies_with_us(
            ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", _BOOT, "boot", *words],
            env={"PATH": os.environ["PATH"], "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            stdin=subprocess.DEVNULL,
            stdout=self._console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._leader = self._started(self._process)
        except BaseException:
            self.kill()
            raise

    def _started(self, process: subprocess.Popen[bytes]) -> int:
        end = time.monotonic() + 60
        while not (leader := _first_process(process.pid)):
            assert process.poll() is None, f"systemd-nspawn ended: {self.console[-2000:]}"
            assert time.monotonic() < end, f"the container has no first process after 60 s: {self.console[-2000:]}"
            time.sleep(0.02)
        return leader

    def kill(self) -> None:
        """Pull the plug: every process is gone at once, and what the guest wrote stays as it is."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                if self._leader:
                    os.kill(self._leader, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=20)
            self._process.kill()
            self._process.wait()
            self._group.remove()
        if self._console:
            self._console.close()
        self._process, self._console, self._leader = None, None, 0

    def run(self, command: str, *, stdin: str = "", timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the guest, as root."""
        return subprocess.run(
            ["nsenter", "--target", str(self.leader), "--all", "--", "/bin/sh", "-c", command],
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"},
        )

    def ask(self, command: str, *, stdin: str = "", timeout: float = 120) -> str:
        """What a command in the guest prints; it must end well."""
        done = self.run(command, stdin=stdin, timeout=timeout)
        assert done.returncode == 0, f"{command}: {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def delivery(self) -> str:
        """What the guest says of its delivery: `VPS READY …`, `VPS NOT READY …`, or nothing yet."""
        try:
            return self.file(DELIVERY).read_text().strip()
        except OSError:
            return ""

    def wait(self, condition: Callable[[], bool], what: str, deadline_s: float = BOOT_DEADLINE_S) -> None:
        """Until something holds of the running guest."""
        end = time.monotonic() + deadline_s
        while not condition():
            assert self._process, "the guest is off"
            assert self._process.poll() is None, f"the guest went off: {self.console[-2000:]}"
            assert time.monotonic() < end, f"{what} after {deadline_s} s: {self.delivery()}\n{self.console[-3000:]}"
            time.sleep(0.05)

    def wait_ready(self, deadline_s: float = BOOT_DEADLINE_S) -> None:
        """Until the guest says that it is delivered."""
        self.wait(lambda: self.delivery().startswith("VPS READY"), "not delivered", deadline_s)

    def wait_failed(self, deadline_s: float = BOOT_DEADLINE_S) -> str:
        """Until the guest says that it is not; what it says."""
        self.wait(lambda: self.delivery().startswith("VPS NOT READY"), "no failure told", deadline_s)
        return self.delivery()

    def close(self) -> None:
        """Off, and its disk gone."""
        self.kill()
        if self._own:
            self._own.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """On."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Off and gone, whatever happened."""
        self.close()


def _first_process(pid: int) -> int:
    """The container's first process, below `pid`, as the pid that it has outside; 0 while there is none."""
    for child in _children(pid):
        try:
            status = Path(f"/proc/{child}/status").read_text()
            started = Path(f"/proc/{child}/comm").read_text().strip() == "systemd"
        except OSError:
            continue
        inside = next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))
        if len(inside) > 1 and inside[-1] == "1" and started:
            return child
        if found := _first_process(child):
            return found
    return 0


def _children(pid: int) -> Iterator[int]:
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            yield from map(int, path.read_text().split())
