"""The authority of fleet.yaml, with the file of its CA."""

from pathlib import Path

import pytest

from components.config.authority import MOST_BYTES, authority
from components.config.fleet_file import AcmeShape
from components.config.loader import load
from components.domain.authorities import Authority
from tests.config.conftest import Edit

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
DIRECTORY = "https://ca.hoster.example/acme/directory"


def _shape(**more: object) -> AcmeShape:
    return AcmeShape.model_validate({"directory": DIRECTORY, "staging": False, **more})


def test_every_key_arrives(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(PEM)
    found = authority(_shape(email="ops@hoster.example", ca_file="ca.pem", hsts="180 days"), tmp_path)
    wanted = Authority(directory=DIRECTORY, email="ops@hoster.example", staging=False, ca=PEM, hsts_days=180)
    assert found == (wanted, None)


def test_only_directory_and_staging_are_asked_for(tmp_path: Path) -> None:
    assert authority(_shape(), tmp_path) == (Authority(directory=DIRECTORY), None)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone.pem", "can't be read"),
        ("der.pem", "no PEM"),
        ("/etc/hostname", "outside"),
        ("../ca.pem", "outside"),
        ("link.pem", "outside"),
    ],
)
def test_a_file_that_does_not_do_is_a_problem(tmp_path: Path, name: str, words: str) -> None:
    folder = tmp_path / "fleet"
    folder.mkdir()
    (tmp_path / "ca.pem").write_text(PEM)
    (folder / "der.pem").write_bytes(b"\x30\x82\xff")
    (folder / "link.pem").symlink_to(tmp_path / "ca.pem")
    found, problem = authority(_shape(ca_file=name), folder)
    assert found.ca == ""
    assert problem is not None
    assert problem.path == ("acme", "ca_file")
    assert words in problem.message
    assert problem.remedy


def test_no_more_is_read_than_a_certificate_can_have(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x" * (MOST_BYTES * 2))
    found, _ = authority(_shape(ca_file="ca.pem"), tmp_path)
    assert len(found.ca) == MOST_BYTES + 1


def test_problems_have_their_line(folder: Path, edit: Edit) -> None:
    lines = f'acme:\n  directory: "{DIRECTORY}"\n  staging: false\n  ca_file: ca.pem\n'
    edit("fleet.yaml", "retention:\n", lines + "retention:\n")
    written = (folder / "fleet.yaml").read_text().splitlines()
    (problem,) = (found for found in load(folder).problems if found.path[0] == "acme")
    assert (problem.file, written[problem.line - 1]) == ("fleet.yaml", "  ca_file: ca.pem")
    (folder / "ca.pem").write_text(PEM)
    loaded = load(folder)
    assert [found for found in loaded.problems if found.path[0] == "acme"] == []
    assert loaded.fleet.authority == Authority(directory=DIRECTORY, ca=PEM)
