"""A machine that changes its host: what a preview says of it, and how an update carries it out.

Two intents let the host of a machine change: `move` names the host that it leaves, `restore` the one that was lost with
it. Without either, another host in the file is refused, because nobody would have brought the disk there.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from components.domain.changes import Consequence, Effect
from components.drivers.base import HostRef, Machine, MachineSpec, Mark, Phase, Power
from components.drivers.errors import HostUnreachable, Refused
from components.drivers.gate import Gate
from components.drivers.moving import Move
from components.drivers.trash import need_free
from components.drivers.trash import need_no_quarantine as need_no_other
from components.provider import facts
from components.provider.connections import Connections
from components.provider.inputs import MachineInputs
from components.provider.properties import Bag

Say = Callable[[str], None]

AT_ONCE = 2
"""How many machines move at a time: they share disks and network, and each one's downtime is the copy's time."""
_moving = threading.BoundedSemaphore(AT_ONCE)

FOLLOWS = ("pool", "attach", "standalone", "driver", "uri", "probe")
"""Last part of the keys that are what they are because of the host."""


def host_name(bag: Mapping[str, Any]) -> str:
    """The host that inputs or state name."""
    return str((bag.get("host") or {}).get("name", ""))


def is_move(state: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether the declared intent lets the machine go from where state knows it to where it is declared."""
    before, after = host_name(state), host_name(news)
    return bool(before) and before != after and (news.get("move") or {}).get("from") == before


