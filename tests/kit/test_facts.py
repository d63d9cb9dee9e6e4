"""What templates may name: all that is the client's to know, and nothing else."""

import subprocess
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from components.domain.fleet import Fleet
from components.domain.guests import Guests, Maintenance
from components.kit.addresses import owners
from components.kit.facts import Facts, facts, fingerprint, zone_files
from tests.domain import sample
from tests.kit.conftest import DAY


def _facts(fleet: Fleet, language: str = "en") -> Facts:
    return facts(fleet, fleet.clients["example-coop"], owners(fleet), DAY, language)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from _texts(getattr(value, one.name))


def test_nothing_of_hosts_other_clients_or_keys_gets_in(fleet: Fleet) -> None:
    """A document leaves the house."""
    host = fleet.hosts["kvm1"]
    said = "\n".join(_texts(_facts(fleet)))
    for needle in (
        *(host.uri, host.cabinet, host.contact.email, host.pool.path, host.inventory[0].serial),
        *("Somebody Else", "192.0.2.99", "web9", "backup.example", "acme.example", sample.SSH_KEY.split()[1]),
    ):
        assert needle
        assert needle not in said
    assert "Example Cooperative" in said


def test_a_key_is_told_by_its_fingerprint(tmp_path: Path) -> None:
    """As the client's own tool tells it."""
    file = tmp_path / "key.pub"
    file.write_text(sample.SSH_KEY + "\n")
    done = subprocess.run(["ssh-keygen", "-l", "-f", file], capture_output=True, text=True, timeout=60, check=True)
    assert fingerprint(sample.SSH_KEY) == done.stdout.split()[1]


def test_limits_stand_in_the_units_of_the_catalogue(fleet: Fleet) -> None:
    """A cap that is not there is an empty text, never nought."""
    web1, shop = _facts(fleet)["machines"]
    assert web1["limits"] == {
        "vcpus": "2",
        "cpu": "150 %",
        "memory": "2 GiB",
        "disk": "10 GiB",
        "iops": "1000",
        "disk_rate": "100 MiB/s",
        "nic_rate": "100 Mbit/s",
        "traffic": "1 TB",
    }
    assert {key for key, value in shop["limits"].items() if not value} == {"cpu", "iops", "disk_rate", "nic_rate"}


def test_a_window_may_reach_over_midnight_and_its_own_beats_the_fleets(fleet: Fleet) -> None:
    late = replace(fleet, guests=Guests(maintenance=Maintenance(day="monday", opens="23:30", hours=3)))
    assert _facts(late)["machines"][0]["maintenance"] == {"day": "monday", "opens": "23:30", "closes": "02:30"}
    own = sample.vps(maintenance=Maintenance(day="friday", opens="01:00", hours=1))
    client = sample.client("example-coop", own)
    found = facts(replace(late, clients={"example-coop": client}), client, owners(late), DAY, "en")
    assert found["machines"][0]["maintenance"] == {"day": "friday", "opens": "01:00", "closes": "02:00"}


def test_services_by_kind_in_the_clients_language(fleet: Fleet) -> None:
    services = _facts(fleet, "uk")["services"]
    (work,) = services["work"]
    assert (work["title"], work["price"], work["currency"], work["free_with_vip"]) == (
        "Зміна адреси",
        "10.00",
        "USD",
        True,
    )
    assert [one["title"] for kind in ("option", "offer") for one in services[kind]] == ["VIP Administration", "Advice"]
    assert services["offer"][0]["price"] == ""


def test_rebates_are_told_as_bands_without_a_gap(fleet: Fleet) -> None:
    """Contract REB-2 to REB-4, half-open by their lower bound."""
    bands = _facts(fleet)["promises"]["rebates"]
    assert [(one["from"], one["below"], one["percent"]) for one in bands] == [
        ("99.5", "99.99", 5),
        ("98", "99.5", 10),
        ("", "98", 20),
    ]


def test_zone_files_are_of_all_records(fleet: Fleet) -> None:
    names = [name for name, _ in zone_files(_facts(fleet))]
    assert names == [
        "dns/forward-coop.example.zone",
        "dns/reverse-2.0.192.in-addr.arpa.zone",
        "dns/reverse-0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.zone",
    ]
