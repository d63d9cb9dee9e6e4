"""A client has no more than it may have in all: `quota` of its file, else `client_quota` of fleet.yaml."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from policies import declared, known, lines, sales
from policies.declared import DeclaredError
from policies.machine import Machine, Resource, text
from policies.rule import Rule

_KEYS = (("vps", "", "VPSs"), ("vcpus", "", "vCPUs"), ("memory", "MiB", "MiB"), ("disk", "GiB", "GiB"))
_RECORDED = {"vcpus": "vcpus", "memory": "memoryMib", "disk": "sizeGib"}


def within(found: Resource) -> Iterator[str]:
    """A machine with which its client has more than before, and more than its quota: what it has in all counts.

    Above the quota it may still shrink, be suspended, end, and have less of one VPS and more of another.
    """
    if not found.is_machine:
        return
    line = lines.of(found)
    for key, words, total, most in _exceeded(declared.folder(), line.client):
        recorded = known.before(found.properties.get("uuid"))
        grows = not recorded or (key in _RECORDED and _has(found, key) > known.amount(recorded, _RECORDED[key]))
        if grows and total > _had(text(line.file.get("id")), key):
            yield (
                f"{found.title}: with it {line.client} has {total} {words}, {total - most} more than its quota of "
                f"{most}. End or shrink another VPS, or raise `quota` in clients/{line.client}.yaml."
            )


def _has(found: Resource, key: str) -> int:
    return Machine(found).limits.get({"disk": "disks.root.sizeGib"}.get(key, _RECORDED[key])) or 0


@declared.kept
def _had(client: str, key: str) -> int:
    """What all machines of a client had in all before this run."""
    every = known.of_client(client).values()
    return len(every) if key == "vps" else sum(known.amount(one, _RECORDED[key]) for one in every)


@declared.kept
def _exceeded(base: Path, client: str) -> tuple[tuple[str, str, int, int], ...]:
    """Key, unit, total and quota of each that a client's lines exceed."""
    file = declared.client(base, client)
    quota = declared.lines(file.get("quota")) or declared.lines(declared.fleet(base).get("client_quota"))
    if not quota:
        return ()
    total = _total(base, client)
    found = []
    for key, unit, words in _KEYS:
        if key not in quota:
            continue
        most = declared.quantity(quota[key], unit)
        if most is None:
            raise DeclaredError(f"quota of {client}: {key} is no number{f' in {unit}' if unit else ''}. Mend it.")
        if total[key] > most:
            found.append((key, words, total[key], most))
    return tuple(found)


def _total(base: Path, client: str) -> Mapping[str, int]:
    """What a client's lines have in all today, but those whose end is reached; what comes later counts then."""
    day = known.today()
    standing = [
        line.vps
        for line in lines.by_id(base, client).values()
        if not text(line.vps.get("ends")) or text(line.vps.get("ends")) > day.isoformat()
    ]
    taken = [sales.taken(base, sales.in_force(vps, day)) for vps in standing]
    return {
        "vps": len(standing),
        "vcpus": sum(one.vcpus for one in taken),
        "memory": sum(one.memory - sales.OVERHEAD_MIB for one in taken),
        "disk": sum(one.disk for one in taken),
    }


RULES = (Rule("client-within-quota", "No change brings a client above what it may have in all", within),)
"""The rule about totals."""
