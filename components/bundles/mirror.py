"""Where sources are fetched from: upstream, or the mirror that the operator names.

One rule: what upstream has at `https://HOST/PATH` stands in a mirror at `MIRROR/HOST/PATH`; a git repository there is
bare and its name ends in `.git`, whether upstream's does or not; wheels stand in `MIRROR/python/`.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from components.bundles.errors import BundleError
from components.config.documents import read

PYTHON = "python"
"""The folder of a mirror that holds wheels."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """`base` is empty for upstream itself, an absolute folder, or an http(s) address without a slash at its end."""

    base: str = ""

    @property
    def folder(self) -> Path | None:
        """The mirror's folder when it is one on this machine."""
        return Path(self.base) if self.base.startswith("/") else None

    def repository(self, url: str) -> str:
        """What git fetches instead of upstream's `url`."""
        if not self.base:
            return url
        plain = url.removesuffix("/").removesuffix(".git")
        return f"{self.base}/{plain.removeprefix('https://')}.git"

    def file(self, url: str) -> str:
        """The address or path of the file that upstream has at `url`."""
        if not self.base:
            return url
        place = url.removeprefix("https://")
        return f"{self.base}/{unquote(place) if self.folder else place}"

    def __str__(self) -> str:
        """As messages name it."""
        return f"the mirror {self.base}" if self.base else "upstream"


def named(text: str | None) -> Mirror:
    """The mirror at a folder, `file://`, `http://` or `https://`; upstream when there is none.

    Raises BundleError when it is neither, or a folder that isn't there.
    """
    if not text:
        return Mirror()
    parts = urlsplit(text)
    if parts.scheme in ("http", "https"):
        if not parts.netloc or parts.query or parts.fragment:
            raise BundleError(f"Unable to use the mirror {text}: it is no plain address.", "Write https://host/path.")
        return Mirror(text.rstrip("/"))
    if parts.scheme not in ("", "file"):
        raise BundleError(
            f"Unable to use the mirror {text}: {parts.scheme}:// is not understood.",
            "Name a folder, or an address that begins with https://.",
        )
    folder = Path(unquote(parts.path) if parts.scheme else text).expanduser().resolve()
    if not folder.is_dir():
        raise BundleError(
            f"Unable to use the mirror {text}: there is no folder {folder}.",
            "Name the folder that holds `github.com/…`; components/bundles/README.md tells how to fill one.",
        )
    return Mirror(str(folder))


def declared(fleet: Path) -> Mirror:
    """The mirror that the fleet's fleet.yaml names under `mirror`; upstream when it names none.

    Raises BundleError when what it names is no mirror.
    """
    document = read(fleet / "fleet.yaml")
    text = document.data.get("mirror") if document.data else None
    if text is None:
        return Mirror()
    if not isinstance(text, str):
        line = document.line(("mirror",))
        raise BundleError(f"{fleet / 'fleet.yaml'}:{line}: `mirror` is no text.", "Write a folder or an address.")
    return named(text)
