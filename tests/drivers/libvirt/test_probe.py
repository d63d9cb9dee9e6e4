"""What the probe says, and that not knowing is said."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.drivers.base import HostRef
from components.drivers.libvirt.probe import SCRIPT, bits, look, parse

HOST = HostRef(name="h", driver="libvirt", uri="")


@pytest.mark.parametrize(
    ("text", "number"), [("100Mbit", 100_000_000), ("12345Kbit", 12_345_000), ("1Gbit", 10**9), ("8bit", 8), ("", None)]
)
def test_rates_are_read_as_tc_writes_them(text, number):
    assert bits(text) == number


def test_the_answer_is_read():
    rates = parse('{"nics": {"vnet0": ["100Mbit", ""]}, "lacking": ["sch_sfq"]}')

    assert rates.by_device == {"vnet0": (100_000_000, None)}
    assert rates.lacking == ("sch_sfq",)
    assert rates.failure == ""


@given(st.text())
def test_any_other_answer_is_a_failure(text):
    assert parse(text).failure.startswith("unknown: ")


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        ("", "has no probe"),
        ("exit 3", "exit status 3"),
        ("echo denied >&2; exit 1", "denied"),
        ("echo hm", "something else"),
    ],
)
def test_a_probe_that_does_not_work_is_said(probe, words):
    rates = look(HostRef(name="h", driver="libvirt", uri="", probe=probe))

    assert rates.by_device == {}
    assert words in rates.failure


def test_the_script_runs_here_and_is_clean(tmp_path):
    rates = look(HostRef(name="h", driver="libvirt", uri="", probe="sh"))
    assert rates.failure == ""

    path = tmp_path / "probe.sh"
    path.write_text(SCRIPT)
    assert shutil.which("shellcheck") is not None
    assert subprocess.run(["shellcheck", "-s", "sh", path], check=False).returncode == 0
