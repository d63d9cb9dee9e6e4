"""Every resource kind by its type token. Tokens are frozen API."""

import datetime
from typing import Protocol

from components.images.cache import locate
from components.provider import host_objects
from components.provider.connections import Connections
from components.provider.machine import Change
from components.provider.properties import Bag
from components.provider.roaming import RoamingMachine


class Resource(Protocol):
    """What the plugin needs of a resource kind; `machine` and `host_objects` say what each does."""

    def check(self, news: Bag) -> list[tuple[str, str]]: ...
    def changes(self, old_inputs: Bag, state: Bag, news: Bag) -> list[Change]: ...
    def preview_create(self, news: Bag) -> Bag: ...
    def announce(self, urn: str, news: Bag) -> str: ...
    def create(self, urn: str, news: Bag) -> tuple[str, Bag]: ...
    def read(self, identity: str, urn: str, state: Bag, inputs: Bag, /) -> tuple[str, Bag, Bag]: ...
    def preview_update(self, state: Bag, news: Bag, changes: list[Change]) -> Bag: ...
    def update(self, identity: str, urn: str, state: Bag, news: Bag, changes: list[Change], /) -> Bag: ...
    def delete(self, identity: str, state: Bag, /) -> str: ...


def resources(connections: Connections) -> dict[str, Resource]:
    """All kinds, over the same connections to hosts."""
    driver_for = connections.driver_for
    return {
        "vps:index:Machine": RoamingMachine(connections, lambda: datetime.datetime.now(datetime.UTC).date()),
        "vps:index:Image": host_objects.images(driver_for, locate),
        "vps:index:Network": host_objects.networks(driver_for),
        "vps:index:StoragePool": host_objects.pools(driver_for),
    }
