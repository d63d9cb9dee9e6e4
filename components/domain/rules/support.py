"""Rules for what was signed: versions of the terms, and VIP Administration (contract VIP-15, VIP-16, VIP-20)."""

from collections.abc import Iterator
from datetime import date

from components.domain.calendar import later
from components.domain.clients import Client, Vip
from components.domain.fleet import Fleet
from components.domain.problems import Problem, Severity
from components.domain.rules.references import Steps

VIP_MONTHS = 3
"""VIP is not had for less (VIP-16)."""
OWNER, BILLING = "owner", "billing"


def problems(fleet: Fleet, today: date) -> Iterator[Problem]:
    """What is wrong with `contract` and the roles of contacts in the files of clients/."""
    for client in fleet.clients.values():
        path: Steps = ("clients", client.key)
        yield from _roles((*path, "contacts"), client)
        contract, here = client.contract, (*path, "contract")
        version = fleet.contracts.get(contract.version)
        if version is not None and contract.signed < version.valid_from:
            yield Problem(
                code="signed-too-early",
                severity=Severity.WARNING,
                blocks=False,
                path=(*here, "signed"),
                message=f"{version.key} is valid from {version.valid_from}; this was signed on {contract.signed}.",
                remedy="Name the version that was signed, or correct the day.",
            )
        vip = contract.vip
        in_force = vip is not None and vip.since <= today and (vip.until is None or today < vip.until)
        is_to_come = vip is not None and vip.since > today
        # Before it begins both are right: no file turns wrong by itself on that day.
        if contract.support == "vip" and not in_force and not is_to_come:
            yield _not_in_force((*here, "support"), vip)
        elif contract.support != "vip" and in_force:
            assert vip is not None
            yield Problem(
                code="support-level",
                blocks=False,
                path=(*here, "support"),
                message=f"VIP is in force since {vip.since}, but support is {contract.support}.",
                remedy="Write support: vip; or, when it was cancelled, its last day plus one as vip.until.",
            )
        if vip is not None:
            yield from _vip((*here, "vip"), vip, client)


def _not_in_force(path: Steps, vip: Vip | None) -> Problem:
    if vip is None:
        message = "VIP is given upon a recorded acceptance only (contract VIP-15), and none is written."
        remedy = 'Add vip: {since: "…", accepted: T-…} with the ticket in which it was accepted.'
    else:
        message = f"VIP ended on {vip.until}."
        remedy = "Write support: standard, or agree on it anew."
    return Problem(code="support-level", blocks=False, path=path, message=message, remedy=remedy)


def _vip(path: Steps, vip: Vip, client: Client) -> Iterator[Problem]:
    earliest = later(vip.since, VIP_MONTHS)
    if not vip.accepted.strip():
        message = "VIP is given upon a recorded acceptance only (contract VIP-15)."
        yield Problem(
            code="vip-acceptance",
            blocks=False,
            path=(*path, "accepted"),
            message=message,
            remedy="Write the ticket, like T-1041.",
        )
    if vip.until is not None and vip.until < earliest:
        yield Problem(
            code="vip-too-short",
            blocks=False,
            path=(*path, "until"),
            message=f"VIP from {vip.since} on can't end before {earliest}: it is had for {VIP_MONTHS} months at least "
            "(contract VIP-16).",
            remedy=f"Write {earliest} or a later day.",
            measure=(earliest - vip.until).days,
        )
    # A contract lasts as long as the longest term in it; what starts after VIP counts from its own start.
    ends = [vps.term.end for vps in client.vps.values()]
    starts = [later(max(vip.since, vps.term.start), VIP_MONTHS) for vps in client.vps.values()]
    if ends and all(end is not None and end < start for end, start in zip(ends, starts, strict=True)):
        last = max(end for end in ends if end is not None)
        yield Problem(
            code="vip-beyond-term",
            blocks=False,
            path=(*path, "since"),
            message=f"The contract's terms end on {last} without renewal, before VIP was had for {VIP_MONTHS} months "
            "(contract VIP-20).",
            remedy="Agree on a longer term or one that renews itself, or reject VIP.",
        )


def _roles(path: Steps, client: Client) -> Iterator[Problem]:
    held = {role for contact in client.contacts.values() for role in contact.roles}
    lacking = [role for role in (OWNER, BILLING) if role not in held]
    if lacking:
        yield Problem(
            code="role-missing",
            severity=Severity.WARNING,
            blocks=False,
            path=path,
            message=f"Nobody has the role {' or '.join(lacking)}: nobody can be asked or billed.",
            remedy=f"Add {' and '.join(lacking)} to a contact's roles.",
        )
