"""Which VPSs a command about guests means."""

from pathlib import Path

import pytest

from components.cli.guests import choose, rows
from components.domain.problems import DomainError
from components.lab.example import make_fake_project


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return make_fake_project(tmp_path).fleet


@pytest.mark.parametrize("what", [None, "example-coop", "example-coop/web1"])
def test_one_all_of_a_client_or_all(fleet: Path, what: str | None) -> None:
    assert [line.title for line in choose(what, fleet).lines] == ["example-coop/web1"]


@pytest.mark.parametrize("what", ["nobody", "nobody/web1", "example-coop/web9", "example-coop/"])
def test_unknown_names_say_what_is_known(fleet: Path, what: str) -> None:
    with pytest.raises(DomainError, match="Known: example-coop"):
        choose(what, fleet)


def test_a_file_that_can_t_be_read_hides_no_other(fleet: Path) -> None:
    (fleet / "clients" / "broken.yaml").write_text("{")
    chosen = choose(None, fleet)
    assert ([line.title for line in chosen.lines], chosen.unread) == (["example-coop/web1"], ("clients/broken.yaml",))
    with pytest.raises(DomainError, match=r"clients/broken\.yaml can't be read"):
        choose("broken", fleet)


def test_columns_are_as_wide_as_they_need_and_steer_nothing() -> None:
    assert rows([("a", "b", "c"), ("long", "\x1b[2J", "")]) == ["a     b     c", "long  ?[2J"]
    assert rows([]) == []
