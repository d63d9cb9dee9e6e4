"""What the probe says, and that not knowing is said."""

import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.drivers.base import HostRef
from components.drivers.libvirt import probe
from components.drivers.libvirt.probe import CPUS, FILTERS, NICS, PARTS, SCRIPT, Probe, bits, look, parse
from tests.engine.processes import wait_until


def host(command):
    return HostRef(name="h", driver="libvirt", uri="", probe=command)


@pytest.mark.parametrize(
    ("text", "number"),
    [("100Mbit", 100_000_000), ("12345Kbit", 12_345_000), ("1Gbit", 10**9), ("8bit", 8), ("-", None)],
)
def test_rates_are_read_as_tc_writes_them(text, number):
    assert bits(text) == number


def test_the_answer_is_read():
    found = parse(
        "nic vnet0 100Mbit -\nnic vnet1 - -\ncpu u1 150000 100000\ncpu u2 - -\ncpu u3 ? ?\nfilter vnet1\n"
        "lacks sch_sfq\nunknown filters ebtables is not installed\nend\n"
    )

    assert found.rates == {"vnet0": (100_000_000, None), "vnet1": (None, None)}
    assert found.quotas == {"u1": (150_000, 100_000), "u2": (None, None)}
    assert found.filtered == {"vnet1"}
    assert found.lacking == ("sch_sfq",)
    assert found.why_unknown(FILTERS, "vnet0") == "unknown: ebtables is not installed"
    assert found.why_unknown(NICS, "vnet9") == "unknown: the probe of the host tells nothing of vnet9"


@given(st.text())
def test_any_other_answer_is_a_failure(text):
    found = parse(text)

    assert set(found.unknown) == set(PARTS)
    assert not found.rates


@pytest.mark.parametrize("said", ["", "nic vnet0 - -\n", "nic vnet0 - -\nend\nmore", "cpu u 1 x\nend"])
def test_half_an_answer_is_none(said):
    assert set(parse(said).unknown) == set(PARTS)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", "has no probe"),
        ("exit 3", "exit status 3"),
        ("echo denied >&2; exit 1", "denied"),
        ("echo hm", "something else"),
        ("yes", "more than any host could"),
    ],
)
def test_a_probe_that_does_not_work_is_said(command, words):
    found = look(host(command))

    assert found.rates == {}
    assert all(words in found.why_unknown(part, "x") for part in PARTS)


def test_a_probe_that_hangs_ends_at_its_deadline_with_all_that_it_started(monkeypatch, tmp_path):
    monkeypatch.setattr(probe, "DEADLINE_S", 0.5)
    note = tmp_path / "pid"
    began = time.monotonic()

    found = look(host(f"sleep 60 & echo $! > {note}; wait"))

    assert time.monotonic() - began < 5
    assert "did not end within" in found.unknown[CPUS]
    wait_until(lambda: not Path(f"/proc/{note.read_text().strip()}").exists(), "what the probe started still runs")


