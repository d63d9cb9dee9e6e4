"""The command's last edge and its table in README."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from components.cli import main as command
from components.domain.problems import DomainError
from components.engine.location import EngineError
from components.engine.project import CHECKOUT
from components.images.errors import ImageError

VPS = CHECKOUT / ".venv" / "bin" / "vps"


def _rows() -> list[str]:
    """Every command with the first sentence of its help, groups opened."""
    group = typer.main.get_command(command.app)
    assert hasattr(group, "commands")
    rows = []
    for name, found in group.commands.items():
        below = getattr(found, "commands", None)
        for path, leaf in {f"{name} {key}": sub for key, sub in below.items()}.items() if below else [(name, found)]:
            kind, _, words = " ".join((leaf.help or "").split("\n\n")[0].split()).partition(": ")
            rows.append(f"| `vps {path}` | {kind} | {words} |")
    return rows


def test_readme_lists_every_command() -> None:
    """The table stands between its marks exactly as the code says it."""
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    table = text.split("<!-- commands -->")[1].split("<!-- end of commands -->")[0].strip().splitlines()
    assert table == ["| command | kind | what it does |", "| --- | --- | --- |", *_rows()]


def test_every_command_says_its_kind() -> None:
    """Look, write or act: one verb, one meaning."""
    assert {row.split(" | ")[1] for row in _rows()} <= {"Look", "Write", "Act"}


@pytest.mark.parametrize("debug", [False, True])
def test_an_error_is_one_message_and_a_traceback_only_for_debug(tmp_path: Path, debug: bool) -> None:
    """Bad input is never a traceback."""
    arguments = ["--debug"] if debug else []
    done = subprocess.run(
        [VPS, *arguments, "show", "nobody/web1", "--fleet", str(CHECKOUT / "stacks")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "error: No client file clients/nobody.yaml" in done.stderr
    assert ("Traceback" in done.stderr) is debug


def test_an_error_steers_no_terminal(tmp_path: Path) -> None:
    """Somewhere in it a guest may have had a word."""
    done = subprocess.run(
        [VPS, "show", "no\x1b]0;mine\x07body/web1", "--fleet", str(CHECKOUT / "stacks")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "no?]0;mine?body" in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NameError("name 'discount' is not defined"), "internal error: NameError: name 'discount' is not defined; "),
        (KeyError("web1"), "internal error: KeyError: 'web1'; "),
        (DomainError("No client.", "Known: none."), "error: No client. Known: none."),
        (EngineError("No engine."), "error: No engine."),
        (ImageError("No image."), "error: No image."),
        (OSError(28, "No space left on device", "clients/a.yaml"), "error: [Errno 28] No space left on device"),
        (subprocess.TimeoutExpired("qemu-img", 5), "error: Command 'qemu-img' timed out"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
def test_a_bug_of_ours_is_not_taken_for_the_operator_s(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def app() -> None:
        raise error

    monkeypatch.setattr(command, "app", app)
    monkeypatch.setattr(sys, "argv", ["vps", "list"])
    with pytest.raises(SystemExit, match="1"):
        command.main()
    told = capsys.readouterr().err
    assert told.startswith(said)
    assert ("this is a fault of vps itself, run again with --debug" in told) is said.startswith("internal")
