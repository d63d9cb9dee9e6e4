"""libvirt's errors become ours, with a remedy."""

import libvirt
import pytest

from components.drivers.errors import DriverError, HostFull, HostUnreachable, Missing
from components.drivers.libvirt.errors import translate


def problem(code, message="it broke", number=0):
    error = libvirt.libvirtError("call failed")
    error.err = (code, 0, message, 2, None, None, None, number, 0)
    return error


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (problem(libvirt.VIR_ERR_NO_STORAGE_POOL), Missing),
        (problem(libvirt.VIR_ERR_NO_NETWORK), Missing),
        (problem(libvirt.VIR_ERR_RPC), HostUnreachable),
        (problem(libvirt.VIR_ERR_AUTH_FAILED), HostUnreachable),
        (problem(libvirt.VIR_ERR_SYSTEM_ERROR, number=28), HostFull),
        (problem(libvirt.VIR_ERR_INTERNAL_ERROR, "qemu-img: No space left on device"), HostFull),
        (problem(libvirt.VIR_ERR_INTERNAL_ERROR), DriverError),
    ],
)
def test_the_kind_is_told_by_code_and_cause(raised, kind):
    found = translate("Unable to do it on kvm1", raised, alive=True)

    assert isinstance(found, kind)
    assert str(found).startswith("Unable to do it on kvm1: ")
    assert found.remedy


def test_any_error_on_a_dead_connection_is_unreachable():
    assert isinstance(translate("Unable", problem(libvirt.VIR_ERR_INTERNAL_ERROR), alive=False), HostUnreachable)
