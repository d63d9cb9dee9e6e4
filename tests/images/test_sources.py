"""The machine's apt sources, turned to the suite of an image."""

import pytest

from components.images import sources
from components.images.errors import ImageError

DEB822 = """\
Types: deb deb-src
# a remark
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc: def

Types: deb
URIs: http://mirror.test/security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main

Types: deb
URIs: https://vendor.test/apt
Suites: nodistro
Components: main
"""


@pytest.fixture
def etc_apt(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_deb822_is_turned_to_the_wanted_suite(etc_apt):
    (etc_apt / "sources.list.d" / "debian.sources").write_text(DEB822)
    assert sources.for_suite("trixie", etc_apt=etc_apt, codename="bookworm") == [
        sources.Source(uri="http://mirror.test/debian", suites=("trixie", "trixie-updates")),
        sources.Source(uri="http://mirror.test/security", suites=("trixie-security",)),
    ]


def test_one_line_sources_are_turned_too(etc_apt):
    (etc_apt / "sources.list").write_text(
        "deb [arch=amd64 signed-by=/x.gpg] http://mirror.test/debian trixie main non-free # remark\n"
        "# deb http://off.test/debian trixie main\n"
        "deb-src http://mirror.test/debian trixie main\n"
        "deb cdrom:[Debian 13]/ trixie main\n"
    )
    (etc_apt / "sources.list.d" / "more.list").write_text("deb http://mirror.test/debian trixie-security main\n")
    assert sources.for_suite("forky", etc_apt=etc_apt, codename="trixie") == [
        sources.Source(uri="http://mirror.test/debian", suites=("forky",)),
        sources.Source(uri="http://mirror.test/debian", suites=("forky-security",)),
    ]


@pytest.mark.parametrize("codename", ["bookworm", ""])
def test_a_machine_without_debian_mirror_is_told_what_to_write(etc_apt, codename):
    (etc_apt / "sources.list").write_text("deb http://archive.test/ubuntu noble main\n")
    with pytest.raises(ImageError, match=r"no Debian mirror.*fleet\.yaml.*archive.*security"):
        sources.for_suite("trixie", etc_apt=etc_apt, codename=codename)


def test_the_operators_mirrors_win(etc_apt):
    (etc_apt / "sources.list.d" / "debian.sources").write_text(DEB822)
    mirrors = sources.Mirrors(archive="http://own.test/debian", security="http://own.test/security")
    text = sources.as_deb822(sources.for_suite("trixie", mirrors, etc_apt=etc_apt, codename="bookworm"))
    assert text.splitlines()[:4] == [
        "Types: deb",
        "URIs: http://own.test/debian",
        "Suites: trixie trixie-updates",
        "Components: main",
    ]
    assert "mirror.test" not in text


def test_what_is_written_is_read_back_the_same(etc_apt):
    made = [
        sources.Source(uri="http://a.test/debian", suites=("trixie", "trixie-updates")),
        sources.Source(uri="http://b.test/security", suites=("trixie-security",)),
    ]
    (etc_apt / "sources.list.d" / "debian.sources").write_text(sources.as_deb822(made))
    assert sources.declared(etc_apt) == made
