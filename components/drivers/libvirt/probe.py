"""The second channel: one fixed read-only script, run on the host, says what its kernel enforces.

libvirt repeats what it was told; tc knows what is in force. Without a probe NIC rates are unknown, never assumed.
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from components.drivers.base import HostRef

DEADLINE_S = 10
SCRIPT = r"""
LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/sbin:/sbin; export PATH
if ! command -v tc >/dev/null || ! command -v ip >/dev/null; then
  printf '{"error": "ip or tc is not installed"}\n'
  exit 0
fi
rate() { awk '{ for (i = 1; i < NF; i++) if ($i == "rate") { print $(i + 1); exit } }'; }
comma=
printf '{"nics": {'
for nic in $(ip -o link show | awk -F': ' '{ sub(/@.*/, "", $2); if ($2 ~ /^(vnet|tap)/) print $2 }'); do
  inbound=$(tc class show dev "$nic" 2>/dev/null | grep ' htb 1:1 ' | rate)
  outbound=$(tc filter show dev "$nic" parent ffff: 2>/dev/null | rate)
  printf '%s"%s": ["%s", "%s"]' "$comma" "$nic" "$inbound" "$outbound"
  comma=', '
done
printf '}, "lacking": ['
config() { zcat /proc/config.gz 2>/dev/null || cat "/boot/config-$(uname -r)" 2>/dev/null; }
config | awk '
  /^# CONFIG_NET_(SCH_HTB|SCH_SFQ|SCH_INGRESS|CLS_FW|CLS_U32|ACT_POLICE) is not set/ {
    sub(/^CONFIG_NET_/, "", $2); printf "%s\"%s\"", comma, tolower($2); comma = ", "
  }'
printf ']}\n'
"""
SUFFIXES = {"bit": 1, "Kbit": 1000, "Mbit": 1000**2, "Gbit": 1000**3, "Tbit": 1000**4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What tc enforces by tap device: (to the guest, from the guest) in bit/s, None where nothing is in force.

    `failure` says why nothing is known at all; `lacking` names what the kernel was built without, of all that
    libvirt needs to limit a NIC (empty also when the kernel doesn't tell).
    """

    by_device: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    failure: str = ""
    lacking: tuple[str, ...] = ()


def look(host: HostRef) -> Rates:
    """Run the probe. Never raises: not knowing is an answer."""
    if not host.probe:
        return Rates(failure="unknown: the host has no probe")
    try:
        done = subprocess.run(
            ["sh", "-c", host.probe],
            input=SCRIPT,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return Rates(failure=f"unknown: the host's probe failed: {problem}")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return Rates(failure=f"unknown: the host's probe failed: {last[:200]}")
    return parse(done.stdout)


def parse(output: str) -> Rates:
    """What the script printed; a shape that it never prints is a failure, not an error."""
    try:
        said = json.loads(output)
        if "error" in said:
            return Rates(failure=f"unknown: the host's probe says {str(said['error'])[:200]}")
        nics = said["nics"].items()
        return Rates(
            by_device={name: (bits(inbound), bits(outbound)) for name, (inbound, outbound) in nics},
            lacking=tuple(str(name)[:40] for name in said.get("lacking", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Rates(failure="unknown: the host's probe printed something else than its script does")


def bits(text: str) -> int | None:
    """`100Mbit` in bit/s, as tc writes rates; None for nothing."""
    number = text.rstrip("bitKMGT")
    suffix = text[len(number) :]
    return round(float(number) * SUFFIXES[suffix]) if number and suffix in SUFFIXES else None
