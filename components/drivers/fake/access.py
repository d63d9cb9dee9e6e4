"""People and name of a fake guest: it does as it is told."""

from typing import Any

from components.drivers import ownership
from components.drivers.access import GuestWord, Standing, Wish
from components.drivers.base import Mark
from components.drivers.errors import GuestSilent, Missing, Refused
from components.drivers.fake import machine as machines
from components.drivers.fake.world import World


class FakeAccess:
    """The guests of one fake host. A domain's `guest` says what its agent knows: `None` is a guest without one.

    `{"hostname": "…", "people": {"ada": {"keys": […], "root": true, "locked": false}}, "system": ["aegir"]}`; an
    account of the `system` is refused.
    """

    def __init__(self, world: World, host: str) -> None:
        self._world = world
        self._host = host

    def set(self, uuid: str, mark: Mark, wish: Wish) -> GuestWord:
        """See `components.drivers.access.Access`."""
        what = f"Unable to set access in machine {uuid} on {self._host}"
        domain = self._world.get("domains", uuid)
        if domain is None:
            raise Missing(what, "the host answered and does not hold it", "See `vps trash list`")
        found = ownership.expect(what, machines.mark_of(domain), mark.incarnation)
        ownership.expect_made(what, found)
        if domain["power"] != "running":
            raise Refused(what, "it does not run", "Nothing was touched. `vps start` it first")
        guest = domain.get("guest", {"people": {}})
        if guest is None:
            raise GuestSilent(what, "its guest has no agent at work", "Wait until it has booted")
        people, system = dict(guest.get("people", {})), guest.get("system", [])
        before = {user: _standing(people.get(user)) for user in wish.people}
        for user, person in wish.people.items():
            if user not in system and (person.keys or user in people):
                root = person.root and bool(person.keys)
                people[user] = {"keys": list(person.keys), "root": root, "locked": not person.keys}
        dropped = [user for user, values in people.items() if user not in wish.people and values["root"]]
        people |= {user: people[user] | {"root": False} for user in dropped}
        self._world.change("domains", uuid, guest={**guest, "people": people, "hostname": wish.hostname})
        return GuestWord(
            hostname=wish.hostname,
            fqdn=wish.fqdn,
            before=before,
            after={user: _standing(people.get(user)) for user in wish.people},
            refused={
                user: "the guest has an account of its own under this name" for user in wish.people if user in system
            },
            dropped=tuple(dropped),
        )


def _standing(values: dict[str, Any] | None) -> Standing:
    if values is None:
        return Standing()
    account = "locked" if values["locked"] else "open"
    return Standing(account=account, root=values["root"], keys=tuple(values["keys"]))
