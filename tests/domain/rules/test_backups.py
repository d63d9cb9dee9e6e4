"""Rules for the target of backups."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from components.domain.backups import Backups, Drill
from components.domain.fleet import Fleet
from components.domain.networks import Network
from components.domain.rules.backups import problems
from tests.domain import sample

NETWORK = Network(
    name="public1",
    ipv4=IPv4Network("192.0.2.0/24"),
    ipv4_gateway=IPv4Address("192.0.2.1"),
    ipv6=None,
    ipv6_gateway=None,
    reserved=(),
    dns=(),
)
GOOD = Backups(
    target="ssh://vps-backups@backup.example:22/srv/vps-backups",
    host_key="ssh-ed25519 " + "A" * 68,
    recovery=("age1" + "q" * 58,),
    admin="ssh root@backup1",
    drill=Drill(network="public1", ipv4="192.0.2.9"),
)


def judged(backups: Backups | None) -> list[str]:
    fleet = Fleet(id="demo", name="Demo", currency="EUR", networks={"public1": NETWORK}, backups=backups)
    return [f"{'.'.join(map(str, problem.path))}: {problem.message}" for problem in problems(fleet)]


def test_a_good_one_and_none_are_well() -> None:
    assert judged(GOOD) == []
    assert judged(None) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"target": "backup1:/srv"}, "backups.target"),
        ({"host_key": "ssh-rsa AAAA"}, "backups.host_key"),
        ({"host_key": GOOD.host_key + "\nssh-ed25519 AAAA"}, "backups.host_key"),
        ({"recovery": ("AGE-SECRET-KEY-1QQQ",)}, "backups.recovery.0"),
        ({"admin": " "}, "backups.admin"),
        ({"drill": Drill(network="other", ipv4="192.0.2.9")}, "backups.drill.network"),
        ({"drill": Drill(network="public1", ipv4="198.51.100.9")}, "backups.drill.ipv4"),
        ({"drill": Drill(network="public1", ipv6="192.0.2.9")}, "backups.drill.ipv6"),
    ],
)
def test_a_wrong_one_is_named(change: dict[str, object], path: str) -> None:
    (found,) = judged(replace(GOOD, **change))  # type: ignore[arg-type] # a row of the table
    assert found.startswith(f"{path}: ")


def test_no_client_s_address_is_taken_for_drills() -> None:
    """The guest of a drill must not answer for anybody."""
    declared = sample.fleet()
    vps = next(vps for _, vps in declared.machines() if vps.ipv4)
    taken = replace(declared, backups=replace(GOOD, drill=Drill(network=vps.network, ipv4=vps.ipv4[0])))
    assert any("is " in problem.message and problem.path[-1] == "ipv4" for problem in problems(taken))
