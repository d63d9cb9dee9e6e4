"""Which VPSs are there already by state, for who compares files: a commit says what was declared, not what was made.

Only of a `file://` backend that holds something; of another one nothing is known here, and git alone is asked.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date

from components.config.loader import Loaded
from components.config.pile import located
from components.domain.names import CLIENT_STACKS
from components.domain.operations import HostState, Operations
from components.domain.problems import DomainError, Problem
from components.domain.rules import arrivals
from components.domain.rules.arrivals import Before
from components.engine import state
from components.engine.judged import recorded


def there(environment: Mapping[str, str], loaded: Loaded, clients: Collection[str]) -> Before:
    """What state records of these clients, by name; nothing of one whose state is broken, which is told elsewhere."""
    found = dict[tuple[str, str], arrivals.Had]()
    for client in clients if state.stacks(environment) else ():
        try:
            found |= recorded(environment, loaded, f"{CLIENT_STACKS}{client}") or {}
        except DomainError:
            continue
    return found


def unmade(environment: Mapping[str, str], loaded: Loaded, operations: Operations, today: date) -> Iterator[Problem]:
    """VPSs that no apply has made yet, on hosts that take none by now: `vps up` would refuse them."""
    shut = {name for name, one in loaded.fleet.hosts.items() if operations.state(name) is not HostState.ACTIVE}
    clients = {client.key for client, vps in loaded.fleet.machines() if vps.host in shut}
    if not clients or not state.stacks(environment):
        return
    before = there(environment, loaded, clients)
    found = arrivals.problems(loaded.fleet, before, today, clients=clients, operations=operations)
    documents = {name: reading.document for name, reading in loaded.readings.items()}
    yield from located((one for one in found if one.code == "new-on-inactive-host"), documents)
