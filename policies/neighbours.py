"""A guest speaks under its own MAC and addresses only."""

from collections.abc import Iterator

from policies.machine import Resource, mapping
from policies.rule import Rule


def held(found: Resource) -> Iterator[str]:
    """A machine that may use its neighbours' addresses is told, not refused: an adopted one begins so."""
    if not found.is_machine:
        return
    for name, nic in mapping(found.properties.get("nics")).items():
        if mapping(nic).get("antispoof") is False:
            yield (
                f"{found.title}: anti-spoofing is off on {name}, so this guest can take its neighbours' addresses. "
                "Take `antispoof: false` out of its VPS as soon as the declared addresses are all that it uses."
            )


RULES = (
    Rule(
        "own-addresses-only",
        "Every machine is held to its own MAC and addresses",
        held,
        level="advisory",
    ),
)
