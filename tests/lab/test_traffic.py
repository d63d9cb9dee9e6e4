import subprocess

import pytest

from components.lab import traffic

pytestmark = pytest.mark.lab


def test_verdict_is_that_of_tc_itself():
    """Adding the one module that most kernels lack decides alike."""
    script = "ip link add a type veth peer name b && tc qdisc add dev a root sfq perturb 10"
    has_sfq = subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True, check=False).returncode == 0
    found = traffic.probe()
    assert ("sch_sfq" not in found.why) == has_sfq
    assert not found.enforced or has_sfq


def test_probe_leaves_no_device_behind():
    before = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    traffic.probe()
    assert subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout == before
