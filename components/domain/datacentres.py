"""Datacentres and the physical security that the contract promises of them (contract SEC-1 to SEC-5)."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Datacentre:
    """One place where cabinets of ours stand. A VPS may only live where `shortfalls` finds nothing (SEC-5)."""

    name: str
    title: str
    address: str
    ups: bool
    generator: bool
    temperature_control: bool
    humidity_control: bool
    access_cards: bool
    registered: tuple[str, ...]
    """Pre-registered personnel of the provider."""
    approved: tuple[str, ...]
    """Others whom the provider approved explicitly; may be nobody."""
    intrusion_detection: bool
    cameras: bool

    def shortfalls(self) -> Iterator[tuple[str, str]]:
        """Each promised fact that does not hold: its requirement and what is lacking, in words."""
        facts = (
            ("SEC-1", "uninterruptible power supply", self.ups),
            ("SEC-1", "auxiliary power generator", self.generator),
            ("SEC-2", "temperature control", self.temperature_control),
            ("SEC-2", "humidity control", self.humidity_control),
            ("SEC-3", "access by magnetic cards", self.access_cards),
            ("SEC-3", "list of registered personnel", bool(self.registered)),
            ("SEC-4", "intrusion detection", self.intrusion_detection),
            ("SEC-4", "cameras", self.cameras),
        )
        yield from ((requirement, what) for requirement, what, holds in facts if not holds)
