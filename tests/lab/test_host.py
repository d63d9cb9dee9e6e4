import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.lab import processes
from components.lab.cgroup import subtree
from components.lab.command import LabError, call
from components.lab.host import Lab
from components.lab.mountinfo import mounts

pytestmark = pytest.mark.lab

MACHINE = """<domain type='qemu'><name>one</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<cputune><global_period>100000</global_period><global_quota>40000</global_quota></cputune>
<os><type arch='x86_64' machine='pc'>hvm</type></os></domain>"""


def virsh(lab: Lab, *arguments: str, text: str = "") -> str:
    return call(["virsh", "-q", "-c", lab.uri, *arguments], what="Unable to ask the lab", text=text, timeout_s=60)


def remains(lab: Lab) -> list[str]:
    """Whatever of the lab can be seen on the machine."""
    found = [str(mount.point) for mount in mounts() if lab.name in str(mount.point)]
    found += [str(root) for root in subtree(lab.name).roots if root.exists()]
    places = (lab.places.run, lab.places.data, lab.places.netns_file, lab.places.run.with_name(f".{lab.name}.lock"))
    found += [str(place) for place in places if place.exists()]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if lab.name.encode() in (folder / "cmdline").read_bytes() and processes.started(int(folder.name)):
                found.append(f"process {folder.name}")
        except OSError:
            continue
    return found


@pytest.fixture
def fresh():
    made = Lab(f"t{secrets.token_hex(3)}")
    yield made
    made.down(data=True, grace_s=0)
    assert remains(made) == []


def test_up_twice_then_down_leaves_nothing(fresh):
    assert not fresh.status().running
    said: list[str] = []
    start = time.monotonic()
    first = fresh.up(said.append)
    took = time.monotonic() - start
    assert took < 20
    assert first.running
    assert first.acceleration in ("kvm", "tcg")
    assert any(line.startswith(f"Acceleration: {first.acceleration}: ") for line in said)
    assert any(line.startswith("NIC rates: ") for line in said)

    start = time.monotonic()
    assert fresh.up() == first == fresh.status()
    assert time.monotonic() - start < 3
    groups, bound = subtree(fresh.name), [fresh.places.netns_file, fresh.places.namespaces / "mnt"]
    pids = processes.of_lab(groups, bound)
    assert first.pid in pids

    fresh.down(grace_s=0)
    assert not any(processes.started(pid) for pid in pids)
    assert fresh.places.data.exists()  # only --data removes it
    fresh.down(data=True)
    assert remains(fresh) == []


def test_machines_own_libvirt_is_not_touched(fresh):
    def own() -> list[str]:
        found = []
        for folder in ("/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt", "/run/libvirt"):
            paths = [path for path in (Path(folder), *sorted(Path(folder).rglob("*"))) if path.exists()]
            found += [f"{path} {path.stat().st_mtime_ns} {path.stat().st_size} {path.stat().st_ino}" for path in paths]
        found.append(subprocess.run(["ip", "-o", "addr"], capture_output=True, text=True, check=True).stdout)
        found.append(subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout)
        found.append(Path("/proc/sys/net/ipv4/ip_forward").read_text())
        return found

    before = own()
    fresh.up()
    virsh(fresh, "define", "/dev/stdin", text=MACHINE)
    virsh(fresh, "start", "one")
    fresh.down(grace_s=0)
    assert own() == before


def test_killed_libvirtd_comes_back_with_its_guests(fresh):
    fresh.up()
    virsh(fresh, "create", "/dev/stdin", text=MACHINE)
    pid = fresh.status().pid
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while processes.started(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    found = fresh.status()
    assert not found.running
    assert "libvirtd died" in found.note
    assert fresh.up().pid != pid
    assert virsh(fresh, "domstate", "one").strip() == "running"
    assert "global_quota   : 40000" in virsh(fresh, "schedinfo", "one")


def test_machines_survive_down_and_up(fresh):
    fresh.up()
    virsh(fresh, "define", "/dev/stdin", text=MACHINE)
    virsh(fresh, "start", "one")
    uuid = virsh(fresh, "domuuid", "one")
    fresh.down(grace_s=0)
    fresh.up()
    assert virsh(fresh, "domuuid", "one") == uuid
    assert virsh(fresh, "domstate", "one").strip() == "shut off"


@pytest.mark.parametrize(
    ("number", "after_s"),
    [(signal.SIGKILL, 0.1), (signal.SIGKILL, 0.3), (signal.SIGKILL, 0.6), (signal.SIGINT, 0.2), (signal.SIGINT, 0.8)],
)
def test_up_goes_on_after_it_was_interrupted_anywhere(fresh, number, after_s):
    code = f"from components.lab.host import Lab; print('now', flush=True); Lab({fresh.name!r}).up()"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=-1, stderr=subprocess.DEVNULL, start_new_session=True)
    assert child.stdout.readline() == b"now\n"
    time.sleep(after_s)
    if number == signal.SIGINT:
        os.killpg(child.pid, number)  # as a terminal does
    else:
        child.kill()
    child.communicate(timeout=30)
    assert fresh.up().running
    assert virsh(fresh, "net-list", "--name").split() == ["public1"]
    assert virsh(fresh, "pool-list", "--name").split() == ["vps"]


def test_down_spares_who_is_not_in_the_lab_and_ends_who_is(fresh):
    fresh.up()
    other = subprocess.Popen(["sleep", "60"])
    ours = subprocess.Popen([*fresh.places.enter_network, "sleep", "60"])
    time.sleep(0.2)
    fresh.down(grace_s=0)
    try:
        assert ours.wait(5) == -signal.SIGTERM
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_probe_sees_network_and_quota_of_the_lab(lab):
    virsh(lab, "create", "/dev/stdin", text=MACHINE)
    try:
        script = (
            "hostname; ip -o link; cat /sys/fs/cgroup/cpu*/machine/*/cpu.cfs_quota_us /sys/fs/cgroup/machine*/*/cpu.max"
        )
        done = subprocess.run(["sh", "-c", lab.probe], input=script, capture_output=True, text=True, check=False)
        assert done.stdout.startswith(f"{lab.name}\n")
        assert " vpsbr0: " in done.stdout
        assert "40000" in done.stdout
    finally:
        virsh(lab, "destroy", "one")


def test_commands_run_in_its_network_with_a_deadline(lab):
    assert "vpsbr0" in lab.run(["ip", "link"]).stdout
    assert lab.run(["false"]).returncode == 1
    with pytest.raises(LabError, match=r"did not end within 0\.3 s"):
        lab.run(["sleep", "30"], timeout=0.3)
    with pytest.raises(LabError, match=r"is not up\. Run `vps lab up absent`"):
        Lab("absent").run(["true"])


def test_down_of_a_lab_that_never_was_says_so():
    said: list[str] = []
    Lab("absent").down(said.append)
    assert said == ["Lab absent is not up."]
