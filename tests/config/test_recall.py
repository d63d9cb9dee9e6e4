"""What was read before comes back as it would be read anew, or not at all."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.config import documents, recall
from components.config.loader import load
from components.config.recall import Recall
from tests.bench import fleets

WHOLE = b'id: c-1\nname: "1:30"\nvps: {web1: {ipv4: [192.0.2.1], power: ~, full: true, count: 12}}\n'


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(recall, "WORTH", 1)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A cache that knows `WHOLE`, as no reader would read it: so it shows where an answer comes from."""
    first = Recall(tmp_path)
    first.parse(WHOLE)
    first.keep()
    assert first.file is not None
    return first.file


def _is_recalled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    with monkeypatch.context() as patched:
        patched.setattr(documents, "parse", lambda raw: documents.Document("", None, []))
        return Recall(folder).parse(WHOLE).data is not None


def test_what_was_read_is_not_read_again(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _is_recalled(tmp_path, monkeypatch)
    assert kept.stat().st_mode & 0o077 == 0
    again, anew = Recall(tmp_path).parse(WHOLE), documents.parse(WHOLE)
    assert (again.data, again.text, again.flaws) == (anew.data, anew.text, anew.flaws)
    assert again.line(("vps", "web1", "ipv4")) == 3


def test_another_fleet_s_are_not_ours(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _is_recalled(tmp_path / "other", monkeypatch)


@pytest.mark.parametrize("harm", ["cut", "bit", "mode", "folder", "reader", "no map", "gone"])
def test_what_is_not_whole_or_may_be_another_s_is_not_believed(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    content = kept.read_bytes()
    match harm:
        case "cut":
            kept.write_bytes(content[: len(content) // 2])
        case "bit":
            kept.write_bytes(content.replace(b"192.0.2.1", b"192.0.2.9"))
        case "mode":
            kept.chmod(0o666)
        case "folder":
            kept.parent.chmod(0o777)
        case "reader":
            monkeypatch.setattr(recall, "_reader", lambda: "another")
        case "no map":
            import hashlib

            kept.write_bytes(hashlib.sha256(b"[]").hexdigest().encode() + b"\n[]")
        case "gone":
            kept.unlink()
    assert not _is_recalled(tmp_path, monkeypatch)
    assert Recall(tmp_path).parse(WHOLE).data == documents.parse(WHOLE).data


def test_a_text_with_a_flaw_is_told_each_time(tmp_path: Path) -> None:
    flawed = b"day: 2026-12-01\n"
    first = Recall(tmp_path)
    assert first.parse(flawed).flaws
    first.keep()
    assert Recall(tmp_path).parse(flawed).flaws


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.lists(st.binary(max_size=40) | st.sampled_from([WHOLE, b"a: 1\n", b"\xef\xbb\xbfa: b\n", b"", b"- a\n"])))
def test_it_is_as_if_nothing_were_recalled(tmp_path: Path, texts: list[bytes]) -> None:
    for _ in range(2):
        found = Recall(tmp_path)
        for raw in texts:
            assert found.parse(raw) == documents.parse(raw)
        found.keep()


def test_few_texts_are_kept_nowhere_and_who_can_not_write_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall, "WORTH", 2)
    small = Recall(tmp_path)
    small.parse(WHOLE)
    small.keep()
    assert not (tmp_path / "cache").exists()
    (tmp_path / "cache").write_text("a file")
    blocked = Recall(tmp_path)
    for number in range(3):
        blocked.parse(f"a: {number}\n".encode())
    blocked.keep()
    assert (tmp_path / "cache").read_text() == "a file"


def test_of_many_fleets_the_last_ones_are_kept(tmp_path: Path) -> None:
    for number in range(recall.FLEETS + 3):
        one = Recall(tmp_path / str(number))
        one.parse(WHOLE)
        one.keep()
        assert one.file is not None
        os.utime(one.file, (number, number))
    assert len(list((tmp_path / "cache/aegir-vps/read").iterdir())) == recall.FLEETS


def test_a_fleet_that_is_only_shown_is_recalled_and_an_edit_is_seen_at_once(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet"
    fleets.generate(fleet, 5)
    first = load(fleet, judge=False).fleet
    assert list((tmp_path / "cache/aegir-vps/read").iterdir())
    assert load(fleet, judge=False).fleet == first == load(fleet).fleet
    file = fleet / "clients" / "client-00003.yaml"
    file.write_text(file.read_text().replace("Client Number 3", "Another Name"))
    assert load(fleet, judge=False).fleet.clients["client-00003"].name == "Another Name"
