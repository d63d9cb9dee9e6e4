"""How far a plan is: by what files and state say now, never by what a plan remembers."""

import datetime as dt
from pathlib import Path

import pytest

from components.cli.drain_progress import Progress, Stand, due, misfits, progress, strangers, waits
from components.config.drain_file import Wanted
from components.config.loader import load
from components.domain.guests import Maintenance
from components.domain.operations import NOTHING_KNOWN
from components.domain.timetables import Timetable
from components.engine import returned
from components.engine.project import Project
from components.lab.example import make_fake_project
from tests.cli.test_drain import _record as record
from tests.cli.test_occupants import hold
from tests.three_hosts import spread

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def step(client: str = "beta", vps: str = "shop", vps_id: str = "v-d3r3", to: str = "lab3", **changes) -> Wanted:
    plain = {"live": True, "opens": NOON, "closes": None, "lasts": HOUR}
    return Wanted(client=client, vps=vps, id=vps_id, to=to, **(plain | changes))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    found = make_fake_project(tmp_path / "project")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{found.work / 'state'}")
    spread(found)
    return found


def _edit(project: Project, before: str, after: str) -> None:
    file = project.fleet / "clients" / "beta.yaml"
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, after))


def _stand(project: Project, one: Wanted | None = None) -> tuple[Stand, str]:
    (found,) = progress(load(project.fleet), "lab1", [one or step()])
    return found.stand, found.why


def test_from_file_to_state(project: Project) -> None:
    assert _stand(project) == (Stand.MOVE, "")
    record(project, "beta", "v-d3r3", "lab1")
    assert _stand(project) == (Stand.MOVE, "")
    _edit(project, "host: lab1", "host: lab3\n    move: {from: lab1, live: true}")
    assert _stand(project) == (Stand.UP, "")
    record(project, "beta", "v-d3r3", "lab3")
    assert _stand(project) == (Stand.DONE, "")


