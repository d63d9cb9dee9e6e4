"""Each file's guests are alone on a network of their own."""

from collections.abc import Iterator

import pytest

from tests.guests import Wire
from tests.seeds import GATEWAYS, STRANGER


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """The network of this file's guests; a gateway and a stranger have addresses on it."""
    with Wire(*GATEWAYS, f"{STRANGER}/24") as wire:
        yield wire
