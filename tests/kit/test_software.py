"""What an image holds: from its flavour's data, and from its record where it was built here."""

from dataclasses import replace

import pytest

from components.domain.fleet import Fleet
from components.domain.problems import DomainError
from components.images import cache
from components.kit import software as module
from components.kit.software import Component, software


def test_a_flavour_with_its_versions_and_their_last_days(fleet: Fleet) -> None:
    found = software(fleet.images["base-debian-13"])
    assert (found.flavour, found.title, found.status, found.has_panel) == (
        "backdrop",
        "Aegir on Backdrop",
        "supported",
        True,
    )
    assert found.components == (
        Component(name="Debian", version="12", expires="2028-06-30"),
        Component(name="Backdrop", version="1.27.1", expires=""),
        Component(name="ansible-core", version="2.16", expires="", ended="2025-05-31"),
    )
    assert found.updates == (("core", ("backdrop", "hosting")), ("modules", ("hosting_civicrm_ansible",)))
    assert found.packages == ()


def test_an_image_without_a_flavour_has_no_panel(fleet: Fleet) -> None:
    found = software(replace(fleet.images["base-debian-13"], flavour=""))
    assert (found.has_panel, found.components, found.title) == (False, (), "")


def test_whether_there_is_a_panel_is_the_flavours_own_word(fleet: Fleet) -> None:
    file = module.TEMPLATES / "flavours/backdrop/flavour.yaml"
    file.write_text(file.read_text().replace("panel: true\n", ""))
    assert not software(fleet.images["base-debian-13"]).has_panel


def test_a_flavour_that_is_not_here_is_an_error_that_stops_no_other_kit(fleet: Fleet) -> None:
    """Images may have been locked from another checkout."""
    with pytest.raises(DomainError, match="Unable to use the flavour aegir9"):
        software(replace(fleet.images["base-debian-13"], flavour="aegir9"))


def test_packages_come_from_the_images_record(fleet: Fleet) -> None:
    """All of them in a list, those that clients ask for in the document."""
    image = fleet.images["base-debian-13"]
    file = cache.path(image.sha256)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"image")
    cache.write(
        cache.Entry(
            name=image.name,
            sha256=image.sha256,
            bytes=5,
            virtual_gib=3,
            inputs="x",
            built="2026-11-22",
            expires="2027-11-22",
            packages={"nginx": "1.26.3-3", "zlib1g": "1:1.3", "php8.4-fpm": "8.4.28-1~deb13u1", "nginx-common": "1"},
            stamp=file.stat().st_mtime_ns,
        )
    )
    found = software(image)
    assert found.main_packages == (("nginx", "1.26.3-3"), ("php8.4-fpm", "8.4.28-1~deb13u1"))
    assert found.listing() == "nginx 1.26.3-3\nnginx-common 1\nphp8.4-fpm 8.4.28-1~deb13u1\nzlib1g 1:1.3\n"
