"""`vps image bundle` packs what an image takes beside Debian's packages, or says what it would."""

import json
import subprocess
import sys
import threading
from pathlib import Path

from typer.testing import CliRunner

from components.bundles.errors import BundleError
from components.cli.image import app
from tests.bundles.conftest import own_cache, web, world  # noqa: F401 - fixtures


def run(*arguments):
    return CliRunner().invoke(app, ["bundle", *map(str, arguments)])


def test_it_says_name_digest_and_place(world, tmp_path):  # noqa: F811
    world.manifest()
    done = run(world.file, "--mirror", world.mirror, "--output", tmp_path / "out.tar")
    assert done.exit_code == 0, done.output
    name, digest, *_, place = done.stdout.split()
    assert (name, place, len(digest)) == ("small", str(tmp_path / "out.tar"), 64)
    assert (tmp_path / "out.tar").is_file()
    said = json.loads(run(world.file, "--mirror", world.mirror, "--json").stdout)
    assert said["sha256"] == digest
    assert [row["name"] for row in said["sources"]] == ["app", "tool", "venv"]


def test_the_fleets_mirror_is_asked_when_none_is_named(world, tmp_path):  # noqa: F811
    world.manifest()
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    (fleet / "fleet.yaml").write_text(f"id: demo\nmirror: {world.mirror}\n")
    assert run(world.file, "--fleet", fleet).exit_code == 0


def test_licences_and_pins_are_listed_without_any_fetch(world):  # noqa: F811
    world.manifest()
    done = run(world.file, "--list")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["app", "git", world.commit[:12], "-", "GPL-2.0-or-later"]
    assert lines[3].strip() == "greet==1.0"
    rows = json.loads(run(world.file, "--list", "--json").stdout)["sources"]
    assert rows[0]["pin"] == world.commit
    assert rows[2]["packages"] == ["greet==1.0"]


def test_what_is_pending_is_listed_with_its_reason():
    rows = {row["name"]: row for row in json.loads(run("aegir-debian-13", "--list", "--json").stdout)["sources"]}
    assert "1.31" in rows["backdrop"]["pending"]
    assert rows["backdrop"]["pin"] is None


def test_the_bundle_of_a_recipe_is_whole():
    rows = json.loads(run("aegir-debian-12", "--list", "--json").stdout)["sources"]
    assert all(row["pin"] and row["licence"] for row in rows)
    assert "ansible==9.13.0" in next(row for row in rows if row["kind"] == "python")["packages"]


def test_an_image_without_bundle_is_told():
    done = run("base-debian-13")
    assert isinstance(done.exception, BundleError)
    assert "its recipe takes none" in str(done.exception)


def test_a_mirror_is_filled_from_another(world, tmp_path):  # noqa: F811
    world.manifest()
    done = CliRunner().invoke(
        app, ["mirror", str(world.file), "--to", str(tmp_path / "new"), "--from", str(world.mirror)]
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "new" / "github.com" / "example" / "app.git").is_dir()
    assert run(world.file, "--mirror", tmp_path / "new").exit_code == 0


def test_a_killed_run_leaves_nothing_that_the_next_one_trusts(world, web, own_cache):  # noqa: F811
    """`kill -9` in the midst of a download, of the real command."""
    world.only("tool")
    world.manifest()
    begun, go = threading.Event(), threading.Event()

    def slowly(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "4")
        handler.end_headers()
        handler.wfile.write(b"to")
        begun.set()
        go.wait(60)

    web.answers["/files.example.org/tool.phar"] = slowly
    command = [Path(sys.executable).with_name("vps"), "image", "bundle", world.file, "--mirror", web.url]
    killed = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert begun.wait(60)
        killed.kill()
        assert killed.communicate()[0] == b""
    finally:
        killed.kill()
        go.set()
    assert not list(own_cache.glob("*.tar"))
    del web.answers["/files.example.org/tool.phar"]
    done = run(world.file, "--mirror", web.url)
    assert done.exit_code == 0, done.output
    assert sorted(path.suffix for path in own_cache.iterdir() if path.is_file() and path.name != ".lock") == [
        ".json",
        ".tar",
    ]
    assert not list(own_cache.glob(".new-*"))
