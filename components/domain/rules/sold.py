"""Rules for extras and for what VPSs were sold when: known, in order, within their terms (contract VPS-8)."""

from collections.abc import Iterator
from datetime import date

from components.domain.clients import SUPPORT_LEVELS, Client, Vps
from components.domain.extras import Extra
from components.domain.fleet import Fleet
from components.domain.limits import UNLIMITED
from components.domain.problems import Problem, Severity
from components.domain.rules.catalogue import version_key
from components.domain.rules.references import EXTRA, PACKAGE, Steps, Unread, choice, unknown
from components.domain.sales import Sale
from components.domain.units import DISK

_CAPS = ("cpu_cap_percent", "disk_iops", "disk_rate_mib_s", "nic_rate_mbit_s")


def problems(fleet: Fleet, unread: Unread) -> Iterator[Problem]:
    """What is wrong with `extras` of catalogue.yaml, and with extras, `since` and `before` of VPSs."""
    for key, extra in fleet.extras.items():
        yield from _extra(("extras", key), key, extra)
    for client, vps in fleet.machines():
        if vps.extras or vps.before or vps.since is not None:
            path: Steps = ("clients", client.key, "vps", vps.key)
            yield from _pieces(path, client, vps, fleet, unread)
            yield from _known(path, vps, fleet, unread)
            yield from _order(path, vps)
            yield from _shrinking(path, vps, fleet)


def _extra(path: Steps, key: str, extra: Extra) -> Iterator[Problem]:
    yield from version_key(path, key, "extra", "memory@2026-01")
    if not extra.adds:
        yield Problem(
            code="extra-adds-nothing",
            path=(*path, "adds"),
            message="It adds nothing to what a package has.",
            remedy="Write what one piece adds, like memory: 1 GiB; work and services stand under `services`.",
        )
    if extra.support:
        yield from choice(
            (*path, "support"), extra.support, SUPPORT_LEVELS, "support level", code="unknown-support-level"
        )


def _pieces(path: Steps, client: Client, vps: Vps, fleet: Fleet, unread: Unread) -> Iterator[Problem]:
    """What is or will be in force; what was sold earlier is history."""
    package = fleet.packages.get(vps.package)
    for key, count in vps.extras.items():
        here = (*path, "extras", key)
        yield from unknown(here, key, EXTRA, fleet.extras, unread)
        extra = fleet.extras.get(key)
        if count < 1 or (extra is not None and count > extra.most):
            most = extra.most if extra is not None else 1
            message = f"{count} pieces of it can't be had: {most} go with one VPS." if count > 0 else "It is no piece."
            remedy = f"Write 1 to {most}, or take the line out." if most > 1 else "Write 1, or take the line out."
            yield Problem(code="too-many-pieces", path=here, message=message, remedy=remedy)
        if extra is None:
            continue
        if extra.support == "vip" and client.contract.support != "vip":
            yield Problem(
                code="extra-needs-support",
                blocks=False,
                path=here,
                message=f"{key} is sold with the support level {extra.support} only; the client has "
                f"{client.contract.support}.",
                remedy=f"Take it out, or agree on {extra.support} first and write it under contract.",
            )
        if package is not None:
            for cap in _CAPS:
                if getattr(package.limits, cap) == UNLIMITED and getattr(extra.adds, cap):
                    message = f"{package.key} has no limit that {key} could raise."
                    remedy = "Take it out: what is added to unlimited would become a limit."
                    yield Problem(code="extra-on-unlimited", path=here, message=message, remedy=remedy)
                    break


def _known(path: Steps, vps: Vps, fleet: Fleet, unread: Unread) -> Iterator[Problem]:
    for index, sale in enumerate(vps.before):
        here = (*path, "before", index)
        yield from unknown((*here, "package"), sale.package, PACKAGE, fleet.packages, unread)
        for key in sale.extras:
            yield from unknown((*here, "extras", key), key, EXTRA, fleet.extras, unread)


def _order(path: Steps, vps: Vps) -> Iterator[Problem]:
    """Each sale begins after the one before it, and while the VPS is sold at all."""
    places: list[Steps] = [(*path, "before", index, "since") for index in range(len(vps.before))]
    earlier: date | None = None
    for index, (here, sale) in enumerate(zip([*places, (*path, "since")], vps.sales, strict=True)):
        start = sale.since if sale.since is not None else vps.term.start
        if sale.since is None and earlier is not None:
            message = "It doesn't say since when it is in force, and something was sold before it."
            remedy = f'Add since: "…", a day after {earlier}.'
            yield Problem(code="sale-order", path=here, message=message, remedy=remedy)
            continue
        if earlier is not None and start <= earlier:
            message = f"It is in force since {start}, not after what was sold before it ({earlier})."
            yield Problem(code="sale-order", path=here, message=message, remedy="Put them in the order of their days.")
        elif index == 0 and start > vps.term.start:
            message = f"Nothing says what is in force from its first term's start ({vps.term.start}) until {start}."
            remedy = "Write what was sold first under `before`, or take this `since` out."
            yield Problem(code="sale-order", path=here, message=message, remedy=remedy)
        elif sale.since is not None:
            yield from _inside(here, sale.since, vps)
        earlier = start


def _inside(path: Steps, since: date, vps: Vps) -> Iterator[Problem]:
    over = vps.ends or vps.term.end
    if since < vps.term.start:
        message = f"It would be in force from {since} on, before the VPS's first term starts ({vps.term.start})."
        yield Problem(code="sale-outside-term", path=path, message=message, remedy=f"Write {vps.term.start} or later.")
    elif over is not None and since >= over:
        # Told only: whoever cancels a VPS that was to grow later needs nothing else than its end.
        yield Problem(
            code="sale-never-in-force",
            severity=Severity.WARNING,
            blocks=False,
            path=path,
            message=f"It will never be in force: the VPS is sold until {over}.",
            remedy="Take it out, or write an earlier day.",
        )


def _shrinking(path: Steps, vps: Vps, fleet: Fleet) -> Iterator[Problem]:
    larger: tuple[int, Sale] | None = None
    for index, sale in enumerate(vps.sales):
        try:
            disk = fleet.limits(sale).disk_gib
        except KeyError:
            continue
        if larger is not None and disk < larger[0]:
            here = (*path, "package") if index == len(vps.before) else (*path, "before", index)
            yield Problem(
                code="disk-shrinks",
                path=here,
                message=f"Its disk would shrink from {DISK.format(larger[0])} ({larger[1].package}) to "
                f"{DISK.format(disk)}, which no apply does.",
                remedy="Choose what has at least as much disk; to come to less, make a new VPS and move the sites.",
                measure=larger[0] - disk,
                blocks=False,
            )
        if larger is None or disk > larger[0]:
            larger = (disk, sale)
