"""`vps fault replaced`: one event, two files, one spare less, whatever cuts it."""

import os
import pty

import pytest

from components.cli import fault_replaced
from components.config import replacement
from components.domain.problems import DomainError
from components.engine.project import CHECKOUT
from components.ledger.equipment import REPLACED
from tests.cli.noted_world import NotedWorld, noted  # noqa: F401 - a fixture

NEW = ("--serial", "D960-0002", "--warranty", "2031-01-01")


@pytest.fixture
def diagnosed(noted: NotedWorld) -> NotedWorld:  # noqa: F811
    noted.run("fault", "open", "lab1", "hard_drive", "--reason", "SMART", "--at", noted.ago(hours=3))
    noted.run("fault", "diagnose", "lab1", "--reason", "the disk", "--at", noted.ago(hours=2))
    return noted


def test_it_asks_first(diagnosed: NotedWorld) -> None:
    """Without an answer nothing is noted and nothing is written; with one all is."""
    before = diagnosed.host_file(), diagnosed.fleet_file()
    with pytest.raises(DomainError, match="Give --yes"):
        diagnosed.run("fault", "replaced", "lab1", *NEW)
    assert (diagnosed.host_file(), diagnosed.fleet_file()) == before
    told = diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
    assert "+- {kind: hard_drive, model: Demo D960, serial: D960-0002" in told
    assert "Spares of lab-disk: 2 -> 1" in told
    assert "serial: D960-0002" in diagnosed.host_file()
    assert "Demo D960, count: 1" in diagnosed.fleet_file()
    event = diagnosed.events()[-1]
    assert (event.kind, event.data["old"], event.data["new"]) == (REPLACED, "D960-0001", "D960-0002")
    assert event.data["count"] == [2, 1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--warranty", "2031-01-01"], "Give --serial"),
        (["--serial", "D960-0002"], "Give --warranty"),
        (["--serial", "D960-0001", "--warranty", "2031-01-01"], "of the faulty part"),
        (["--serial", "R16-0001", "--warranty", "2031-01-01"], "stands already in hosts/lab1"),
        (["--serial", "D960-0002", "--warranty", "2020-01-01"], "would have ended"),
        (["--serial", "D960-0002", "--warranty", "next year"], "no day"),
        ([*NEW, "--at", "2020-01-01T00:00Z"], "lies before"),
    ],
)
def test_what_is_refused_notes_nothing(diagnosed: NotedWorld, given: list[str], said: str) -> None:
    before = diagnosed.host_file(), diagnosed.fleet_file()
    with pytest.raises(DomainError, match=said):
        diagnosed.run("fault", "replaced", "lab1", *given, "--yes")
    assert (diagnosed.host_file(), diagnosed.fleet_file()) == before
    assert len(diagnosed.events()) == 2


