"""Rules for what a client may have in all: `quota` of its file, else `client_quota` of fleet.yaml."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from components.domain.clients import Client, Quota, Vps
from components.domain.fleet import Fleet
from components.domain.problems import Problem
from components.domain.sales import Sale
from components.domain.units import DISK, MEMORY

Amounts = Mapping[str, int]
"""VPSs, vcpus, memory (MiB) and disk (GiB), by the names that files use."""
Size = tuple[int, int, int]
"""Of one VPS: vcpus, memory in MiB, disk in GiB."""
_TEXTS = {"vps": "{} VPSs".format, "vcpus": "{} vcpus".format, "memory": MEMORY.format, "disk": DISK.format}


def problems(fleet: Fleet, today: date) -> Iterator[Problem]:
    """Clients that have more than they may."""
    unlimited = Quota()
    for client in fleet.clients.values():
        quota = client.quota or fleet.quota
        if quota != unlimited:
            yield from beyond(client, quota, total(had(fleet, vps, today) for vps in client.vps.values()))


def had(fleet: Fleet, vps: Vps, today: date) -> Size | None:
    """What a VPS has, of each the most from `today` on; None of an ended one, or of one that can't be told."""
    return _most(fleet, vps, today, (one for one in vps.sales if one.since is not None and one.since > today))


def has(fleet: Fleet, vps: Vps, today: date) -> Size | None:
    """What it has on that day alone."""
    return _most(fleet, vps, today, ())


def _most(fleet: Fleet, vps: Vps, today: date, later: Iterable[Sale]) -> Size | None:
    if vps.ends is not None and vps.ends <= today:
        return None
    try:
        limits = [fleet.limits(sale) for sale in (vps.sale(today), *later)]
    except KeyError:
        return None  # Other rules tell it.
    return (
        max(one.vcpus for one in limits),
        max(one.memory_mib for one in limits),
        max(one.disk_gib for one in limits),
    )


def total(sizes: Iterable[Size | None]) -> Amounts:
    """All together."""
    counted = [one for one in sizes if one is not None]
    vcpus, memory, disk = (sum(one[index] for one in counted) for index in range(3))
    return {"vps": len(counted), "vcpus": vcpus, "memory": memory, "disk": disk}


def beyond(client: Client, quota: Quota, amounts: Amounts) -> Iterator[Problem]:
    """Each amount that is more than its quota."""
    most = {"vps": quota.vps, "vcpus": quota.vcpus, "memory": quota.memory_mib, "disk": quota.disk_gib}
    where = "quota of its file" if client.quota else "client_quota of fleet.yaml"
    for key, limit in most.items():
        if limit is not None and amounts[key] > limit:
            yield Problem(
                code="client-quota",
                blocks=False,
                path=("clients", client.key, "quota", key),
                message=f"It has {_TEXTS[key](amounts[key])} in all, {_TEXTS[key](amounts[key] - limit)} more than its "
                f"quota of {_TEXTS[key](limit)} ({where}).",
                remedy="Raise its quota in its file when that was agreed; else choose less.",
                measure=amounts[key] - limit,
            )
