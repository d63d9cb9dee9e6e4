import os
import subprocess
import sys

import pytest

from components.lab import requirements
from components.lab.command import LabError


def test_missing_packages_are_named_once_with_what_brings_them(monkeypatch):
    monkeypatch.setattr(requirements, "TOOLS", {"no-such-a": "pack", "no-such-b": "pack", "sh": "dash"})
    assert requirements.missing() == ["pack"]
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(LabError, match=r"packages are missing: pack\. Run `./run setup`"):
        requirements.check("up", "x")


@pytest.mark.lab
def test_without_root_one_message_and_no_traceback():
    code = "import sys; from components.cli.main import main; sys.argv = ['vps', 'lab', 'up', 'noroot']; main()"
    command = ["unshare", "--user", sys.executable, "-c", code]  # whoever runs it is nobody in there
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs root" in done.stderr
    assert "sudo vps lab up noroot" in done.stderr
    assert "Traceback" not in done.stderr
