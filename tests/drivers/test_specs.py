"""What is wanted, in plain data."""

from components.drivers.specs import DiskSpec, ImageRef, MachineSpec, NicSpec


def test_limits_of_a_spec_have_the_keys_of_the_domain() -> None:
    """One key per limit that can be changed and read back."""
    image = ImageRef(name="tiny", sha256="0" * 64)
    spec = MachineSpec(
        uuid="u",
        name="n",
        title="t",
        pool="vps",
        vcpus=2,
        cpu_cap_percent=150,
        memory_mib=2048,
        disks={"root": DiskSpec(size_gib=10, iops=1000, rate_mib_s=100, image=image)},
        nics={"n0": NicSpec(attach="network:public1", mac="02:00:00:00:00:01", rate_mbit_s=50, addresses=())},
    )
    assert spec.limits() == {
        "vcpus": 2,
        "cpuCapPercent": 150,
        "memoryMib": 2048,
        "disks.root.sizeGib": 10,
        "disks.root.iops": 1000,
        "disks.root.rateMibS": 100,
        "nics.n0.rateMbitS": 50,
    }
