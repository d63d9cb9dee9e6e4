"""One furnished world, one worker that forks, one campaign per process of the test run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults import report
from tests.faults.campaign import Campaign
from tests.faults.fake_world import FakeWorld
from tests.faults.view import Problem
from tests.faults.worker import Worker


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Callable[[str, int, list[Problem]], None]:
    """Add to the table that the run ends with."""

    def add(on: str, injected: int, found: list[Problem]) -> None:
        request.node.user_properties.append((report.PROPERTY, report.said(on, injected, found)))

    return add


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    with Worker() as made:
        yield made


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> FakeWorld:
    folder = tmp_path_factory.mktemp("faults")
    return FakeWorld.furnish(folder / "furnished", folder / "project")


@pytest.fixture(scope="session")
def campaign(furnished: FakeWorld, worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    scratch: Path = tmp_path_factory.mktemp("worlds")
    return Campaign(furnished, scratch, worker)
