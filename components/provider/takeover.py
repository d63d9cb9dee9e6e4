"""Before a machine is created: may it be, or is it there already? The same answer in a preview and in the act.

A fleet has one backend. Marks of the same fleet that name another one mean that a second state believes to own it.
"""

import secrets
import weakref
from collections.abc import Sequence

from components.domain.changes import consequence
from components.drivers import ownership
from components.drivers.base import Driver, Machine, Mark, Phase, Power
from components.drivers.errors import Refused
from components.drivers.trash import Trashed, need_free
from components.engine.rebuild import is_rebuilding
from components.provider import facts
from components.provider.inputs import MachineInputs, PoolInputs
from components.provider.properties import Bag, flatten

_looked: weakref.WeakKeyDictionary[Driver, set[tuple[str, str]]] = weakref.WeakKeyDictionary()
"""Hosts that were seen to belong to one backend: asked once in a run, not once for each machine."""
_trash: weakref.WeakKeyDictionary[Driver, Sequence[Trashed]] = weakref.WeakKeyDictionary()
"""What hosts keep of machines that ended, read once for all previews of a run; Create reads it anew."""
UNTOUCHED = ", and nothing of it touched"
MISSING = "no host holds it: it is recorded as missing, and never made empty"
"""What a rebuild does with a declared machine that is not there."""


def new_mark(urn: str, inputs: MachineInputs) -> Mark:
    """The mark of a machine that is about to be made or taken over, under a new incarnation."""
    return Mark(
        fleet=inputs.fleet,
        backend=inputs.backend,
        urn=urn,
        client=inputs.client,
        vps=inputs.vps,
        phase=Phase.CREATING,
        incarnation=secrets.token_hex(8),
        reinstall=inputs.reinstall,
        power=inputs.power,
        order=inputs.order,
    )


def look(driver: Driver, inputs: MachineInputs, mark: Mark) -> tuple[Machine | None, str]:
    """The machine that Create would take over or go on with, if one is there, and what it will do in words.

    Raises what `Driver.create` would about its owner, and Refused for what must not be made.
    """
    what = f"Unable to create machine {inputs.title} on {inputs.host.name}"
    machine = driver.read(inputs.uuid)
    if machine is None:
        if inputs.adopted:
            need_free(what, inputs.spec(), inputs.reinstall, driver.read_trash())
            raise Refused(
                what,
                f"the host does not hold {inputs.uuid}, which its file says to be adopted from there",
                "Nothing was made. `vps adopt HOST` shows what a host holds",
            )
        if not is_rebuilding():
            need_one_backend(driver, what, inputs.fleet, inputs.backend)
        return None, ""
    if machine.mark is None and inputs.adopted:
        raise Refused(
            what,
            "it is there, but nobody has adopted it yet",
            f"Nothing was touched. Compare it and put our mark on it first: `vps adopt {inputs.title}`",
        )
    claimed = ownership.claim(what, machine.mark, mark)
    if claimed.phase in (Phase.READY, Phase.STARTING) and claimed.reinstall != inputs.reinstall:
        raise Refused(
            what,
            f"it is there with reinstall {claimed.reinstall}, and {inputs.reinstall} is declared",
            f"Nothing was touched. Write `reinstall: {claimed.reinstall}`; raise it once state knows the machine",
        )
    if claimed.phase is Phase.READY:
        return machine, f"{inputs.title} is on {inputs.host.name} already: it is taken over{UNTOUCHED}"
    if is_rebuilding():
        remedy = "Nothing was touched. `vps up` of its client goes on making it, once state was rebuilt"
        raise Refused(what, "its creation was interrupted, and a rebuild makes nothing", remedy)
    if claimed.phase is Phase.STARTING:
        return machine, f"{inputs.title} is on {inputs.host.name}: it is taken up with the disk that it has and started"
    return machine, f"{inputs.title}: creation was interrupted: it is taken up where it stopped"


def preview(driver: Driver, inputs: MachineInputs, news: Bag, mark: Mark) -> str:
    """What Create will do, in words. Raises as it would, for what lies in the host's trash too."""
    machine, words = look(driver, inputs, mark)
    if machine is None and not is_rebuilding():
        if driver not in _trash:
            _trash[driver] = driver.read_trash()
        what = f"Unable to create machine {inputs.title} on {inputs.host.name}"
        need_free(what, inputs.spec(), inputs.reinstall, _trash[driver])
    return said(inputs, news, machine, words)


def said(inputs: MachineInputs, news: Bag, machine: Machine | None, words: str) -> str:
    """The words of `look` with what Create does to `machine` beyond taking it over: bring it to what is declared."""
    if is_rebuilding():
        return words if machine is not None else f"{inputs.title}: {MISSING}"
    if machine is None or machine.mark is None or machine.mark.phase is Phase.CREATING:
        return words
    incarnation = machine.mark.incarnation
    guest = facts.guest(facts.outputs(news, machine, seed_digest="", incarnation=incarnation))
    before, after = flatten(facts.observed_inputs(news, machine)), flatten(news)
    keys = (key for key in sorted(after) if before.get(key) != after[key] and key != "power")
    told = [consequence(key, before.get(key), after[key], guest).words for key in keys]
    if inputs.power != "managed" and machine.power is Power.RUNNING:
        told.append(f"it is declared {inputs.power}: the guest is shut down")
    return f"{words.removesuffix(UNTOUCHED)}, then brought to what is declared: {'; '.join(told)}" if told else words


def need_one_backend(driver: Driver, what: str, fleet: str, backend: str) -> None:
    """Raises Refused when a machine on the host belongs to the same fleet in another backend."""
    found = _looked.setdefault(driver, set())
    if (fleet, backend) in found:
        return
    for owner in driver.adopter().owners():
        if owner.fleet == fleet and owner.backend != backend:
            raise Refused(
                what,
                f"machines of fleet {fleet} there belong to backend {owner.backend}, and this one is {backend}: "
                "two backends for one fleet would each believe to own them",
                "Nothing was touched. Work in that backend (PULUMI_BACKEND_URL); if it is lost for good, "
                "`vps rebuild` makes this one its successor",
            )
    found.add((fleet, backend))


def need_pool_ours(driver: Driver, inputs: PoolInputs) -> None:
    """Raises Refused when the host belongs to the same fleet in another backend."""
    if inputs.fleet:
        what = f"Unable to take host {inputs.host.name}"
        need_one_backend(driver, what, inputs.fleet, inputs.backend)


def need_untouched(what: str) -> None:
    """Raises Refused while a rebuild runs: where state is there already, it brings nothing to what files declare."""
    if is_rebuilding():
        raise Refused(
            what,
            "a rebuild touches no machine, and this one is not as declared",
            "Nothing was touched. See the difference with `vps preview`, then run `vps up`",
        )


def never_claimed(state: Bag, found: Mark | None, urn: str) -> bool:
    """Whether state is what a Create kept whose claim got no answer, and the machine shows that it never arrived."""
    if found is None or state.get("phase") != Phase.CREATING or found.incarnation == state.get("incarnation"):
        return False
    return (found.urn, found.fleet, found.backend) == (urn, state.get("fleet"), state.get("backend"))
