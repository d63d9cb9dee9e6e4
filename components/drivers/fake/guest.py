"""What fake guests say: a world's `guests/<uuid>.json` has it, and without one a guest says that all is well.

`{"answers": {"/path/of/command": {"code": 0, "out": "…", "err": "…"}}, "silent": "why", "takes": 3.5, "console": "…"}`;
`takes` is seconds. A key may be a command with its words. A domain whose `guest` is None has no agent, as for `access`.
`cat` says what it is given. `"settings": {…}` is what it goes by, nothing at first; `fixed` and `pending` as a guest's
own script has them, and `"fails": "why"` is what its one step says whenever it is run again.
"""

import json
from collections.abc import Sequence

from components.drivers import ownership
from components.drivers.base import Mark
from components.drivers.errors import DriverError, GuestSilent, Missing, Refused
from components.drivers.fake import machine as machines
from components.drivers.fake.world import Values, World
from components.drivers.guest import CONSOLE_BYTES, DEADLINE_S, MOST_BYTES, MOST_COMPLAINTS, Said, judged

REPORT = "/usr/local/lib/vps/report"
SETTINGS = "/usr/local/lib/vps/settings"
STEP = "20-fake"
HEALTH = "/usr/local/lib/vps/health"


class FakeGuest:
    """The guests of one fake host."""

    def __init__(self, world: World, host: str) -> None:
        self._world = world
        self._host = host

    def run(
        self, uuid: str, mark: Mark, command: Sequence[str], stdin: bytes = b"", *, deadline_s: float = DEADLINE_S
    ) -> Said:
        """See `components.drivers.guest.Guest`."""
        what = f"Unable to run {command[0] if command else 'nothing'} in machine {uuid} on {self._host}"
        words = judged(command, stdin)
        domain = self._ours(what, uuid, mark)
        if domain["power"] != "running":
            raise Refused(what, "it does not run", "Nothing was touched. `vps start` it first")
        guest = self._world.get("guests", uuid) or {}
        silent = guest.get("silent", "") or (
            "its guest has no agent at work" if domain.get("guest", {}) is None else ""
        )
        if silent:
            raise GuestSilent(what, silent, "Wait until it has booted")
        if float(guest.get("takes", 0)) > deadline_s:
            raise GuestSilent(what, f"it did not end within {deadline_s:g} s", "Look at the guest, then run this again")
        if words[0] == "cat":
            return _cut(0, stdin, b"")
        if words[0] == SETTINGS and not guest.get("answers", {}).keys() & {SETTINGS, " ".join(words)}:
            return _cut(0, self._settings(domain, guest, json.loads(stdin) if words[1] == "set" else None), b"")
        answers = {REPORT: {"out": well(domain)}, HEALTH: {}} | guest.get("answers", {})
        none = {"code": 127, "err": f"{words[0]}: not found"}
        said = answers.get(" ".join(words), answers.get(words[0], none))
        out, err = (str(said.get(name, "")).encode() for name in ("out", "err"))
        return _cut(int(said.get("code", 0)), out, err)

    def console(self, uuid: str, mark: Mark) -> bytes:
        """See `components.drivers.guest.Guest`."""
        what = f"Unable to read the serial console's log of machine {uuid} on {self._host}"
        self._ours(what, uuid, mark)
        said = (self._world.get("guests", uuid) or {}).get("console")
        if said is None:
            raise DriverError(what, "its definition names no log", "A fake guest has none unless its world says so")
        return str(said).encode()[-CONSOLE_BYTES:]

    def _settings(self, domain: Values, guest: Values, order: Values | None) -> bytes:
        """What the script of a guest prints, after it has obeyed an order."""
        ran: list[Values] = []
        if order is not None:
            kept = {key: value for key, value in guest.get("settings", {}).items() if key in guest.get("fixed", {})}
            changed = guest.get("settings") != order["settings"] | kept or guest.get("pending")
            reason = guest.get("fails", "")
            pending = [STEP] if changed and reason else []
            ran = [{"step": STEP, "what": "a fake step", "reason": reason, "seconds": 0}] if changed else []
            guest = guest | {"settings": order["settings"] | kept, "pending": pending}
            self._world.put("guests", domain["uuid"], guest)
        said = {"schema": 1, "uuid": domain["uuid"], "delivered": guest.get("delivered", True), "ran": ran}
        said |= {"settings": guest.get("settings", {}), "fixed": guest.get("fixed", {})}
        return json.dumps(said | {"pending": guest.get("pending", [])}).encode()

    def _ours(self, what: str, uuid: str, mark: Mark) -> Values:
        domain = self._world.get("domains", uuid)
        if domain is None:
            raise Missing(what, "the host answered and does not hold it", "See `vps trash list`")
        ownership.expect_made(what, ownership.expect(what, machines.mark_of(domain), mark.incarnation))
        return domain


def well(domain: Values) -> str:
    """The report of a guest that was delivered and has nothing to complain of."""
    vps = (domain["mark"] or {}).get("vps", "")
    check = {"name": "fake", "what": "a fake guest is well", "state": "pass", "message": "there is nothing inside"}
    return json.dumps(
        {
            "schema": 1,
            "vps": vps,
            "uuid": domain["uuid"],
            "delivery": {"state": "delivered"},
            "health": {"schema": 1, "vps": vps, "state": "pass", "checks": [check]},
        }
    )


def _cut(code: int, out: bytes, err: bytes) -> Said:
    is_cut = len(out) > MOST_BYTES or len(err) > MOST_COMPLAINTS
    return Said(code=code, out=out[:MOST_BYTES], err=err[:MOST_COMPLAINTS], cut=is_cut)
