"""Who is on a host that a drain emptied: by files that can't be read, by state, and as the host itself answers."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.config.loader import Loaded


def occupants(loaded: "Loaded", host: str) -> list[str]:
    """What speaks against calling `host` empty, in words; nothing only where it answered that it holds nobody."""
    from components.cli.drain import under_way, unread

    told = [f"could not tell: {name} can't be read as it is: vps check" for name in unread(loaded)]
    told += [
        f"{client}/{vps} lives there until its move is carried out: vps up client.{client}"
        for client, vps in under_way(loaded, host)
    ]
    return told + _held(loaded, host)


def _held(loaded: "Loaded", host: str) -> list[str]:
    """The machines that the host holds, or that it does not say; of one that left only a definition remains there."""
    from components.declaration import host_ref
    from components.drivers.base import Phase
    from components.drivers.errors import DriverError
    from components.drivers.registry import connect
    from components.guest.report import clean

    declared = loaded.fleet.hosts[host]
    if declared.lost is not None:
        return [f"could not tell: {host} is lost since {declared.lost.since}, and nobody asks it"]
    try:
        driver = connect(host_ref(declared))
        try:
            marked, held = driver.read_all(), driver.adopter().held()
        finally:
            driver.close()
    except DriverError as problem:
        return [f"could not tell: {host} does not say whether it holds anybody: {clean(problem.cause)}"]
    titles = {
        vps.machine_uuid(loaded.fleet.id, client.id): f"{client.key}/{vps.key}"
        for client, vps in loaded.fleet.machines()
    }
    kept = {one.uuid: f" ({one.power})" for one in marked}
    gone = {one.uuid for one in marked if one.mark is not None and one.mark.phase is Phase.LEFT}
    unmarked = f", without an owner's mark that this release reads: vps adopt {host} looks at it"
    return [
        f"{host} holds {titles.get(uuid) or clean(name)}{kept.get(uuid, unmarked)}"
        for uuid, name in held.items()
        if uuid not in gone
    ]
