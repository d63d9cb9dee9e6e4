"""The host kit in a lab: what systemd does on a real host is done here by the lab's own `up` and two loops.

A lab stands alone, so it never holds by itself (`hold_minutes=0`); a test that wants it writes the settings.
"""

from contextlib import suppress
from pathlib import Path

from components.hostkit import HOOK, NEIGHBOURS, PROGRAM, files, settings
from components.lab.cgroup import Subtree
from components.lab.command import LabError, call
from components.lab.namespaces import joining
from components.lab.places import Places
from components.lab.processes import of_namespaces

NOW_HERE = "/run/libvirt/aegir-vps"
"""Inside: gone when the lab goes down, as /run is after a boot."""

_RESTORE_S = 900.0
_LOOPS = """
loop() { while :; do sh "$0" "$1"; sleep "$2"; done; }
loop tick 60 & loop reboots 2
"""


def folder(places: Places) -> Path:
    """Where the kit keeps its things, as this machine sees it."""
    return places.data / "aegir-vps" / "hostkit"


def install(places: Places) -> None:
    """Write program, hook and settings; the settings of a lab that has them stay."""
    texts = files()
    kept = folder(places)
    kept.mkdir(parents=True, exist_ok=True)
    _write(kept / PROGRAM.name, texts[PROGRAM], 0o755)
    for hook in (HOOK, NEIGHBOURS):
        _write(places.data / "etc" / "hooks" / "qemu.d" / hook.name, texts[hook], 0o755)
    if not (kept / "settings").exists():
        wanted = settings(0, connect=places.uri, now_here=NOW_HERE, pause_s="0")
        _write(kept / "settings", wanted, 0o644)


def decide(places: Places, groups: Subtree) -> None:
    """Before libvirtd of this boot: tell whether the host is held."""
    _run(places, groups, "decide")


def restore(places: Places, groups: Subtree) -> list[str]:
    """After libvirtd of this boot: start what shall run. Returns what the kit said, line by line."""
    return _run(places, groups, "restore", timeout_s=_RESTORE_S).splitlines()


def serve(places: Places, groups: Subtree) -> None:
    """Have the loops at work that systemd has on a real host."""
    if _serving(places):
        return
    start = 'setsid sh -c "$1" "$2" >/dev/null 2>&1 </dev/null & echo $! >"$3"'
    arguments = ["sh", "-c", start, "sh", _LOOPS, str(PROGRAM), str(_pid_file(places))]
    what = f"Unable to start the host kit of lab {places.name}"
    call([*joining(groups.daemons), *places.enter, *arguments], what=what)


def go_down(places: Places) -> None:
    """Guests that are shut down from here on go down with their host, not by their clients' wish."""
    with suppress(LabError):
        call([*places.enter, "sh", str(PROGRAM), "going-down"])


def _run(places: Places, groups: Subtree, command: str, timeout_s: float = 30) -> str:
    # Its exit code says what became of machines, which is no failure of the lab.
    return call([*joining(groups.daemons), *places.enter, "sh", str(PROGRAM), command], timeout_s=timeout_s)


def _serving(places: Places) -> bool:
    with suppress(OSError, ValueError):
        pid = int(_pid_file(places).read_text())
        return pid in of_namespaces([places.netns_file])
    return False


def _pid_file(places: Places) -> Path:
    return places.run / "hostkit.pid"


def _write(file: Path, text: str, mode: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.chmod(mode)
    partial.replace(file)
