"""How far a drain plan is, by the clients' files and by state, and whether what is left of it still fits the fleet."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from components.cli.whereabouts import Whereabouts
    from components.config.drain_file import Wanted
    from components.config.loader import Loaded
    from components.domain.clients import Client, Vps
    from components.domain.operations import Operations


class Stand(StrEnum):
    """How far a step is."""

    DONE = "done"
    MOVE = "to move"
    UP = "declared, to be carried out"
    SKIPPED = "skipped"


LEFT_TO_DO = (Stand.MOVE, Stand.UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A step with how far it is; `why` says why one is skipped, or what nobody could tell."""

    step: "Wanted"
    stand: Stand
    why: str = ""
    is_cut: bool = False
    """Its move was begun and its guest may be down: it waits for no hour. A declared one whose guest runs waits."""
    is_new: bool = False
    """State knows no such machine, nor does the host: only its file is to be changed."""
    is_there: bool = False
    """It is skipped, and lives on the host by state or by what the host answers, or nobody can tell."""

    def __str__(self) -> str:
        """As people read it."""
        return f"{self.step.title} to {self.step.to}: {self.why or self.stand}"


def progress(loaded: "Loaded", host: str, steps: "Sequence[Wanted]") -> list[Progress]:
    """How far every step is, by files, by state, and for one that is declared only by what its host answers."""
    from components.cli.whereabouts import Whereabouts

    where = Whereabouts(loaded, (step.client for step in steps))
    return [_stand(loaded, host, step, where) for step in steps]


def _stand(loaded: "Loaded", host: str, step: "Wanted", whereabouts: "Whereabouts") -> Progress:
    from components.config.folder import CLIENTS

    client = loaded.fleet.clients.get(step.client)
    vps = client.vps.get(step.vps) if client else None

    def skipped(why: str, *, is_there: bool = False) -> Progress:
        return Progress(step=step, stand=Stand.SKIPPED, why=f"skipped: {why}", is_there=is_there)

    if client is None and f"{CLIENTS}/{step.client}.yaml" in loaded.files:
        return skipped("its client's file can't be read as it is: vps check")
    if client is None or vps is None:
        return skipped("no file declares it any more")
    if vps.id != step.id:
        return skipped(f"another VPS has its name now ({vps.id}, not {step.id})")
    where = whereabouts.recorded(client, vps)
    if vps.ends is not None and vps.ends <= dt.datetime.now(dt.UTC).date():
        why = f"its end was reached on {vps.ends}: vps up client.{client.key} ends it"
        return skipped(why, is_there=where == host)
    if where == "" and vps.host in (host, step.to):
        held = whereabouts.is_held(client, vps, host)
        if held is not False or (vps.host == host and _was_made(loaded, client, vps)):
            # Somebody made it, and no `vps up` took it over yet: changing its file alone would leave it behind.
            answer = "does not say whether it holds it" if held is None else "holds it" if held else "lacks it"
            why = f"state knows no such machine, and {host} {answer}"
            remedy = f"take it over first, with {host} in its file: vps up client.{client.key}"
            return skipped(f"{why}; {remedy}", is_there=held is not False)
    if vps.host == step.to:
        if where in (step.to, ""):
            return Progress(step=step, stand=Stand.DONE)
        is_cut = whereabouts.is_cut(client, vps, host)
        why = (
            f"{Stand.UP}; {host} does not say whether its guest is down (--now goes on with it)"
            if is_cut is None
            else ""
        )
        return Progress(step=step, stand=Stand.UP, why=why, is_cut=bool(is_cut))
    if vps.host != host:
        still = f", and state knows it on {host}: vps up client.{client.key} moves it" if where == host else ""
        return skipped(f"its file places it on {vps.host} now{still}", is_there=where == host)
    if where not in (None, "", host, step.to):
        return skipped(f"its file says {host}, and state knows it on {where}: vps preview client.{client.key}")
    return Progress(step=step, stand=Stand.MOVE, is_new=where == "")


def _was_made(loaded: "Loaded", client: "Client", vps: "Vps") -> bool:
    """Whether it was made by somebody else, or is back from the trash: no `vps up` makes it anew."""
    from components.engine import returned

    return vps.is_adopted or returned.is_noted(loaded.folder, vps.machine_uuid(loaded.fleet.id, client.id))


def misfits(loaded: "Loaded", found: Sequence[Progress], known: "Operations") -> list[str]:
    """Why what is left of the plan can't be: for each step whose host does not take it, all others counted."""
    from components.domain.departures import wish
    from components.domain.placement import Unplaced, place_each

    fleet, today = loaded.fleet, dt.datetime.now(dt.UTC).date()
    wishes, problems = [], []
    for one in found:
        if one.stand is not Stand.MOVE:
            continue
        client = fleet.clients[one.step.client]
        try:
            wishes.append(wish(fleet, client, client.vps[one.step.vps], today, host=one.step.to, keeps_spare=False))
        except KeyError as missing:
            problems.append(f"{one.step.title}: the catalogue lacks {missing}")
    for answer in place_each(fleet, wishes, known, today) if wishes else ():
        if isinstance(answer, Unplaced):
            whys = "; ".join(map(str, answer.refused)) or answer.problem.message
            problems.append(f"{answer.wish.title} does not fit: {whys}")
    return problems


def strangers(loaded: "Loaded", host: str, found: Sequence[Progress]) -> list[str]:
    """VPSs that are declared on the host, and that the plan does not name."""
    named = {one.step.title for one in found}
    titles = [f"{client.key}/{vps.key}" for client, vps in loaded.fleet.machines() if vps.host == host]
    return [title for title in titles if title not in named]


def due(step: "Wanted", moment: dt.datetime) -> str:
    """Empty when its hour has come, else what it waits for."""
    if moment < step.opens:
        return f"from {step.opens:%a %Y-%m-%d %H:%M UTC} on"
    if step.closes is not None and moment + step.lasts > step.closes:
        return (
            f"its window closes {step.closes:%a %Y-%m-%d %H:%M UTC}, too early for it: plan anew and announce it "
            "(vps drain HOST --again), or say --now"
        )
    return ""


def waits(one: Progress, moment: dt.datetime) -> str:
    """What a step waits for that is not through; empty when it may go now, as may one that has no machine yet."""
    return "" if one.is_cut or one.is_new or one.stand not in LEFT_TO_DO else due(one.step, moment)
