"""The main job for real: one client file, an `up`, and the golden image's guest answers and follows its declaration.

One guest for all of it: its first boot is most of what these tests take.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.drivers.base import HostRef
from components.drivers.libvirt.driver import LibvirtDriver
from components.images.build import build
from components.lab.command import LabError
from components.lab.example import IMAGE
from components.lab.host import Lab
from tests.boot.conftest import LabBench, apply_host
from tests.engine.conftest import STACK
from tests.engine.processes import wait_until

pytestmark = [pytest.mark.boot, pytest.mark.lab, pytest.mark.engine]

VPS = "example-coop/web1"
WEB_DEADLINE_S = 1200
LOGIN_DEADLINE_S = 600
"""The web server answers before sshd and cloud-init are ready."""
GROWN_DEADLINE_S = 300
ANSWER_DEADLINE_S = 600
"""A guest without KVM on a busy machine has been seen to take a minute to start a program."""


@dataclass
class Guest:
    """The client's delivered machine, and the key of its owner."""

    bench: LabBench
    key: Path
    other: Path
    """A key that nobody declared."""

    def login(self, key: Path, command: str) -> subprocess.CompletedProcess[str]:
        """One attempt to run a command as the owner does."""
        options = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
        words = [f"-o{option}" for option in options]
        return self.bench.lab.run(["ssh", "-i", str(key), *words, "ada@192.0.2.10", command], timeout=180)

    def ask(self, command: str) -> str:
        """What a command prints, as soon as the guest lets its owner in."""
        end = time.monotonic() + LOGIN_DEADLINE_S
        while True:
            try:
                done = self.login(self.key, command)
            except LabError:
                assert time.monotonic() < end, f"no login within {LOGIN_DEADLINE_S} s"
                continue
            if done.returncode == 0:
                return done.stdout
            assert time.monotonic() < end, done.stderr
            time.sleep(2)

    def page(self, url: str) -> str:
        """The page at an address, as soon as it answers."""

        def fetch() -> subprocess.CompletedProcess[str]:
            return self.bench.lab.run(["curl", "--silent", "--fail", "--max-time", "5", url], timeout=10)

        wait_until(lambda: fetch().returncode == 0, f"{url} did not answer", WEB_DEADLINE_S)
        return fetch().stdout


def _key(folder: Path, name: str) -> tuple[Path, str]:
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key], check=True)
    return key, key.with_suffix(".pub").read_text().strip()


