"""Keys and name of a fake guest: it has the users that its world says, and does as it is told."""

from components.drivers import ownership
from components.drivers.access import GuestWord, Wish, compare
from components.drivers.base import Mark
from components.drivers.errors import DriverError, Missing, Refused
from components.drivers.fake import machine as machines
from components.drivers.fake.world import World


class FakeAccess:
    """The guests of one fake host. A domain's `guest` says what its agent knows: `None` is a guest without one."""

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
        guest = domain.get("guest", {"users": {user: [] for user in wish.keys}, "hostname": ""})
        if guest is None:
            raise DriverError(what, "its guest does not answer", "Nothing was touched. Wait until it has booted")
        users = {user: list(wish.keys.get(user, keys)) for user, keys in guest["users"].items()}
        self._world.change("domains", uuid, guest={"users": users, "hostname": wish.hostname})
        told = {
            user: compare(keys, tuple(users[user])) if user in users else f"the guest refused: there is no user {user}"
            for user, keys in wish.keys.items()
        }
        return GuestWord(users=told)
