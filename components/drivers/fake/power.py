"""Power in the fake world: guests shut down at once when they are asked, unless they are `deaf`."""

from dataclasses import replace

from components.drivers import ownership
from components.drivers.base import WISHED, Mark, Power, Say
from components.drivers.errors import DriverError
from components.drivers.fake import machine as machines
from components.drivers.fake.world import Values, World
from components.drivers.faults import Faults
from components.drivers.marks import as_values


def bring(
    what: str, world: World, faults: Faults, domain: Values, wish: str, mark: Mark, deadline_s: float | None, say: Say
) -> None:
    """See `components.drivers.base.Driver.power`."""
    if wish not in WISHED:
        raise DriverError(what, f"{wish!r} is no power", f"Use one of {', '.join(WISHED)}")
    found = ownership.expect(what, machines.mark_of(domain), mark.incarnation)
    ownership.expect_made(what, found)
    is_done = domain["power"] == {"suspended": "off", "reboot": ""}.get(wish, wish)
    ownership.expect_revision(what, found, mark, already_done=is_done and ownership.holds(found, wish, mark))
    if WISHED[wish] == Power.RUNNING:
        ownership.expect_startable(what, replace(found, power=mark.power))
    if wish in ("off", "suspended", "reboot"):
        with faults.step("power.off"):
            if domain["power"] != "off":
                _tell(domain, deadline_s, say)
            domain = machines.halt(domain)
            world.put("domains", domain["uuid"], domain)
    if WISHED[wish] == Power.RUNNING:
        with faults.step("power.running"):
            if domain["power"] == "paused":
                domain = domain | {"power": "running"}
            elif domain["power"] != "running":
                domain = machines.boot(domain, world.host()["unenforced"]) | {"by_guest": False}
            world.put("domains", domain["uuid"], domain)
    if wish == Power.PAUSED and domain["power"] == "running":
        with faults.step("power.paused"):
            domain = domain | {"power": "paused"}
    fresh = replace(found, power=mark.power, wish=WISHED[wish] or found.wish, revision=mark.revision + 1)
    world.put("domains", domain["uuid"], domain | {"mark": as_values(fresh)})


def wish_seen(domain: Values) -> str:
    """The client's wish as the host shows it: `off` when the guest shut itself down; empty when nothing tells."""
    if domain["power"] == "running":
        return Power.RUNNING
    return Power.OFF if domain["power"] == "off" and domain.get("by_guest") else ""


def _tell(domain: Values, deadline_s: float | None, say: Say) -> None:
    if deadline_s == 0:
        say("its power was cut")
    elif domain.get("deaf"):
        say(f"did not shut down within {60 if deadline_s is None else deadline_s:g} s: its power was cut")
    else:
        say("shut down after 0 s")
