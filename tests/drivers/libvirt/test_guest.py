"""Commands through a real qemu-ga, on a socket of this machine instead of a guest's port: what it takes and gives."""

import subprocess
import time
from pathlib import Path

import pytest

from components.drivers.errors import GuestSilent
from components.drivers.guest import MOST_BYTES, MOST_COMPLAINTS
from components.drivers.libvirt.guest import execute
from tests.agents import MINUTE, WHAT, Socket

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ga")
    words = ["qemu-ga", "-m", "unix-listen", "-p", folder / "s", "-t", folder, "-f", folder / "pid"]
    with subprocess.Popen(words) as process:
        asker = Socket(folder / "s")
        yield asker
        asker.close()
        # Its SIGTERM handler may wait for a lock that the interrupted loop holds: seen to hang for good.
        process.kill()


def test_what_it_says_and_how_it_ended(agent):
    said = execute(WHAT, agent, ["sh", "-c", "echo out; echo err >&2; exit 3"], b"", MINUTE)
    assert (said.code, said.out, said.err, said.cut) == (3, b"out\n", b"err\n", False)


def test_values_are_words_never_shell_text(agent, tmp_path):
    hostile = f"'; touch {tmp_path}/made; $(touch {tmp_path}/made) `touch {tmp_path}/made`\n\"\\"
    assert execute(WHAT, agent, ["printf", "%s", hostile, "-n", ""], b"", MINUTE).out == hostile.encode() + b"-n"
    assert not (tmp_path / "made").exists()


def test_a_secret_goes_through_stdin_and_into_no_list_of_processes(agent):
    seen = "secret=$(cat); tr '\\0' '\\n' </proc/$PPID/cmdline; ps -ef; printf '%s' \"$secret\" | wc -c"
    said = execute(WHAT, agent, ["sh", "-c", seen], b"hunter\x002\xff", MINUTE)
    assert said.code == 0
    assert b"hunter" not in said.out
    assert execute(WHAT, agent, ["cat"], b"hunter\x002\xff", MINUTE).out == b"hunter\x002\xff"


def test_no_input_is_an_empty_one(agent):
    assert execute(WHAT, agent, ["cat"], b"", MINUTE).out == b""


@pytest.mark.parametrize(
    ("command", "kept"), [("cat /dev/zero", (MOST_BYTES, 0)), ("cat /dev/zero >&2", (0, MOST_COMPLAINTS))]
)
def test_a_flood_is_cut_in_the_guest_and_ends_with_it(agent, command, kept):
    said = execute(WHAT, agent, ["sh", "-c", command], b"", MINUTE)
    assert said.cut
    assert (len(said.out), len(said.err)) == kept
    assert said.code != 0


def test_as_much_as_is_read_is_not_cut(agent):
    said = execute(WHAT, agent, ["head", "-c", str(MOST_BYTES), "/dev/zero"], b"", MINUTE)
    assert (said.code, len(said.out), said.cut) == (0, MOST_BYTES, False)


def test_a_command_that_hangs_costs_its_deadline_and_is_ended(agent, tmp_path):
    began = time.monotonic()
    with pytest.raises(GuestSilent, match="did not end within 1 s"):
        execute(WHAT, agent, ["sh", "-c", f"echo $$ >{tmp_path}/pid; exec sleep 1000"], b"", 1)
    assert time.monotonic() - began < MINUTE
    end = time.monotonic() + MINUTE
    pid = int((tmp_path / "pid").read_text())
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end, "it still runs"
        time.sleep(0.1)


def test_what_is_not_there_is_told(agent):
    said = execute(WHAT, agent, ["/usr/local/lib/vps/no-such-thing"], b"", MINUTE)
    assert said.code == 127
    assert b"no-such-thing" in said.err


@pytest.mark.parametrize(
    "said",
    [
        {"guest-exec": []},
        {"guest-exec": {"pid": "one"}},
        {"guest-exec": {"pid": 1}, "guest-exec-status": "no"},
        {"guest-exec": {"pid": 1}, "guest-exec-status": {"exited": True}},
        {"guest-exec": {"pid": 1}, "guest-exec-status": {"exited": True, "exitcode": 0, "out-data": "%%%"}},
    ],
)
def test_an_agent_that_lies_is_silent(said):
    with pytest.raises(GuestSilent, match="makes no sense"):
        execute(WHAT, lambda command, arguments=None: said[command], ["true"], b"", MINUTE)


def test_a_guest_that_never_says_it_has_ended_costs_one_deadline():
    said = {"guest-exec": {"pid": 1}, "guest-exec-status": {"exited": False}}
    with pytest.raises(GuestSilent, match=r"did not end within 0\.3 s"):
        execute(WHAT, lambda command, arguments=None: said[command], ["true"], b"", 0.3)
