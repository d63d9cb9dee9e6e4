"""A kit's folder: whole or not at all, and never over a file that we did not make."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from components.domain.problems import DomainError
from components.kit import folder

OLD = {"index.md": b"one", "dns/forward-a.zone": b"zone", "gone.txt": b"old"}
NEW = {"index.md": b"two", "dns/forward-b.zone": b"zone b", "dns/forward-a.zone": b"zone"}


def _write(out: Path, files: dict[str, bytes], day: str = "2026-12-01") -> folder.Written:
    with folder.opened(out):
        return folder.write(out, "coop", files, day)


def _held(out: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(out / "coop")): file.read_bytes()
        for file in (out / "coop").rglob("*")
        if file.is_file() and file.name != folder.MANIFEST
    }


def test_a_first_kit(tmp_path: Path) -> None:
    """Also where the folder of kits isn't there yet."""
    out = tmp_path / "a" / "kits"
    written = _write(out, OLD)
    assert (written.made, written.replaced, written.removed) == (("dns/forward-a.zone", "gone.txt", "index.md"), (), ())
    assert _held(out) == OLD
    assert [one.name for one in out.iterdir()] == ["coop"]
    assert folder.made_on(out / "coop") == "2026-12-01"
    assert folder.is_current(out / "coop", OLD)
    assert not folder.is_current(out / "coop", NEW)


def test_the_same_again_touches_nothing(tmp_path: Path) -> None:
    _write(tmp_path, OLD)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "coop").rglob("*")}
    assert not _write(tmp_path, OLD).changed
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "coop").rglob("*")} == before


def test_a_new_kit_replaces_what_changed_and_removes_what_is_gone(tmp_path: Path) -> None:
    _write(tmp_path, OLD)
    written = _write(tmp_path, NEW, "2026-12-02")
    assert (written.made, written.replaced, written.removed) == (("dns/forward-b.zone",), ("index.md",), ("gone.txt",))
    assert _held(tmp_path) == NEW
    assert folder.made_on(tmp_path / "coop") == "2026-12-02"


def test_what_somebody_put_beside_it_stays(tmp_path: Path) -> None:
    _write(tmp_path, OLD)
    (tmp_path / "coop" / "notes.txt").write_bytes(b"mine")
    _write(tmp_path, NEW)
    assert _held(tmp_path) == {**NEW, "notes.txt": b"mine"}


@pytest.mark.parametrize("name", ["index.md", "dns/forward-b.zone"])
def test_a_file_that_is_not_ours_is_never_replaced(tmp_path: Path, name: str) -> None:
    """One that we made and somebody edited is not ours any more. Nothing else is touched either."""
    _write(tmp_path, OLD)
    (tmp_path / "coop" / name).write_bytes(b"mine")
    with pytest.raises(DomainError, match=f"{name} was not made by this command, or edited since"):
        _write(tmp_path, NEW)
    assert _held(tmp_path) == {**OLD, name: b"mine"}
    assert folder.made_on(tmp_path / "coop") == "2026-12-01"


def test_an_edited_file_that_is_no_longer_part_stays(tmp_path: Path) -> None:
    _write(tmp_path, OLD)
    (tmp_path / "coop" / "gone.txt").write_bytes(b"mine")
    assert _write(tmp_path, NEW).kept == ("gone.txt",)
    assert _held(tmp_path) == {**NEW, "gone.txt": b"mine"}


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_is_no_file_is_never_replaced(tmp_path: Path, kind: str) -> None:
    """A link would carry our text to somewhere else."""
    _write(tmp_path, OLD)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"one")
    (tmp_path / "coop" / "index.md").unlink()
    if kind == "link":
        (tmp_path / "coop" / "index.md").symlink_to(elsewhere)
    else:
        (tmp_path / "coop" / "index.md").mkdir()
    with pytest.raises(DomainError, match=r"index\.md was not made by this command"):
        _write(tmp_path, NEW)
    assert elsewhere.read_bytes() == b"one"


