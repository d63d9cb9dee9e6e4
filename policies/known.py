"""What is known beside the files, handed over by whoever starts the pack: what was recorded before, and hosts' states.

`VPS_KNOWN` names a JSON file: `{"machines": {UUID: {…}} | null, "hosts": {name: state}}`. A machine is what state holds
of it: `client` and `vps` (ids), `host`, `vcpus`, `memoryMib`, `sizeGib`, `addresses`, `reinstall` and `vip`. It is
taken for what was: a rule of a change excuses with it what was there before, and never finds fault with it. Without the
file, or with null, nothing is known of what was, and a rule that needs it says that it can't judge.
"""

import datetime
import json
import os
from collections.abc import Mapping
from pathlib import Path

from policies.declared import DeclaredError, kept
from policies.machine import Resource, mapping, text, whole

VARIABLE = "VPS_KNOWN"
IN_SERVICE = "active"
SIZES = {"vcpus": "vcpus", "memoryMib": "memoryMib", "disks.root.sizeGib": "sizeGib"}
"""By the key of a machine's limit: what is recorded of it."""


@kept
def today() -> datetime.date:
    """The day (UTC) for which everything is judged: that on which the pack was first asked."""
    return datetime.datetime.now(datetime.UTC).date()


@kept
def machines() -> Mapping[str, Mapping[str, object]]:
    """What state recorded of the stack's machines before this run, by UUID. Raises DeclaredError where nobody says."""
    found = _handed_over().get("machines")
    if not isinstance(found, Mapping):
        raise DeclaredError(
            "nothing says what this stack had before, so what is new in it can't be told. Apply it with `vps up`, "
            f"which hands that over, or name such a file in {VARIABLE}."
        )
    return found


@kept
def of_client(client: str) -> Mapping[str, Mapping[str, object]]:
    """The recorded machines of a client by their VPS's id, both ids permanent. Raises DeclaredError as `machines`."""
    every = map(mapping, machines().values())
    return {text(one.get("vps")): one for one in every if text(one.get("client")) == client}


def before(uuid: object) -> Mapping[str, object]:
    """What was recorded of one machine; empty for a new one. Raises DeclaredError as `machines`."""
    return mapping(machines().get(uuid)) if isinstance(uuid, str) else {}


def is_new_on(found: Resource, host: str) -> bool:
    """Whether a machine did not stand on this host before. Raises DeclaredError as `machines`.

    One that is adopted stands there already.
    """
    recorded = before(found.properties.get("uuid"))
    if not recorded and found.properties.get("adopted") is True:
        return False
    return text(recorded.get("host")) != host


def is_new(found: Resource) -> bool:
    """Whether a machine stood nowhere before. Raises DeclaredError as `machines`."""
    return not before(found.properties.get("uuid")) and found.properties.get("adopted") is not True


def amount(recorded: Mapping[str, object], key: str) -> int:
    """A number of a recorded machine; 0 where there is none."""
    return whole(recorded.get(key)) or 0


@kept
def state(host: str) -> str:
    """What the operators said of a host: active where they said nothing."""
    found = mapping(_handed_over().get("hosts"))
    return text(found.get(host)) or IN_SERVICE


@kept
def _handed_over() -> Mapping[str, object]:
    path = os.environ.get(VARIABLE, "")
    if not path:
        return {}
    try:
        return mapping(json.loads(Path(path).read_bytes()))
    except (OSError, ValueError, RecursionError) as error:
        told = f"{path}, which {VARIABLE} names, can't be read: {error}. Apply with `vps up`, or take {VARIABLE} away."
        raise DeclaredError(told) from error
