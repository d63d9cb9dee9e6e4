"""A fleet's files as they stood at a commit, read from git at once, and the fleet that they declare."""

from collections.abc import Collection, Mapping
from pathlib import Path

from components.config import checkout
from components.config.documents import MAX_BYTES
from components.config.loader import Loaded, load
from components.domain.problems import DomainError

_ENGINES = "pulumi/"
"""The engine's own files beside the fleet's, of no use here."""


def files_at(folder: Path, revision: str, only: Collection[str] | None = None) -> Mapping[str, bytes]:
    """The content of each file of the fleet at a revision, by its name relative to `folder`; of `only` those alone.

    Raises DomainError when `folder` stands in no checkout, git knows no such revision, or it held no such folder then.
    """
    commit = checkout.commit(folder, revision)
    inside = checkout.prefix(folder)
    listed = checkout.run(folder, "ls-tree", "--full-tree", "-r", "-z", "-l", f"{commit}:{inside}")
    if listed.returncode:
        raise DomainError(
            f"{inside or folder} was not there at {revision} ({commit[:12]}), or git can't read it.",
            "Name a later revision; for a broken checkout see `git fsck`.",
        )
    wanted: list[tuple[str, str]] = []
    for entry in listed.stdout.split(b"\0"):
        facts, _, name = entry.partition(b"\t")
        words = facts.decode().split()
        if len(words) == 4 and words[1] == "blob" and words[0] != "120000" and int(words[3]) <= MAX_BYTES:
            file = name.decode(errors="surrogateescape")
            if not file.startswith(_ENGINES) and (only is None or file in only):
                wanted.append((file, words[2]))
    contents = blobs(folder, [blob for _, blob in wanted])
    return {file: contents[blob] for file, blob in wanted}


def blobs(folder: Path, ids: list[str]) -> dict[str, bytes]:
    """The content of each blob, by its id. Raises DomainError when git lacks one."""
    if not ids:
        return {}
    asked = dict.fromkeys(ids)
    done = checkout.run(folder, "cat-file", "--batch", fed="".join(f"{one}\n" for one in asked).encode())
    found: dict[str, bytes] = {}
    at = 0
    for one in asked:
        end = done.stdout.find(b"\n", at)
        words = done.stdout[at:end].split()
        if end < 0 or len(words) != 3 or words[1] != b"blob":
            raise DomainError(
                f"git lacks the content of {one[:12]}.", "See `git fsck`; a partial clone: git fetch --refetch."
            )
        size = int(words[2])
        found[one] = done.stdout[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return found


def load_at(folder: Path, revision: str) -> Loaded:
    """The fleet as it was declared at a revision, by today's rules. Raises DomainError as `files_at`."""
    return load(folder, files_at(folder, revision), wholly=True)
