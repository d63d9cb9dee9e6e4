"""Where the fleet's files are."""

from pathlib import Path

import pytest

from components.config.folder import find_fleet, place, root_path
from components.domain.problems import DomainError


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VPS_FLEET", raising=False)
    monkeypatch.chdir(tmp_path)


def fleet(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "fleet.yaml").touch()
    return folder


def test_option_goes_before_variable_before_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, variable, option = fleet(tmp_path / "stacks"), fleet(tmp_path / "variable"), fleet(tmp_path / "option")
    assert find_fleet() == here
    monkeypatch.setenv("VPS_FLEET", str(variable))
    assert find_fleet(None) == variable
    assert find_fleet(option) == option


def test_a_project_folder_stands_for_its_stacks(tmp_path: Path) -> None:
    fleet(tmp_path / "project" / "stacks")
    assert find_fleet(tmp_path / "project") == tmp_path / "project" / "stacks"


def test_from_inside_the_fleet_or_deeper_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = fleet(tmp_path / "stacks")
    for inside in (found, found / "clients", tmp_path / "docs" / "deep"):
        inside.mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(inside)
        assert find_fleet() == found


def test_a_relative_option_becomes_absolute(tmp_path: Path) -> None:
    fleet(tmp_path / "mine")
    assert find_fleet(Path("mine")) == tmp_path / "mine"


def test_no_fleet_is_said_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DomainError, match="No fleet was found") as caught:
        find_fleet()
    assert "--fleet" in caught.value.remedy
    with pytest.raises(DomainError, match="is no folder"):
        find_fleet(tmp_path / "none")
    monkeypatch.setenv("VPS_FLEET", str(tmp_path))
    with pytest.raises(DomainError, match=r"VPS_FLEET.*holds no fleet.yaml"):
        find_fleet()


@pytest.mark.parametrize(
    ("root", "file", "inside"),
    [
        (("clients", "coop", "vps", "web1"), "clients/coop.yaml", ("vps", "web1")),
        (("hosts", "kvm1"), "hosts/kvm1.yaml", ()),
        (("packages", "small@2026-01"), "catalogue.yaml", ("packages", "small@2026-01")),
        (("offers", "base"), "catalogue.yaml", ("images", "base")),
        (("images", "base"), "images.lock.yaml", ("images", "base")),
        (("networks", "public1"), "fleet.yaml", ("networks", "public1")),
    ],
)
def test_paths_lead_to_files_and_back(root: tuple[str, ...], file: str, inside: tuple[str, ...]) -> None:
    assert place(root) == (file, inside)
    assert root_path(file, inside) == root
