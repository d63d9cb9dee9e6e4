"""What several rooms' tests share."""

import secrets
from collections.abc import Iterator

import pytest
from hypothesis import settings

from components.lab.host import Lab

# A busy machine is no failure of a property; speed is measured by the bench.
settings.register_profile("calm", deadline=None)
settings.load_profile("calm")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """One lab for the whole run, under a name that nothing else on the machine has. Tests leave no guest in it."""
    made = Lab(f"t{secrets.token_hex(3)}")
    try:
        made.up()
        yield made
    finally:
        made.down(data=True, grace_s=0)
