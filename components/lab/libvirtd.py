"""The lab's own libvirtd and virtlogd: their configuration, their start, and whether they answer."""

import os
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

from components.lab.cgroup import Subtree
from components.lab.command import LabError, call
from components.lab.namespaces import joining
from components.lab.places import Places
from components.lab.processes import of_namespaces, started

START_S = 40.0
"""A cold start asks every QEMU binary what it can; on a busy machine that takes its time."""


def configure(places: Places) -> None:
    """Write what both daemons read, anew at each start: nobody edits a lab's configuration by hand."""
    first_vnc = 5900 + 100 * places.slot
    settings: dict[str, dict[str, str | int | list[str]]] = {
        "libvirtd.conf": {
            "unix_sock_dir": str(places.run),
            "unix_sock_rw_perms": "0700",
            "unix_sock_ro_perms": "0700",
            "auth_unix_rw": "none",
            "auth_unix_ro": "none",
            "host_uuid": places.host_uuid,
            "log_outputs": "3:file:/var/log/libvirt/libvirtd.log",
            "mdns_adv": 0,
        },
        "virtlogd.conf": {"log_outputs": "3:file:/var/log/libvirt/virtlogd.log"},
        "qemu.conf": {
            "user": "root",
            "group": "root",
            "dynamic_ownership": 0,
            "remember_owner": 0,
            "security_driver": "none",
            "namespaces": [],
            "vnc_listen": "127.0.0.1",
            "remote_display_port_min": first_vnc,
            "remote_display_port_max": first_vnc + 99,
            "remote_websocket_port_min": 20000 + first_vnc,
            "remote_websocket_port_max": 20000 + first_vnc + 99,
            "migration_address": "::",
            "migration_host": f"[{places.migration_address}]",
            "migration_port_min": 49152 + 100 * places.slot,
            "migration_port_max": 49152 + 100 * places.slot + 99,
        },
    }
    folder = places.data / "etc"
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in settings.items():
        lines = (f"{key} = {_value(value)}\n" for key, value in values.items())
        _write(folder / name, f"# Written by `vps lab up {places.name}` at each start.\n{''.join(lines)}")
    stock = Path("/etc/libvirt/nwfilter")
    if stock.is_dir() and not (folder / "nwfilter").exists():
        shutil.copytree(stock, folder / "nwfilter")


def start(places: Places, groups: Subtree) -> None:
    """Start what does not run; guests that run are taken up again by the new libvirtd. Raises LabError."""
    configure(places)
    for daemon in ("virtlogd", "libvirtd"):
        _start(places, groups, daemon)
    deadline = time.monotonic() + START_S
    while not answers(places, timeout_s=START_S):
        pid = running(places)
        if not pid or time.monotonic() > deadline:
            raise LabError(
                f"Unable to start libvirtd of lab {places.name}",
                f"it runs (pid {pid}) but does not answer" if pid else "it ended again at once",
                f"{f'End it with `kill -9 {pid}` (guests go on). ' if pid else ''}{_logs(places)}",
            )
        time.sleep(0.1)


def _start(places: Places, groups: Subtree, daemon: str) -> None:
    arguments = ["-d", "-f", f"/etc/libvirt/{daemon}.conf", "-p", str(_pid_file(places, daemon))]
    ends = time.monotonic() + 10
    while not running(places, daemon):
        try:
            call(
                [*joining(groups.daemons), *places.enter, daemon, *arguments],
                what=f"Unable to start {daemon} of lab {places.name}",
                timeout_s=START_S,
                remedy=_logs(places),
            )
        except LabError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.2)  # one that a killed `up` began to start may hold the pid file already


def running(places: Places, daemon: str = "libvirtd") -> int:
    """The daemon's pid, or 0. A pid file counts only when its process is in the lab and bears the daemon's name."""
    with suppress(OSError, ValueError):
        pid = int(_pid_file(places, daemon).read_text())
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
        if name == daemon and started(pid) and _inside(places, pid):
            return pid
    return 0


def answers(places: Places, timeout_s: float = 5) -> bool:
    """Whether libvirtd accepts a connection and says what it is."""
    if not places.socket.exists():
        return False
    try:
        return bool(call(["virsh", "-c", places.uri, "hostname"], timeout_s=timeout_s).strip())
    except LabError:
        return False


def reachable(places: Places) -> bool:
    """Whether the socket accepts a connection: quick, and True where only root may try."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(2)
    try:
        client.connect(str(places.socket))
    except PermissionError:
        return True
    except OSError:
        return False
    finally:
        client.close()
    return True


def _inside(places: Places, pid: int) -> bool:
    if os.geteuid():
        return True  # only root may see another's namespaces; name and pid file have to do
    return pid in of_namespaces([places.netns_file])


def _pid_file(places: Places, daemon: str) -> Path:
    return places.run / f"{daemon}.pid"


def _logs(places: Places) -> str:
    return f"Its log is in {places.data}/log. Then run `vps lab up {places.name}` again."


def _value(value: str | int | list[str]) -> str:
    if isinstance(value, list):
        return "[ " + ", ".join(map(_value, value)) + " ]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _write(file: Path, text: str) -> None:
    partial = file.with_name(file.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)
