"""Two judgements, written apart, of a thousand fleets: the pack's rules and those of `vps check`.

In half of them everything is new, so that both judge all of it; the others stand, and the change of them is judged:
the pack's verdict against what stops an apply (`components.engine.judged`). What a rule is compared with is the table
below; what is not in it the product never declares, or only one of the two can know (README, "Where the two differ").
"""

import datetime
import functools
import json
import random
from pathlib import Path

import pytest

from components import declaration
from components.config.loader import load
from components.domain.operations import HostState, Operations
from components.domain.problems import DomainError
from components.domain.rules import arrivals
from components.engine import audit, judged
from policies import declared, known
from policies.machine import Resource
from policies.rules import RULES
from tests.policies import standing
from tests.policies.fleets import FAULTS, TODAY, Fleet

CODES = {
    "extras-are-sold": {"too-many-pieces", "extra-needs-support"},
    "client-within-quota": {"client-quota"},
    "host-not-oversold": {"host-overfilled"},
    "host-takes-new-machines": {"new-on-inactive-host", "network-not-on-host"},
    "datacentre-is-secure": {"new-on-insecure-host", "new-on-unknown-place"},
    "hardware-is-replaceable": {
        *("new-on-irreplaceable-host", "new-on-foreign-host", "inventory-incomplete", "unknown-spare"),
        *("spare-other-kind", "warranty-before-installation", "serial-twice"),
    },
    "addresses-are-its-own": {"address-outside-network", "address-reserved", "address-twice", "no-address"},
    "keys-only": {"access-without-key", "bad-ssh-key"},
    "image-may-be-installed": {"new-from-expired-image", "new-from-withdrawn-image"},
    "contract-version-known": {"unknown-contract"},
    "term-is-sold": {"term-length", "ends-before-start"},
    "vip-holds": {"support-level", "unknown-support-level", "vip-acceptance", "vip-too-short", "vip-beyond-term"},
}
UNKNOWN_LEVEL = "unknown-support-level"
"""Such a word makes a file wrong for the product; the pack asks new machines alone for their support."""
TOLD = {
    *("inventory-incomplete", "unknown-spare", "spare-other-kind", "warranty-before-installation", "serial-twice"),
    *("support-level", UNKNOWN_LEVEL, "vip-acceptance", "vip-too-short", "vip-beyond-term"),
}
"""What the product tells and stops nobody with: the pack stops new machines with it, and none that stands."""
NEVER = {
    *("machine-is-declared", "machine-has-every-limit", "limits-equal-the-package"),
    *("protected-or-ending", "no-secret-in-state", "levels-are-known"),
}
"""What the product declares from files is right in these by its making: the pack must never say otherwise."""
UNWHOLE = {"access-is-listed"}
"""What speaks of a file only where the product finds it not whole: a grant without request, with an empty one."""
AMOUNTS = [fault for fault in FAULTS if fault.startswith(("quota", "host memory", "host vcpus", "host disk"))]
"""Of these each fleet that stands has one: there it matters most what was before."""
FLEETS = 1000
PARTS = 10


