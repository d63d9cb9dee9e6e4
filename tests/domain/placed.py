"""Scenes of placement as an operator reads them; `python -m tests.domain.placed` writes the golden texts anew."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from components.domain.capacity import rooms, shown
from components.domain.fleet import Fleet
from components.domain.hosts import Host, Loss, Node
from components.domain.networks import AddressRange
from components.domain.operations import NOTHING_KNOWN, HostState, OpenFault, Operations
from components.domain.packages import Package
from components.domain.placement import Wish, place_each
from components.domain.sales import Sale
from tests.domain.sample import DATACENTRE, HOST, NETWORK, PACKAGE, client, fleet, spare, vps

GOLDEN = Path(__file__).parent / "placements"
TODAY = date(2027, 1, 15)
NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
LARGE = replace(PACKAGE, name="large", limits=replace(PACKAGE.limits, vcpus=4, memory_mib=8192, disk_gib=80))
PACKAGES = {one.key: one for one in (PACKAGE, LARGE)}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A fleet, what is known of it, and what is wished."""

    about: str
    fleet: Fleet
    wishes: tuple[Wish, ...]
    operations: Operations = NOTHING_KNOWN


def wish(name: str, package: Package = PACKAGE, **changes: object) -> Wish:
    plain = Wish(client="example-coop", client_id="c-q7m2", name=name, sale=Sale(package=package.key), ipv6=1)
    return replace(plain, **changes)  # type: ignore[arg-type]


def host(name: str, gib: int = 32, **changes: object) -> Host:
    """A host that sells all of so much memory, and of the rest enough."""
    plain = replace(HOST, name=name, memory_mib=gib * 1024, free_memory_mib=0, vcpus=64, disk_gib=2000, free_disk_gib=0)
    return replace(plain, **changes)  # type: ignore[arg-type]


def made(*hosts: Host, sold: dict[str, int] | None = None, **changes: object) -> Fleet:
    """Hosts, with so many small VPSs of somebody else on each."""
    others = [
        vps(f"w{number}-{name}", id=f"v-{name}{number}", host=name, ipv4=(), ipv6=())
        for name, count in (sold or {}).items()
        for number in range(count)
    ]
    other = replace(client("other", *others), id="c-other") if others else replace(client("other"), vps={})
    plain = fleet(other, hosts={one.name: one for one in hosts}, packages=PACKAGES)
    return replace(plain, **changes)  # type: ignore[arg-type]


def _one_host() -> Scene:
    return Scene(about="A fleet of one host: it takes a VPS, and says that no other could.", fleet=made(host("kvm1")),
                 wishes=(wish("web1"),))  # fmt: skip


def _apart() -> Scene:
    hosts = (host("a1"), host("a2"), host("b1", cabinet="B1"), host("far1", datacentre="dc2", cabinet="F1"))
    second = replace(DATACENTRE, name="dc2", title="Second datacentre")
    return Scene(
        about="Five VPSs of one client: apart by host, then by cabinet, then by datacentre. a1 and a2 share a cabinet.",
        fleet=made(*hosts, datacentres={"dc1": DATACENTRE, "dc2": second}),
        wishes=tuple(wish(f"web{number}") for number in range(1, 6)),
    )


def _refused() -> Scene:
    insecure = replace(DATACENTRE, name="shed", title="The shed", ups=False, cameras=False)
    other_network = replace(
        NETWORK, name="lan", ipv4=None, ipv4_gateway=None, ipv6=None, ipv6_gateway=None, reserved=(), dns=()
    )
    slow = replace(spare("raid_controller"), count=0, place="", supplier="Parts Ltd", lead_time_hours=72)
    controller = replace(HOST.inventory[0], kind="raid_controller", serial="r-1", spare="raid_controller")
    hosts = (
        host("assigned", assigned="c-other"),
        host("draining"),
        host("failed"),
        host("full", 1),
        host("good"),
        host("homeless", cabinet=""),
        host("insecure", datacentre="shed"),
        host("lost", lost=Loss(since="2027-01-14", fenced="power cut by hand")),
        host("maintained"),
        host("overdue"),
        host("silent", networks={"lan": "bridge:br1"}),
        host("slow", inventory=(*HOST.inventory, controller)),
        host("spare"),
        host("traffic", traffic_gb=100),
    )
    late = OpenFault(
        id="F-7", host="overdue", part="hard_drive D1", since=NOON, due=datetime(2027, 1, 15, 8, tzinfo=UTC)
    )
    known = Operations(
        host_states={"draining": HostState.DRAINING, "failed": HostState.FAILED, "maintained": HostState.MAINTENANCE},
        faults=(late,),
        at=NOON,
    )
    plain = made(*hosts)
    return Scene(
        about="Each host but `good` and `spare` has one thing that keeps VPSs away.",
        fleet=replace(
            plain,
            datacentres={**plain.datacentres, "shed": insecure},
            networks={**plain.networks, "lan": other_network},
            spares={**plain.spares, "raid_controller": slow},
        ),
        wishes=(wish("web1"),),
        operations=known,
    )


