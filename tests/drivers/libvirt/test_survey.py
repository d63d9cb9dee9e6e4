"""Who only reads a host gets what its driver reads, without loading what changes it."""

import subprocess
import sys
from pathlib import Path

import libvirt
import pytest

from components.drivers.base import HostRef
from components.drivers.errors import HostUnreachable
from components.drivers.libvirt import survey
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.errors import Lost

HOST = HostRef(name="h", driver="libvirt", uri="test:///default")
SAID = "import sys, components.drivers.libvirt.survey; print(*sys.modules)"


def test_nothing_that_changes_a_host_is_loaded():
    root = Path(__file__).resolve().parents[3]
    loaded = subprocess.run([sys.executable, "-c", SAID], cwd=root, capture_output=True, text=True, check=True).stdout

    assert "components.drivers.libvirt.scan" in loaded
    for name in ("tenacity", "components.drivers.libvirt.creation", "components.drivers.libvirt.driver"):
        assert name not in loaded.split()


def test_a_host_that_is_not_there_is_said():
    with pytest.raises(HostUnreachable, match="Unable to list the machines on h"):
        survey.machines(HostRef(name="h", driver="libvirt", uri="test+unix:///default?socket=/nowhere"))


def test_a_broken_connection_is_tried_once_more(monkeypatch):
    opened = []

    class Breaking:
        def getAllDomainStats(self, stats, flags):  # noqa: N802 - libvirt's name
            raise Lost("Unable to list", "the connection broke", "")

        def close(self):
            return None

    def opening(uri):
        opened.append(uri)
        return Breaking()

    monkeypatch.setattr(libvirt, "open", opening)
    with pytest.raises(Lost):
        survey.machines(HOST)
    assert opened == [HOST.uri] * 2


def test_a_pass_has_a_connection_of_its_own():
    connection = Connection(HOST)

    assert survey.once(connection, survey.Probe(HOST)) == ()
    assert connection._handle is None
