"""Which driver serves a host."""

import pytest

from components.drivers.base import HostRef
from components.drivers.errors import DriverError
from components.drivers.fake.driver import FakeDriver
from components.drivers.registry import connect, survey


def test_the_driver_is_told_by_its_name(tmp_path):
    assert isinstance(connect(HostRef(name="h", driver="fake", uri=f"fake://{tmp_path}/w")), FakeDriver)
    assert type(connect(HostRef(name="h", driver="libvirt", uri="test:///default"))).__name__ == "LibvirtDriver"


def test_an_unknown_driver_is_said():
    with pytest.raises(DriverError, match=r"driver 'vmware' is not known\. Use libvirt or fake"):
        connect(HostRef(name="h", driver="vmware", uri=""))


def test_a_survey_reads_what_the_driver_reads(tmp_path):
    for host in (
        HostRef(name="h", driver="fake", uri=f"fake://{tmp_path}/w"),
        HostRef(name="h", driver="libvirt", uri="test:///default"),
    ):
        assert list(survey(host)) == list(connect(host).read_all())
    with pytest.raises(DriverError, match="is not known"):
        survey(HostRef(name="h", driver="vmware", uri=""))