def is_restore(state: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether the declared intent lets a machine be made anew whose host is lost, or that its host has lost."""
    lost, intent = state.get("status"), news.get("restore") or {}
    if intent.get("from") != host_name(state):
        return False
    # A line that stayed from an earlier restore must not bring an old disk, or none, over a machine that vanished.
    return (lost == facts.MISSING and intent != state.get("restore")) or (
        lost == facts.LOST and host_name(news) != host_name(state)
    )


def judge(key: str, before: object, after: object, state: Bag, news: Bag) -> Consequence | None:
    """What a change of `key` does where it hangs together with the host; None for every other key."""
    last = key.rsplit(".", 1)[-1]
    if key.startswith(("move", "restore")):
        return Consequence(key=key, effect=Effect.RECORDED, words="")
    if host_name(state) == host_name(news):
        return None
    if key == "host.name":
        return _host(key, before, after, state, news)
    if last in FOLLOWS:
        return Consequence(key=key, effect=Effect.RECORDED, words="")
    return None


def _host(key: str, before: object, after: object, state: Bag, news: Bag) -> Consequence:
    step, title = f"host: {before} -> {after}", news.get("title", "")
    if since := state.get(facts.FALSELY_LOST):
        words = (
            f"refused: {step}: {before} is declared lost since {since}, yet it answers and holds {title}, which would "
            f"be there twice. Put `host: {before}` back and run: vps host return {before}"
        )
        return Consequence(key=key, effect=Effect.REFUSED, words=words)
    if is_restore(state, news):
        return Consequence(key=key, effect=Effect.RECORDED, words="")
    if (state.get("host") or {}).get("driver") != (news.get("host") or {}).get("driver") and is_move(state, news):
        words = f"refused: {step}: hosts of different kinds can't hand a machine over; choose another host"
        return Consequence(key=key, effect=Effect.REFUSED, words=words)
    if not is_move(state, news):
        words = (
            f"refused: {step} happens only by a move, never by an edit: put `host: {before}` back, then: "
            f"vps move {title} {after}"
        )
        return Consequence(key=key, effect=Effect.REFUSED, words=words)
    size = sum(int(disk.get("sizeGib", 0)) for disk in (state.get("disks") or {}).values())
    if state.get("observedPower") == Power.OFF:
        words = f"{step}: moved as it is, off: up to {size} GiB are copied"
    elif (news.get("move") or {}).get("live"):
        words = f"{step}: moved live: the guest keeps running while its disk and memory go over"
        waiting = ", ".join(state.get("rebootRequired") or ())
        if waiting:
            words += f"; what waits for a reboot still waits: {waiting}"
    else:
        words = f"{step}: moved: the guest is shut down while up to {size} GiB are copied, then it is started there"
    return Consequence(key=key, effect=Effect.LIVE, words=words)


def unfinished(state: Bag, news: Bag) -> Consequence | None:
    """What becomes of a move that was begun and not finished, or of a machine whose host is lost; None for others."""
    moving, phase = str(state.get("moving", "")), state.get("phase")
    if state.get("status") in (facts.LOST, facts.MISSING):
        return _lost(state, news)
    began = state.get("restore") or {}
    if phase == Phase.CREATING and (began.get("disk") or began.get("backup")) and not news.get("restore"):
        words = "refused: its restore is not finished, and without its line `restore:` it would be empty; put it back"
        return Consequence(key="phase", effect=Effect.REFUSED, words=words)
    if phase == Phase.LEFT:
        to = moving.partition(":")[2]
        if host_name(news) == to:
            return Consequence(key="phase", effect=Effect.LIVE, words=f"its move to {to} was interrupted: it is ended")
        words = f"refused: it has left {host_name(state)} for {to}: declare `host: {to}`, then move it again"
        return Consequence(key="phase", effect=Effect.REFUSED, words=words)
    if moving.startswith("to:") and host_name(news) not in (host_name(state), moving.removeprefix("to:")):
        to = moving.removeprefix("to:")
        words = f"refused: its move to {to} was begun and not finished: declare `host: {to}` first, then move it again"
        return Consequence(key="moving", effect=Effect.REFUSED, words=words)
    if moving and host_name(news) == host_name(state):
        words = f"a move {moving.replace(':', ' ')} was begun and is not declared any more: it is undone"
        return Consequence(key="moving", effect=Effect.LIVE, words=words)
    return None


def _lost(state: Bag, news: Bag) -> Consequence | None:
    title, host, target = state.get("title", ""), host_name(state), host_name(news)
    if is_restore(state, news):
        intent = news.get("restore") or {}
        if intent.get("backup"):
            words = (
                f"restored on {target}: a new disk, which its first boot fills from the backup of {intent['backup']} "
                f"once it was handed over: vps restore {title} --run"
            )
        elif intent.get("empty"):
            words = f"restored EMPTY on {target}: a new disk from the image; the client's data are NOT there"
        else:
            words = f"restored on {target} from the disk in {intent.get('disk')}"
        return Consequence(key="status", effect=Effect.LIVE, words=words)
    if state.get("status") == facts.LOST and host == target:
        return None  # Nothing can be done there, and nothing has to be: its client's other machines must not wait.
    if state.get("status") == facts.LOST:
        words = f"refused: {host} is lost. Restore it elsewhere: vps restore {title} --to HOST --disk FILE (or --empty)"
    elif (news.get("restore") or {}).get("from") == host:
        words = (
            f"refused: {title} was delivered, and no host holds it any more; its line `restore:` was carried out "
            "before and counts once. Look in the trash (vps trash list); then `vps restore` with another file, or "
            "raise `reinstall` by one to have it empty"
        )
    else:
        words = (
            f"refused: {title} was delivered, and {host} and every other host answered that they do not hold it; it is "
            "never created empty again. Look in the trash (vps trash list), or: "
            f"vps restore {title} --to HOST --disk FILE (or --empty)"
        )
    return Consequence(key="status", effect=Effect.REFUSED, words=words)


def carry(
    connections: Connections,
    state: Bag,
    target: HostRef,
    spec: MachineSpec,
    mark: Mark,
    say: Say,
    *,
    live: bool,
    due: str,
) -> None:
    """Bring the machine from the host that state knows to `target`, or go on with that.

    Its former disks stay in the trash until the day `due`.
    """
    source = HostRef(**{key: str(state["host"].get(key, "")) for key in ("name", "driver", "uri", "probe")})
    if since := connections.lost_since(source.name):
        raise Refused(
            f"Unable to move {spec.title} from {source.name} to {target.name}",
            f"{source.name} is lost since {since}",
            f"Nothing was touched. If it is back: vps host return {source.name}. Else restore it: "
            f"vps restore {spec.title} --to {target.name}",
        )
    with _moving:
        Move(_gate(connections, source), _gate(connections, target), spec, mark, say, due).run(live=live)


def call_off(connections: Connections, state: Bag, spec: MachineSpec, mark: Mark, say: Say) -> None:
    """Undo a move that was begun and is not declared any more."""
    source = HostRef(**{key: str(state["host"].get(key, "")) for key in ("name", "driver", "uri", "probe")})
    name = str(state["moving"]).partition(":")[2]
    target = connections.named(name)
    if target is None:
        raise HostUnreachable(
            f"Unable to undo the move of {spec.title} to {name}",
            f"{name} is not declared any more, so nobody can look what arrived there",
            f"Nothing was touched. Put hosts/{name}.yaml back",
        )
    begun = Move(_gate(connections, source), _gate(connections, target), spec, mark, say)
    if connections.is_gone(target, spec.uuid):
        begun.call_off_without_target()
    else:
        begun.call_off()


def _gate(connections: Connections, host: HostRef) -> Gate:
    return connections.driver_for(host).gate()


def found_elsewhere(
    connections: Connections, what: str, uuid: str, urn: str, state: Bag, inputs: Bag
) -> tuple[Bag, Machine, str] | None:
    """Where the machine is that the host which state knows does not hold: inputs with that host, facts, incarnation.

    It is ours when it carries the incarnation that state knows (a move that ended before state was written), or was
    restored by a run of ours that died then. Raises HostUnreachable when another host does not answer.
    """
    known = state.get("incarnation", "")
    for host, machine in connections.elsewhere(what, uuid, host_name(inputs)):
        mark = machine.mark
        if mark is None or (mark.urn, mark.fleet, mark.backend) != (urn, inputs["fleet"], inputs["backend"]):
            continue
        if mark.phase in (Phase.ARRIVING, Phase.LEFT) or known not in (mark.incarnation, mark.previous):
            continue
        address = {"name": host.name, "driver": host.driver, "uri": host.uri, "probe": host.probe}
        moved = {**inputs, "host": address, "pool": connections.pool_of(host.name) or inputs["pool"]}
        return moved, machine, mark.incarnation
    return None


def need_no_trash(connections: Connections, what: str, inputs: MachineInputs) -> None:
    """Raises Refused when the trash of another host has the machine's disk, or one of its addresses in quarantine.

    Its own host looks at its trash when it makes the machine.
    """
    for host, trash in connections.trash_elsewhere(what, inputs.host.name):
        need_free(f"{what} ({host.name} has it in its trash)", inputs.spec(), inputs.reinstall, trash)


def need_no_quarantine(connections: Connections, state: Bag, news: Bag) -> None:
    """Raises Refused when the machine is to get an address that any host's trash keeps for somebody else."""
    fresh = _addresses(news) - _addresses(state)
    if not fresh:
        return
    what = f"Unable to change {news.get('title')} on {host_name(news)}"
    for _, trash in connections.trash_elsewhere(what, but=""):
        need_no_other(what, str(news["uuid"]), fresh, trash)


def _addresses(bag: Bag) -> set[str]:
    return {str(one) for nic in (bag.get("nics") or {}).values() for one in nic.get("addresses") or ()}


def holders(
    connections: Connections, what: str, uuid: str, but: str, incarnation: str = ""
) -> list[tuple[HostRef, Machine]]:
    """Every host other than `but` that holds the machine; raises as `Connections.elsewhere`.

    What a lost host that is back has kept from before a restore is off and has not the `incarnation` that state knows:
    that copy is stale and no second life.
    """
    return [
        (host, machine)
        for host, machine in connections.elsewhere(what, uuid, but)
        if not connections.lost_since(host.name)
        or not incarnation
        or machine.power is not Power.OFF
        or machine.mark is None
        or machine.mark.incarnation == incarnation
    ]


def need_nowhere(connections: Connections, what: str, uuid: str, but: str, incarnation: str = "") -> None:
    """Raises Refused when another host holds a machine of that UUID, as `holders` tells: it would have a twin."""
    for host, machine in holders(connections, what, uuid, but, incarnation):
        phase = f", {machine.mark.phase}" if machine.mark is not None else ", without our mark"
        if since := connections.lost_since(host.name):
            raise Refused(what, *answers(host.name, since, f"{machine.power}{phase}"))
        raise Refused(
            what,
            f"{host.name} holds it already ({machine.power}{phase})",
            f"Nothing was created. Declare `host: {host.name}` and run `vps up`; then move it with `vps move`",
        )


def answers(host: str, since: str, seen: str) -> tuple[str, str]:
    """Cause and remedy where a host that is declared lost answers and holds the machine as `seen`."""
    return (
        f"{host} is declared lost since {since}, yet it answers and holds it ({seen})",
        f"Nothing was made elsewhere. Put `host: {host}` back if it was changed, and run: vps host return {host}",
    )
