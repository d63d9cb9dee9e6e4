import pytest

from components.lab import stock
from components.lab.command import call

pytestmark = pytest.mark.lab


def virsh(lab, *arguments):
    return call(["virsh", "-q", "-c", lab.uri, *arguments], what="Unable to ask the lab")


def test_network_has_both_gateways_at_once_and_serves_nothing(lab):
    said = lab.run(["ip", "-o", "addr", "show", stock.BRIDGE]).stdout
    assert "192.0.2.1/24" in said
    assert "2001:db8:1::1/64" in said
    assert "tentative" not in said
    assert "forward mode='nat'" in virsh(lab, "net-dumpxml", stock.NETWORK)
    assert lab.run(["ss", "-Hlnup"]).stdout == ""  # no DHCP, no DNS, no advertisements


def test_pool_is_the_labs_own_folder(lab):
    virsh(lab, "vol-create-as", stock.POOL, "probe.raw", "4096", "--format", "raw")
    file = lab.places.data / "aegir-vps/pool/probe.raw"
    assert file.exists()
    assert stock.POOL_PATH in virsh(lab, "vol-path", "probe.raw", stock.POOL)
    virsh(lab, "vol-delete", "probe.raw", stock.POOL)
    assert not file.exists()


def test_what_was_stopped_is_started_again(lab):
    virsh(lab, "net-destroy", stock.NETWORK)
    virsh(lab, "pool-destroy", stock.POOL)
    assert not stock.active(lab.places)
    lab.up()
    assert stock.active(lab.places)
