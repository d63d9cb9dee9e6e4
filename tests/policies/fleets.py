"""Small fleets by seed, right or with seeded faults, for holding two independent judgements against each other.

Files are written as JSON, which is YAML and quickly made.
"""

import copy
import datetime
import json
import random
from pathlib import Path

import yaml

EXAMPLE = Path(__file__).resolve().parents[2] / "stacks"
TODAY = datetime.date(2026, 12, 5)
PACKAGES = ("small@2026-01", "medium@2026-01")
EXTRA = "memory@2026-01"
KEYS = [f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{'ABCDEFGH'[number]}{'x' * 39} person" for number in range(8)]


def _read(name):
    return yaml.safe_load((EXAMPLE / name).read_text())


_KEY = next(iter(_read("clients/example-coop.yaml")["contacts"].values()))["ssh_key"]
_CATALOGUE, _FLEET, _LOCK = _read("catalogue.yaml"), _read("fleet.yaml"), _read("images.lock.yaml")
_HOST, _CLIENT = _read("hosts/lab1.yaml"), _read("clients/example-coop.yaml")
for _unneeded in ("services", "extras"):
    _CATALOGUE.pop(_unneeded, None)
_PRICE = {"month": "3.00", "set_up": "0.00"}
_CATALOGUE["extras"] = {EXTRA: {"title": "Memory", "adds": {"memory": "1 GiB"}, "most": 4, "price": _PRICE}}


class Fleet:
    """The documents of one fleet by their file names, and states of hosts that operators gave."""

    def __init__(self, seed, faults=()):
        self.dice = random.Random(seed)
        self.files = {
            "catalogue.yaml": copy.deepcopy(_CATALOGUE),
            "fleet.yaml": copy.deepcopy(_FLEET),
            "images.lock.yaml": copy.deepcopy(_LOCK),
        }
        self.states = {}
        self._number = 0
        for number in range(self.dice.randint(1, 3)):
            self._host(f"kvm{number + 1}", number)
        for number in range(self.dice.randint(1, 4)):
            self._client(f"client-{number}", number)
        for fault in faults:
            FAULTS[fault](self)

    def write(self, folder):
        for name, document in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document), encoding="utf-8")

    @property
    def hosts(self):
        return [name for name in self.files if name.startswith("hosts/")]

    @property
    def clients(self):
        return [name for name in self.files if name.startswith("clients/")]

    def host(self):
        """One that somebody stands on."""
        return self.files[f"hosts/{self.vps()['host']}.yaml"]

    def client(self):
        return self.files[self.dice.choice(self.clients)]

    def vps(self):
        return self.dice.choice(list(self.client()["vps"].values()))

    def part(self):
        return self.dice.choice(self.host()["inventory"])

    def spare(self):
        """One that somebody's host needs."""
        spares = self.files["fleet.yaml"]["spares"]
        return spares[self.dice.choice([part["spare"] for part in self.host()["inventory"] if part["spare"] in spares])]

    def _host(self, name, number):
        host = copy.deepcopy(_HOST)
        host |= {"uri": f"qemu+ssh://root@{name}/system", "probe": ""}
        host["networks"] = {"public1": {"attach": "bridge:br0"}}
        host["capacity"] = {"vcpus": 64, "memory": "128 GiB", "disk": "2 TiB"}
        for part in host["inventory"]:
            part["serial"] += f"-{number}"
        self.files[f"hosts/{name}.yaml"] = host

    def _client(self, name, number):
        client = copy.deepcopy(_CLIENT)
        people = {
            f"p{index}": {
                "name": f"Person {index}",
                "email": f"p{index}@{name}.example",
                "roles": ["owner", "technical", "billing"],
                "ssh_key": _KEY,
            }
            for index in range(self.dice.randint(1, 2))
        }
        client |= {"id": f"c-{number:04d}", "name": name, "contacts": people}
        if self.dice.random() < 0.3:
            client["contract"] |= {"support": "vip", "vip": {"since": "2026-12-01", "accepted": "T-7"}}
        if self.dice.random() < 0.3:
            client["quota"] = {"vps": 3, "vcpus": 12, "memory": "24 GiB", "disk": "120 GiB"}
        client["vps"] = {f"web{index}": self._vps(people) for index in range(self.dice.randint(1, 3))}
        self.files[f"clients/{name}.yaml"] = client

    def _vps(self, people):
        number = self._number = self._number + 1
        shape = copy.deepcopy(_CLIENT["vps"]["web1"])
        vps = shape | {
            "id": f"v-{number:04d}",
            "package": self.dice.choice(PACKAGES),
            "host": self.dice.choice(self.hosts).removeprefix("hosts/").removesuffix(".yaml"),
            "ipv4": [f"192.0.2.{20 + number}"],
            "ipv6": [f"2001:db8:1::{20 + number:x}"],
            "fqdn": f"web{number}.client.example",
            "term": {"months": self.dice.choice((1, 3, 12)), "start": "2026-12-01", "renew": True},
            "access": [
                {"who": who, "root": self.dice.random() < 0.5, "since": "2026-12-03", "request": "T-1"}
                for who in people
            ],
        }
        if self.dice.random() < 0.3:
            vps["extras"] = {EXTRA: self.dice.randint(1, 4)}
        if self.dice.random() < 0.2 and vps["package"] == PACKAGES[1]:
            vps |= {"since": self.dice.choice(("2026-12-05", "2026-12-06")), "before": [{"package": PACKAGES[0]}]}
        if self.dice.random() < 0.2:
            vps["ends"] = "2027-06-01"
        return vps