def test_a_cut_after_the_event_is_made_whole(diagnosed: NotedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock has stopped once; the same command edits the files, and a third one is refused."""
    _cut(diagnosed, monkeypatch)
    assert "D960-0001" in diagnosed.host_file()
    told = diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
    assert "noted as replaced by D960-0002 already" in told
    assert "serial: D960-0002" in diagnosed.host_file()
    assert "Demo D960, count: 1" in diagnosed.fleet_file()
    assert [event.kind for event in diagnosed.events()].count(REPLACED) == 1
    with pytest.raises(DomainError, match="clock has stopped"):
        diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
    assert "Demo D960, count: 1" in diagnosed.fleet_file()


def test_two_at_once_count_two(diagnosed: NotedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one is done while this one is asked: it starts anew from what lies there then."""
    _second(diagnosed)

    def meanwhile(*_: object, **__: object) -> None:
        asked.undo()
        diagnosed.run("fault", "replaced", "lab2", "--serial", "N-2", "--warranty", "2031-01-01", "--yes")

    with monkeypatch.context() as asked:
        asked.setattr(fault_replaced, "consent", meanwhile)
        with pytest.raises(DomainError, match=r"changed it meanwhile.*Nothing was noted"):
            diagnosed.run("fault", "replaced", "lab1", *NEW)
    assert "D960-0001" in diagnosed.host_file()
    diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
    assert "Demo D960, count: 0" in diagnosed.fleet_file()
    counts = [event.data["count"] for event in diagnosed.events() if event.kind == REPLACED]
    assert counts == [[2, 1], [1, 0]]


def _second(world: NotedWorld) -> None:
    """Another host with the same disk, faulty too."""
    text = world.host_file().replace("/world", "/world2").replace("serial: ", "serial: 2-")
    (world.fleet / "hosts" / "lab2.yaml").write_text(text)
    world.run("fault", "open", "lab2", "hard_drive", "--reason", "SMART")
    world.run("fault", "diagnose", "lab2", "--reason", "the disk")


def _cut(world: NotedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the event and the first file."""
    with monkeypatch.context() as cut:
        cut.setattr(replacement, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises((KeyboardInterrupt, AssertionError)):
            world.run("fault", "replaced", "lab1", *NEW, "--yes")
    assert world.events()[-1].kind == REPLACED


@pytest.mark.parametrize("count", [5, 1])
def test_a_count_that_can_not_be_known_is_told(
    diagnosed: NotedWorld, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """A cut, then somebody counted the shelf or took another: the part is written down, the count left to a person."""
    _second(diagnosed)
    _cut(diagnosed, monkeypatch)
    file = diagnosed.fleet / "fleet.yaml"
    if count == 5:
        file.write_text(diagnosed.fleet_file().replace("Demo D960, count: 2", "Demo D960, count: 5"))
    else:
        diagnosed.run("fault", "replaced", "lab2", "--serial", "N-2", "--warranty", "2031-01-01", "--yes")
    with pytest.raises(DomainError, match=rf"2 -> 1 was noted, and fleet.yaml says {count}.*Count what lies"):
        diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
    assert "serial: D960-0002" in diagnosed.host_file()
    assert f"Demo D960, count: {count}" in diagnosed.fleet_file()


@pytest.mark.parametrize(
    "given",
    [
        ["--serial", "Z\x1b[2J", "--warranty", "2031-01-01"],
        ["--serial", "\udcffZ", "--warranty", "2031-01-01"],
        [*NEW, "--model", "A\tB"],
    ],
    ids=["escape", "bytes", "tab"],
)
def test_what_no_label_says_is_refused(diagnosed: NotedWorld, given: list[str]) -> None:
    before = diagnosed.host_file(), diagnosed.fleet_file()
    with pytest.raises(DomainError, match="can't be printed") as raised:
        diagnosed.run("fault", "replaced", "lab1", *given, "--yes")
    assert str(raised.value).isprintable()
    assert (diagnosed.host_file(), diagnosed.fleet_file()) == before
    assert len(diagnosed.events()) == 2


def test_a_part_from_outside_counts_nothing_down(diagnosed: NotedWorld) -> None:
    told = diagnosed.run("fault", "replaced", "lab1", *NEW, "--from-supplier", "--model", "Demo D1920", "--yes")
    assert "No spare of lab-disk is counted down" in told
    assert "Demo D960, count: 2" in diagnosed.fleet_file()
    assert "model: Demo D1920, serial: D960-0002" in diagnosed.host_file()


def test_the_last_spare_is_told_before(diagnosed: NotedWorld) -> None:
    """What it means for the fleet is said before the question, and hinders nothing."""
    file = diagnosed.fleet / "fleet.yaml"
    file.write_text(diagnosed.fleet_file().replace("Demo D960, count: 2", "Demo D960, count: 1"))
    told = diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
    assert "wrong with the fleet from then on" in told
    assert "Demo D960, count: 0" in diagnosed.fleet_file()


def test_the_new_part_is_asked_for(diagnosed: NotedWorld) -> None:
    """At a terminal: serial number, warranty, and whether all that is right."""
    answers = {b"Serial number": b"D960-0007\n", b"Last day": b"2031-05-06\n", b"write this": b"y\n"}
    pid, terminal = pty.fork()
    if pid == 0:
        vps = str(CHECKOUT / ".venv" / "bin" / "vps")
        os.execv(vps, [vps, "fault", "replaced", "lab1", "--fleet", str(diagnosed.fleet)])
    told = b""
    try:
        while chunk := os.read(terminal, 4096):
            told += chunk
            for question in [one for one in answers if one in told]:
                os.write(terminal, answers.pop(question))
    except OSError:
        pass  # how a terminal says that its last program is gone
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, told.decode()
    assert answers == {}
    assert "serial: D960-0007" in diagnosed.host_file()
    assert 'warranty: "2031-05-06"' in diagnosed.host_file()


def test_a_file_edited_by_hand_before_is_left(diagnosed: NotedWorld) -> None:
    """Somebody wrote the new serial number down already; the event is noted, the count is not touched twice."""
    file = diagnosed.fleet / "hosts" / "lab1.yaml"
    file.write_text(diagnosed.host_file().replace("D960-0001", "D960-0002"))
    before = diagnosed.host_file(), diagnosed.fleet_file()
    told = diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
    assert "hosts/lab1.yaml has D960-0002 already. See that `count`" in told
    assert (diagnosed.host_file(), diagnosed.fleet_file()) == before
    assert diagnosed.events()[-1].kind == REPLACED


def test_a_host_s_file_that_is_broken_keeps_no_clock_running(diagnosed: NotedWorld) -> None:
    """It is noted and counted at once (HW-4); the same command writes the part down when the file is mended."""
    file = diagnosed.fleet / "hosts" / "lab1.yaml"
    before = diagnosed.host_file()
    file.write_text(before.replace("datacentre: dc1", "datacentre: [dc1"))
    for _ in range(2):
        with pytest.raises(DomainError, match=r"the new part is not written down.*it is no YAML"):
            diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
        assert [event.kind for event in diagnosed.events()].count(REPLACED) == 1
        assert "Demo D960, count: 1" in diagnosed.fleet_file()
    file.write_text(before)
    assert "noted as replaced by D960-0002 already" in diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
    assert "serial: D960-0002" in diagnosed.host_file()
    assert "Demo D960, count: 1" in diagnosed.fleet_file()


def test_another_that_was_taken_while_a_file_was_broken_leaves_no_doubt(diagnosed: NotedWorld) -> None:
    """It was counted from what the first had left."""
    _second(diagnosed)
    file = diagnosed.fleet / "hosts" / "lab1.yaml"
    before = diagnosed.host_file()
    file.write_text("{")
    with pytest.raises(DomainError, match="not written down"):
        diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
    diagnosed.run("fault", "replaced", "lab2", "--serial", "N-2", "--warranty", "2031-01-01", "--yes")
    file.write_text(before)
    diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
    assert "serial: D960-0002" in diagnosed.host_file()
    assert "Demo D960, count: 0" in diagnosed.fleet_file()


def test_a_host_that_was_retired_has_nothing_to_write_down(diagnosed: NotedWorld) -> None:
    (diagnosed.fleet / "hosts" / "lab1.yaml").unlink()
    diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
    assert diagnosed.events()[-1].kind == REPLACED
    assert "Demo D960, count: 1" in diagnosed.fleet_file()


def test_spares_that_can_not_be_read_are_no_supplier(diagnosed: NotedWorld) -> None:
    file = diagnosed.fleet / "fleet.yaml"
    file.write_text(diagnosed.fleet_file().replace("\nspares:", "\nspare:"))
    with pytest.raises(DomainError, match=r"no spare lab-disk that can be read.*--from-supplier"):
        diagnosed.run("fault", "replaced", "lab1", *NEW, "--yes")
    assert len(diagnosed.events()) == 2
    diagnosed.run("fault", "replaced", "lab1", *NEW, "--from-supplier", "--model", "Demo D960", "--yes")
    assert diagnosed.events()[-1].data["count"] is None
