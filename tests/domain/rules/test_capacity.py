"""What may be sold of a host is told when it is exceeded, now or with any one host down, and stops nobody's apply."""

from dataclasses import replace
from datetime import date

from components.domain.fleet import Fleet
from components.domain.hosts import Host, Loss, Node
from components.domain.problems import Problem, Severity
from components.domain.rules import capacity
from tests.domain.sample import HOST, client, fleet, vps

TODAY = date(2027, 1, 15)


def _problems(known: Fleet) -> list[Problem]:
    return list(capacity.problems(known, TODAY))


def test_a_host_may_be_sold_to_the_brim() -> None:
    brim = replace(HOST, memory_mib=2112, free_memory_mib=0, disk_gib=10, free_disk_gib=0, vcpus=2, sells_vcpus=100)
    assert _problems(fleet(hosts={"kvm1": brim})) == []


def test_more_than_that_is_told_by_how_much_and_stops_nothing() -> None:
    small = replace(HOST, memory_mib=3136, free_memory_mib=0)
    two = client("example-coop", vps(), vps("web2", id="v-2222"))
    (problem,) = _problems(fleet(two, hosts={"kvm1": small}))
    assert problem.path == ("hosts", "kvm1", "sells", "memory")
    assert problem.message == "4224 MiB of memory are sold here, 1088 MiB more than may be."
    assert (problem.code, problem.measure, problem.severity) == ("host-oversold", 1088, Severity.ERROR)
    assert not problem.blocks


def test_disk_vcpus_and_declared_traffic_count_as_well() -> None:
    tiny = replace(HOST, disk_gib=29, free_disk_gib=20, vcpus=1, sells_vcpus=100, traffic_gb=999)
    assert [one.path[-1] for one in _problems(fleet(hosts={"kvm1": tiny}))] == ["vcpus", "disk", "traffic"]


def _host(name: str, small: int) -> Host:
    """A host with room for so many small VPSs."""
    return replace(HOST, name=name, memory_mib=small * 2112, free_memory_mib=0, vcpus=1000, disk_gib=10000)


def _spread(rooms: dict[str, int], sold: dict[str, int]) -> Fleet:
    made = [vps(f"w{n}{host}", id=f"v-{host}{n}", host=host) for host, count in sold.items() for n in range(count)]
    return fleet(client("example-coop", *made), hosts={name: _host(name, small) for name, small in rooms.items()})


def test_a_fleet_that_does_not_fit_without_one_of_its_hosts_is_warned() -> None:
    """Each host is judged alone: the small one may fail, the large one may not."""
    assert _problems(_spread({"a": 6, "b": 4}, {"a": 3, "b": 1})) == []
    (problem,) = _problems(_spread({"a": 6, "b": 4}, {"a": 4, "b": 1}))
    assert problem.path == ("hosts", "a")
    assert (problem.code, problem.severity, problem.measure) == ("no-room-for-a-host-down", Severity.WARNING, 1)
    assert "1 of its 4 VPSs would find no room" in problem.message
    assert not problem.blocks


def test_a_lost_host_neither_fails_again_nor_takes_anybody() -> None:
    known = _spread({"a": 4, "b": 9, "c": 3}, {"a": 4, "b": 2})
    assert _problems(known) == []
    lost = replace(known.hosts["b"], lost=Loss(since="now", fenced="so"))
    assert [one.path for one in _problems(replace(known, hosts={**known.hosts, "b": lost}))] == [("hosts", "a")]


def test_a_fleet_of_one_host_is_not_told_that_it_has_no_other() -> None:
    assert _problems(_spread({"a": 4}, {"a": 4})) == []


NODE = Node(vcpus=16, memory_mib=2 * 2112, disk_gib=500)


def _cluster(sold: int, **changes: object) -> Fleet:
    """Three nodes with room for two small VPSs each."""
    nodes = {f"n{number}": NODE for number in range(3)}
    host = replace(_host("pve", 6), nodes=nodes, vcpus=48, disk_gib=1500, free_disk_gib=0)
    known = _spread({"pve": 6, "b": 9}, {"pve": sold})
    return replace(known, hosts={"pve": replace(host, **changes), "b": known.hosts["b"]})  # type: ignore[arg-type]


def test_a_cluster_stands_the_loss_of_one_node() -> None:
    assert _problems(_cluster(4)) == []
    (problem,) = _problems(_cluster(5))
    assert problem.code == "no-room-for-a-host-down"
    assert problem.message.startswith("If the node n")
    assert "1 of its 5 VPSs" in problem.message


def test_a_cluster_has_what_its_nodes_have_together() -> None:
    (problem,) = _problems(_cluster(1, vcpus=47))
    assert (problem.code, problem.path) == ("cluster-sum-differs", ("hosts", "pve", "capacity", "vcpus"))