def _set(found, **values):
    found.update(values)


def _elsewhere(fleet, address):
    fleet.vps().update(ipv4=[address])


def _tight(fleet, **capacity):
    fleet.host()["capacity"].update(capacity)


def _twice(fleet):
    """Two of one fleet, or one and itself."""
    first, second = fleet.vps(), fleet.vps()
    second["ipv4"] = [*first["ipv4"], *first["ipv4"]] if first is second else first["ipv4"]


def _centre(group, key, value=False):
    return lambda fleet: fleet.files["fleet.yaml"]["datacentres"]["dc1"][group].update({key: value})


_LATER = {"months": 1, "start": "2027-01-01", "renew": True}


def _vip_extra(fleet):
    fleet.files["catalogue.yaml"]["extras"][EXTRA]["support"] = "vip"
    fleet.vps()["extras"] = {EXTRA: 1}


def _serial(fleet):
    parts = fleet.host()["inventory"]
    parts[1] |= {"serial": parts[2]["serial"], "model": parts[2]["model"]}


def _image(fleet):
    return fleet.vps()["image"]


def _support(fleet, support, **vip):
    contract = fleet.client()["contract"]
    contract["support"] = support
    contract["vip"] = {"since": "2026-12-01", "accepted": "T-7"} | vip


def _short(fleet):
    """VIP that no term of the contract can hold."""
    client = fleet.client()
    client["contract"] |= {"support": "vip", "vip": {"since": "2026-12-02", "accepted": "T-7"}}
    for vps in client["vps"].values():
        vps["term"] = {"months": 1, "start": "2026-12-01", "renew": False}


