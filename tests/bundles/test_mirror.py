"""One rule maps what upstream has to its place in a mirror."""

import pytest

from components.bundles.errors import BundleError
from components.bundles.mirror import Mirror, declared, named


def test_upstream_is_asked_as_it_is():
    assert Mirror().repository("https://github.com/a/b") == "https://github.com/a/b"
    assert Mirror().file("https://a.example/b.zip") == "https://a.example/b.zip"
    assert str(named(None)) == "upstream"


@pytest.mark.parametrize("url", ["https://github.com/a/b", "https://github.com/a/b.git", "https://github.com/a/b/"])
def test_a_repository_stands_under_its_host_and_path(url, tmp_path):
    assert named(str(tmp_path)).repository(url) == f"{tmp_path}/github.com/a/b.git"
    assert named("https://mirror.example/x/").repository(url) == "https://mirror.example/x/github.com/a/b.git"


def test_a_file_stands_under_its_host_and_path(tmp_path):
    url = "https://a.example/v%201/b.zip"
    assert named(str(tmp_path)).file(url) == f"{tmp_path}/a.example/v 1/b.zip"
    assert named("http://mirror.example").file(url) == "http://mirror.example/a.example/v%201/b.zip"


def test_a_folder_may_be_named_in_many_ways(tmp_path, monkeypatch):
    (tmp_path / "my mirror").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    wanted = str(tmp_path / "my mirror")
    for text in ("my mirror", "./my mirror/", "~/my mirror", f"file://{tmp_path}/my%20mirror"):
        assert named(text).base == wanted
        assert named(text).folder == tmp_path / "my mirror"


@pytest.mark.parametrize("text", ["/nowhere/at/all", "ftp://a.example/b", "https://a.example/b?c=d", "ext::sh"])
def test_what_is_no_mirror_is_refused(text):
    with pytest.raises(BundleError, match="Unable to use the mirror"):
        named(text)


def test_a_fleet_may_name_its_mirror(tmp_path):
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text("id: demo\n")
    assert declared(tmp_path) == Mirror()
    fleet.write_text("id: demo\nmirror: https://mirror.example\n")
    assert declared(tmp_path) == Mirror("https://mirror.example")
    fleet.write_text("id: demo\nmirror: 3\n")
    with pytest.raises(BundleError, match=r"fleet\.yaml:2: `mirror` is no text"):
        declared(tmp_path)
