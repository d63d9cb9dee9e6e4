"""Why a start failed: only tc's refusal means that the host can't limit a NIC."""

import libvirt
import pytest

from components.drivers.libvirt.power import why_rates_fail

TC = (
    "internal error: Child process (tc qdisc add dev vnet1 parent 1:1 handle 2: sfq perturb 10) unexpected exit status "
    "2: Error: Specified qdisc kind is unknown."
)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (TC, "Specified qdisc kind is unknown (sfq)"),
        ("internal error: Child process (tc filter add dev vnet1) unexpected exit status 1:", "tc failed"),
        ("internal error: process exited while connecting to monitor: no memory", ""),
        ("Cannot access storage file '/pool/etc qdisc'", ""),
    ],
)
def test_the_reason_is_tcs_own(message, reason):
    error = libvirt.libvirtError("x")
    error.err = (1, 0, message, 2, None, None, None, 0, 0)

    assert why_rates_fail(error) == reason