FAULTS = {
    "extra too often": lambda fleet: _set(fleet.vps(), extras={EXTRA: 5}),
    "extra for vip": _vip_extra,
    "quota vps": lambda fleet: _set(fleet.client(), quota={"vps": 1}),
    "quota vcpus": lambda fleet: _set(fleet.client(), quota={"vcpus": 3}),
    "quota memory": lambda fleet: _set(fleet.client(), quota={"memory": "4 GiB"}),
    "quota of the fleet": lambda fleet: _set(fleet.files["fleet.yaml"], client_quota={"disk": "30 GiB"}),
    "host memory": lambda fleet: _tight(fleet, memory=f"{fleet.dice.randint(4, 20)} GiB"),
    "host vcpus": lambda fleet: _tight(fleet, vcpus=1),
    "host disk": lambda fleet: _tight(fleet, disk=f"{fleet.dice.randint(21, 90)} GiB"),
    "host draining": lambda fleet: _set(fleet.states, **{fleet.vps()["host"]: "draining"}),
    "host failed": lambda fleet: _set(fleet.states, **{fleet.vps()["host"]: "failed"}),
    "host lost": lambda fleet: _set(fleet.host(), lost={"since": "2026-12-01", "fenced": "power cut"}),
    "host assigned": lambda fleet: _set(fleet.host(), assigned="c-9999"),
    "host of one client": lambda fleet: _set(fleet.host(), assigned="c-0000"),
    "cabinet": lambda fleet: _set(fleet.host(), cabinet=" "),
    "ups": _centre("power", "ups"),
    "humidity": _centre("climate", "humidity"),
    "nobody registered": _centre("entry", "registered", []),
    "cameras": _centre("detection", "cameras"),
    "no server": lambda fleet: fleet.host()["inventory"].pop(0),
    "spare unknown": lambda fleet: _set(fleet.part(), spare="nothing"),
    "spare of another kind": lambda fleet: _set(fleet.spare(), kind="raid_controller"),
    "spare of another model": lambda fleet: _set(fleet.part(), model="Other"),
    "spare late": lambda fleet: _set(fleet.spare(), count=0, supplier="Parts Ltd", lead_time="25 h"),
    "spare gone": lambda fleet: _set(fleet.spare(), count=0),
    "serial twice": _serial,
    "warranty": lambda fleet: _set(fleet.part(), warranty="2026-01-14"),
    "address outside": lambda fleet: _elsewhere(fleet, "198.51.100.7"),
    "address of the gateway": lambda fleet: _elsewhere(fleet, "192.0.2.1"),
    "address reserved": lambda fleet: _elsewhere(fleet, "192.0.2.5"),
    "address of the network": lambda fleet: _elsewhere(fleet, "192.0.2.255"),
    "address reserved later": lambda fleet: fleet.files["fleet.yaml"]["networks"]["public1"]["reserved"].append(
        "192.0.2.21-192.0.2.22"
    ),
    "address of the gateway later": lambda fleet: fleet.files["fleet.yaml"]["networks"]["public1"]["ipv4"].update(
        gateway="192.0.2.21"
    ),
    "address twice": _twice,
    "network not carried": lambda fleet: _set(fleet.host(), networks={}),
    "key": lambda fleet: next(iter(fleet.client()["contacts"].values())).pop("ssh_key"),
    "request": lambda fleet: _set(fleet.vps()["access"][0], request=" "),
    "image expired": lambda fleet: _set(fleet.files["images.lock.yaml"]["images"][_image(fleet)], expires="2026-12-04"),
    "image withdrawn": lambda fleet: _set(
        fleet.files["catalogue.yaml"]["images"][_image(fleet)], new_installs_until="2026-12-04"
    ),
    "contract": lambda fleet: _set(fleet.client()["contract"], version="gold@2020-01"),
    "term": lambda fleet: _set(fleet.vps()["term"], months=2),
    "ends": lambda fleet: _set(
        fleet.vps(), ends="2026-12-31", term={"months": 1, "start": "2027-01-01", "renew": True}
    ),
    "level": lambda fleet: _set(fleet.client()["contract"], support="gold"),
    "vip not accepted": lambda fleet: _support(fleet, "vip", accepted=" "),
    "vip too short": lambda fleet: _support(fleet, "vip", until="2027-02-28"),
    "vip over": lambda fleet: _support(fleet, "vip", since="2026-09-05", until="2026-12-05"),
    "vip unsaid": lambda fleet: _support(fleet, "standard"),
    "vip in no term": _short,
}
"""What may be wrong with a fleet, each done to a part of it that the dice choose."""
