"""Type tokens are frozen: every state and every owner mark carries them."""

from components.provider.connections import Connections
from components.provider.kinds import resources


def test_the_tokens_are_those_of_the_first_release() -> None:
    """Another name would be another resource: the engine would delete and create."""
    assert sorted(resources(Connections({}))) == [
        "vps:index:Image",
        "vps:index:Machine",
        "vps:index:Network",
        "vps:index:StoragePool",
    ]
