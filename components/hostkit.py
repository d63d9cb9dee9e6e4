"""The host kit: what a host does for its machines without us (`templates/hostkit/README.md`).

Here it becomes an installer: one POSIX shell script that carries every file, to be run as root on the host.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "templates" / "hostkit"

KEEP = Path("/var/lib/aegir-vps/hostkit")
"""On the host: the program, its settings and what it remembers. Stays over a boot."""

PROGRAM = KEEP / "hostkit"
HOOK = Path("/etc/libvirt/hooks/qemu.d/50-aegir-vps")
NEIGHBOURS = HOOK.with_name("60-aegir-vps-neighbours")
"""What anti-spoofing needs of a host beyond libvirt's filters."""
UNITS = Path("/etc/systemd/system")

HELD = KEEP / "held"
"""While this file is there the host starts none of our machines; it says why, in one line."""

HOLD_MINUTES = 15
"""A host that was away for longer starts nothing by itself: its machines may run elsewhere by now."""

RELEASE = f"sh {PROGRAM} release"
"""Run on the host (in the shell of `HostRef.probe`): lets a held host go on, and starts what shall run there."""


def settings(hold_minutes: int = HOLD_MINUTES, **others: str) -> str:
    """The kit's settings as shell lines; `others` are the program's own names (connect, now_here, pause_s)."""
    values: dict[str, str] = {"hold_minutes": str(hold_minutes), **others}
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def files() -> dict[Path, str]:
    """What lies where on a host: path to text. Unit files are for hosts that systemd runs."""
    found = {PROGRAM: "hostkit", HOOK: "hook", NEIGHBOURS: "neighbours"}
    texts = {path: (SOURCES / name).read_text(encoding="utf-8") for path, name in found.items()}
    units = sorted((SOURCES / "units").iterdir())
    return texts | {UNITS / unit.name: unit.read_text(encoding="utf-8") for unit in units}


def installer(hold_minutes: int = HOLD_MINUTES, texts: Mapping[Path, str] | None = None) -> str:
    """A script that installs the kit, or brings it up to date; run twice it changes nothing."""
    parts = [_HEAD]
    for path, text in (files() if texts is None else texts).items():
        parts.append(f"put {shlex.quote(str(path))} <<'END-OF-FILE'\n{text}END-OF-FILE\n")
    # What an operator set by hand stays.
    parts.append(
        f"[ -e {KEEP}/settings ] || put {KEEP}/settings <<'END-OF-FILE'\n{settings(hold_minutes)}END-OF-FILE\n"
    )
    parts.append(_TAIL)
    return "".join(parts)


_HEAD = """#!/bin/sh
# Installs the host kit of aegir-vps. Run it as root on the KVM host; run again, it brings it up to date.
set -eu
umask 022
[ "$(id -u)" = 0 ] || { echo "This has to run as root." >&2; exit 1; }
command -v virsh >/dev/null || { echo "virsh is missing: install libvirt-clients (or libvirt-client)." >&2; exit 1; }
put() {
    mkdir -p "${1%/*}"
    cat >"$1.partial"
    if cmp -s "$1.partial" "$1"; then rm "$1.partial"; return 0; fi
    chmod 755 "$1.partial"
    mv "$1.partial" "$1"
    echo "wrote $1"
}
"""

_TAIL = f"""chmod 644 {UNITS}/aegir-vps-* {KEEP}/settings
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    if [ ! -e {KEEP}/alive ]; then
        # The first time: this host is up, and so are those of its machines that shall run. Not knowing which are down
        # would start them below, so that ends this here.
        sh {PROGRAM} first
        date +%s >{KEEP}/alive
    fi
    units="aegir-vps-decide.service aegir-vps-restore.service aegir-vps-tick.timer aegir-vps-reboots.service"
    # shellcheck disable=SC2086
    systemctl enable --now $units
    systemctl restart aegir-vps-reboots.service
    if [ ! -e {KEEP}/hooked ]; then
        echo "libvirtd looks for hooks when it starts: restarting it. Guests go on."
        systemctl try-restart libvirtd.service virtqemud.service
        : >{KEEP}/hooked
    fi
    for file in /etc/default/libvirt-guests /etc/sysconfig/libvirt-guests; do
        if grep -qs '^[[:space:]]*ON_BOOT=["'"'"']*start' "$file"; then
            echo "warning: $file says ON_BOOT=start, which starts guests whatever became of them. Set ON_BOOT=ignore."
        fi
    done
else
    echo "This host is not run by systemd: see to it that \\`{PROGRAM} decide\\` runs before libvirtd,"
    echo "restore after it, tick each minute, reboots all the time, and going-down before guests are shut down."
fi
echo "The host kit is installed. What it does is told in {KEEP}/log."
"""
