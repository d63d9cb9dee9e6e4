import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from components.lab import namespaces, processes
from components.lab.cgroup import subtree
from components.lab.mountinfo import is_namespace, mounts, under
from components.lab.places import Places

pytestmark = pytest.mark.lab


@pytest.fixture
def place():
    places = Places(f"t{secrets.token_hex(3)}")
    groups = subtree(places.name)
    yield places, groups
    processes.end(groups, [places.netns_file, places.namespaces / "mnt"])
    namespaces.remove(places)
    groups.remove()
    subprocess.run(["rm", "-rf", places.data], check=True)


def told(places, script):
    done = subprocess.run([*places.enter, "sh", "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_inside_is_a_machine_of_its_own_and_outside_stays_as_it_was(place):
    places, groups = place
    outside = {kind: str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in ("net", "mnt", "uts", "cgroup")}
    hostname = os.uname().nodename
    before = [str(mount.point) for mount in mounts()]
    namespaces.make(places, groups, hide_kvm=True)
    assert namespaces.whole(places, groups)

    inside = told(places, "cd /proc/self/ns && readlink net mnt uts cgroup")
    assert not set(inside) & set(outside.values())
    assert told(places, "hostname") == [places.name]
    assert os.uname().nodename == hostname
    assert told(places, "ls /sys/class/net") == ["lo"]
    assert told(places, "ls /run/systemd /run/libvirt 2>/dev/null | grep -v :$ || :") == []
    assert told(places, "awk '$3 == \"nsfs\"' /proc/mounts") == []  # nobody else's namespace is kept alive
    after = [str(mount.point) for mount in mounts()]
    added = [point for point in after if point not in before]
    assert all(point.startswith((str(places.run), str(places.netns_file), "/run/netns")) for point in added)


def test_hidden_kvm_can_not_be_opened_inside(place):
    places, groups = place
    namespaces.make(places, groups, hide_kvm=True)
    assert told(places, "if [ -w /dev/kvm ]; then echo open; else echo shut; fi") == ["shut"]


def test_cgroup_root_inside_is_the_labs_own(place):
    places, groups = place
    namespaces.make(places, groups, hide_kvm=False)
    subprocess.run(
        [*namespaces.joining(groups.daemons), *places.enter, "sh", "-c", "grep -q :/daemons$ /proc/self/cgroup"],
        check=True,
    )
    seen = told(places, "find /sys/fs/cgroup -name daemons")
    assert len(seen) == len(groups.roots)


def test_what_a_crash_leaves_at_any_step_is_not_whole_and_goes(place):
    places, groups = place
    subprocess.run(["ip", "netns", "add", places.netns], check=True)  # died after the first step
    assert namespaces.leftovers(places)
    assert not namespaces.whole(places, groups)
    namespaces.remove(places)
    assert not namespaces.leftovers(places)

    places.netns_file.touch()  # a reboot where /run is kept: files, but no namespaces in them
    places.namespaces.mkdir(parents=True)
    (places.namespaces / "mnt").touch()
    assert not namespaces.whole(places, groups)
    namespaces.remove(places)
    assert not namespaces.leftovers(places)

    namespaces.make(places, groups, hide_kvm=False)
    subprocess.run(["umount", places.namespaces / "mnt"], check=True)
    assert not namespaces.whole(places, groups)
    namespaces.remove(places)
    assert not under(places.run)
    assert not is_namespace(places.netns_file)
    namespaces.remove(places)  # and once more, with nothing there


def test_machine_that_shares_its_mounts_is_no_different(place):
    """As systemd sets it up: unmounting one file of a namespace takes its twins along."""
    places, _ = place
    code = f"""
from components.lab import namespaces
from components.lab.cgroup import subtree
from components.lab.mountinfo import mounts
from components.lab.places import Places
places, groups = Places({places.name!r}), subtree({places.name!r})
namespaces.make(places, groups, hide_kvm=True)
assert namespaces.whole(places, groups)
namespaces.remove(places)
groups.remove()
print([str(mount.point) for mount in mounts() if places.name in str(mount.point)])
"""
    shell = 'umount -R -l /run/netns 2>/dev/null; mount --make-rshared / && exec "$@"'
    last = str(max(os.sched_getaffinity(0)))  # where Linux 6.18 may number this namespace above the lab's
    run = ["taskset", "--cpu-list", last, "unshare", "--mount", "sh", "-c"]
    back = ["taskset", "--cpu-list", f"0-{last}", sys.executable, "-c", code]
    command = [*run, shell, "sh", *back]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stdout.strip() == "[]"
