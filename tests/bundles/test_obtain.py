"""One source through a mirror: over the web as from a folder, and what is refused of it."""

import pytest

from components.bundles.errors import BundleError
from components.bundles.mirror import Mirror
from components.bundles.obtain import where
from tests.bundles.conftest import sha256
from tests.bundles.standin import git, repository
from tests.bundles.test_archives import PLAIN, having, tar


def test_a_mirror_on_the_web_gives_the_same_bundle(world, web, monkeypatch, tmp_path):
    first = world.build()
    git("update-server-info", folder=world.mirror / "github.com" / "example" / "app.git")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    assert world.build(web.url).sha256 == first.sha256


def test_a_mirror_that_is_down_is_named_with_every_source(world, tmp_path):
    with pytest.raises(BundleError) as caught:
        world.build("http://127.0.0.1:1/mirror")
    text = str(caught.value)
    assert "from the mirror http://127.0.0.1:1/mirror:" in text
    for name in ("app", "tool", "venv"):
        assert f"\n  {name}: " in text


def test_progress_says_where_each_source_is_asked_for(world):
    said = []
    world.build(said=said)
    assert f"small: app from {world.mirror}/github.com/example/app.git …" in said[0]
    assert where(world.manifest().sources[0], Mirror()) == "https://github.com/example/app"


def test_a_commit_with_a_link_that_leads_out_is_refused(world):
    (world.content / "evil").symlink_to("../../etc/passwd")
    world.source("app")["git"]["commit"] = repository(world.content, world.mirror / "github.com" / "e" / "b.git")
    world.source("app")["git"]["url"] = "https://github.com/e/b"
    with pytest.raises(BundleError, match=r"app: 'evil' is a link that leads out of the source"):
        world.build()


def test_an_archive_is_unpacked_and_judged(world, tmp_path):
    file = tar(world.mirror / "files.example.org" / "box.tgz", ("box/x", PLAIN))
    archive = {"url": "https://files.example.org/box.tgz", "sha256": sha256(file.read_bytes()), "strip": 1}
    world.declared["sources"] = [{"name": "box", "licence": "MIT", "to": "/opt/box", "archive": archive}]
    assert world.build().described["sources"][0]["files"] == 1
    tar(file, ("box/x", having(mode=0o4755)))
    archive["sha256"] = sha256(file.read_bytes())
    with pytest.raises(BundleError, match="box: 'x' is a file that runs as another user"):
        world.build()


def test_a_changed_pin_asks_for_the_new_one(world):
    world.build()
    world.source("tool")["file"]["sha256"] = sha256(b"newer")
    with pytest.raises(BundleError, match=r"tool: .* is pinned"):
        world.build()


def test_upstream_is_not_asked_where_only_a_mirror_may_be(world):
    world.declared["needs_mirror"] = True
    from components.bundles.build import build

    with pytest.raises(BundleError, match="its sources come from a mirror of your own only"):
        build(world.manifest(), Mirror(), lambda _: None)
    assert world.build().sha256


def test_a_folder_of_a_commit_is_packed_alone(world):
    world.source("app")["git"]["folder"] = "lib"
    made = world.build()
    (row,) = [one for one in made.described["sources"] if one["name"] == "app"]
    assert (row["folder"], row["files"], row["commit"]) == ("lib", 1, world.commit)
