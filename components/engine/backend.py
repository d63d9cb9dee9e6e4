"""Which state backend a run uses."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

PROJECT = "aegir-vps"
"""The Pulumi project's name: part of every URN, frozen API."""


def backend_id(environ: Mapping[str, str]) -> str:
    """A short id of the backend, written into every owner mark, so that a second backend can be told from the first."""
    url = environ.get("PULUMI_BACKEND_URL", "").rstrip("/") or "default"
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def local_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder of a `file://` backend; None for any other kind."""
    url = environ.get("PULUMI_BACKEND_URL", "")
    return Path(url.removeprefix("file://")) if url.startswith("file://") else None
