"""A rule for addresses that belonged to a VPS which ended lately: for a while nobody else gets them.

Caches, block lists and firewalls of the world take the new holder for the old one, and the old disk may come back.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from components.domain.addresses import canonical
from components.domain.fleet import Fleet
from components.domain.problems import Problem


def problems(fleet: Fleet, quarantine: Mapping[str, date], today: date, was: Fleet | None = None) -> Iterator[Problem]:
    """Addresses that are given again too early, as of `today`; `quarantine` tells until when each is kept back.

    What a VPS held in the fleet as it `was` is no news, and stays.
    """
    if not quarantine:
        return
    held = {(vps.id, canonical(text)) for _, vps in was.machines() for text in (*vps.ipv4, *vps.ipv6)} if was else set()
    for client, vps in fleet.machines():
        for family, texts in (("ipv4", vps.ipv4), ("ipv6", vps.ipv6)):
            for index, text in enumerate(texts):
                address = canonical(text)
                until = quarantine.get(address)
                if until is not None and until > today and (vps.id, address) not in held:
                    yield Problem(
                        code="address-in-quarantine",
                        blocks=False,
                        path=("clients", client.key, "vps", vps.key, family, index),
                        message=f"{address} belonged to a VPS that ended; until {until} nobody else gets it.",
                        remedy=f"`vps new --again {client.key}/{vps.key}` gives it a free one.",
                        measure=(until - today).days,
                    )
