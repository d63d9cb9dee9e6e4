import re
import subprocess
from pathlib import Path

import pytest

from components.lab import acceleration

SOURCE = Path(acceleration.__file__).with_name("probe.S")


def test_no_device_means_tcg(tmp_path):
    found = acceleration.probe(tmp_path / "kvm")
    assert (found.kind, "has no" in found.why) == ("tcg", True)


def test_machine_code_is_that_of_the_source(tmp_path):
    """Who changes one has to change the other."""
    subprocess.run(["as", "-o", tmp_path / "p.o", SOURCE], check=True)
    subprocess.run(
        ["ld", "-Ttext", "0x7c00", "--oformat", "binary", "-o", tmp_path / "p.bin", tmp_path / "p.o"], check=True
    )
    assert (tmp_path / "p.bin").read_bytes() == acceleration._GUEST


@pytest.mark.lab
def test_probe_guest_runs_under_tcg():
    """What fails with KVM fails because of KVM, not because of the guest."""
    assert acceleration.boot("tcg", 30) == ""


@pytest.mark.lab
def test_guest_that_gets_nowhere_is_a_failure_in_words(monkeypatch):
    monkeypatch.setattr(acceleration, "_GUEST", b"\xfa\xf4\xeb\xfd")  # cli; hlt
    assert re.search(r"within 2 s", acceleration.boot("tcg", 2))


@pytest.mark.lab
def test_file_that_is_no_kvm_is_tcg_with_the_reason(monkeypatch):
    found = acceleration.boot("no-such-accelerator", 5)
    assert "no-such-accelerator" in found
