import secrets
import time
from pathlib import Path

import pytest

from components.lab.cgroup import subtree
from components.lab.command import LabError, call
from components.lab.host import Lab
from components.lab.link import join

pytestmark = pytest.mark.lab

MACHINE = """<domain type='qemu'><name>same</name><uuid>5a3c1f0e-0000-4000-8000-0123456789ab</uuid>
<memory unit='MiB'>64</memory><vcpu>1</vcpu>
<cputune><global_period>100000</global_period><global_quota>{quota}</global_quota></cputune>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><interface type='network'><source network='public1'/></interface></devices></domain>"""


def quotas(lab: Lab) -> list[str]:
    """What the kernel enforces for the lab's one machine, read on the machine that the lab stands on."""
    groups = subtree(lab.name)
    (folder,) = [path for root in groups.roots for path in root.glob("machine*/*") if path.is_dir()][:1]
    names = ("cpu.cfs_quota_us",) if groups.version == 1 else ("cpu.max",)
    return (folder / names[0]).read_text().split()[:1]


@pytest.fixture
def two():
    labs = [Lab(f"t{secrets.token_hex(3)}") for _ in range(2)]
    try:
        for made in labs:
            made.up()
        yield labs
    finally:
        for made in labs:
            made.down(data=True, grace_s=0)
    for made in labs:
        assert not made.places.netns_file.exists()


def test_two_joined_hosts_with_equal_machines_disturb_neither_quota_nor_each_other(two):
    first, second = two
    link = join(first, second)
    for lab, quota in ((first, 50000), (second, 20000)):
        call(
            ["virsh", "-c", lab.uri, "define", "/dev/stdin"], what="Unable to define", text=MACHINE.format(quota=quota)
        )
        call(["virsh", "-c", lab.uri, "start", "same"], what="Unable to start", timeout_s=60)
    assert quotas(first) == ["50000"]
    assert quotas(second) == ["20000"]
    call(["virsh", "-c", second.uri, "schedinfo", "same", "--live", "global_quota=30000"], what="Unable to set")
    assert (quotas(first), quotas(second)) == (["50000"], ["30000"])
    for lab, quota in ((first, "50000"), (second, "30000")):
        said = call(["virsh", "-c", lab.uri, "schedinfo", "same"], what="Unable to ask")
        assert dict(line.split(":") for line in said.replace(" ", "").split())["global_quota"] == quota

    ping = ["busybox", "ping6", "-c", "1", "-W", "2"]
    assert first.run([*ping, second.migration_address]).returncode == 0
    assert second.run([*ping, first.migration_address]).returncode == 0
    assert join(first, second) == link  # and again: nothing changes
    link.cut()
    assert first.run([*ping, second.migration_address]).returncode != 0
    link.mend()
    time.sleep(0.2)
    assert first.run([*ping, second.migration_address]).returncode == 0

    first.down(data=True, grace_s=0)
    assert quotas(second) == ["30000"]
    assert "running" in call(["virsh", "-c", second.uri, "domstate", "same"], what="Unable to ask")
    assert not Path(f"/run/aegir-vps/{first.name}").exists()


def test_lab_is_not_joined_to_itself_nor_to_one_that_is_down(lab):
    with pytest.raises(LabError, match="same lab"):
        join(lab, Lab(lab.name))
    with pytest.raises(LabError, match=r"is not up\. Run `vps lab up absent`"):
        join(lab, Lab("absent"))