def _brim() -> Scene:
    return Scene(
        about="Room for eight small VPSs on each of three hosts, so for sixteen with any one host down. Fifteen are "
        "there: one more is taken, a second and a large one are not.",
        fleet=made(*(host(name, 17) for name in "abc"), sold={"a": 5, "b": 5, "c": 5}),
        wishes=(wish("large1", LARGE), wish("web1"), wish("web2")),
    )


def _addresses() -> Scene:
    tight = replace(NETWORK, reserved=(AddressRange.parse("192.0.2.2-192.0.2.250"),))
    plain = made(host("kvm1"), sold={"kvm1": 1}, networks={"public1": tight})
    (other,) = plain.clients["other"].vps.values()
    held = replace(plain.clients["other"], vps={other.key: replace(other, ipv4=("192.0.2.251",))})
    return Scene(
        about="Of .251 to .254 the first is somebody's, the second in quarantine until February: two can be given.",
        fleet=replace(plain, clients={"other": held}),
        wishes=(wish("web1", ipv6=0), wish("web2", ipv6=0), wish("web3", ipv6=0)),
        operations=Operations(quarantine={"192.0.2.252": date(2027, 2, 1)}),
    )


def _cluster() -> Scene:
    nodes = {f"n{number}": Node(vcpus=16, memory_mib=9 * 1024, disk_gib=500) for number in range(1, 4)}
    cluster = host("pve", 27, nodes=nodes, vcpus=48, disk_gib=1500)
    return Scene(
        about="A cluster of three nodes with 9 GiB each beside a host of 4: one large VPS fits a node, so two fit all.",
        fleet=made(cluster, host("kvm1", 4)),
        wishes=tuple(wish(f"large{number}", LARGE) for number in range(1, 4)),
    )


def _asked() -> Scene:
    return Scene(
        about="A host that was asked for is taken or refused, and no other; names that nobody knows are told.",
        fleet=made(host("a", 1), host("b"), host("c")),
        wishes=(
            wish("web1", host="a"),
            wish("web2", host="b"),
            wish("web3", host="nobody"),
            wish("web4", network="lan"),
            wish("web5", replace(PACKAGE, name="huge")),
        ),
    )


SCENES: dict[str, Callable[[], Scene]] = {
    "one-host": _one_host,
    "apart": _apart,
    "refused": _refused,
    "to-the-brim": _brim,
    "addresses": _addresses,
    "cluster": _cluster,
    "asked-for": _asked,
}


def text(scene: Scene) -> str:
    """What stands in a golden file."""
    return "\n".join([scene.about, "", "hosts", *_hosts(scene), "", "placed", *_placed(scene), ""])


def _hosts(scene: Scene) -> Iterator[str]:
    for name, room in rooms(scene.fleet, TODAY).items():
        free = ", ".join(shown(key, getattr(room.free, key)) for key in ("memory_mib", "vcpus", "disk_gib"))
        yield f"  {name}: {room.vps} sold; free {free}; {room.host.datacentre} {room.host.cabinet or '-'}"


def _placed(scene: Scene) -> Iterator[str]:
    for found in place_each(scene.fleet, scene.wishes, scene.operations, TODAY):
        yield from (f"  {line}" for line in found.lines())


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, scene in SCENES.items():
        (GOLDEN / f"{name}.txt").write_text(text(scene()), encoding="utf-8")


if __name__ == "__main__":
    main()
