"""A file is kept when its bytes are the pinned ones; everything else is told and leaves nothing."""

import hashlib

import pytest

from components.bundles import download
from components.bundles.errors import BundleError

TOOL = hashlib.sha256(b"tool").hexdigest()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(download, "_PAUSE_S", 0)


def left(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def into(tmp_path):
    (tmp_path / "into").mkdir()
    return tmp_path / "into"


def test_it_comes_from_a_folder_or_a_server(world, web, into):
    for name, place in (("a", str(world.mirror)), ("b", web.url)):
        download.fetch(f"{place}/files.example.org/tool.phar", TOOL, into / name)
        assert (into / name).read_bytes() == b"tool"
        assert download.is_intact(into / name, TOOL)
    assert left(into) == ["a", "b"]


@pytest.mark.parametrize("through", ["folder", "web"])
def test_other_bytes_are_refused_by_both_digests(world, web, into, through):
    (world.mirror / "files.example.org" / "tool.phar").write_bytes(b"another")
    place = web.url if through == "web" else str(world.mirror)
    with pytest.raises(BundleError) as caught:
        download.fetch(f"{place}/files.example.org/tool.phar", TOOL, into / "a")
    assert hashlib.sha256(b"another").hexdigest() in str(caught.value)
    assert f"{TOOL} is pinned" in str(caught.value)
    assert left(into) == []


def test_a_missing_file_is_told(world, web, into):
    with pytest.raises(BundleError, match=r"there is no file /.*none\."):
        download.fetch(f"{world.mirror}/none", TOOL, into / "a")
    with pytest.raises(BundleError, match="none answers 404"):
        download.fetch(f"{web.url}/none", TOOL, into / "a")


def test_a_server_that_is_down_is_told(into):
    with pytest.raises(BundleError, match=r"http://127\.0\.0\.1:1/tool can't be read: .*refused"):
        download.fetch("http://127.0.0.1:1/tool", TOOL, into / "a")


def test_a_passing_fault_is_tried_again(web, into):
    asked = []

    def stumble(handler):
        asked.append(1)
        body = b"tool" if len(asked) == 3 else b""
        handler.send_response(200 if len(asked) == 3 else 503)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    web.answers["/tool"] = stumble
    download.fetch(f"{web.url}/tool", TOOL, into / "a")
    assert len(asked) == 3


def test_an_answer_that_breaks_off_is_never_kept(web, into):
    def cut(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "400")
        handler.end_headers()
        handler.wfile.write(b"tool")

    web.answers["/tool"] = cut
    with pytest.raises(BundleError, match=r"tool can.t be read"):
        download.fetch(f"{web.url}/tool", TOOL, into / "a")
    assert not (into / "a").exists()


def test_one_that_never_ends_is_stopped_by_size_and_by_deadline(web, into, monkeypatch):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            pass

    web.answers["/tool"] = endless
    with pytest.raises(BundleError, match="did not arrive within its deadline"):
        download.fetch(f"{web.url}/tool", TOOL, into / "a", deadline_s=0)
    monkeypatch.setattr(download, "MAX_BYTES", 1 << 20)
    with pytest.raises(BundleError, match="is larger than 1 MiB"):
        download.fetch(f"{web.url}/tool", TOOL, into / "a")
    assert not (into / "a").exists()


def test_what_is_not_there_is_not_intact(into):
    assert not download.is_intact(into / "none", TOOL)
