import shutil
from pathlib import Path

import pytest

from components.config.folder import VARIABLE
from components.config.hosts import declared_hosts
from components.lab.example import EXAMPLE


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / "stacks")
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "stacks"


def test_the_hosts_of_the_fleet_that_one_stands_in(fleet: Path) -> None:
    (host,) = declared_hosts()

    assert (host.name, host.driver) == ("lab1", "libvirt")


def test_a_broken_file_hides_no_other_host(fleet: Path) -> None:
    whole = (fleet / "hosts/lab1.yaml").read_text()
    (fleet / "hosts/kvm2.yaml").write_text(whole.replace("driver:", "drover:"))
    (fleet / "hosts/kvm3.yaml").write_text("{")

    assert [host.name for host in declared_hosts()] == ["lab1"]


def test_outside_of_any_fleet_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)

    assert list(declared_hosts()) == []