def test_a_folder_of_somebody_elses_is_not_filled(tmp_path: Path) -> None:
    """Without a note of ours, nothing in it is ours; what is missing may still be made beside it."""
    (tmp_path / "coop").mkdir()
    (tmp_path / "coop" / "index.md").write_bytes(b"mine")
    with pytest.raises(DomainError, match="not made by this command"):
        _write(tmp_path, OLD)
    assert _held(tmp_path) == {"index.md": b"mine"}


@pytest.mark.parametrize(
    "note",
    [
        "",
        "[]",
        '{"schema": 2, "date": "", "files": {}}',
        '{"schema": 1, "date": "soon", "files": {}}',
        '{"schema": 1, "date": "", "files": []}',
        '{"schema": 1, "files": {}}',
    ],
)
def test_a_note_that_is_none_counts_as_none(tmp_path: Path, note: str) -> None:
    _write(tmp_path, OLD)
    (tmp_path / "coop" / folder.MANIFEST).write_text(note)
    assert folder.made_on(tmp_path / "coop") == ""
    with pytest.raises(DomainError, match="not made by this command"):
        _write(tmp_path, NEW)


def test_a_note_reaches_nothing_outside_of_its_folder(tmp_path: Path) -> None:
    """Somebody may have edited it."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    _write(tmp_path, OLD)
    manifest = tmp_path / "coop" / folder.MANIFEST
    digest = folder._digest(b"mine")
    manifest.write_text(manifest.read_text().replace('"gone.txt": [', f'"../outside": ["{digest}"], "gone.txt": ['))
    _write(tmp_path, NEW)
    assert outside.read_bytes() == b"mine"


def _cut(out: Path, after: int) -> None:
    """Write the new kit, killed at its rename number `after`."""
    left = [after]
    rename = Path.rename

    def counted(self: Path, target: Path) -> Path:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return rename(self, target)

    Path.rename = counted  # type: ignore[method-assign,assignment]
    _write(out, NEW, "2026-12-02")


@pytest.mark.parametrize("after", range(5))
@pytest.mark.parametrize("first", [True, False], ids=["no kit before", "over a kit"])
def test_a_kill_anywhere_is_mended_by_the_next_run(tmp_path: Path, after: int, first: bool) -> None:
    """Each file is an old or a new one, whole; the next run makes them all new and leaves no draft."""
    if not first:
        _write(tmp_path, OLD)
    process = multiprocessing.get_context("fork").Process(target=_cut, args=(tmp_path, after))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    assert process.exitcode == -signal.SIGKILL or after >= (2 if first else 4)
    if (tmp_path / "coop").is_dir():
        for name, data in _held(tmp_path).items():
            assert data in (OLD.get(name), NEW.get(name)) or name.startswith(folder.MANIFEST)
    _write(tmp_path, NEW, "2026-12-02")
    assert {name: data for name, data in _held(tmp_path).items() if not name.startswith(folder.MANIFEST)} == NEW
    assert [one.name for one in tmp_path.iterdir()] == ["coop"]


def test_what_a_power_cut_emptied_is_made_again(tmp_path: Path) -> None:
    _write(tmp_path, OLD)
    (tmp_path / "coop" / "index.md").write_bytes(b"")
    assert _write(tmp_path, OLD).made == ("index.md",)
    assert _held(tmp_path) == OLD


def test_two_runs_do_not_write_at_once(tmp_path: Path) -> None:
    with folder.opened(tmp_path), pytest.raises(DomainError, match="another run is writing there"):
        _write(tmp_path, OLD)
    assert _write(tmp_path, OLD).changed


def test_a_place_that_takes_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "kits").write_text("a file")
    with pytest.raises(DomainError, match=r"Unable to write kits into .*: File exists\. Name a folder"):
        _write(tmp_path / "kits", OLD)
    (tmp_path / "coop").write_text("a file")
    with pytest.raises(DomainError, match=r"Unable to write the kit of coop"):
        _write(tmp_path, OLD)
