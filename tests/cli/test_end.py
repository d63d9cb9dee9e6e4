"""`vps end` writes the one line that ends a VPS, and refuses days that make no sense."""

import datetime as dt
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components.config.loader import load

ROOT = Path(__file__).resolve().parents[2]
LATER = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=200)).isoformat()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("*.py", "__pycache__", "pulumi")
    return Path(shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=ignored)) / "clients/example-coop.yaml"


def end(file: Path, *arguments: str, say: str = "") -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "VPS_FLEET"}
    command = [str(Path(sys.executable).with_name("vps")), "end", *arguments]
    folder = file.parents[1]
    terminal, theirs = pty.openpty()
    os.write(terminal, say.encode())
    stdin = theirs if say else subprocess.DEVNULL
    try:
        return subprocess.run(
            command, cwd=folder, env=environment, stdin=stdin, capture_output=True, text=True, timeout=60, check=False
        )
    finally:
        os.close(theirs)
        os.close(terminal)


@pytest.mark.parametrize("what", ["example-coop/web1", "example-coop"])
def test_it_shows_the_line_asks_and_writes_it(file: Path, what: str) -> None:
    before = file.read_text()

    done = end(file, what, "--on", LATER, say="y\n")

    assert done.returncode == 0, done.stderr
    assert f'+    ends: "{LATER}"' in done.stdout
    assert "Write this?" in done.stdout
    assert "kept in the trash for 30 days" in done.stdout
    after = file.read_text()
    assert after.count(f'ends: "{LATER}"') == 1
    assert after.replace(f'    ends: "{LATER}"\n', "") == before


def test_no_writes_nothing(file: Path) -> None:
    before = file.read_text()

    told = end(file, "example-coop/web1", "--on", LATER, say="n\n")
    assert (told.returncode, "Nothing was written." in told.stdout) == (1, True)
    unasked = end(file, "example-coop/web1", "--on", LATER)
    assert (unasked.returncode, "Nobody can answer" in unasked.stderr) == (1, True)
    assert file.read_text() == before


def test_an_end_is_moved_and_withdrawn(file: Path) -> None:
    before = file.read_text()
    later = (dt.date.fromisoformat(LATER) + dt.timedelta(days=1)).isoformat()
    end(file, "example-coop/web1", "--on", LATER, "--yes")
    assert (
        f'-    ends: "{LATER}"\n+    ends: "{later}"' in end(file, "example-coop/web1", "--on", later, "--yes").stdout
    )
    assert "nothing to change" in end(file, "example-coop/web1", "--on", later, "--yes").stdout

    done = end(file, "example-coop", "--never", "--yes")

    assert "the machine is protected again" in done.stdout
    assert file.read_text() == before


def test_what_was_declared_for_later_keeps_nobody_from_ending(file: Path) -> None:
    """The client cancels, so that it never comes to be; and who withdraws the end has it again."""
    later = (dt.date.fromisoformat(LATER) + dt.timedelta(days=9)).isoformat()
    for number, (old, new) in enumerate(
        (
            (
                "package: small@2026-01",
                f'package: medium@2026-01\n    since: "{later}"\n    before: [{{package: small@2026-01}}]',
            ),
            ("support: standard", 'support: vip, vip: {since: "2026-12-01", accepted: T-7}'),
        )
    ):
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
        before = file.read_text()

        done = end(file, "example-coop/web1", "--on", LATER, "--yes")

        assert done.returncode == 0, done.stderr + done.stdout
        assert f"the VPS is sold until {LATER}" in done.stdout or number
        assert [one for one in load(file.parents[1]).problems if one.blocks] == []
        assert end(file, "example-coop/web1", "--never", "--yes").returncode == 0
        assert file.read_text() == before


def test_what_nobody_can_price_or_install_can_be_ended(file: Path) -> None:
    file.write_text(file.read_text().replace("small@2026-01", "gone@2025-01").replace("base-debian-13", "gone"))

    done = end(file, "example-coop", "--on", LATER, "--yes")

    assert done.returncode == 0, done.stderr
    assert f'ends: "{LATER}"' in file.read_text()


def test_who_withdraws_a_reached_end_is_told_of_the_trash(file: Path) -> None:
    text = file.read_text().replace('start: "2026-12-01"', 'start: "2026-01-01"')
    file.write_text(text.replace("    power: managed", '    ends: "2026-02-01"\n    power: managed'))

    done = end(file, "example-coop/web1", "--never", "--yes")

    assert done.returncode == 0
    said = " ".join(done.stdout.split())
    assert "run `vps trash restore example-coop/web1`, then `vps up client.example-coop`" in said
    assert "protected again" not in said


def test_a_reached_end_that_state_still_holds_is_only_withdrawn(file: Path) -> None:
    text = file.read_text().replace('start: "2026-12-01"', 'start: "2026-01-01"')
    file.write_text(text.replace("    power: managed", '    ends: "2026-02-01"\n    power: managed'))
    (file.parents[2] / "Pulumi.yaml").touch()
    fleet = load(file.parents[1]).fleet
    client = fleet.clients["example-coop"]
    held = {"type": "vps:index:Machine", "outputs": {"uuid": client.vps["web1"].machine_uuid(fleet.id, client.id)}}
    stacks = file.parents[2] / ".vps/state/.pulumi/stacks/aegir-vps"
    stacks.mkdir(parents=True)
    checkpoint = {"version": 3, "checkpoint": {"latest": {"resources": [held]}}}
    (stacks / "client.example-coop.json").write_text(json.dumps(checkpoint))

    done = end(file, "example-coop/web1", "--never", "--yes")

    assert "the machine is protected again" in done.stdout
    assert "trash" not in done.stdout


def test_a_day_that_is_reached_takes_two_runs(file: Path) -> None:
    file.write_text(file.read_text().replace('start: "2026-12-01"', 'start: "2026-01-01"'))
    today = dt.datetime.now(dt.UTC).date().isoformat()

    done = end(file, "example-coop/web1", "--on", today, "--yes")

    assert "`vps up client.example-coop` twice" in done.stdout
    assert "nothing else happens before" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["example-coop/web1", "--on", "2020-01-01"], "2020-01-01 is past"),
        (["example-coop/web1", "--on", "soon"], '"soon" is no date'),
        (["example-coop/web1"], "Write --on DATE, or --never"),
        (["example-coop/web1", "--on", LATER, "--never"], "Write --on DATE, or --never"),
        (["example-coop/web9", "--on", LATER], "example-coop has no VPS web9. Known: web1."),
        (["nobody", "--on", LATER], "No client file clients/nobody.yaml. Known: example-coop."),
    ],
)
def test_what_makes_no_sense_is_said(file: Path, arguments: list[str], words: str) -> None:
    before = file.read_text()

    done = end(file, *arguments, "--yes")

    assert done.returncode == 1
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert file.read_text() == before


def test_a_day_before_the_term_starts_is_refused(file: Path) -> None:
    start = (dt.date.fromisoformat(LATER) + dt.timedelta(days=1)).isoformat()
    file.write_text(file.read_text().replace('start: "2026-12-01"', f'start: "{start}"'))

    done = end(file, "example-coop/web1", "--on", LATER, "--yes")

    assert done.returncode == 1
    assert f"before its term starts ({start}). Nothing was written. Write --on {start}" in done.stderr
    assert "ends:" not in file.read_text().replace("# ends:", "")
