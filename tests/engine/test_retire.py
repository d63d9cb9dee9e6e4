"""What hosts hold and nobody needs goes by a command, and by nothing else."""

import pytest

from tests.engine.conftest import HOST_STACK, Bench

pytestmark = pytest.mark.engine

IMAGE = "base-debian-13"


def _images(bench: Bench) -> list[str]:
    return [path.name for path in (bench.world / "images" / "vps").iterdir()]


def _types(bench: Bench) -> set[str]:
    return {one["type"] for one in bench.state(HOST_STACK)}


def test_an_image_is_retired_once_nobody_needs_it(bench: Bench) -> None:
    bench.up()
    said = bench.vps("image", "retire", IMAGE, "--yes", code=1)
    assert f"Image {IMAGE} is still offered" in said

    bench.edit(lambda lock: lock["images"].pop(IMAGE), file="images.lock.yaml")
    said = " ".join(bench.vps("image", "retire", IMAGE, "--yes", code=1).split())
    assert "Unable to remove image" in said
    assert "stands on it" in said
    assert len(_images(bench)) == 1
    assert "vps:index:Image" in _types(bench)

    for kind in ("domains", "volumes/vps"):
        for path in (bench.world / kind).iterdir():
            path.unlink()
    bench.vps("image", "retire", IMAGE, "--yes")
    assert _images(bench) == []
    assert "vps:index:Image" not in _types(bench)
    assert "No host's state holds image" in bench.vps("image", "retire", IMAGE, "--yes", code=1)


def test_an_empty_host_is_retired_whole_and_a_full_one_not_at_all(bench: Bench) -> None:
    bench.up()
    said = bench.vps("host", "retire", "lab1", "--yes", code=1)
    assert "Host lab1 is still that of example-coop/web1. Nothing was touched." in said

    (bench.project.fleet / "clients/example-coop.yaml").unlink()
    said = bench.vps("host", "retire", "lab1", "--yes", code=1)
    assert "Host lab1 still holds machines demo-c-q7m2-v-h3k9. Nothing was touched." in said
    assert len(_images(bench)) == 1

    for kind in ("domains", "volumes/vps"):
        for path in (bench.world / kind).iterdir():
            path.unlink()
    said = bench.vps("host", "retire", "lab1", "--yes")
    assert "lab1 is retired. Remove hosts/lab1.yaml and commit." in said
    assert _images(bench) == []
    for kind in ("networks", "pools"):
        assert list((bench.world / kind).iterdir()) == []
    (bench.project.fleet / "hosts/lab1.yaml").unlink()
    assert not (bench.project.work / "state/.pulumi/stacks/aegir-vps" / f"{HOST_STACK}.json").exists()
