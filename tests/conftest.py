"""What several rooms' tests share."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from components.domain.images import Image
from components.images.build import build
from components.images.recipe import load
from components.lab.example import IMAGE
from components.lab.host import Lab
from tests import trees
from tests.bundles.standin import stand_in_for
from tests.faults import report as faults
from tests.guest.hardened import LYNIS

# A busy machine is no failure of a property; speed is measured by the bench.
settings.register_profile("calm", deadline=None)
settings.load_profile("calm")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Faults injected and machines lost by them, and lynis's score, from whichever worker ran what found them."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    counts = [value for report in reports for name, value in report.user_properties if name == faults.PROPERTY]
    if counts:
        terminalreporter.section("faults")
        for row in (faults.HEAD, *faults.rows(counts)):
            terminalreporter.write_line(" | ".join(row))
    told = [(report.nodeid, *found) for report in reports for found in report.user_properties]
    scores = [f"{test}: {value}" for test, name, value in told if name == LYNIS]
    if scores:
        terminalreporter.section("lynis")
        for score in scores:
            terminalreporter.write_line(score)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """One lab for the whole run, under a name that nothing else on the machine has. Tests leave no guest in it."""
    made = Lab(f"t{secrets.token_hex(3)}")
    try:
        made.up()
        yield made
    finally:
        made.down(data=True, grace_s=0)


@pytest.fixture(scope="session")
def golden_tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root tree of the example's golden image, for guests in containers; nobody writes to it."""
    if own := os.environ.get(trees.OVERRIDE):
        yield Path(own)
        return
    image = build(IMAGE, tmp_path_factory.mktemp("lock"), lambda _: None)
    with trees.tree(image.sha256) as tree:
        yield tree


@pytest.fixture(scope="session")
def aegir_image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image aegir-debian-12 by its own recipe, with the stand-ins of `fixtures/backdrop` for Aegir's sources."""
    sources = Path(__file__).parent / "fixtures" / "backdrop"
    made, recipes = stand_in_for(load("aegir-debian-12"), sources, tmp_path_factory.mktemp("bundle"))
    lock = tmp_path_factory.mktemp("lock")
    return build("aegir-debian-12", lock, lambda _: None, archive=made.file, recipes=recipes)


@pytest.fixture(scope="session")
def aegir_tree(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The root tree of `aegir_image`, for guests in containers; nobody writes to it."""
    if own := os.environ.get(trees.AEGIR_OVERRIDE):
        yield Path(own)
        return
    with trees.tree(request.getfixturevalue("aegir_image").sha256) as tree:
        yield tree
