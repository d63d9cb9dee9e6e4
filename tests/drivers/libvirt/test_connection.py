"""A host that does not answer costs seconds, and a lost connection is opened anew."""

import socket
import threading
import time

import pytest

from components.drivers.base import HostRef
from components.drivers.errors import HostUnreachable
from components.drivers.libvirt.connection import OPEN_S, Connection


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
