"""A rule for terms that run: nobody changes one alone (contract TERM-2)."""

from collections.abc import Iterator
from datetime import date

from components.domain.clients import Vps
from components.domain.fleet import Fleet
from components.domain.problems import Problem


def problems(fleet: Fleet, was: Fleet, today: date) -> Iterator[Problem]:
    """Terms that ran on `today` in the fleet as it `was`, and are others now, without a new agreement of both parties.

    Whether a term renews itself is not asked: the client gives notice of that alone.
    """
    before = {(client.id, vps.id): vps for client, vps in was.machines()}
    for client, vps in fleet.machines():
        had = before.get((client.id, vps.id))
        if had is None or had.term.start > today or not _differs(had, vps) or _is_agreed(had, vps):
            continue
        changed = f"{had.term.months} months from {had.term.start}, now {vps.term.months} months from {vps.term.start}"
        yield Problem(
            code="term-not-agreed",
            blocks=False,
            path=("clients", client.key, "vps", vps.key, "term", "months"),
            message=f"Its term has begun and is changed: {changed}. Both parties have to agree (contract TERM-2), and "
            + ("what stands here is not a new one of both." if vps.term.agreed else "none is recorded."),
            remedy="Add both approvals to the term, like agreed: {client: T-1077, provider: T-1078}, or put it back.",
        )


def _differs(had: Vps, vps: Vps) -> bool:
    return (had.term.months, had.term.start) != (vps.term.months, vps.term.start)


def _is_agreed(had: Vps, vps: Vps) -> bool:
    agreed = vps.term.agreed
    return (
        agreed is not None
        and agreed != had.term.agreed
        and all(one.strip() for one in (agreed.client, agreed.provider))
    )