@pytest.fixture(scope="module")
def guest(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    keys = tmp_path_factory.mktemp("keys")
    (key, public), (other, _) = _key(keys, "ada"), _key(keys, "other")
    image = build(IMAGE, tmp_path_factory.mktemp("lock"), lambda _: None)
    bench = apply_host(lab, image, tmp_path_factory.mktemp("project"))
    bench.edit(lambda client: client["contacts"]["ada"].update(ssh_key=public))
    bench.up()
    yield Guest(bench=bench, key=key, other=other)
    bench.clear()


def test_it_answers_over_ipv4_and_ipv6(guest: Guest) -> None:
    """The page names client and VPS; nothing drifts once the guest runs."""
    for url in ("http://192.0.2.10/", "http://[2001:db8:1::10]/"):
        page = guest.page(url)
        assert "Example Cooperative" in page
        assert "v-h3k9" in page
    guest.bench.pulumi("refresh", "--preview-only", "--expect-no-changes", "--stack", STACK)


def test_it_is_delivered_and_well_by_its_own_word(guest: Guest) -> None:
    """Through its agent: each step of its first boot, every check, and a report; a secret goes in without a trace."""
    bench = guest.bench
    said = bench.vps("deliver", "example-coop", "--wait", f"{WEB_DEADLINE_S}s", deadline_s=WEB_DEADLINE_S + 300)
    assert f"{VPS}: delivered" in said
    patient = ("--deadline", str(ANSWER_DEADLINE_S))
    # Degraded: no time server can be reached from a lab.
    answer = bench.vps("health", VPS, "--json", *patient, code=2, deadline_s=ANSWER_DEADLINE_S + 300)
    told = json.loads(answer)["vps"][VPS]
    assert (told["answered"], told["delivery"]["state"], told["notes"]) == (True, "delivered", [])
    assert {"front-page", "services", "firewall"} <= {check["name"] for check in told["health"]["checks"]}
    assert all(check["state"] != "fail" for check in told["health"]["checks"]), told["health"]
    driver = LibvirtDriver(HostRef(name="lab", driver="libvirt", uri=bench.lab.uri, probe=bench.lab.probe))
    (machine,) = driver.read_all()
    assert machine.mark is not None
    hidden = "umask 077; cat >/root/secret; cat /proc/$PPID/cmdline | tr '\\0' ' '"
    done = driver.guest().run(
        machine.uuid, machine.mark, ["/bin/sh", "-c", hidden], b"hunter2", deadline_s=ANSWER_DEADLINE_S
    )
    assert (done.code, b"hunter2" in done.out) == (0, False)
    there = driver.guest().run(machine.uuid, machine.mark, ["cat", "/root/secret"], deadline_s=ANSWER_DEADLINE_S)
    assert (there.out, there.cut) == (b"hunter2", False)
    assert b"VPS READY v-h3k9" in driver.guest().console(machine.uuid, machine.mark)
    driver.close()


def test_keys_and_name_reach_it_by_an_act_of_their_own(guest: Guest) -> None:
    """A running guest learns them by `vps access` and by nothing else: proven by who may log in."""
    bench, seen = guest.bench, "cat /proc/sys/kernel/random/boot_id; hostname"
    boot_id, name = guest.ask(seen).split()
    assert name == "web1"

    bench.edit(
        lambda client: client["contacts"]["ada"].update(ssh_key=guest.other.with_suffix(".pub").read_text().strip())
    )
    bench.edit(lambda client: client["vps"]["web1"].update(fqdn="shop.coop.example"))
    assert "until `vps access` sets it" in " ".join(bench.vps("preview", STACK).split())
    bench.vps("up", STACK, "--yes")
    assert guest.login(guest.key, seen).returncode == 0
    assert guest.login(guest.other, seen).returncode != 0

    said = bench.vps("access", VPS, "--yes")

    assert "ada: 1 key, sudo, as before, as declared" in said
    assert "host name: shop" in said
    assert guest.login(guest.key, seen).returncode != 0
    guest.key, guest.other = guest.other, guest.key
    assert guest.ask(seen).split() == [boot_id, "shop"]


def test_root_is_taken_away_and_given_back(guest: Guest) -> None:
    """What its first boot gave as well; each time the guest says what was before and what is after."""
    bench, root = guest.bench, "sudo -n id -u || echo none"
    assert guest.ask(root).strip() == "0"
    for is_root, words, answer in (
        (False, "ada: 1 key, sudo -> 1 key, no sudo, as declared", "none"),
        (True, "ada: 1 key, no sudo -> 1 key, sudo, as declared", "0"),
    ):
        bench.edit(lambda client, is_root=is_root: client["vps"]["web1"]["access"][0].update(root=is_root))
        assert words in bench.vps("access", VPS, "--yes")
        assert guest.ask(root).strip() == answer


def test_a_larger_package_is_in_it_live(guest: Guest) -> None:
    """Memory, disk and its filesystem, CPU cap; the boot is the same."""
    bench = guest.bench
    (name,) = bench.virtual_machines()
    before = bench.connection().lookupByName(name).ID()
    seen = (
        "cat /proc/sys/kernel/random/boot_id; free -m | awk '/^Mem:/ { print $2 }'; df -BG --output=size / | tail -n 1"
    )
    boot_id, memory_mib, disk = guest.ask(seen).split()
    assert int(memory_mib) > 2048 - 140
    assert disk == "10G"
    bench.edit(lambda client: client["vps"]["web1"].update(package="medium@2026-01"))
    bench.up()
    end = time.monotonic() + GROWN_DEADLINE_S
    while (after := guest.ask(seen).split())[2] != "40G" and time.monotonic() < end:
        time.sleep(2)
    assert after[0] == boot_id
    assert int(after[1]) - int(memory_mib) > 2000
    assert after[2] in ("39G", "40G")
    domain = bench.connection().lookupByName(name)
    assert domain.ID() == before
    assert domain.schedulerParameters()["global_quota"] == 300000
    assert "waits for the next reboot" not in bench.vps("show", VPS)
