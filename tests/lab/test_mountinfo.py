import subprocess
import sys
from pathlib import Path

import pytest

from components.lab import mountinfo

pytestmark = pytest.mark.lab


def test_proc_is_a_mount_of_kind_proc():
    assert any(mount.point == Path("/proc") and mount.kind == "proc" for mount in mountinfo.mounts())


def test_innermost_comes_first_and_odd_names_are_whole(tmp_path):
    script = """
import sys
from pathlib import Path
from components.lab import mountinfo
print([str(point) for point in mountinfo.under(Path(sys.argv[1]))])
"""
    outer, inner = tmp_path / "a b", tmp_path / "a b" / "in"
    outer.mkdir()
    shell = 'mount -t tmpfs t "$1" && mkdir "$2" && mount -t tmpfs t "$2" && exec "$3" -c "$4" "$5"'
    command = ["unshare", "--mount", "sh", "-c", shell, "sh", outer, inner, sys.executable, script, tmp_path]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.strip() == repr([str(inner), str(outer)])


def test_plain_file_is_no_namespace(tmp_path):
    file = tmp_path / "ns"
    file.touch()
    assert not mountinfo.is_namespace(file)
