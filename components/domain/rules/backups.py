"""Rules for the target of backups: an address, a host key and recovery keys that can be what they say."""

from collections.abc import Iterator

from components.domain.backups import HOST_KEY, RECIPIENT, Place
from components.domain.fleet import Fleet
from components.domain.networks import address_of
from components.domain.problems import DomainError, Problem


def problems(fleet: Fleet) -> Iterator[Problem]:
    """What is wrong with `backups:` of fleet.yaml."""
    declared = fleet.backups
    if declared is None:
        return
    try:
        Place.parse(declared.target)
    except DomainError as error:
        yield Problem(code="backup-target", path=("backups", "target"), message=error.message, remedy=error.remedy)
    if not HOST_KEY.fullmatch(declared.host_key):
        message = f'"{declared.host_key[:60]}" is no host key of kind ssh-ed25519.'
        remedy = "Write kind and key of its /etc/ssh/ssh_host_ed25519_key.pub: ssh-ed25519 AAAA…"
        yield Problem(code="backup-host-key", path=("backups", "host_key"), message=message, remedy=remedy)
    for index, recipient in enumerate(declared.recovery):
        if not RECIPIENT.fullmatch(recipient):
            yield Problem(
                code="backup-recovery-key",
                path=("backups", "recovery", index),
                message=f'"{recipient[:70]}" is no recipient of age.',
                remedy="Make a key where no guest runs, `age-keygen -o recovery.key`, and write its public key, age1….",
            )
    if not declared.admin.split():
        yield Problem(
            code="backup-admin",
            path=("backups", "admin"),
            message="It is empty.",
            remedy="Write it like: ssh root@backup1",
        )
    if declared.drill is not None:
        yield from _drill(fleet, declared.drill.network, [declared.drill.ipv4, declared.drill.ipv6])


def _drill(fleet: Fleet, name: str, addresses: list[str]) -> Iterator[Problem]:
    network = fleet.networks.get(name)
    if network is None:
        known = ", ".join(sorted(fleet.networks)) or "none"
        yield Problem(
            code="unknown-network",
            path=("backups", "drill", "network"),
            message=f"There is no network {name}.",
            remedy=f"Known: {known}.",
        )
        return
    taken = {one: f"{client.key}/{vps.key}" for client, vps in fleet.machines() for one in (*vps.ipv4, *vps.ipv6)}
    for key, address in zip(("ipv4", "ipv6"), addresses, strict=True):
        if not address:
            continue
        try:
            network.with_prefix(address)
            if address_of(address).version != (4 if key == "ipv4" else 6):
                raise DomainError(f"{address} is of the other family.", "Write it under the other key.")
        except DomainError as error:
            message, remedy = error.message, error.remedy
        else:
            if address not in taken:
                continue
            message, remedy = f"{address} is {taken[address]}'s.", "Write a free one: it answers for no client."
        yield Problem(code="backup-drill-address", path=("backups", "drill", key), message=message, remedy=remedy)
