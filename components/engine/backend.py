"""Which state backend a run uses."""

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = "aegir-vps"
"""The Pulumi project's name: part of every URN, frozen API."""

ID_FILE = "aegir-vps-backend"
"""In a local backend's folder: its random id. Two folders of one path on two machines are two backends."""


def backend_id(environ: Mapping[str, str]) -> str:
    """A short id of the backend, written into every owner mark, so that a second backend can be told from the first.

    A local backend carries a random one, made on first use; of another kind only the address is known.
    """
    folder = local_folder(environ)
    if folder is None:
        url = environ.get("PULUMI_BACKEND_URL", "").rstrip("/") or "default"
        return hashlib.sha256(url.encode()).hexdigest()[:12]
    file = folder / ID_FILE
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{ID_FILE}.{secrets.token_hex(4)}"
        draft.write_text(secrets.token_hex(6) + "\n", encoding="ascii")
        try:
            # A link is made only where nothing stands: of two first runs one wins, and both read the same id.
            file.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text(encoding="ascii").strip()


def local_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder of a `file://` backend, `file://~` included; None for any other kind."""
    url = environ.get("PULUMI_BACKEND_URL", "")
    if not url.startswith("file://"):
        return None
    parts = urlsplit(url)
    return Path(parts.netloc + parts.path).expanduser()
