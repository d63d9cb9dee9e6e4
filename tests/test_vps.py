"""What `Vps` declares: one machine, under frozen names, protected unless its end is declared."""

import pytest

from components.vps import Vps
from tests.registrations import registrations


@pytest.mark.parametrize(("ends", "protect"), [("", True), ("2027-03-01", False)])
def test_machine_is_protected_or_carries_an_ends_date(ends: str, protect: bool) -> None:
    """The rule that a client's machine is never lost by an edit."""
    found = registrations(lambda: Vps({"vps": "v-h3k9", "ends": ends, "memoryMib": 2048}), "client.x")
    assert {"v-h3k9", "v-h3k9-machine"} == set(found) - {"aegir-vps-client.x"}
    machine = found["v-h3k9-machine"]
    assert machine.type == "vps:index:Machine"
    assert machine.protect is protect
    assert machine.parent.endswith("vps:component:Vps::v-h3k9")
    assert machine.object["memoryMib"] == 2048
