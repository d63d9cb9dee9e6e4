"""People and name of a running guest, set by the agent that its image carries."""

from components.drivers.access import DEADLINE_S, SCRIPT, GuestWord, Wish, command, parse, word
from components.drivers.base import Mark
from components.drivers.errors import DriverError
from components.drivers.libvirt.agent import open_agent
from components.drivers.libvirt.connection import Connection
from components.drivers.libvirt.guest import execute


class LibvirtAccess:
    """Asks the agents of one host's guests."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def set(self, uuid: str, mark: Mark, wish: Wish) -> GuestWord:
        """See `components.drivers.access.Access`."""
        what = f"Unable to set access in machine {uuid} on {self._connection.host.name}"
        with open_agent(self._connection, what, uuid, mark, DEADLINE_S) as ask:
            said = execute(what, ask, command(wish), SCRIPT.encode(), DEADLINE_S)
        found = parse(said.out.decode("utf-8", "replace"))
        if found is None or said.code != 0:
            complaint = word(said.err.decode("utf-8", "replace"))
            cause = f"its guest did not do it to the end ({complaint or f'exit status {said.code}'})"
            raise DriverError(what, cause, "What it did so far stays. Look at the guest, then run this again")
        return found
