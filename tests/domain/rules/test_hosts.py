"""Rules for hosts: for each a fleet that breaks it."""

from dataclasses import replace

import pytest

from components.domain.hosts import Contact, Pool
from tests.domain.sample import HOST, fleet, judged, part


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"driver": "libvrt"}, ("driver",), '"libvrt" is no driver'),
        ({"uri": "kvm1"}, ("uri",), "is no connection URI"),
        ({"datacentre": "dc2"}, ("datacentre",), 'There is no datacentre "dc2"'),
        ({"assigned": "somebody"}, ("assigned",), "neither shared nor the id of a client"),
        ({"contact": Contact(name="Olena", email="none")}, ("contact", "email"), "is no e-mail address"),
        ({"pool": Pool(name="vps", path="pool")}, ("pool", "path"), "is no such path"),
        ({"networks": {"public1": "br0"}}, ("networks", "public1", "attach"), "says not how guests are attached"),
        ({"networks": {"public1": "network:public1"}}, ("networks", "public1"), "on which bridge"),
        ({"bridges": {"public1": "a-name-too-long-for-it"}}, ("networks", "public1", "bridge"), "no name for a bridge"),
        ({"free_disk_gib": 200}, ("keeps_free", "disk"), "all that the host has"),
        ({"inventory": ()}, ("inventory",), "lists no server, cpu, ram, hard_drive"),
        ({"inventory": HOST.inventory[1:]}, ("inventory",), "lists no server"),
        ({"inventory": (*HOST.inventory, part("toaster"))}, ("inventory", 4, "kind"), "kind of equipment"),
        (
            {"inventory": (*HOST.inventory, replace(part("ram", "2"), spare="cpu"))},
            ("inventory", 4, "spare"),
            "cpu is a spare cpu, not a ram",
        ),
        (
            {"inventory": (*HOST.inventory, replace(part("ram", "2"), spare="none"))},
            ("inventory", 4, "spare"),
            'There is no spare "none"',
        ),
        (
            {"inventory": (*HOST.inventory, replace(part("ram", "2"), warranty=part("ram").installed.replace(2020)))},
            ("inventory", 4, "warranty"),
            "before it was installed",
        ),
    ],
)
def test_each_fault_is_told_at_its_place(changes: dict[str, object], path: tuple[object, ...], said: str) -> None:
    found = list(judged(fleet(hosts={"kvm1": replace(HOST, **changes)})))  # type: ignore[arg-type]
    (problem,) = [one for one in found if one.path == ("hosts", "kvm1", *path)]
    assert said in problem.message
    assert problem.remedy


def test_a_host_is_named_by_a_label() -> None:
    found = judged(fleet(hosts={"kvm1": HOST, "KVM 2": replace(HOST, name="KVM 2", uri="a://b", inventory=())}))
    assert any("no name for a host" in one.message for one in found)
