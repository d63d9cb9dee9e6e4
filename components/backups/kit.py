"""The target's kit: what makes a Debian machine the place where backups go (`templates/backups/README.md`).

Here it becomes an installer: one POSIX shell script that carries every file, to be run as root on the target.
"""

import shlex
from pathlib import Path

from components.domain.backups import Place

SOURCES = Path(__file__).resolve().parents[2] / "templates" / "backups"

PROGRAMS = Path("/usr/local/lib/vps-backups")
"""On the target: `serve`, the forced command of guests' keys, and `admin`, the operator's side."""

ADMIN = PROGRAMS / "admin"
KEEP = Path("/etc/vps-backups")
SSHD = Path("/etc/ssh/sshd_config.d/50-vps-backups.conf")

SPARE_KIB = 2 * 1024 * 1024
"""What stays free on the target's file system, so that one VPS can't fill it for all the others."""

LOOK_S = 5
"""How often a running backup is held against its room: a fast one writes SPARE_KIB in fifteen seconds."""


def settings(place: Place, spare_kib: int = SPARE_KIB) -> str:
    """The kit's settings as shell lines."""
    values = {"folder": place.path, "account": place.user, "spare_kib": str(spare_kib), "look_s": str(LOOK_S)}
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def installer(place: Place, spare_kib: int = SPARE_KIB) -> str:
    """A script that installs the kit, or brings it up to date; run twice it changes nothing."""
    parts = [_HEAD.replace("ACCOUNT", place.user).replace("FOLDER", shlex.quote(place.path))]
    texts = {PROGRAMS / name: (755, _source(name)) for name in ("serve", "admin")}
    texts[SSHD] = (644, _source("sshd.conf").replace("ACCOUNT", place.user))
    texts[KEEP / "settings"] = (644, settings(place, spare_kib))
    for path, (mode, text) in texts.items():
        parts.append(f"put {mode} {shlex.quote(str(path))} <<'END-OF-FILE'\n{text}END-OF-FILE\n")
    parts.append(_TAIL)
    return "".join(parts)


def _source(name: str) -> str:
    return (SOURCES / name).read_text(encoding="utf-8")


_HEAD = """#!/bin/sh
# Makes this machine the target of backups of aegir-vps. Run it as root; run again, it brings it up to date.
set -eu
umask 022
[ "$(id -u)" = 0 ] || { echo "This has to run as root." >&2; exit 1; }
for program in rclone sshd; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || missing="${missing-} $program"
done
[ -z "${missing-}" ] || { echo "Missing:$missing. Install rclone and openssh-server." >&2; exit 1; }
put() {
    mkdir -p "${2%/*}"
    cat >"$2.partial"
    chmod "$1" "$2.partial"
    if cmp -s "$2.partial" "$2"; then rm "$2.partial"; return 0; fi
    mv "$2.partial" "$2"
    echo "wrote $2"
}
if ! id ACCOUNT >/dev/null 2>&1; then
    useradd --system --user-group --home-dir /usr/local/lib/vps-backups --no-create-home --shell /bin/sh ACCOUNT
    # No password fits, yet the account is not locked, which sshd without PAM would take for closed.
    usermod --password '*' ACCOUNT
    echo "made the account ACCOUNT"
fi
mkdir -p FOLDER /etc/vps-backups/keys
chmod 711 FOLDER
"""

_TAIL = """[ -e /etc/vps-backups/authorized_keys ] || : >/etc/vps-backups/authorized_keys
grep -q '^[[:space:]]*Include[[:space:]]*/etc/ssh/sshd_config.d/' /etc/ssh/sshd_config ||
    echo "warning: /etc/ssh/sshd_config does not include /etc/ssh/sshd_config.d/*.conf: add that line at its top." >&2
mkdir -p /run/sshd
/usr/sbin/sshd -t
if [ -d /run/systemd/system ]; then systemctl reload ssh.service; fi
echo "The target is ready. Its host key, for fleet.yaml: $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)"
"""
