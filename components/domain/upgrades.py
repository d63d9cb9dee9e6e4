"""Another package or other extras for a VPS from some day on: what is declared then, and why it may be refused."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from components.domain.clients import Vps
from components.domain.extras import Extra
from components.domain.fleet import Fleet
from components.domain.problems import DomainError
from components.domain.sales import Sale


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """The VPS as it will be declared, the sale of the day before (`was`) and of the day (`will`).

    `withdrawn` are sales that were declared for later and give way.
    """

    vps: Vps
    was: Sale
    will: Sale
    since: date
    withdrawn: tuple[Sale, ...]


def upgrade(fleet: Fleet, vps: Vps, package: str, extras: Mapping[str, int], since: date, today: date) -> Upgrade:
    """From `since` on (before the term's start: from that on) this package, and of the named extras so many pieces.

    Extras that are not named stay as they are on that day; 0 pieces are none. What was in force before becomes history
    with half-open periods. What is in force `today` may have been applied, so no disk is smaller than that. Raises
    DomainError where nothing would change, a disk would shrink, or the package isn't for this VPS.
    """
    first = vps.term.start
    since = max(since, first)
    # A sale without a day of its own is in force from the term's start.
    kept = [sale for sale in vps.sales if (sale.since or first) < since]
    later = [sale for sale in vps.sales if (sale.since or first) > since]
    there = vps.sale(since)
    over = vps.ends or vps.term.end
    if over is not None and since >= over:
        raise DomainError(f"It would never be in force: the VPS is sold until {over}.", "Nothing was written.")
    pieces = {key: count for key, count in {**there.extras, **extras}.items() if count}
    will = Sale(package=package, extras=pieces, since=since if kept else None)
    _need_sold(fleet, vps, will)
    if (there.package, dict(there.extras)) == (package, pieces) and not later:
        raise DomainError(f"It has that already from {there.since or first} on.", "Nothing was written.")
    was = kept[-1] if kept else there
    for one in (was, vps.sale(today)):
        _need_known(fleet, one)
        _need_disk(fleet, one, will)
    changed = replace(vps, package=package, extras=pieces, since=will.since, before=tuple(kept))
    return Upgrade(vps=changed, was=was, will=will, since=since, withdrawn=tuple(later))


def _need_known(fleet: Fleet, was: Sale) -> None:
    """Raises DomainError when nobody knows what it has, so that nobody can tell what changes."""
    gone = [*({was.package} - fleet.packages.keys()), *(was.extras.keys() - fleet.extras.keys())]
    if gone:
        cause = f"It has {', '.join(sorted(gone))}, which catalogue.yaml lacks."
        raise DomainError(cause, "Put that back: what was sold stays there as long as somebody has it.")


def _need_sold(fleet: Fleet, vps: Vps, will: Sale) -> None:
    _need_known(fleet, will)
    package = fleet.packages[will.package]
    if package.adopted and not vps.is_adopted:
        raise DomainError(
            f"{package.key} says what adopted machines have; it is not sold.", "Choose a package of the catalogue."
        )
    for key, count in will.extras.items():
        extra: Extra = fleet.extras[key]
        if count > extra.most:
            raise DomainError(f"{count} pieces of {key} are too many.", f"At most {extra.most} go with one VPS.")


def _need_disk(fleet: Fleet, was: Sale, will: Sale) -> None:
    """Raises DomainError when the disk would shrink: what the guest has written there would be cut off."""
    has, wants = fleet.limits(was).disk_gib, fleet.limits(will).disk_gib
    if wants >= has:
        return
    roomy = sorted(
        (one.limits.disk_gib, one.key)
        for one in fleet.packages.values()
        if one.limits.disk_gib >= has and not one.adopted
    )
    known = ", ".join(f"{key} ({size} GiB)" for size, key in roomy if key != was.package) or "none"
    raise DomainError(
        f"{will.package} has {wants} GiB of disk, it has {has} GiB: a disk never shrinks, the client's data would be "
        "cut off.",
        f"Choose one with at least {has} GiB ({known}) or add extras of disk; or sell a new VPS (`vps add`), let the "
        "client move in, and end this one (`vps end`).",
    )
