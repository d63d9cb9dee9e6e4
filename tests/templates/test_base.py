"""Template base: contract, golden texts, hostile values, the guest's own schemas and network renderer, its scripts."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import jinja2
import jinja2.meta
import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from components.cloudinit import render
from components.cloudinit.contract import TEMPLATES, contract
from components.cloudinit.kinds import KINDS
from components.cloudinit.template import FILES, gecos

HERE = Path(__file__).parent
SETTINGS = "/etc/vps/guest.json"
CASES = sorted((HERE / "cases").glob("*.yaml"))

people = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda text: not KINDS["text"](text))
hostile = st.sampled_from(
    ['"{{ 7*7 }}": <b>', "a\nb: c\n---\n- d", "'; rm -rf / #", "{% raw %}", "&amp;<script>", "no", "0123", "\\u0041",
     "😀 \U0010fffd", "…\u2028\u00a0", "#cloud-config", "!!python/object:os.system x", "a: &b *b", "`$(id)`", ""]
)  # fmt: skip
names = people | hostile


PARTS = ("admin", "panel", "maintenance")
"""Sections of the settings that the template takes apart."""
WHOLE = ("acme", "backup", "restore")
"""Those that it hands on as they are, when they are there."""


class Seen(dict):
    """A value that notes which of its keys a template reads."""

    def __init__(self, values, kind, log):
        super().__init__(values)
        self.kind, self.log = kind, log

    def __getitem__(self, key):
        self.log.add(f"{self.kind}.{key}")
        return super().__getitem__(key)


def example():
    return copy.deepcopy({name: variable.example for name, variable in contract("base").variables.items()})


def parsed(values):
    rendered = render("base", values)
    return tuple(yaml.safe_load(text) for text in (rendered.user_data, rendered.meta_data, rendered.network_config))


def written(user_data, path):
    (file,) = [file for file in user_data["write_files"] if file["path"] == path]
    return file["content"]


def settings_of(user_data):
    return json.loads(written(user_data, SETTINGS))


def test_used_is_declared():
    """Every declared variable and record field is used, and nothing else."""
    environment = jinja2.Environment()
    environment.filters |= {"quote": str, "gecos": str, "json": str, "addresses": str}
    used, log = set(), set()
    for file in FILES:
        used |= jinja2.meta.find_undeclared_variables(
            environment.parse((TEMPLATES / f"base/{file}.yaml.j2").read_text())
        )
    assert used == contract("base").variables.keys()
    values = example()
    values["users"] = [Seen(user, "user", log) for user in values["users"]]
    values["nics"] = {name: Seen(nic, "nic", log) for name, nic in values["nics"].items()}
    inner = {name: Seen(value, name, log) for name, value in values["settings"].items() if name in PARTS}
    values["settings"] = Seen(values["settings"] | inner, "settings", log)
    render_only = render("base", values)
    assert render_only.user_data
    records = contract("base").records
    fields = {f"{record}.{field}" for record, all_ in records.items() if record not in WHOLE for field in all_}
    assert log == fields


def test_readme_shows_the_contract():
    """The table in templates/README.md is the contract."""
    shown = [
        tuple(cell.strip() for cell in line.strip("|\n ").split("|"))
        for line in (TEMPLATES / "README.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    declared = [(f"`{v.name}`", v.type, v.description) for v in contract("base").variables.values()]
    for record, fields in contract("base").records.items():
        declared += [(f"`{record}.{v.name}`", v.type, v.description) for v in fields.values()]
    assert shown == declared


def test_the_contract_holds_no_secret():
    """Values stand in state, so none may be secret; each says what it is."""
    shapes = [contract("base").variables, *contract("base").records.values()]
    variables = [variable for shape in shapes for variable in shape.values()]
    assert not [variable.name for variable in variables if variable.secret]
    assert all(variable.description for variable in variables)
    assert not [v.name for v in variables if any(word in v.name for word in ("password", "secret", "token", "private"))]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_golden_texts(case):
    """Each case renders to its reviewed texts."""
    rendered = render("base", yaml.safe_load(case.read_text()))
    expected = HERE / "expected" / case.stem
    assert rendered.user_data == (expected / "user-data").read_text()
    assert rendered.meta_data == (expected / "meta-data").read_text()
    assert rendered.network_config == (expected / "network-config").read_text()


def test_every_expectation_has_its_case():
    assert CASES
    assert {path.name for path in (HERE / "expected").iterdir()} == {case.stem for case in CASES}


@settings(deadline=None)
@given(client=names, person=names, comment=names)
def test_hostile_names_stay_names(client, person, comment):
    """Whatever a client or a person is called, the texts read back as exactly that and nothing else changes."""
    tame, nasty = example(), example()
    key = f"ssh-ed25519 {'A' * 60} {comment}"
    nasty["client_name"] = client
    nasty["users"] = [{"name": "ada", "gecos": person, "keys": [] if KINDS["ssh key"](key) else [key], "root": False}]
    user_data, meta_data, network = parsed(nasty)
    tame["users"] = [{"name": "ada", "gecos": "", "keys": [], "root": False}]
    plain, *others = parsed(tame)
    assert [meta_data, network] == others
    assert user_data["users"][0].get("ssh_authorized_keys", []) == nasty["users"][0]["keys"]
    assert user_data["users"][0]["gecos"] == gecos(person)
    assert not set(user_data["users"][0]["gecos"]) & set(":,\n")
    said, tame_said = settings_of(user_data), settings_of(plain)
    assert said == tame_said | {"client_name": client}
    user_data["users"] = plain["users"]
    for data in (user_data, plain):
        next(file for file in data["write_files"] if file["path"] == SETTINGS).pop("content")
    assert user_data == plain


def test_the_guest_is_told_its_settings():
    """One file that everybody on the guest may read: whole numbers as such, null where something is absent."""
    values = example()
    values["settings"]["backup"]["keep_days"] = 14.0  # as state hands it over
    del values["settings"]["acme"], values["settings"]["panel"]["allow"]
    values["settings"]["restore"] = None
    user_data, _, _ = parsed(values)
    (file,) = user_data["write_files"]
    assert (file["path"], file["permissions"]) == (SETTINGS, "0644")
    said = settings_of(user_data)
    assert said["schema"] == 1
    assert said["addresses"] == ["192.0.2.10", "2001:db8:1::10"]
    assert (said["acme"], said["restore"], said["panel"]["allow"]) == (None, None, None)
    assert isinstance(said["backup"]["keep_days"], int)
    for name in ("uuid", "reinstall", "client", "client_name", "vps", "label", "hostname", "fqdn"):
        assert said[name] == values[name]
    for name in ("email", "flavour", "admin", "maintenance", "smarthost", "options", "backup"):
        assert said[name] == values["settings"][name]


def test_the_seed_stays_small():
    """Identity, accounts, network, settings; all else is the image's, and nothing is run."""
    user_data, _, _ = parsed(example())
    assert not user_data.keys() & {"runcmd", "bootcmd", "packages", "chpasswd", "phone_home", "power_state"}
    assert len(render("base", example()).user_data) < 8192


