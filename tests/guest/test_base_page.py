"""The page of flavour base: whatever a client is called, it shows exactly that, and nothing of it is taken as HTML."""

import json
import os
import subprocess
import tempfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.cloudinit.contract import TEMPLATES
from components.cloudinit.kinds import KINDS

pytestmark = pytest.mark.lab

STEP = TEMPLATES / "flavours/base/overlay/usr/local/lib/vps/firstboot.d/50-page"
LIB = TEMPLATES / "guest/overlay/usr/local/lib/vps"

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda text: not KINDS["text"](text))
hostile = st.sampled_from(
    ['"{{ 7*7 }}": <b>', "</title><script>alert(1)</script>", "&amp;<!--", "a' onload='x", "\\(.vps)", "$(id) `id`"]
)


def write(folder: Path, client: str) -> Path:
    """Run the step for a client of this name; where its page lies."""
    told = {"client_name": client, "client": "c-q7m2", "vps": "v-h3k9", "label": "web1", "fqdn": "web1.coop.example"}
    (folder / "guest.json").write_text(json.dumps(told))
    places = {"LIB": LIB, "SETTINGS": folder / "guest.json", "WWW": folder / "www", "STATE": folder / "state"}
    env = {"PATH": os.environ["PATH"]} | {f"VPS_{name}": str(path) for name, path in places.items()}
    subprocess.run([STEP], env=env, check=True, capture_output=True, timeout=60)
    return folder / "www/index.html"


def page(client: str) -> str:
    """What the step writes for a client of this name."""
    with tempfile.TemporaryDirectory() as folder:
        return write(Path(folder), client).read_text()


def shown(text: str) -> str:
    """The text as a browser reads it, with every element that begins."""
    found: list[str] = []
    parser = HTMLParser()
    parser.handle_data = found.append  # type: ignore[method-assign]
    parser.handle_starttag = lambda tag, _: found.append(f"<{tag}>")  # type: ignore[method-assign,assignment]
    parser.feed(text)
    return "".join(found)


TAME = "Example Cooperative"


@pytest.fixture(scope="module")
def tame() -> str:
    """What is shown for a client of an ordinary name."""
    return shown(page(TAME))


@settings(max_examples=25)
@given(client=hostile | names)
def test_hostile_names_stay_names(client: str, tame: str) -> None:
    assert shown(page(client)) == tame.replace(TAME, client)


def test_it_names_client_and_vps(tame: str) -> None:
    for word in (TAME, "c-q7m2", "v-h3k9", "web1.coop.example"):
        assert word in tame


def test_it_follows_a_new_name_and_never_a_client_s_own_page(tmp_path: Path) -> None:
    write(tmp_path, "First")
    found = write(tmp_path, "Second")
    assert "Second" in found.read_text()
    (tmp_path / "state/delivered").touch()
    assert "Third" in write(tmp_path, "Third").read_text()
    found.write_text("mine")
    assert write(tmp_path, "Fourth").read_text() == "mine"
    found.unlink()
    assert not write(tmp_path, "Fifth").exists()


def test_what_came_back_from_a_backup_stays(tmp_path: Path) -> None:
    """The step runs for the first time after it."""
    (tmp_path / "www").mkdir()
    (tmp_path / "www/index.html").write_text("mine")
    assert write(tmp_path, "First").read_text() == "mine"
    (tmp_path / "www/index.html").rename(tmp_path / "www/index.php")
    assert not write(tmp_path, "First").exists()
    (tmp_path / "www/index.php").unlink()
    assert "First" in write(tmp_path, "First").read_text()


def test_a_power_cut_before_the_page_is_there_makes_it_no_stranger_s(tmp_path: Path) -> None:
    write(tmp_path, "First").unlink()
    assert "First" in write(tmp_path, "First").read_text()
