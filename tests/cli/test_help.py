import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from components.cli.help import Commands
from components.cli.main import app

LONG = "Look: a sentence that is a good deal longer than what fits beside its name in one line of eighty columns."


def test_the_whole_first_sentence_is_shown() -> None:
    """A sentence that ends in dots tells nobody what a command does."""
    small = typer.Typer(cls=Commands, rich_markup_mode=None)
    small.command("long", help=LONG + " More of it.")(lambda: None)
    small.command("other", help="Short.")(lambda: None)
    small.command("hidden", help="Secret.", hidden=True)(lambda: None)
    shown = CliRunner().invoke(small, ["--help"], env={"COLUMNS": "80"}).output
    assert LONG.removesuffix(".") in " ".join(shown.split())
    assert "More of it" not in shown
    assert "hidden" not in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [[], ["lab"]])
def test_help_of_the_real_command_is_whole(arguments: list[str]) -> None:
    shown = CliRunner().invoke(app, [*arguments, "--help"])
    assert shown.exit_code == 0
    assert "..." not in shown.output.replace("[ARGS]...", "").replace("COMMAND ...", "")


def test_help_imports_nothing_slow() -> None:
    """What would break the budget of 0.15 s; `./run bench --only help` measures the time itself."""
    script = (
        "import sys; sys.argv = ['vps', '--help']\n"
        "from components.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "typer" in loaded
    slow = {"asyncio", "grpc", "jinja2", "jsonschema", "libvirt", "orjson", "pulumi", "pycdlib", "pydantic", "rich"}
    assert not loaded & (slow | {"ruamel", "tenacity", "yaml"})
