"""A place for new VPSs: never oversold, no address twice, every refusal true."""

from dataclasses import replace
from datetime import date

from components.domain.operations import NOTHING_KNOWN
from components.domain.placement import Placed, Wish, place
from components.domain.problems import Problem
from components.domain.sales import Sale
from tests.domain.sample import HOST, PACKAGE, fleet

TODAY = date(2027, 1, 15)
WISH = Wish(client="example-coop", client_id="c-q7m2", name="web2", sale=Sale(package=PACKAGE.key), ipv6=1)


def test_a_fleet_of_one_host_takes_a_vps_and_says_what_that_means() -> None:
    (placed,) = place(fleet(), [WISH], NOTHING_KNOWN, TODAY)
    assert isinstance(placed, Placed)
    assert (placed.host, placed.network, placed.refused) == ("kvm1", "public1", ())
    assert placed.notes == ("no other host could take it if kvm1 failed: none that takes VPSs carries public1",)
    assert "192.0.2.10" not in placed.ipv4


def test_a_second_vps_goes_to_another_host() -> None:
    two = fleet(hosts={"kvm1": HOST, "kvm2": replace(HOST, name="kvm2")})
    (placed,) = place(two, [WISH], NOTHING_KNOWN, TODAY)
    assert isinstance(placed, Placed)
    assert placed.host == "kvm2"


def test_only_hosts_that_were_named_are_looked_at() -> None:
    three = fleet(hosts={name: replace(HOST, name=name) for name in ("kvm1", "kvm2", "kvm3")})
    (placed,) = place(three, [replace(WISH, among=frozenset({"kvm3"}))], NOTHING_KNOWN, TODAY)
    assert isinstance(placed, Placed)
    assert (placed.host, placed.refused) == ("kvm3", ())


def test_what_fits_nowhere_is_a_problem_with_numbers() -> None:
    tight = fleet(hosts={"kvm1": replace(HOST, memory_mib=4096, free_memory_mib=0)})
    (problem,) = place(tight, [WISH], NOTHING_KNOWN, TODAY)
    assert isinstance(problem, Problem)
    assert problem.code == "no-host-takes-it"
    assert problem.path == ("clients", "example-coop", "vps", "web2")
    assert "kvm1: memory: 2112 MiB needed, 1984 MiB free" in problem.message
