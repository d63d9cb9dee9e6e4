import os
import subprocess
import time
from pathlib import Path

import pytest

from components.lab import cgroup
from components.lab.mountinfo import mounts

pytestmark = pytest.mark.lab


def sleeper(group: Path) -> subprocess.Popen:
    child = subprocess.Popen(["sh", "-c", 'echo $$ >"$1/cgroup.procs"; echo in; exec sleep 60', "sh", group], stdout=-1)
    assert child.stdout.readline() == b"in\n"
    return child


@pytest.fixture
def made(request):
    """The subtree of this machine's own version, gone again afterwards."""
    found = cgroup.subtree(f"c{os.getpid()}")
    yield found
    found.remove()


def test_own_groups_come_with_their_parents_and_go_with_them(made):
    assert not made.exists()
    made.make()
    made.make()
    made.delegate()
    assert made.exists()
    made.remove()
    assert not any(root.exists() for root in made.roots)


def test_processes_are_those_of_every_group_below(made):
    made.make()
    made.delegate()
    child = sleeper(made.daemons[0])
    try:
        assert made.processes() == {child.pid}
    finally:
        child.kill()
        child.communicate()
    assert made.processes() == set()


def test_group_in_use_is_named_when_it_can_not_be_removed(made):
    made.make()
    child = sleeper(made.daemons[0])
    try:
        start = time.monotonic()
        with pytest.raises(cgroup.LabError, match="Unable to remove the lab's cgroup"):
            made.remove(deadline_s=0.2)
        assert time.monotonic() - start < 3
    finally:
        child.kill()
        child.communicate()


def test_other_labs_keep_the_parent(made):
    made.make()
    other = cgroup.subtree(f"d{os.getpid()}")
    other.make()
    other.remove()
    assert made.exists()


def unified_mount() -> Path:
    return next(mount.point for mount in mounts() if mount.kind == "cgroup2")


def test_version_2_delegates_a_controller_and_leaves_the_root_as_it_was():
    """On a machine whose CPU is ruled by version 1, any controller that version 2 has shows the same steps."""
    mount = unified_mount()
    available = (mount / "cgroup.controllers").read_text().split()
    assert available, "this kernel gives cgroup v2 no controller at all"
    needed = "cpu" if "cpu" in available else available[0]
    before = (mount / "cgroup.subtree_control").read_text().split()
    found = cgroup.unified(mount, f"v{os.getpid()}", needed)
    try:
        found.make()
        found.delegate()
        found.delegate()
        (root,) = found.roots
        assert needed in (root / "cgroup.subtree_control").read_text().split()
        child = sleeper(found.daemons[0])  # allowed: it is a leaf
        child.kill()
        child.communicate()
    finally:
        found.remove()
        if needed not in before:
            (mount / "cgroup.subtree_control").write_text(f"-{needed}")
    assert (mount / "cgroup.subtree_control").read_text().split() == before


def test_version_2_says_why_a_group_with_processes_can_not_be_divided():
    mount = unified_mount()
    needed = (mount / "cgroup.controllers").read_text().split()[0]
    before = (mount / "cgroup.subtree_control").read_text().split()
    found = cgroup.unified(mount, f"w{os.getpid()}", needed)
    found.make()
    child = sleeper(found.roots[0])
    try:
        with pytest.raises(cgroup.LabError, match="holds processes of its own"):
            found.delegate()
    finally:
        child.kill()
        child.communicate()
        found.remove()
        if needed not in before:
            (mount / "cgroup.subtree_control").write_text(f"-{needed}")