def test_state_that_can_not_be_read_from_here_leaves_the_up_to_be_run(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is harmless a second time, and a move that was cut is not called done."""
    _edit(project, "host: lab1", "host: lab3\n    move: {from: lab1, live: true}")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "nowhere://somewhere")
    assert _stand(project)[0] is Stand.UP


@pytest.mark.parametrize(
    ("stand", "is_cut", "words"),
    [
        (Stand.MOVE, False, "from Tue 2026-11-24 12:00 UTC on"),
        (Stand.UP, False, "from Tue 2026-11-24 12:00 UTC on"),
        (Stand.UP, True, ""),
        (Stand.DONE, False, ""),
        (Stand.SKIPPED, False, ""),
    ],
    ids=["to move", "declared only", "its guest may be down", "done", "skipped"],
)
def test_only_whose_guest_may_be_down_goes_before_its_hour(stand: Stand, is_cut: bool, words: str) -> None:
    assert waits(Progress(step=step(), stand=stand, is_cut=is_cut), NOON - HOUR) == words
    assert waits(Progress(step=step(), stand=stand, is_cut=is_cut), NOON) == ""


def test_a_host_that_is_silent_makes_nobody_be_shut_down_early(project: Project) -> None:
    _edit(project, "host: lab1", "host: lab3\n    move: {from: lab1, live: true}")
    record(project, "beta", "v-d3r3", "lab1")
    (project.work / "world").mkdir(parents=True, exist_ok=True)
    (project.work / "world" / "faults.json").write_text('[{"step": "reach.read", "do": "unreachable", "times": -1}]')
    (one,) = progress(load(project.fleet), "lab1", [step()])
    assert (one.stand, one.is_cut) == (Stand.UP, False)
    assert "lab1 does not say whether its guest is down" in one.why
    assert waits(one, NOON - HOUR)


def test_one_that_takes_longer_than_its_window_can_go_minutes_after_it_opened() -> None:
    slot = Timetable(NOON).within(Maintenance(day="sunday", opens="03:00", hours=1), 3 * HOUR)
    assert slot.trouble
    one = step(opens=slot.since, closes=slot.closes, lasts=3 * HOUR)
    assert due(one, slot.since) == due(one, slot.since + HOUR / 2) == ""
    assert "its window closes" in due(one, slot.since + 2 * HOUR)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("host: lab1", "host: lab2", "its file places it on lab2 now"),
        ("id: v-d3r3", "id: v-x9x9", "another VPS has its name now (v-x9x9, not v-d3r3)"),
        ("  shop:", "  shop2:", "no file declares it any more"),
        ("host: lab1", 'host: lab1\n    ends: "2026-01-01"', "its end was reached on 2026-01-01"),
        ("name: Beta", "name: [", "can't be read as it is"),
    ],
    ids=["elsewhere", "another", "renamed", "ended", "broken"],
)
def test_whom_the_plan_means_no_more_is_skipped_with_the_reason(
    project: Project, before: str, after: str, said: str
) -> None:
    _edit(project, before, after)
    stand, why = _stand(project)
    assert stand is Stand.SKIPPED
    assert said in why


def test_one_that_state_knows_elsewhere_is_left_to_a_person(project: Project) -> None:
    record(project, "beta", "v-d3r3", "lab2")
    stand, why = _stand(project)
    assert stand is Stand.SKIPPED
    assert "its file says lab1, and state knows it on lab2" in why


@pytest.mark.parametrize(
    "lines", ["host: lab1", "host: lab3\n    move: {from: lab1, live: true}"], ids=["here", "gone"]
)
@pytest.mark.parametrize("mark", [{}, None], ids=["never adopted", "by another backend"])
def test_one_that_state_does_not_know_and_its_host_holds_is_there(
    project: Project, lines: str, mark: dict[str, str] | None
) -> None:
    """Its file alone would be changed, and the machine left behind."""
    _edit(project, "host: lab1", lines)
    hold(project, mark=mark)
    (one,) = progress(load(project.fleet), "lab1", [step()])
    assert (one.stand, one.is_new, one.is_there) == (Stand.SKIPPED, False, True)
    assert one.why.startswith("skipped: state knows no such machine, and lab1 holds it; take it over first, with lab1")


def test_what_was_made_otherwise_is_not_taken_for_new(project: Project) -> None:
    """Adopted, or back from the trash: `vps up` would make no other in its place."""
    _edit(project, "host: lab1", "host: lab1\n    uuid: 11111111-2222-4333-8444-555555555555")
    stand, why = _stand(project)
    assert stand is Stand.SKIPPED
    assert "lab1 lacks it; take it over first" in why
    _edit(project, "\n    uuid: 11111111-2222-4333-8444-555555555555", "")
    assert _stand(project)[0] is Stand.MOVE
    loaded = load(project.fleet)
    client = loaded.fleet.clients["beta"]
    returned.note(project.fleet, client.vps["shop"].machine_uuid(loaded.fleet.id, client.id))
    assert _stand(project)[0] is Stand.SKIPPED


def test_one_that_state_does_not_know_is_not_taken_for_new_while_its_host_is_silent(project: Project) -> None:
    (project.work / "world").mkdir(parents=True, exist_ok=True)
    (project.work / "world" / "faults.json").write_text('[{"step": "reach.read", "do": "unreachable", "times": -1}]')
    (one,) = progress(load(project.fleet), "lab1", [step()])
    assert (one.stand, one.is_new, one.is_there) == (Stand.SKIPPED, False, True)
    assert "lab1 does not say whether it holds it" in one.why


@pytest.mark.parametrize("lines", ["host: lab2", 'host: lab2\n    ends: "2026-01-01"'], ids=["elsewhere", "ended"])
def test_one_that_is_skipped_lives_where_state_knows_it(project: Project, lines: str) -> None:
    _edit(project, "host: lab1", lines)
    for host, is_there in (("lab1", True), ("lab2", False)):
        record(project, "beta", "v-d3r3", host)
        (one,) = progress(load(project.fleet), "lab1", [step()])
        assert (one.stand, one.is_there) == (Stand.SKIPPED, is_there)


def test_who_came_after_the_plan_is_named(project: Project) -> None:
    loaded = load(project.fleet)
    found = progress(loaded, "lab1", [step()])
    assert strangers(loaded, "lab1", found) == ["example-coop/web1", "example-coop/web2"]


def test_what_does_not_fit_any_more_is_told_for_all_steps_together(project: Project) -> None:
    """Each alone would fit."""
    steps = [step(), step("example-coop", "web1", "v-d0r3"), step("example-coop", "web2", "v-d1r3")]
    loaded = load(project.fleet)
    assert misfits(loaded, progress(loaded, "lab1", steps), NOTHING_KNOWN) == []
    file = project.fleet / "hosts" / "lab3.yaml"
    file.write_text(file.read_text().replace("memory: 17 GiB", "memory: 5 GiB"))
    tight = load(project.fleet)
    (first, second) = misfits(tight, progress(tight, "lab1", steps), NOTHING_KNOWN)
    assert "does not fit: lab3: memory: 2112 MiB needed" in first
    assert "does not fit" in second
    assert len(misfits(tight, progress(tight, "lab1", [step(to="kvm9")]), NOTHING_KNOWN)) == 1


@pytest.mark.parametrize(
    ("at", "closes", "words"),
    [
        (NOON - HOUR, None, "from Tue 2026-11-24 12:00 UTC on"),
        (NOON, None, ""),
        (NOON + 100 * HOUR, None, ""),
        (NOON, NOON + HOUR, ""),
        (NOON + HOUR / 2, NOON + HOUR, "its window closes"),
    ],
    ids=["early", "now", "late", "in its window", "too late for its window"],
)
def test_when_a_step_s_hour_has_come(at: dt.datetime, closes: dt.datetime | None, words: str) -> None:
    told = due(step(closes=closes), at)
    assert told.startswith(words)
    assert bool(told) is bool(words)
