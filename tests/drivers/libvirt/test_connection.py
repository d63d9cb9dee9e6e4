"""A host that does not answer costs seconds, and a lost connection is opened anew."""

import os
import signal
import socket
import threading
import time

import pytest

from components.drivers.base import HostRef
from components.drivers.errors import HostUnreachable
from components.drivers.libvirt.connection import OPEN_S, Connection
from components.drivers.libvirt.patience import within


def test_a_host_that_accepts_and_says_nothing_is_given_up(tmp_path, capfd):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "sock"))
        silent.listen()
        host = HostRef(name="mute", driver="libvirt", uri=f"qemu+unix:///system?socket={tmp_path}/sock")
        began = time.monotonic()
        with pytest.raises(HostUnreachable, match=r"mute .* did not answer"), Connection(host).edge("Unable to read"):
            pass
        assert time.monotonic() - began < OPEN_S + 3
    assert capfd.readouterr().err == ""


def test_a_host_that_was_silent_is_not_waited_for_by_every_machine(tmp_path):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "sock"))
        silent.listen()
        connection = Connection(
            HostRef(name="mute", driver="libvirt", uri=f"qemu+unix:///system?socket={tmp_path}/sock")
        )
        answers: list[str] = []

        def ask() -> None:
            with pytest.raises(HostUnreachable) as raised, connection.edge("Unable to read"):
                pass
            answers.append(str(raised.value))

        threads = [threading.Thread(target=ask) for _ in range(5)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert time.monotonic() - began < OPEN_S + 3
    assert len(answers) == 5
    assert len(set(answers)) == 1


def test_a_closed_connection_is_opened_anew():
    connection = Connection(HostRef(name="t", driver="libvirt", uri="test:///default"))
    with connection.edge("Unable") as first:
        assert first.getHostname()
    connection.close()

    with connection.edge("Unable") as second:
        assert second.getHostname()
    assert second is not first
    connection.close()


def test_a_pass_has_a_connection_of_its_own_and_its_overrun_is_the_hosts_silence():
    connection = Connection(HostRef(name="t", driver="libvirt", uri="test:///default"))
    with connection.edge("Unable") as shared, connection.passing("Unable") as own:
        assert own is not shared
        assert own.getHostname()
    words = r"Unable to list: libvirtd does not answer: no answer within 12 s"
    with pytest.raises(HostUnreachable, match=words), connection.passing("Unable to list"):
        raise TimeoutError("no answer within 12 s")
    assert shared.isAlive()
    connection.close()


@pytest.mark.lab
def test_a_libvirtd_that_hangs_is_given_up_by_a_pass(lab):
    pid = lab.status().pid
    connection = Connection(HostRef(name="lab", driver="libvirt", uri=lab.uri))
    began = time.monotonic()

    def stop_and_ask() -> None:
        with connection.passing("Unable to list") as handle:
            os.kill(pid, signal.SIGSTOP)
            within(1, "stuck", handle.listAllDomains)

    try:
        with pytest.raises(HostUnreachable, match="does not answer: no answer within 1 s"):
            stop_and_ask()
        assert time.monotonic() - began < 15
    finally:
        os.kill(pid, signal.SIGCONT)
