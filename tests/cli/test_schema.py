"""`vps schema`."""

import json
from pathlib import Path

from typer.testing import CliRunner

from components.cli.main import app
from components.config import schemas


def test_all_of_them_or_one() -> None:
    everything = CliRunner().invoke(app, ["schema"])
    assert everything.exit_code == 0
    assert set(json.loads(everything.stdout)) == set(schemas.KINDS)
    assert CliRunner().invoke(app, ["schema", "client"]).stdout == schemas.text("client")


def test_a_kind_that_is_none() -> None:
    result = CliRunner().invoke(app, ["schema", "clients"])
    assert result.exit_code != 0
    assert "Kinds: fleet, catalogue" in str(result.exception)


def test_writing(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").touch()
    first = CliRunner().invoke(app, ["schema", "--write", "--fleet", str(tmp_path)])
    assert first.stdout.count("wrote ") == len(schemas.KINDS)
    assert "nothing to change" in CliRunner().invoke(app, ["schema", "--write", "--fleet", str(tmp_path)]).stdout
