import os
import subprocess
import time

import pytest

from components.lab import processes

pytestmark = pytest.mark.lab


@pytest.fixture
def namespace(tmp_path):
    """A bound network namespace with nobody in it."""
    file = tmp_path / "net"
    file.touch()
    subprocess.run(["unshare", f"--net={file}", "true"], check=True)
    yield file
    subprocess.run(["umount", file], check=True)


def inside(namespace, *command):
    child = subprocess.Popen(["nsenter", f"--net={namespace}", *command])
    deadline = time.monotonic() + 5
    while child.pid not in processes.of_namespaces([namespace]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return child


def test_those_in_a_namespace_end_and_others_do_not(namespace):
    other = subprocess.Popen(["sleep", "60"])
    ours = inside(namespace, "sleep", "60")
    try:
        processes.end(None, [namespace])
        assert ours.wait(5) == -15
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_who_does_not_listen_is_killed_after_the_grace(namespace):
    ours = inside(namespace, "sh", "-c", "trap '' TERM; while :; do sleep 1; done")
    time.sleep(0.2)  # the trap stands
    start = time.monotonic()
    processes.end(None, [namespace], grace_s=0.5)
    assert ours.wait(5) == -9
    assert time.monotonic() - start < 5


def test_plain_file_of_a_crash_means_nobody(tmp_path):
    file = tmp_path / "net"
    file.touch()
    assert processes.of_namespaces([file, tmp_path / "absent"]) == set()


def test_identity_is_the_start_and_a_zombie_has_none():
    child = subprocess.Popen(["true"])
    time.sleep(0.3)
    assert processes.started(child.pid) == 0
    child.wait()
    assert processes.started(os.getpid()) > 0
    assert processes.started(2**22 + 1) == 0
