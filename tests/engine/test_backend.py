"""Backends are told apart."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from components.engine.backend import backend_id, local_folder


def test_a_local_backend_has_a_random_id_of_its_own(tmp_path: Path) -> None:
    """Two machines with the same path are two backends; one folder stays one, whoever asks first."""
    first = {"PULUMI_BACKEND_URL": f"file://{tmp_path / 'a'}"}
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: backend_id(first), range(8)))
    assert len(ids) == 1
    assert backend_id({"PULUMI_BACKEND_URL": f"file://{tmp_path / 'b'}"}) not in ids
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["aegir-vps-backend"]


def test_other_backends_are_told_apart_by_address() -> None:
    """A trailing slash makes no other."""
    assert backend_id({"PULUMI_BACKEND_URL": "s3://a/"}) == backend_id({"PULUMI_BACKEND_URL": "s3://a"})
    assert backend_id({"PULUMI_BACKEND_URL": "s3://a"}) != backend_id({})


def test_only_a_file_backend_has_a_folder() -> None:
    """Locks and checkpoints of others are the engine's business."""
    assert local_folder({"PULUMI_BACKEND_URL": "file:///a/b"}) == Path("/a/b")
    assert local_folder({"PULUMI_BACKEND_URL": "file://~/state"}) == Path.home() / "state"
    assert local_folder({"PULUMI_BACKEND_URL": "file:///a?no_tmp_dir=true"}) == Path("/a")
    assert local_folder({"PULUMI_BACKEND_URL": "s3://a"}) is None
