"""What the engine's own preview says of each machine, where nobody else can tell."""

import pytest

from components.config.loader import load
from components.domain.problems import DomainError
from components.engine.outlook import outlook
from components.engine.preview import previewed
from components.engine.run import Engine
from components.provider.connections import ADDRESSES, addresses
from tests.engine.conftest import STACK, Bench

pytestmark = pytest.mark.engine
TITLE = "example-coop/web1"


def _engine(bench: Bench) -> Engine:
    hosts = load(bench.project.fleet).fleet.hosts.values()
    return Engine(project=bench.project, environment={**bench.environment, ADDRESSES: addresses(hosts)})


def test_it_says_the_same_as_the_outlook_and_fails_where_that_can_not_tell(bench: Bench) -> None:
    engine = _engine(bench)
    assert previewed(engine, STACK) == {TITLE: ("create",)}
    bench.vps("up", STACK, "--yes")
    assert previewed(engine, STACK) == {}

    bench.edit(lambda document: document["vps"]["web1"].update(reinstall=1))
    told = outlook(engine.environment, load(bench.project.fleet), STACK)
    assert told is not None
    assert previewed(engine, STACK) == told.changes

    bench.edit(lambda document: document["vps"]["web1"].update(host="kvm9"))
    with pytest.raises(DomainError, match=rf"Unable to tell what an apply of {STACK} would do(.|\n)*kvm9"):
        previewed(engine, STACK)