def test_accounts_have_keys_and_no_password():
    """Nobody gets a password; only who has root gets sudo."""
    user_data, _, _ = parsed(example())
    ops, ada = user_data["users"]
    assert (ops["sudo"], "sudo" in ada) == ("ALL=(ALL) NOPASSWD:ALL", False)
    assert all(user["lock_passwd"] is True and user["ssh_authorized_keys"] for user in (ops, ada))
    assert not any("passwd" in key and key != "lock_passwd" for user in (ops, ada) for key in user)


def test_nobody_at_all_is_an_empty_list():
    """With no users at all, Debian's default user must not appear."""
    assert parsed({**example(), "users": [], "dns": [], "nics": {}})[0]["users"] == []
    nic = {"mac": "02:11:22:33:44:55", "addresses": [], "gateway4": "", "gateway6": ""}
    _, _, network = parsed({**example(), "dns": [], "nics": {"n0": nic}})
    assert network["ethernets"]["n0"]["routes"] == network["ethernets"]["n0"]["addresses"] == []
    assert network["ethernets"]["n0"]["nameservers"] == {"addresses": []}


def test_a_reinstall_is_a_new_instance():
    before, after = (parsed({**example(), "reinstall": number})[1]["instance-id"] for number in (0, 1.0))
    assert (before, after) == (f"{example()['uuid']}-0", f"{example()['uuid']}-1")


