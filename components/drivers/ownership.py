"""May we touch this machine? One answer for every driver (design section 5, Identity)."""

from dataclasses import replace

from components.drivers.base import WISHED, Mark, Phase
from components.drivers.errors import Changed, NotOurs, Refused


def claim(what: str, found: Mark | None, wanted: Mark) -> Mark:
    """The mark to write when Create meets a machine of its UUID: the found one with the new incarnation.

    Phase, wish and reinstall number stay as the host tells them; taking over a delivered machine notes the former
    incarnation as `previous`. Raises NotOurs for a machine without a mark or of
    another fleet, backend or URN, and Refused for one whose end is under way.
    """
    if found is None:
        raise NotOurs(
            what,
            "a machine with this UUID exists there without our mark",
            "Nothing was touched. Look at it on the host with `vps adopt HOST`, which tells how to take it over",
        )
    # The incarnation is random and stands only in state and mark: who knows it may come under a new name.
    owner = (found.fleet, found.backend, found.urn) == (wanted.fleet, wanted.backend, wanted.urn)
    if not owner and found.incarnation != wanted.incarnation:
        raise NotOurs(
            what,
            f"it belongs to {found.urn} of fleet {found.fleet} in backend {found.backend}",
            "Nothing was touched. Work in that stack and backend (PULUMI_BACKEND_URL); if that backend is lost for "
            "good, `vps rebuild` makes this one its successor",
        )
    if found.phase is Phase.ENDING:
        raise Refused(
            what,
            "its end was declared and is under way",
            "Let the run that ends it finish first; its disks stay in the trash",
        )
    if found.phase in {Phase.ARRIVING, Phase.LEFT}:
        raise Refused(
            what,
            f"its move {found.move.replace(':', ' ')} is not finished",
            "Nothing was touched. Declare the host that it came from and `move:` as it was, and run `vps up`",
        )
    taken = found.phase is Phase.READY and found.incarnation != wanted.incarnation
    return replace(
        wanted,
        phase=found.phase,
        revision=found.revision + 1,
        reinstall=found.reinstall,
        wish=found.wish,
        move=found.move,
        previous=found.incarnation if taken else found.previous,
    )


def expect(what: str, found: Mark | None, incarnation: str) -> Mark:
    """The found mark when it carries `incarnation`. Raises NotOurs otherwise: state speaks of another machine."""
    if found is None or found.incarnation != incarnation:
        seen = "it carries no mark of ours" if found is None else f"its incarnation is {found.incarnation}"
        raise NotOurs(
            what,
            f"{seen}, state knows {incarnation}: it is not this stack's machine any more",
            "Nothing was touched. Find out on the host who took it over before you do anything else",
        )
    return found


def renewed(found: Mark, given: Mark, *, seen: str = "") -> Mark:
    """The mark that an update writes: `found` with URN, declared power and boot order of `given`, one revision on.

    `seen` is the client's wish where the host shows it: `off` for a guest that shut itself down, `running` for one that
    somebody started; empty where nothing tells.
    """
    wish = seen if seen and found.wish in ("running", "off") else found.wish
    revision = given.revision + 1
    return replace(found, urn=given.urn, power=given.power, order=given.order, wish=wish, revision=revision)


def wish_along(found: Mark, *, runs: bool) -> str:
    """The wish that a machine takes along when it changes its host: as it is there, but suspended stays suspended."""
    return found.wish if found.wish == "suspended" and not runs else "running" if runs else "off"


def holds(found: Mark, wish: str, given: Mark) -> bool:
    """Whether the mark already says what bringing a machine to `wish`, declared as `given` says, would write."""
    return found.wish == WISHED[wish] and found.power == given.power


def expect_startable(what: str, found: Mark) -> None:
    """Raises Refused for a machine that must not run here now: half-made, on the move, ending, or declared down."""
    expect_made(what, found)
    if found.phase is Phase.ENDING:
        raise Refused(what, "its end was declared and is under way", "Nothing was touched. `vps up` finishes it")
    if found.power not in ("managed", ""):
        raise Refused(
            what,
            f"its file declares it {found.power}",
            "Nothing was touched. Declare `power: managed` and run `vps up`, which starts it",
        )


def expect_made(what: str, found: Mark) -> None:
    """Raises Refused for a machine that has no disk here to change or to start on: `creating`, or in a move."""
    if found.phase is Phase.CREATING:
        raise Refused(
            what, "it is not finished: it has no disk yet", "Nothing was touched. Run `vps up`, which goes on making it"
        )
    expect_settled(what, found)


def expect_settled(what: str, found: Mark) -> None:
    """Raises Refused for a machine in the midst of a move: another host may hold it, and what is here is a copy."""
    if found.move or found.phase in {Phase.ARRIVING, Phase.LEFT}:
        way = found.move.replace(":", " ") or "another host"
        remedy = "Nothing was touched. Run `vps up`, which ends the move or undoes it"
        raise Refused(what, f"its move {way} is not finished", remedy)


def expect_revision(what: str, found: Mark, read: Mark, *, already_done: bool) -> None:
    """Raises Changed when somebody wrote the mark since `read`.

    A revision one above, with everything already as asked, is our own write whose answer was lost.
    """
    if found.revision == read.revision or (already_done and found.revision == read.revision + 1):
        return
    raise Changed(
        what,
        f"somebody changed it: its revision is {found.revision}, state knows {read.revision}",
        "Nothing was touched. See the change with `vps drift`, then run `vps up` again",
    )


def expect_reinstall(what: str, found: Mark, read: Mark) -> None:
    """Raises Refused or Changed unless the machine is delivered and as it was read, or its reinstallation has begun.

    One that says `creating` under the next number and the next revision is our own write whose answer was lost.
    """
    if found.phase is Phase.CREATING and (found.reinstall, found.revision) == (read.reinstall + 1, read.revision + 1):
        return
    if found.phase is not Phase.READY:
        remedy = "Nothing was touched. Run `vps up` without raising `reinstall` first"
        raise Refused(what, f"it is {found.phase}, and only a delivered machine is reinstalled", remedy)
    if found.wish == "suspended":
        raise Refused(
            what, "it is suspended, and a new installation would start", "Nothing was touched. `vps resume` first"
        )
    if found.move:
        raise Refused(what, f"its move ({found.move}) is under way", "Nothing was touched. Finish the move first")
    expect_revision(what, found, read, already_done=False)
    if found.reinstall != read.reinstall:
        raise Changed(
            what,
            f"its installation on the host has number {found.reinstall}, state knows {read.reinstall}",
            "Nothing was touched. See the change with `vps drift`, then run `vps up` again",
        )
