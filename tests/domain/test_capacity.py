"""What VPSs take of hosts: memory with QEMU's own, what was sold for later, disks of ended ones."""

from dataclasses import replace
from datetime import date

from components.domain.capacity import OVERHEAD_MIB, Demand, Lack, of_vps, rooms, shown
from components.domain.extras import Extra, Raise
from components.domain.hosts import Node
from components.domain.sales import Sale
from tests.domain.sample import HOST, PACKAGE, client, fleet, vps

TODAY = date(2027, 1, 15)
SMALL = Demand(memory_mib=2048 + OVERHEAD_MIB, vcpus=2, disk_gib=10, traffic_gb=1000)
LARGE = replace(
    PACKAGE, name="large", limits=replace(PACKAGE.limits, vcpus=4, memory_mib=8192, disk_gib=20), traffic_gb=500
)


def test_a_vps_takes_what_was_sold_and_what_its_qemu_needs() -> None:
    assert of_vps(fleet(), vps(), TODAY) == SMALL


def test_extras_are_taken_as_well() -> None:
    extra = Extra(
        name="memory",
        version="2026-01",
        title="1 GiB",
        adds=Raise(memory_mib=1024, traffic_gb=100),
        price_month=PACKAGE.price_month,
        set_up=PACKAGE.set_up,
    )
    found = of_vps(fleet(extras={extra.key: extra}), vps(extras={extra.key: 2}), TODAY)
    assert found == replace(SMALL, memory_mib=4096 + OVERHEAD_MIB, traffic_gb=1200)


def test_what_is_sold_for_later_counts_from_the_day_of_the_sale_and_what_is_over_no_more() -> None:
    """Of each resource the most from today on: a change has its room when its day comes."""
    known = fleet(packages={PACKAGE.key: PACKAGE, LARGE.key: LARGE})
    grows = vps(package=LARGE.key, since=date(2027, 3, 1), before=(Sale(package=PACKAGE.key),))
    most = Demand(memory_mib=8192 + OVERHEAD_MIB, vcpus=4, disk_gib=20, traffic_gb=1000)
    assert of_vps(known, grows, TODAY) == most
    assert of_vps(known, grows, date(2027, 3, 1)) == replace(most, traffic_gb=500)
    shrinks = vps(package=PACKAGE.key, since=date(2027, 3, 1), before=(Sale(package=LARGE.key),))
    assert of_vps(known, shrinks, TODAY) == most
    assert of_vps(known, shrinks, date(2027, 3, 1)) == SMALL


def test_of_an_ended_vps_only_the_disk_counts_and_a_stopped_one_takes_all() -> None:
    assert of_vps(fleet(), vps(ends=TODAY), TODAY) == Demand(disk_gib=10)
    assert of_vps(fleet(), vps(ends=date(2027, 1, 16)), TODAY) == SMALL
    assert of_vps(fleet(), vps(power="suspended"), TODAY) == SMALL


def test_a_room_says_what_is_free_and_what_is_lacking() -> None:
    (room,) = rooms(fleet(), TODAY).values()
    assert (room.vps, room.sold) == (1, SMALL)
    assert room.free.memory_mib == HOST.sellable_memory_mib - SMALL.memory_mib
    assert list(room.lacks(room.free)) == []
    more = replace(room.free, memory_mib=room.free.memory_mib + 1)
    assert list(room.lacks(more)) == [
        Lack(resource="memory_mib", need=more.memory_mib, free=room.free.memory_mib),
    ]


def test_traffic_counts_only_where_a_host_declares_it() -> None:
    counted = replace(HOST, traffic_gb=1500)
    assert [one.resource for one in rooms(fleet(hosts={"kvm1": counted}), TODAY)["kvm1"].lacks(SMALL)] == ["traffic_gb"]
    assert list(rooms(fleet(), TODAY)["kvm1"].lacks(SMALL)) == []


def test_who_leaves_and_whose_package_nobody_knows_count_nowhere() -> None:
    two = client("example-coop", vps(), vps("web2", package="tiny@2026-01"))
    assert rooms(fleet(two), TODAY)["kvm1"].vps == 1
    assert rooms(fleet(two), TODAY, [("example-coop", "web1")])["kvm1"].sold == Demand()


def test_on_a_cluster_a_vps_must_fit_one_node() -> None:
    """As much as all nodes together have, no single one has."""
    node = Node(vcpus=4, memory_mib=8192, disk_gib=100)
    cluster = replace(
        HOST,
        nodes={"n1": node, "n2": node},
        vcpus=8,
        memory_mib=16384,
        free_memory_mib=0,
        disk_gib=200,
        free_disk_gib=0,
    )
    room = rooms(fleet(hosts={"kvm1": cluster}), TODAY)["kvm1"]
    wide = Demand(memory_mib=9000, vcpus=1, disk_gib=1)
    assert list(room.lacks(wide)) == []
    assert [str(one) for one in room.lacks_on_a_node(wide)] == ["memory: 9000 MiB needed, 8 GiB free"]
    assert list(room.lacks_on_a_node(Demand(memory_mib=8192, vcpus=16, disk_gib=100))) == []


def test_amounts_are_shown_with_their_units() -> None:
    assert shown("memory_mib", 2112) == "2112 MiB"
    assert shown("vcpus", 3) == "3 vcpus"
    assert shown("disk_gib", -10) == "-10 GiB"
    assert shown("traffic_gb", 2000) == "2 TB"
