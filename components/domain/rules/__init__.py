"""Rules over the whole fleet as declared: pure, each problem with its meaning and its remedy.

They judge what stands in the files, across files; that a file has the right shape was judged when it was read. What
depends on the clock (has an image expired, does a warranty end) is judged by the day that the caller names.
"""

from collections.abc import Iterator
from datetime import date

from components.domain.fleet import Fleet
from components.domain.operations import NOTHING_KNOWN, Operations
from components.domain.problems import Problem
from components.domain.rules import (
    backups,
    capacity,
    catalogue,
    certificates,
    clients,
    common_ground,
    hardware,
    hosts,
    images,
    moves,
    quotas,
    services,
    sold,
    support,
    uniqueness,
)
from components.domain.rules.references import NOTHING, Unread


def problems(
    fleet: Fleet, unread: Unread = NOTHING, *, today: date, operations: Operations = NOTHING_KNOWN
) -> Iterator[Problem]:
    """Every problem, in the order of the rules, as of `today`.

    `unread` holds what is declared but could not be read, so that a reference to it is not called unknown. `operations`
    is what is known of hosts beside the files.
    """
    yield from common_ground.problems(fleet, unread)
    yield from catalogue.problems(fleet)
    yield from images.problems(fleet, today)
    yield from sold.problems(fleet, unread)
    yield from services.problems(fleet)
    yield from backups.problems(fleet)
    yield from certificates.problems(fleet, unread)
    yield from hosts.problems(fleet, unread)
    yield from hardware.problems(fleet, today)
    yield from clients.problems(fleet, unread, today)
    yield from support.problems(fleet, today)
    yield from quotas.problems(fleet, today)
    yield from moves.problems(fleet, unread)
    yield from uniqueness.problems(fleet)
    yield from capacity.problems(fleet, today, operations, unread)
