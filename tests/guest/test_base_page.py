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


def page(client: str) -> str:
    """What the step writes for a client of this name."""
    with tempfile.TemporaryDirectory() as folder:
        told = {
            "client_name": client,
            "client": "c-q7m2",
            "vps": "v-h3k9",
            "label": "web1",
            "fqdn": "web1.coop.example",
        }
        guest = Path(folder) / "guest.json"
        guest.write_text(json.dumps(told))
        env = {"PATH": os.environ["PATH"], "VPS_LIB": str(LIB), "VPS_SETTINGS": str(guest), "VPS_WWW": folder}
        subprocess.run([STEP], env=env, check=True, capture_output=True, timeout=60)
        return (Path(folder) / "index.html").read_text()


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
