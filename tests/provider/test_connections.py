"""One driver per host."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from components.domain.hosts import Loss
from components.drivers.base import HostRef
from components.drivers.errors import DriverError, HostUnreachable
from components.drivers.fake.driver import FakeDriver
from components.lab.example import EXAMPLE
from components.provider.connections import ADDRESSES, Connections, addresses, with_hosts
from tests.domain.sample import HOST


def test_threads_share_one_driver_per_host(host: HostRef) -> None:
    """Connections are dear."""
    connections = Connections()
    assert connections.driver_for(host) is connections.driver_for(host)
    connections.close()


def test_unknown_driver_is_said_with_what_is_known() -> None:
    """A typo in a host's file."""
    with pytest.raises(DriverError, match="libvirt or fake"):
        Connections().driver_for(HostRef(name="h", driver="xen", uri="x"))


def test_a_host_that_moved_is_reached_at_its_address_of_today(host: HostRef, tmp_path: Path) -> None:
    """State remembers the address of the last run."""
    today = {host.name: {"driver": "fake", "uri": f"fake://{tmp_path / 'moved'}", "probe": ""}}
    connections = Connections({ADDRESSES: json.dumps(today)})
    driver = connections.driver_for(host)
    assert isinstance(driver, FakeDriver)
    assert driver.world.folder == tmp_path / "moved"


def test_the_declared_hosts_as_the_plugin_learns_them() -> None:
    """Where each is, which pool it has, and since when it is lost."""
    lost = replace(HOST, name="kvm2", lost=Loss(since="2026-11-22 10:00 UTC", fenced="switched off"))
    connections = Connections({ADDRESSES: addresses([HOST, lost])})
    assert (connections.lost_since("kvm1"), connections.lost_since("kvm2")) == ("", "2026-11-22 10:00 UTC")
    assert connections.pool_of("kvm1") == "vps"
    assert connections.named("kvm1") == HostRef(name="kvm1", driver="libvirt", uri=HOST.uri, probe=HOST.probe)
    assert connections.named("kvm9") is None


def test_a_plain_engine_learns_the_hosts_from_the_fleet_it_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `vps env` set is never overridden."""
    monkeypatch.setenv("VPS_FLEET", str(EXAMPLE))
    assert set(json.loads(with_hosts({"PATH": "/bin"})[ADDRESSES])) == {"lab1"}
    assert with_hosts({ADDRESSES: "{}"})[ADDRESSES] == "{}"


def test_every_other_host_is_asked_and_a_silent_one_stops_it(tmp_path: Path) -> None:
    """A machine that one of them holds is told with its host; the lost one is not asked."""
    known = {}
    for name in ("fake1", "fake2", "fake3"):
        (tmp_path / name).mkdir()
        known[name] = {"driver": "fake", "uri": f"fake://{tmp_path / name / 'world'}", "probe": ""}
    connections = Connections({ADDRESSES: json.dumps(known)})
    assert connections.elsewhere("Unable", "an-uuid", "fake1") == []
    (tmp_path / "fake3").rmdir()
    with pytest.raises(HostUnreachable, match="could not tell whether fake3 holds it"):
        connections.elsewhere("Unable", "an-uuid", "fake1")
    known["fake3"]["lost"] = "2026-11-22 10:00 UTC"
    assert Connections({ADDRESSES: json.dumps(known)}).elsewhere("Unable", "an-uuid", "fake1") == []
    assert connections.elsewhere("Unable", "an-uuid", "fake3") == []


def test_a_host_that_is_declared_lost_is_asked_all_the_same_and_waited_for_once(tmp_path: Path) -> None:
    """A false declaration would make a twin; a true one must not cost every machine a deadline."""
    uri = f"fake://{tmp_path / 'fake1' / 'world'}"
    known = {"fake1": {"driver": "fake", "uri": uri, "probe": "", "lost": "2026-11-22 10:00 UTC"}}
    connections = Connections({ADDRESSES: json.dumps(known)})
    host = HostRef(name="fake1", driver="fake", uri=uri)
    assert connections.is_gone(host, "an-uuid")
    (tmp_path / "fake1/world/domains").mkdir(parents=True)
    assert connections.is_gone(host, "an-uuid")
    assert not Connections({ADDRESSES: json.dumps(known)}).is_gone(host, "an-uuid")
