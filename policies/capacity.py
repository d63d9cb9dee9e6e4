"""No change sells more of a host than may be sold: this stack's machines beside what all other files take."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from policies import census, declared, known, lines, sales
from policies.declared import DeclaredError
from policies.machine import Machine, Resource, text
from policies.rule import Rule


@dataclass(frozen=True, slots=True)
class Kind:
    """What is counted: its name in files and sums, its unit, its key in a machine and in what is recorded."""

    name: str
    unit: str
    key: str
    recorded: str
    overhead: int = 0


KINDS = (
    Kind("memory", "MiB", "memoryMib", "memoryMib", sales.OVERHEAD_MIB),
    Kind("vcpus", "", "vcpus", "vcpus"),
    Kind("disk", "GiB", "disks.root.sizeGib", "sizeGib"),
)


def not_oversold(found: Resource) -> Iterator[str]:
    """A machine that takes more of its host than before, where the host has not that much to sell.

    Moving, shrinking, suspending and ending are never stopped: nothing of them takes more. Who comes from another host
    brings what it had: a drain may fill a host for a while, and what it really can't hold the host refuses itself. One
    that is adopted runs there already.
    """
    if not found.is_machine:
        return
    base, line, limits = declared.folder(), lines.of(found), Machine(found).limits
    host = text(line.vps.get("host"))
    try:
        before = known.before(found.properties.get("uuid"))
    except DeclaredError:
        if any(_excess(base, host, kind) > 0 for kind in KINDS):
            raise
        return
    if Machine(found).is_adopted and not before:
        return
    for kind in KINDS:
        has = limits.get(kind.key) or 0
        if before and has <= known.amount(before, kind.recorded):
            continue
        if not _takes_more(base, line.client, host, kind):
            continue
        excess = _excess(base, host, kind)
        if excess > 0:
            unit = kind.unit or "vCPUs"
            yield (
                f"{found.title}: {has} {unit} for it are more than {host} has left to sell: with it {excess} {unit} of "
                f"{kind.name} too many are sold there. Place it elsewhere (`vps hosts` shows where there is room), or "
                f"change capacity, sells or keeps_free in hosts/{host}.yaml."
            )


@declared.kept
def _takes_more(base: Path, client: str, host: str, kind: Kind) -> bool:
    """Whether this client's machines on the host take more than they did before this run, wherever they were.

    What one gives up that comes from another host is free there, so it is none of the others' here. One that has ended
    takes no more than it did, whatever was sold for the day on which it ends.
    """
    day, more = known.today(), 0
    for identity, line in lines.by_id(base, client).items():
        if text(line.vps.get("host")) == host:
            was = known.of_client(text(line.file.get("id"))).get(identity) or {}
            if not was and text(line.vps.get("uuid")):
                continue  # Adopted.
            now = getattr(sales.today(base, line.vps, day), kind.name)
            if sales.has_ended(line.vps, day):
                now = min(now, known.amount(was, kind.recorded))
            grows = now - known.amount(was, kind.recorded) - (kind.overhead if now else 0) if was else now
            more += grows if text(was.get("host")) == host else max(0, grows)
    return more > 0


@declared.kept
def _excess(base: Path, host: str, kind: Kind) -> int:
    """How much more of the host all files take than may be sold; a negative number is room. Raises DeclaredError."""
    sold, day = 0, known.today()
    for line in census.on_host(base, host):
        try:
            sold += getattr(sales.most(base, line.vps, day), kind.name)
        except DeclaredError:
            continue  # Another's line that sells nothing known: its own stack is told.
    return sold - sellable(base, host, kind)


def sellable(base: Path, host: str, kind: Kind) -> int:
    """How much of a host may be sold in all. Raises DeclaredError."""
    file = declared.host(base, host)
    has = declared.quantity(declared.lines(file.get("capacity")).get(kind.name), kind.unit)
    share = declared.quantity(declared.lines(file.get("sells")).get(kind.name), "%")
    keeps = declared.lines(file.get("keeps_free")).get(kind.name)
    free = 0 if kind.name == "vcpus" else declared.quantity(keeps, kind.unit)
    if has is None or share is None or free is None:
        told = (
            f"hosts/{host}.yaml doesn't say what of its {kind.name} may be sold (capacity, sells, keeps_free). Mend it."
        )
        raise DeclaredError(told)
    return max(0, has - free) * share // 100


RULES = (Rule("host-not-oversold", "No change sells more of a host than may be sold", not_oversold),)
"""The rule about hosts."""