@pytest.mark.lab
def test_the_guests_schemas_accept_the_texts(guest_cloudinit):
    """cloud-init's own JSON schemas, from the guest's version, accept every case; a wrong type is caught.

    Debian 12's has none for network-config version 2, where its renderer alone judges, and knows no wrong keys.
    """
    schemas = guest_cloudinit.path / "cloudinit/config/schemas"
    user = jsonschema.Draft4Validator(json.loads((schemas / "schema-cloud-config-v1.json").read_text()))
    rules = schemas / "schema-network-config-v2.json"
    is_strict = guest_cloudinit.suite != "bookworm"
    network = jsonschema.Draft7Validator(json.loads(rules.read_text()) if is_strict else {})
    everything = [yaml.safe_load(case.read_text()) for case in CASES] + [example()]
    for values in everything:
        user_data, _, network_config = parsed(values)
        assert [error.message for error in user.iter_errors(user_data)] == []
        assert [error.message for error in network.iter_errors(network_config)] == []
    assert list(user.iter_errors({**user_data, "ssh_pwauth": ["no"]}))
    assert bool(list(user.iter_errors({**user_data, "runcmmd": []}))) == is_strict
    wrong = {"version": 2, "ethernets": {"n0": {"addresses": "192.0.2.10/24"}}}
    assert bool(list(network.iter_errors(wrong))) == is_strict


RENDER = """
import json, sys, types, yaml
class Absent(types.ModuleType):
    def __getattr__(self, name):
        return Exception
for name in ("requests", "requests.exceptions", "configobj", "oauthlib"):
    sys.modules[name] = Absent(name)  # imported on the way, never called
sys.path.insert(0, sys.argv[1])
from cloudinit.net import network_state, networkd
network_state.get_interfaces_by_mac = lambda: {"02:11:22:33:44:55": "enp1s0"}
network_state.find_interface_name_from_mac = lambda mac: "enp1s0"
state = network_state.parse_net_config_data(yaml.safe_load(sys.stdin))
print(json.dumps(networkd.Renderer()._render_content(state)))
"""


@pytest.mark.lab
def test_the_guests_renderer_makes_static_interfaces(guest_cloudinit, tmp_path):
    """cloud-init's networkd renderer: no DHCP, no router advertisements, and by MAC alone once the image's unit ran."""
    done = subprocess.run(
        [sys.executable, "-c", RENDER, guest_cloudinit.path],
        input=render("base", example()).network_config,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    file = tmp_path / "10-cloud-init-enp1s0.network"
    file.write_text(json.loads(done.stdout)["enp1s0"])
    script = (TEMPLATES / "guest/overlay/usr/local/lib/vps/network-by-mac").read_text()
    assert "/etc/systemd/network" in script
    moved = script.replace("/etc/systemd/network", str(tmp_path))
    subprocess.run(["sh", "-c", moved], check=True, timeout=10)
    # Which of a section's lines comes first is the release's own.
    sections = re.findall(r"\[(\w+)\]\n((?:[^\[\n].*\n?)*)", re.sub(r"\n+", "\n", file.read_text()))
    lines = [line for name, inner in sections for line in (f"[{name}]", *sorted(inner.splitlines()))]
    assert [line.replace("=no", "=False") if line.startswith("IPv6A") else line for line in lines] == [
        "[Address]", "Address=192.0.2.10/24", "[Address]", "Address=2001:db8:1::10/64",
        "[Match]", "MACAddress=02:11:22:33:44:55",
        "[Network]", "DHCP=no", "DNS=192.0.2.1 2001:db8:1::1", "IPv6AcceptRA=False",
        "[Route]", "Destination=0.0.0.0/0", "Gateway=192.0.2.1", "[Route]", "Destination=::/0", "Gateway=2001:db8:1::1",
    ]  # fmt: skip
