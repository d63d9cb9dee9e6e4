"""`vps list`: what is declared and, where asked, what hosts answer and what guests say."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from components.cli.main import app
from tests.cli.world import TITLE, MadeWorld

WAITS = {"updates": {"reboot_pending": True, "reboot_since": "2026-11-20T04:00:00Z", "reboot_why": ["kernel"]}}


@pytest.fixture
def made(tmp_path: Path) -> MadeWorld:
    return MadeWorld(tmp_path / "project")


def _run(made: MadeWorld, *words: str) -> Result:
    return CliRunner().invoke(app, ["list", *words, "--fleet", str(made.project.fleet)])


def test_by_itself_it_tells_the_files_and_asks_nobody(made: MadeWorld) -> None:
    """Power is no business of files; a host that is away takes no time."""
    host = made.project.fleet / "hosts/lab1.yaml"
    host.write_text(host.read_text().replace("/world", "/no/such/world"))
    done = _run(made)
    assert done.exit_code == 0, done.output
    head, line, sums = done.output.splitlines()
    assert head.split()[:4] == ["vps", "package", "host", "address"]
    assert line.split()[:5] == [TITLE, "small@2026-01", "lab1", "192.0.2.10", "standard"]
    assert "renews" in line
    assert sums.startswith("1 VPS, 1 client, 1 host; ")
    assert _run(made, "--live").exit_code == 1


def test_for_machines_with_a_summary(made: MadeWorld) -> None:
    made.declare(ends="2027-03-01")
    told = json.loads(_run(made, "--json").output)
    (row,) = told["vps"]
    assert (row["ends"], row["declared"], row["addresses"][0]) == ("2027-03-01", "managed", "192.0.2.10")
    assert told["summary"]["vps"] == 1
    assert told["summary"]["month"] == (row["month"] if row["stage"] == "sold" else {})
    assert told["unread"] == []


def test_it_fits_the_terminal_and_says_what_it_left_out(made: MadeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    made.declare(ends="2027-03-01")
    monkeypatch.setattr("components.cli.terminal.width", lambda: 80)
    done = _run(made)
    assert done.exit_code == 0, done.output
    *lines, left, _ = done.output.splitlines()
    assert max(map(len, lines)) <= 80
    assert left == "left out, for the terminal is narrow: support, address"
    assert "ends 2027-03-01" in " ".join(lines)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--host", "lab1"], 1),
        (["--package", "small"], 1),
        (["--package", "small@2026-01", "--host", "lab1"], 1),
        (["--package", "medium"], 0),
        (["--ends-before", "2027-03-01"], 0),
        (["--ends-before", "2027-03-02"], 1),
        (["example-coop"], 1),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else str(value),
)
def test_filters(made: MadeWorld, words: list[str], count: int) -> None:
    made.declare(ends="2027-03-01")
    assert len(json.loads(_run(made, *words, "--json").output)["vps"]) == count


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "kvm9"], "Host kvm9 is not declared. Known: lab1"),
        (["--package", "tiny"], "no package tiny. Known: "),
        (["--ends-before", "soon"], "Write it like 2027-03-01"),
        (["nobody"], "Known: example-coop"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else str(value),
)
def test_a_filter_that_means_nothing_is_refused(made: MadeWorld, words: list[str], said: str) -> None:
    done = _run(made, *words)
    assert done.exit_code == 1
    assert said in str(done.exception)


def test_a_client_whose_file_can_t_be_read_is_named(made: MadeWorld) -> None:
    (made.project.fleet / "clients/broken.yaml").write_text("{")
    done = _run(made)
    assert done.exit_code == 1
    assert TITLE in done.output
    assert "could not tell: clients/broken.yaml" in done.output
    assert _run(made, "example-coop").exit_code == 0


def test_a_catalogue_that_can_t_be_read_is_named_and_hides_nobody(made: MadeWorld) -> None:
    (made.project.fleet / "catalogue.yaml").write_text("packages: [")
    done = _run(made)
    assert done.exit_code == 1
    assert f"{TITLE}  small@2026-01" in done.output
    assert "unknown" in done.output
    assert "could not tell: catalogue.yaml" in done.output
    (made.project.fleet / "clients/late.yml").write_text("")
    assert json.loads(_run(made, "--json").output)["unread"] == ["catalogue.yaml", "clients/late.yml"]


def test_a_line_for_each_and_no_guest_is_asked(made: MadeWorld) -> None:
    made.says(silent="its guest hangs")
    done = _run(made, "--live")
    assert done.exit_code == 0, done.output
    assert " ".join(done.output.splitlines()[1].split()).startswith(
        f"{TITLE} small@2026-01 lab1 running base-debian-13"
    )
    assert "hangs" not in done.output


def test_guests_say_how_they_are(made: MadeWorld) -> None:
    made.says(report={"delivery": {"state": "installing"}})
    (row,) = json.loads(_run(made, "--guests", "--json").output)["vps"]
    assert (row["power"], row["delivered"], row["health"], row["reboot"]) == ("running", "installing", "pass", "")


def test_what_was_never_made_is_not_missing(made: MadeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is the word for a machine that its host lost."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", made.environment["PULUMI_BACKEND_URL"])
    made.world.remove("domains", made.spec.uuid)
    assert json.loads(_run(made, "--live", "--json").output)["vps"][0]["power"] == "not made"
    made.record()
    assert json.loads(_run(made, "--live", "--json").output)["vps"][0]["power"] == "missing"


def test_who_waits_for_a_reboot_since_when(made: MadeWorld) -> None:
    made.says(report={})
    assert "0 of 1 VPSs wait" in _run(made, "--reboot-pending").output
    made.says(report=WAITS)
    assert "waits since 2026-11-20T04:00:00Z: kernel" in _run(made, "--reboot-pending").output
    (row,) = json.loads(_run(made, "--reboot-pending", "--json").output)["vps"]
    assert row["since"] == "2026-11-20T04:00:00Z"


def test_limits_that_wait_are_the_host_s_word(made: MadeWorld) -> None:
    domain = made.world.get("domains", made.spec.uuid)
    assert domain is not None
    made.change(config=domain["config"] | {"memoryMib": 4096})
    made.says(report=WAITS)
    assert "limits: memoryMib\n" in _run(made, "--live").output
    assert "limits: memoryMib; waits since" in _run(made, "--reboot-pending").output


def test_who_could_not_tell_is_named(made: MadeWorld) -> None:
    made.says(silent="its guest hangs")
    done = _run(made, "--reboot-pending")
    assert done.exit_code == 1
    assert f"could not tell: {TITLE}: its guest hangs" in done.output
    made.guest_shuts_down()
    assert _run(made, "--reboot-pending").exit_code == 0