@pytest.mark.parametrize("part", range(PARTS))
def test_both_say_the_same_of_every_client(part, tmp_path, monkeypatch):
    monkeypatch.setattr(known, "today", lambda: TODAY)
    monkeypatch.setenv("VPS_KNOWN", str(tmp_path / "known.json"))
    for seed in range(part * FLEETS // PARTS, (part + 1) * FLEETS // PARTS, 2):
        folder = tmp_path / str(seed)
        faults = _faults(seed)
        fleet = Fleet(seed, faults)
        fleet.write(folder)
        monkeypatch.setenv("VPS_FLEET", str(folder))
        (tmp_path / "known.json").write_text(json.dumps({"machines": {}, "hosts": fleet.states}))
        declared.forget()
        ours, theirs, unwhole = _judged(folder, fleet, _twin(tmp_path / f"{seed}-twin", seed))
        assert ours == theirs, f"seed {seed}, faults {faults}"
        assert faults or not (ours or unwhole), f"seed {seed} has no fault and is called wrong"


@pytest.mark.parametrize("part", range(PARTS))
def test_both_stop_the_same_of_a_fleet_that_stands(part, tmp_path, monkeypatch):
    """Machines that grow, shrink, come from elsewhere, are suspended, end or are new beside those that stand."""
    monkeypatch.setattr(known, "today", lambda: TODAY)
    monkeypatch.setenv("VPS_KNOWN", str(tmp_path / "known.json"))
    spoke = set()
    for seed in range(part * FLEETS // PARTS + 1, (part + 1) * FLEETS // PARTS, 2):
        folder = tmp_path / str(seed)
        faults = tuple(dict.fromkeys((*_faults(seed), random.Random(seed).choice(AMOUNTS))))
        fleet = Fleet(seed, faults)
        cases = standing.cases(fleet, seed)
        fleet.write(folder)
        monkeypatch.setenv("VPS_FLEET", str(folder))
        ours, theirs = _stopped(folder, fleet, cases, seed, tmp_path)
        assert ours == theirs, f"seed {seed}, faults {faults}, {cases}"
        spoke |= {rule for rule, _ in ours}
    assert {"client-within-quota", "host-not-oversold"} < spoke


def _stopped(folder, made, cases, seed, scratch):
    """By rule and client: what stops an apply by the product, and by the pack."""
    sound = _twin(scratch / f"{seed}-twin", seed, cases=True)()
    operations = Operations(host_states={name: HostState(state) for name, state in made.states.items()})
    loaded = load(folder, today=TODAY, operations=operations)
    inputs, state = {}, {}
    for (key, name), case in cases.items():
        same = sound.clients[key]
        had = declaration.machine_inputs(sound, same, same.vps[name], "backend", today=TODAY)
        inputs[key, name] = _inputs(loaded, lambda: sound, key, name)
        had["order"] = inputs[key, name][0]["order"]
        state[key, name] = standing.resource(had, case, seed)
    recorded = [one for one in state.values() if one is not None]
    (scratch / "known.json").write_text(json.dumps({"machines": audit.recorded(recorded), "hosts": made.states}))
    declared.forget()
    ours, theirs = set(), set()
    environment = {"PULUMI_BACKEND_URL": f"file://{folder}"}
    for key in (Path(file).stem for file in made.clients):
        stack = f"client.{key}"
        mine = {name: one for (client, name), one in state.items() if client == key}
        standing.write(folder, stack, [one for one in mine.values() if one is not None])
        codes = {one.code for one in judged.judged(environment, loaded, stack, operations, TODAY).problems} - {
            UNKNOWN_LEVEL
        }
        said = {rule for name in mine for rule in _pack(*inputs[key, name])}
        if "shape" in codes or key not in loaded.fleet.clients:
            assert codes  # Nothing more is judged of a file that isn't whole.
            continue
        codes |= _beside(environment, loaded, key, operations, mine)
        ours |= {(rule, key) for rule, names in CODES.items() if names & codes}
        theirs |= {(rule, key) for rule in said - UNWHOLE}
    return ours, theirs


def _beside(environment, loaded, key, operations, state):
    """What the product says no more once something else stops it, and what it only tells of what is new."""
    client = loaded.fleet.clients[key]
    before = judged.recorded(environment, loaded, f"client.{key}")
    found = {one.code for one in arrivals.growth(loaded.fleet, client, before, TODAY)}
    found |= {one.code for one in arrivals.problems(loaded.fleet, before, TODAY, clients={key}, operations=operations)}
    new = {name for name, recorded in state.items() if recorded is None}
    hosts = {client.vps[name].host for name in new}
    for one in loaded.problems:
        if one.code in TOLD and new and _concerns(one, key, hosts):
            found.add(one.code)
        if (
            one.code == "extra-needs-support"
            and one.path[1] == key
            and _grows(loaded.fleet, client, state, one.path[3])
        ):
            found.add(one.code)
    return found


def _grows(fleet, client, state, name):
    if state[name] is None:
        return True
    limits, had = fleet.limits(client.vps[name].sale(TODAY)), state[name]["inputs"]
    was = had["memoryMib"], had["vcpus"], had["disks"]["root"]["sizeGib"]
    return any(now > then for now, then in zip((limits.memory_mib, limits.vcpus, limits.disk_gib), was, strict=True))


def test_every_fault_is_found_by_both(tmp_path, monkeypatch):
    """Each alone, so that none hides behind another; some need dice that fall on who is concerned."""
    monkeypatch.setattr(known, "today", lambda: TODAY)
    monkeypatch.setenv("VPS_KNOWN", str(tmp_path / "known.json"))
    spoke = set()
    for number, fault in enumerate(FAULTS):
        found = False
        for seed in range(1000 + number * 20, 1020 + number * 20):
            folder = tmp_path / str(seed)
            fleet = Fleet(seed, (fault,))
            fleet.write(folder)
            monkeypatch.setenv("VPS_FLEET", str(folder))
            (tmp_path / "known.json").write_text(json.dumps({"machines": {}, "hosts": fleet.states}))
            declared.forget()
            ours, theirs, unwhole = _judged(folder, fleet, _twin(tmp_path / f"{seed}-twin", seed))
            assert ours == theirs, f"seed {seed}, {fault}"
            spoke |= {rule for rule, _ in ours}
            if ours or unwhole:
                found = True
                break
        assert found, f"{fault} was never found"
    assert spoke == CODES.keys(), "a rule that never spoke was compared with nothing"


def _faults(seed):
    """None in every third fleet, up to three in the others."""
    dice = random.Random(-seed)
    return tuple(dice.sample(list(FAULTS), 0 if seed % 3 == 0 else dice.randint(1, 3)))


def _twin(folder, seed, *, cases=False):
    """The same fleet without its faults, loaded when somebody asks."""

    @functools.cache
    def loaded():
        fleet = Fleet(seed)
        if cases:
            standing.cases(fleet, seed)
        fleet.write(folder)
        return load(folder, today=TODAY).fleet

    return loaded


def _judged(folder, made, twin):
    """By rule and client: what the product finds, what the pack finds of what the product declares; unwhole files."""
    states = made.states
    operations = Operations(host_states={name: HostState(state) for name, state in states.items()})
    loaded = load(folder, today=TODAY, operations=operations)
    fleet = loaded.fleet
    problems = [
        *(one for one in loaded.problems if one.code != "client-quota"),
        *arrivals.problems(fleet, {}, TODAY, operations=operations),
        *(found for client in fleet.clients.values() for found in arrivals.growth(fleet, client, {}, TODAY)),
    ]
    ours, theirs, unwhole = set(), set(), set()
    for key in (Path(file).stem for file in made.clients):
        client = fleet.clients.get(key) or twin().clients[key]
        hosts = {vps.host for vps in client.vps.values()}
        mine = {one.code for one in problems if _concerns(one, key, hosts)}
        said = {rule for name in client.vps for rule in _pack(*_inputs(loaded, twin, key, name))}
        if "shape" in mine:
            # Nothing more is judged of a file that isn't whole: the product stops at its flaw, the pack goes on.
            unwhole.add(key)
            assert said
            assert loaded.blocking(f"client.{key}")
            continue
        assert not said & UNWHOLE
        ours |= {(rule, key) for rule, codes in CODES.items() if codes & mine}
        theirs |= {(rule, key) for rule in said}
    return ours, theirs, unwhole


def _pack(inputs, is_the_products):
    """The names of the rules that find fault with a machine so declared, but advisory ones."""
    bag = Resource(type="vps:index:Machine", name="m", protected=not inputs["ends"], properties=inputs)
    found = {rule.name: list(rule.violations(bag)) for rule in RULES if rule.level == "mandatory"}
    assert not (is_the_products and any(found[name] for name in NEVER))
    return {name for name, sentences in found.items() if sentences and name not in NEVER}


def _inputs(loaded, twin, key, name):
    """As the product declares it, and True; where it refuses to, as somebody else would, from nearly the same lines."""
    client = loaded.fleet.clients.get(key)
    if client is not None:
        try:
            return declaration.machine_inputs(loaded.fleet, client, client.vps[name], "backend", today=TODAY), True
        except (KeyError, DomainError):
            pass
    assert loaded.blocking(f"client.{key}"), "the product can't declare it, and doesn't say why"
    sound = twin()
    same = sound.clients[key]
    inputs = declaration.machine_inputs(sound, same, same.vps[name], "backend", today=TODAY)
    if client is not None:
        vps = client.vps[name]
        inputs["nics"]["n0"]["addresses"] = [*(f"{one}/24" for one in vps.ipv4), *(f"{one}/64" for one in vps.ipv6)]
    return inputs, False


def _concerns(problem, client, hosts):
    match problem.path:
        case ("clients", name, *_):
            return name == client
        case ("hosts", name, *_):
            return name in hosts
    return False


def test_the_day_is_one_of_which_the_example_is_young():
    assert datetime.date(2026, 12, 1) < TODAY < datetime.date(2027, 1, 1)


def test_the_tables_name_all_rules():
    """Advisory ones and foreign ones aside, every rule is compared, or said to keep silent."""
    assert {one.name for one in RULES if not one.foreign and one.level == "mandatory"} == {*CODES, *NEVER, *UNWHOLE}
