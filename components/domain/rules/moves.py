"""Rules for what lets a machine change its host: `move:` and `restore:` in a client's file, `lost:` in a host's."""

from collections.abc import Iterator

from components.domain.clients import Vps
from components.domain.fleet import Fleet
from components.domain.problems import Problem
from components.domain.rules.references import Steps, Unread


def problems(fleet: Fleet, unread: Unread) -> Iterator[Problem]:
    """Intents that can't be carried out, and machines that wait for a lost host."""
    del unread
    for client, vps in fleet.machines():
        path: Steps = ("clients", client.key, "vps", vps.key)
        yield from _restore(path, vps)
        host = fleet.hosts.get(vps.host)
        if host is not None and host.lost:
            name = f"{client.key}/{vps.key}"
            yield Problem(
                code="host-lost",
                path=(*path, "host"),
                message=f"{vps.host} is lost since {host.lost.since}.",
                remedy=f"Restore it elsewhere: vps restore {name} --to HOST; or, once it is back: "
                f"vps host return {vps.host}.",
                blocks=False,
            )


def _restore(path: Steps, vps: Vps) -> Iterator[Problem]:
    restore = vps.restore
    if restore is None:
        return
    if restore.empty and (restore.disk or restore.sha256):
        message = "It is to come from a disk, and to be empty."
        yield Problem(
            code="bad-restore",
            path=(*path, "restore"),
            message=message,
            remedy="Keep one: disk with sha256, or empty: true.",
        )
    elif not restore.empty and not (restore.disk and restore.sha256):
        message = "It doesn't say where its disk comes from."
        remedy = "Let `vps restore` write it: --disk FILE (with its sha256), or --empty."
        yield Problem(code="bad-restore", path=(*path, "restore"), message=message, remedy=remedy)
    if restore.disk and not restore.disk.startswith("/"):
        message = f'"{restore.disk}" is no absolute path.'
        yield Problem(
            code="bad-restore", path=(*path, "restore", "disk"), message=message, remedy="Write the whole path."
        )
