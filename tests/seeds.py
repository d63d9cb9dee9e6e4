"""Seeds of the example's guest, for containers and for looking at."""

import copy
from typing import Any

from components.cloudinit import render
from components.cloudinit.contract import contract
from components.cloudinit.template import Rendered

VPS = "v-h3k9"
FQDN = "web1.coop.example"
ADDRESSES = ("192.0.2.10", "2001:db8:1::10")
GATEWAYS = ("192.0.2.1/24", "2001:db8:1::1/64")
"""For a wire: the addresses of the network's other end."""
STRANGER = "192.0.2.77"
"""An address of the same network that nobody named anywhere."""
MARKED = ("acme", "backup", "restore")
"""Sections of the settings that a plain guest has not."""


def values(**settings: object) -> dict[str, Any]:
    """The example's values; of the settings without certificates, backups and restore unless they are given."""
    found = copy.deepcopy({name: variable.example for name, variable in contract("base").variables.items()})
    plain = {name: value for name, value in found["settings"].items() if name not in MARKED}  # type: ignore[union-attr,attr-defined]
    return found | {"settings": plain | settings}


def seed(**settings: object) -> Rendered:
    """The example's seed."""
    return render("base", values(**settings))