def test_many_who_ask_at_once_share_runs_and_get_nothing_older_than_their_question(tmp_path):
    note = tmp_path / "runs"
    shared = Probe(host(f"echo >> {note}; sleep 0.3; echo end"))
    threads = [threading.Thread(target=shared.look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(note.read_text()) == 2  # the first one's, and one for all who came while it ran
    shared.look()
    assert len(note.read_text()) == 3


def test_the_script_runs_here_and_is_clean():
    found = look(host("sh"))

    assert found.unknown.keys() <= {FILTERS, NICS}
    assert shutil.which("shellcheck") is not None
    script = Path(probe.__file__).with_suffix(".sh")
    assert subprocess.run(["shellcheck", "-s", "sh", script], check=False).returncode == 0


# --- what tools of hosts print, where this kernel lacks what they tell of -------------------------------------------

TOOLS = {
    "ip": "1: lo: <LOOPBACK> mtu 65536\n2: br0: <UP> mtu 1500\n3: vnet0: <UP> mtu 1500\n4: vnet1@br0: <UP> mtu 1500\n"
    "5: vnet2: <UP> mtu 1500\n6: vnet3: <UP> mtu 1500\n",
    "ebtables": "Bridge table: nat\n\nBridge chain: PREROUTING, entries: 3, policy: ACCEPT\n"
    "-i vnet0 -j libvirt-I-vnet0\n-i vnet1 -j libvirt-I-vnet1\n-i vnet2 -j other\n\n"
    "Bridge chain: libvirt-I-vnet0, entries: 2, policy: RETURN\n-j I-vnet0-mac\n-j DROP\n\n"
    "Bridge chain: libvirt-I-vnet1, entries: 0, policy: RETURN\n\n"
    "Bridge chain: libvirt-I-vnet3, entries: 2, policy: RETURN\n-j DROP\n",
}
QUEUES = """qdisc noqueue 0: dev lo root refcnt 2
qdisc htb 1: dev vnet0 root refcnt 2 r2q 10 default 0x1 direct_packets_stat 0
qdisc ingress ffff: dev vnet0 parent ffff:fff1 ----------------
qdisc htb 1: dev vnet1 root refcnt 2
qdisc htb 1: dev vnet3 root refcnt 2
"""
BATCH = """class htb 1:1 root prio 0 rate 100Mbit ceil 100Mbit burst 1600b cburst 1600b
filter protocol all pref 49152 u32 chain 0
filter protocol all pref 49152 u32 chain 0 fh 800::800 order 2048 key ht 800 bkt 0 flowid :1 not_in_hw
  match 00000000/00000000 at 0
 police 0x1 rate 50Mbit burst 1Mb mtu 64Kb action drop overhead 0b linklayer ethernet
Object "@vnet0" is unknown, try "tc help".
Command failed -:3
class htb 1:2 root prio 0 rate 7Mbit ceil 7Mbit
Object "@vnet1" is unknown, try "tc help".
Command failed -:6
Cannot find device "vnet3"
Command failed -:7
Object "@vnet3" is unknown, try "tc help".
Command failed -:9
"""


@pytest.fixture
def tools(tmp_path):
    """A PATH on which the host's tools say what other hosts' tools say."""
    for name, said in TOOLS.items():
        (tmp_path / f"{name}.txt").write_text(said)
        (tmp_path / name).write_text(f"#!/bin/sh\ncat {tmp_path}/{name}.txt\n")
    (tmp_path / "queues.txt").write_text(QUEUES)
    (tmp_path / "batch.txt").write_text(BATCH)
    (tmp_path / "tc").write_text(
        f"#!/bin/sh\n[ $1 = qdisc ] && exec cat {tmp_path}/queues.txt\n"
        f"cat > {tmp_path}/asked\nexec cat {tmp_path}/batch.txt\n"
    )
    for name in (*TOOLS, "tc"):
        (tmp_path / name).chmod(0o755)
    return tmp_path


def test_both_ways_of_each_tap_are_told_and_one_that_goes_meanwhile_is_not(tools):
    found = look(host(f"PATH={tools}:$PATH sh"))

    assert found.unknown == {}
    assert found.rates == {
        "br0": (None, None),
        "vnet0": (100_000_000, 50_000_000),
        "vnet1": (None, None),
        "vnet2": (None, None),
    }
    assert (tools / "asked").read_text().splitlines()[:3] == [
        "class show dev vnet0",
        "filter show dev vnet0 parent ffff:",
        "@vnet0",
    ]


def test_a_tap_is_filtered_when_its_frames_go_through_a_chain_that_holds_rules(tools):
    assert look(host(f"PATH={tools}:$PATH sh")).filtered == {"vnet0"}


def test_a_host_without_the_tools_is_said(tmp_path):
    for name in ("awk", "grep", "tr", "uname", "cat", "sort"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    bare = SCRIPT.replace("PATH=$PATH:/usr/sbin:/sbin; export PATH", "")
    done = subprocess.run(
        [str(shutil.which("sh"))], input=bare, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    found = parse(done.stdout)

    assert found.unknown[NICS] == "ip or tc is not installed"
    assert found.unknown[FILTERS] == "ebtables is not installed"


def test_a_table_that_is_being_changed_is_read_again(tools):
    """Over nftables a list fails while another guest's rules are put in force; one that goes on failing is unknown."""
    listed, asked = tools / "ebtables", tools / "times"
    twice = f"echo x >> {asked}; [ $(wc -l < {asked}) -gt 2 ] || exit 1"
    listed.write_text(f"#!/bin/sh\n{twice}\ncat {tools}/ebtables.txt\n")
    assert look(host(f"PATH={tools}:$PATH sh")).filtered == {"vnet0"}
    listed.write_text("#!/bin/sh\nexit 1\n")
    assert look(host(f"PATH={tools}:$PATH sh")).unknown[FILTERS] == "ebtables can not list its rules"
