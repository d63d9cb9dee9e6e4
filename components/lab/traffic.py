"""Whether this kernel can enforce the rate of a network interface the way libvirt asks for it.

Libvirt's `<bandwidth>` needs sch_htb, sch_sfq, cls_fw, sch_ingress, cls_u32 and act_police; it refuses to start a
machine that declares a rate where one is missing. So the very commands it uses are tried, in a scratch namespace.
"""

from dataclasses import dataclass

from components.lab.command import call

_SCRIPT = """
ip link add probe0 type veth peer name probe1 && ip link set probe0 up || { echo veth; exit 0; }
try() { what=$1; shift; tc "$@" >/dev/null 2>&1 || echo "$what"; }
try sch_htb qdisc add dev probe0 root handle 1: htb default 1
try sch_htb class add dev probe0 parent 1: classid 1:1 htb rate 1000kbps ceil 1000kbps
try sch_sfq qdisc add dev probe0 parent 1:1 handle 2: sfq perturb 10
try cls_fw filter add dev probe0 parent 1:0 protocol all prio 1 handle 1 fw flowid 1
try sch_ingress qdisc add dev probe0 ingress
try cls_u32 filter add dev probe0 parent ffff: protocol all prio 2 u32 match u32 0 0 flowid :1
try act_police filter add dev probe0 parent ffff: protocol all u32 match u32 0 0 \
    police rate 1000kbps burst 64kb mtu 64kb drop flowid :1
"""


@dataclass(frozen=True, slots=True)
class Rates:
    """Whether NIC rates are enforced here, and why (not)."""

    enforced: bool
    why: str


def probe() -> Rates:
    """Try every part that libvirt needs, on a veth pair of its own. Raises LabError when it can't be tried."""
    said = call(["unshare", "--net", "sh"], what="Unable to try NIC rates", text=_SCRIPT).split()
    missing = sorted(set(said))
    if not missing:
        return Rates(enforced=True, why="the kernel has all that libvirt needs")
    return Rates(enforced=False, why=f"this kernel lacks {', '.join(missing)}")
