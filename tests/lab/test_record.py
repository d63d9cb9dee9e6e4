import pytest

from components.lab import record
from components.lab.places import Places
from components.lab.record import Record

KNOWN = Record(
    name="x", uri="u", netns="n", probe="p", acceleration="tcg", acceleration_why="w", rates_enforced=False,
    rates_why="r", cgroup="/c", pid=1, started=2,
)  # fmt: skip


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.setattr("components.lab.places.RUN", tmp_path)
    (tmp_path / "x").mkdir()
    return Places("x")


def test_what_was_written_is_read_back(places):
    record.write(places, KNOWN)
    assert record.read(places) == KNOWN
    assert [file.name for file in places.run.iterdir()] == ["lab.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}'])
def test_half_a_record_or_another_versions_is_none(places, text):
    places.record.write_text(text)
    assert record.read(places) is None


def test_no_record_is_none(places):
    assert record.read(places) is None
