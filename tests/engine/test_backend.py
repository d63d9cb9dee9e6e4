"""Backends are told apart."""

from pathlib import Path

from components.engine.backend import backend_id, local_folder


def test_two_backends_have_two_ids() -> None:
    """And a trailing slash makes no third."""
    one = backend_id({"PULUMI_BACKEND_URL": "file:///a"})
    assert one == backend_id({"PULUMI_BACKEND_URL": "file:///a/"})
    assert one != backend_id({"PULUMI_BACKEND_URL": "s3://a"})
    assert one != backend_id({})


def test_only_a_file_backend_has_a_folder() -> None:
    """Locks and checkpoints of others are the engine's business."""
    assert local_folder({"PULUMI_BACKEND_URL": "file:///a/b"}) == Path("/a/b")
    assert local_folder({"PULUMI_BACKEND_URL": "s3://a"}) is None
