import time

import pytest

from components.lab import guests
from components.lab.command import call

pytestmark = pytest.mark.lab

MACHINE = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os></domain>"""


def create(lab, name):
    call(["virsh", "-c", lab.uri, "create", "/dev/stdin"], what="Unable to create", text=MACHINE.format(name=name))


def test_guests_without_ears_end_when_their_grace_is_over(lab):
    create(lab, "deaf")
    create(lab, "paused")
    call(["virsh", "-c", lab.uri, "suspend", "paused"], what="Unable to pause")
    assert set(guests.running(lab.places)) >= {"deaf", "paused"}
    start = time.monotonic()
    guests.stop(lab.places, grace_s=1)
    assert 1 <= time.monotonic() - start < 10
    assert guests.running(lab.places) == []


def test_nobody_there_takes_no_grace(lab):
    start = time.monotonic()
    guests.stop(lab.places, grace_s=30)
    assert time.monotonic() - start < 5
