"""What came back from the trash is remembered until an apply takes it over."""

from pathlib import Path

import pytest

from components.domain.problems import DomainError
from components.engine import returned
from components.lab.example import make_fake_project

UUID = "f1a5c1f4-7c39-5b1e-9a57-0d1f0f6b6b1e"


def test_a_note_stands_in_the_project_and_never_in_git(tmp_path: Path) -> None:
    project = make_fake_project(tmp_path / "project")
    assert not returned.is_noted(project.fleet, UUID)
    returned.note(project.fleet, UUID)
    returned.note(project.fleet, UUID)
    assert returned.is_noted(project.fleet, UUID)
    assert not returned.is_noted(project.fleet, UUID.replace("f1a5", "0000"))
    assert (project.work / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("odd", ["", "..", "../../etc/passwd", UUID.upper()])
def test_only_uuids_are_looked_for(tmp_path: Path, odd: str) -> None:
    assert not returned.is_noted(make_fake_project(tmp_path / "project").fleet, odd)


def test_without_a_project_nothing_is_noted(tmp_path: Path) -> None:
    assert not returned.is_noted(tmp_path, UUID)
    with pytest.raises(DomainError):
        returned.note(tmp_path, UUID)
