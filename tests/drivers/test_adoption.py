"""Is a declared machine the one on the host? Pure."""

from dataclasses import replace

import pytest

from components.drivers.adoption import Stranger, differences, is_adopted, need_same
from components.drivers.base import DiskSpec, ImageRef, MachineSpec, Mark, NicSpec, Phase, Power
from components.drivers.errors import NotOurs, Refused

SPEC = MachineSpec(
    uuid="u",
    name="demo-c-v",
    title="a/b",
    pool="default",
    vcpus=2,
    cpu_cap_percent=0,
    memory_mib=512,
    disks={"root": DiskSpec(size_gib=5, iops=0, rate_mib_s=0, image=ImageRef(name="i", sha256="s"))},
    nics={
        "n0": NicSpec(
            attach="bridge:br0", mac="52:54:00:00:00:01", rate_mbit_s=0, addresses=("192.0.2.1/24",), antispoof=False
        )
    },
)
FOUND = Stranger(
    uuid="u",
    name="old",
    power=Power.RUNNING,
    limits=SPEC.limits(),
    disk="root",
    nic="n0",
    pool="default",
    volume="old.qcow2",
    mac="52:54:00:00:00:01",
    attach="bridge:br0",
)
MARK = Mark(fleet="f", backend="b", urn="u", client="c", vps="v", phase=Phase.READY, incarnation="i")


def test_the_same_is_the_same() -> None:
    assert differences(SPEC, FOUND) == []
    need_same("Unable to x", SPEC, FOUND)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limits": {**FOUND.limits, "vcpus": 1}}, "vcpus: declared 2, the machine has 1"),
        (
            {"limits": {**FOUND.limits, "disks.root.iops": 7}},
            "disks.root.iops: declared unlimited, the machine has 7 IO/s",
        ),
        ({"limits": {}}, "memoryMib: declared 512 MiB, the machine has unknown"),
        ({"pool": ""}, "pool: declared default, the machine has none"),
        ({"mac": "52:54:00:00:00:02"}, "MAC: declared 52:54:00:00:00:01, the machine has 52:54:00:00:00:02"),
        ({"attach": "network:n"}, "attachment: declared bridge:br0, the machine has network:n"),
        ({"obstacles": ("it has 2 disks",)}, "it has 2 disks"),
        ({"nic": ""}, "declared are disks root and NICs n0, it has one of each"),
    ],
)
def test_each_difference_is_told(changes: dict[str, object], said: str) -> None:
    found = replace(FOUND, **changes)  # type: ignore[arg-type]
    assert said in differences(SPEC, found)
    with pytest.raises(Refused, match="Nothing was touched"):
        need_same("Unable to x", SPEC, found)


def test_anti_spoofing_comes_later() -> None:
    """A machine that the host never held to its addresses must not lose its network by being adopted."""
    nics = {"n0": replace(SPEC.nics["n0"], antispoof=True)}
    (said,) = differences(replace(SPEC, nics=nics), FOUND)
    assert "antispoof: false" in said


def test_whose_a_mark_is() -> None:
    assert is_adopted("Unable to x", replace(MARK, incarnation="other"), MARK)
    for other in (None, replace(MARK, fleet="x"), replace(MARK, backend="x"), replace(MARK, urn="x")):
        with pytest.raises(NotOurs, match="Nothing was touched"):
            is_adopted("Unable to x", other, MARK)
