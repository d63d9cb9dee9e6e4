"""Rules over machines of other providers (`foreign`): what can be judged of them is, what can't is named.

A machine is compared with what was sold where its name ends in the permanent ids of a declared VPS, as ours are named:
`demo-c-q7m2-v-h3k9`.
"""

import re
from collections.abc import Iterator

from policies import access, capacity, census, declared, foreign, sales
from policies.lines import Line
from policies.machine import Resource, text
from policies.rule import Rule

_IDS = re.compile(r"(?:^|-)(c-[a-z0-9]{4,12})-(v-[a-z0-9]{4,12})$")
_FIELDS = ("vcpus", "cpu_cap", "memory", "disk", "disk_iops", "disk_rate", "nic_rate")
"""In the order of sales.LIMITS."""
_UNSAYABLE = {
    "libvirt:": ("disk",),
    "libvirt: up to 0.8": ("cpu_cap", "disk", "disk_iops", "disk_rate", "nic_rate"),
    "proxmoxve:": (),
}
"""Limits that the inputs of such a machine have no place for: a libvirt disk's size stands in its volume."""
_PASSWORD = re.compile(
    r"^\s*-?\s*(plain_text_passwd|hashed_passwd|passwd|password|chpasswd)\s*:|^\s*ssh_pwauth\s*:\s*(true|yes|1)\b",
    re.MULTILINE | re.IGNORECASE,
)
_GIVEN = ("userData", "sourceRaw", "data", "content")
"""Inputs in which text for a guest's first boot stands: of a cloud-init disk, of a file with snippets."""


def limited(found: Resource) -> Iterator[str]:
    """Every limit that the inputs can carry is there, and as sold where the machine's name says to whom."""
    if not foreign.is_machine(found.type):
        return
    view, line = foreign.view(found), _line(found)
    sold = sales.limits(declared.folder(), sales.current(line)) if line else None
    for index, (key, limit) in enumerate(zip(_FIELDS, sales.LIMITS, strict=True)):
        value = getattr(view, key)
        if value is None:
            if key not in _unsayable(found):
                yield (
                    f"{found.name}: limit {key} is not declared; a machine without it could take the whole host "
                    "(VPS-4). Declare it."
                )
        elif sold is not None and line is not None and value != sold[index]:
            yield (
                f"{found.name}: {key} is {value} {limit.words}, but {line.title} was sold {sold[index]} {limit.words} "
                "(VPS-5). Give what was sold."
            )


def kept(found: Resource) -> Iterator[str]:
    """A foreign machine is protected: nothing says when it would end."""
    if foreign.is_machine(found.type) and not found.protected:
        yield (
            f"{found.name}: {found.type} is not protected, so deleting a line would end it. "
            "Declare it with protect=True."
        )


def fits(found: Resource) -> Iterator[str]:
    """A machine is not larger than what its host may sell in all."""
    if not foreign.is_machine(found.type):
        return
    view = foreign.view(found)
    if not view.host or view.host not in declared.contents(declared.folder(), "hosts"):
        return  # `foreign-not-judged` says it.
    for kind in capacity.KINDS:
        value, most = getattr(view, kind.name), capacity.sellable(declared.folder(), view.host, kind)
        if value is not None and value + kind.overhead > most:
            yield (
                f"{found.name}: {value} {kind.unit or 'vCPUs'} of {kind.name} are more than {view.host} may sell in "
                f"all ({most}). Make it smaller, or place it elsewhere."
            )


def keyed(found: Resource) -> Iterator[str]:
    """Nothing that a guest is given at its first boot holds a password; keys are good ones."""
    if foreign.is_machine(found.type):
        view = foreign.view(found)
        for place in view.secrets:
            yield f"{found.name}: {place} is a password; it can be guessed, and stands in state. Let in by key only."
        if view.keys is not None and not view.keys:
            yield f"{found.name}: its first account has no key, so only a password could let it in. Give it a key."
        for key in view.keys or ():
            if problem := access.weakness(key.strip()):
                yield f"{found.name}: a key of its first account is {problem}. Ask for an ed25519 key."
        return
    for key in _GIVEN:
        given = found.properties.get(key)
        content = given if isinstance(given, str) else text(getattr(given, "get", lambda _: "")("data"))
        if _PASSWORD.search(content):
            yield f"{found.name}: {key} gives a guest a password, readable in state. Let in by key only."


def unjudged(found: Resource) -> Iterator[str]:
    """What no rule can judge of a foreign machine, by the rules' names: somebody must look, or lower this rule."""
    if foreign.is_beside(found.type):
        return
    if not foreign.is_machine(found.type):
        yield f"{found.name}: can't judge {found.type}: nothing here knows its shape. {_REMEDY}"
        return
    view = foreign.view(found)
    missing = [f"foreign-has-limits ({', '.join(_unsayable(found))})"] if _unsayable(found) else []
    if _line(found) is None:
        missing.append("what was sold (its name ends in the ids of no declared VPS)")
    if not view.host or view.host not in declared.contents(declared.folder(), "hosts"):
        missing.append("host-takes-new-machines, datacentre-is-secure, hardware-is-replaceable (no host of ours)")
    if view.guards is not True:
        missing.append("own-addresses-only")
    missing.append("host-not-oversold, image-may-be-installed, access-is-listed (no inputs for them)")
    yield f"{found.name}: can't judge {'; '.join(missing)}. {_REMEDY}"


_REMEDY = "Look yourself and set foreign-not-judged to advisory in policies.yaml, or adopt it: vps adopt"


def _unsayable(found: Resource) -> tuple[str, ...]:
    if found.type.startswith(foreign.LIBVIRT) and "devices" not in found.properties:
        return _UNSAYABLE["libvirt: up to 0.8"]
    return _UNSAYABLE[foreign.LIBVIRT if found.type.startswith(foreign.LIBVIRT) else foreign.PROXMOX]


def _line(found: Resource) -> Line | None:
    named = _IDS.search(foreign.view(found).name)
    return census.by_ids(declared.folder(), named[1], named[2]) if named else None


RULES = tuple(
    Rule(f"foreign-{name}", description, judge, foreign=True)
    for name, description, judge in (
        (
            "has-limits",
            "A foreign machine carries every limit that its inputs can, as sold where its name says",
            limited,
        ),
        ("is-protected", "A foreign machine is protected", kept),
        ("fits-its-host", "A foreign machine is no larger than what its host may sell in all", fits),
        ("keys-only", "Nothing gives a foreign machine's guest a password", keyed),
        ("not-judged", "What can't be judged of a foreign machine is named", unjudged),
    )
)
"""The rules about foreign machines."""
