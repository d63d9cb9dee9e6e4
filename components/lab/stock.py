"""What every lab offers its guests: the network `public1` and the pool `vps`, under the names of the example fleet.

The network is a libvirt NAT network, yet nothing is masqueraded into the machine's own network: the lab's namespace
has no way out, guests reach each other and the lab only. No DHCP, DNS or router advertisements: addresses are static.
"""

from components.lab.command import call
from components.lab.places import Places

NETWORK = "public1"
BRIDGE = "vpsbr0"
POOL = "vps"
POOL_PATH = "/var/lib/aegir-vps/pool"

_XML = {
    "net": f"""<network>
  <name>{NETWORK}</name>
  <forward mode='nat'/>
  <bridge name='{BRIDGE}' stp='off' delay='0'/>
  <dns enable='no'/>
  <ip address='192.0.2.1' prefix='24'/>
  <ip family='ipv6' address='2001:db8:1::1' prefix='64'/>
</network>""",
    "pool": f"<pool type='dir'><name>{POOL}</name><target><path>{POOL_PATH}</path></target></pool>",
}
_NAMES = {"net": NETWORK, "pool": POOL}


def ensure(places: Places) -> None:
    """Have both defined, started with the lab, and active. What exists is used as it is. Raises LabError."""
    (places.data / "aegir-vps/pool").mkdir(parents=True, exist_ok=True)
    for kind, name in _NAMES.items():
        what = f"Unable to make {'network' if kind == 'net' else 'pool'} {name} in lab {places.name}"
        if name not in _names(places, kind, "--all"):
            call([*_virsh(places), f"{kind}-define", "/dev/stdin"], what=what, text=_XML[kind])
            call([*_virsh(places), f"{kind}-autostart", name], what=what)
        if name not in _names(places, kind):
            call([*_virsh(places), f"{kind}-start", name], what=what, timeout_s=40)


def active(places: Places) -> bool:
    """Whether both can be used."""
    return all(name in _names(places, kind) for kind, name in _NAMES.items())


def _names(places: Places, kind: str, *options: str) -> list[str]:
    what = f"Unable to list the {'networks' if kind == 'net' else 'pools'} of lab {places.name}"
    said = call([*_virsh(places), f"{kind}-list", "--name", *options], what=what)
    return said.split()


def _virsh(places: Places) -> list[str]:
    return ["virsh", "-q", "-c", places.uri]
