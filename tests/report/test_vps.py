"""What `vps show` says, and how it looks."""

import datetime as dt
import io
from dataclasses import replace

import pytest
from rich.console import Console

from components.config.loader import load
from components.domain.limits import Reading
from components.drivers.base import Machine, Mark, Phase, Power
from components.lab.example import CLIENT, EXAMPLE, VPS
from components.report.vps import document, show


def _text(machine: Machine | None) -> str:
    fleet = load(EXAMPLE).fleet
    client = fleet.clients[CLIENT]
    out = io.StringIO()
    show(document(fleet, client, client.vps[VPS], machine), Console(file=out, width=200, highlight=False))
    return out.getvalue()


def _machine() -> Machine:
    readings = {
        "cpuCapPercent": Reading(configured=150, effective=20, source="cgroup"),
        "disks.root.iops": Reading(configured=1000, effective=None, source="no limit in force", absent=True),
        "nics.n0.rateMbitS": Reading(configured=100, effective=None, source="not enforced by this host"),
    }
    return Machine(
        uuid="u",
        name="n",
        mark=None,
        power=Power.RUNNING,
        readings=readings,
        macs={},
        attach={},
        addresses={},
        volumes={},
        reboot_required=("memoryMib",),
        guarded={"n0": True},
        room={"vcpus": 3, "memoryMib": 3000},
        host_notes=("[red]no markup[/red]",),
    )


@pytest.mark.parametrize(
    "words",
    [
        "Example Cooperative (c-q7m2)",
        "192.0.2.10, 2001:db8:1::10",
        "150 %",
        "20 %",
        "unknown",
        "unlimited",
        "not enforced by this host",
        "waits for the next reboot: memoryMib",
        "[red]no markup[/red]",
        "nics.n0.antispoof",
        "grows.memoryMib",
        "3000 MiB",
    ],
)
def test_shows_what_matters(words: str) -> None:
    """Declared, configured and in force beside each other; what isn't known is said so."""
    assert words in _text(_machine())


def test_missing_machine_is_said() -> None:
    """The host answered, and it isn't there."""
    assert "does not hold this machine" in _text(None)


def test_anti_spoofing_that_nobody_can_tell_is_unknown() -> None:
    """Declared on, and the host says nothing of it: never assumed."""
    (row,) = (line for line in _text(replace(_machine(), guarded={"n0": None})).splitlines() if "antispoof" in line)
    assert row.split()[:3] == ["nics.n0.antispoof", "on", "unknown"]


@pytest.mark.parametrize(
    ("changes", "power", "words"),
    [
        ({"wish": "suspended"}, Power.OFF, "suspended"),
        ({"power": "suspended"}, Power.OFF, "suspended"),
        ({"power": "suspended"}, Power.RUNNING, "running"),
        ({"wish": "off"}, Power.OFF, "off"),
    ],
)
def test_a_suspended_machine_is_not_just_off(changes: dict[str, str], power: Power, words: str) -> None:
    """One is started by its client's wish, the other is not."""
    mark = Mark(fleet="demo", backend="b", urn="u", client="c", vps="v", phase=Phase.READY, incarnation="i")
    told = _text(replace(_machine(), mark=replace(mark, **changes), power=power))
    (row,) = (line for line in told.splitlines() if line.startswith("power"))
    assert row.split() == ["power", words]


def test_a_declared_end_is_shown() -> None:
    """Whoever looks at a machine learns that it goes."""
    fleet = load(EXAMPLE).fleet
    client = fleet.clients[CLIENT]
    ending = replace(client.vps[VPS], ends=dt.date(2027, 3, 1))
    out = io.StringIO()
    show(document(fleet, client, ending, _machine()), Console(file=out, width=200, highlight=False))
    assert "ends       2027-03-01: declared" in out.getvalue()
    assert "ends" not in _text(_machine())
