"""Template base: contract, golden texts, hostile values, the guest's own schemas and network renderer, its scripts."""

import html
import json
import shutil
import subprocess
import sys
from html.parser import HTMLParser
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
CASES = sorted((HERE / "cases").glob("*.yaml"))

people = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda text: not KINDS["text"](text))
hostile = st.sampled_from(
    ['"{{ 7*7 }}": <b>', "a\nb: c\n---\n- d", "'; rm -rf / #", "{% raw %}", "&amp;<script>", "no", "0123", "\\u0041",
     "😀 \U0010fffd", "…\u2028\u00a0", "#cloud-config", "!!python/object:os.system x", "a: &b *b", "`$(id)`", ""]
)  # fmt: skip
names = people | hostile


class Seen(dict):
    """A value that notes which of its keys a template reads."""

    def __init__(self, values, kind, log):
        super().__init__(values)
        self.kind, self.log = kind, log

    def __getitem__(self, key):
        self.log.add(f"{self.kind}.{key}")
        return super().__getitem__(key)


def example():
    return {name: variable.example for name, variable in contract("base").variables.items()}


def parsed(values):
    rendered = render("base", values)
    return tuple(yaml.safe_load(text) for text in (rendered.user_data, rendered.meta_data, rendered.network_config))


def written(user_data, path):
    (file,) = [file for file in user_data["write_files"] if file["path"] == path]
    return file["content"]


def test_used_is_declared():
    """Every declared variable and record field is used, and nothing else."""
    environment = jinja2.Environment()
    environment.filters |= {"quote": str, "gecos": str}
    used, log = set(), set()
    for file in FILES:
        used |= jinja2.meta.find_undeclared_variables(
            environment.parse((TEMPLATES / f"base/{file}.yaml.j2").read_text())
        )
    assert used == contract("base").variables.keys()
    values = example()
    values["users"] = [Seen(user, "user", log) for user in values["users"]]
    values["nics"] = {name: Seen(nic, "nic", log) for name, nic in values["nics"].items()}
    render_only = render("base", values)
    assert render_only.user_data
    fields = {f"{record}.{field}" for record, all_ in contract("base").records.items() for field in all_}
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
    page, tame_page = written(user_data, "/var/www/html/index.html"), written(plain, "/var/www/html/index.html")
    assert page == tame_page.replace(
        "Example Cooperative", str(html.escape(client)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    )
    assert shown(page) == shown(tame_page).replace("Example Cooperative", client)
    user_data["users"] = plain["users"]
    for data in (user_data, plain):
        next(file for file in data["write_files"] if file["path"] == "/var/www/html/index.html").pop("content")
    assert user_data == plain


def shown(page):
    """The page's text as a browser reads it; any element that a name brought along would be missing from it."""
    texts = []
    parser = HTMLParser()
    parser.handle_data = texts.append
    parser.handle_starttag = lambda tag, _: texts.append(f"<{tag}>")
    parser.feed(page)
    return "".join(texts)


def test_the_page_names_client_and_vps():
    page = written(parsed(example())[0], "/var/www/html/index.html")
    assert "Example Cooperative" in page
    assert "web1" in page
    assert "v-h3k9" in page


def test_accounts_have_keys_and_no_password():
    """Nobody gets a password; only who has root gets sudo."""
    user_data, _, _ = parsed(example())
    ops, ada = user_data["users"]
    assert (ops["sudo"], "sudo" in ada) == ("ALL=(ALL) NOPASSWD:ALL", False)
    assert all(user["lock_passwd"] is True and user["ssh_authorized_keys"] for user in (ops, ada))
    assert user_data["ssh_pwauth"] is False
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


def test_the_guests_schemas_accept_the_texts(guest_cloudinit):
    """cloud-init's own JSON schemas, from the guest's version, accept every case; a wrong type is caught."""
    schemas = guest_cloudinit / "cloudinit/config/schemas"
    user = jsonschema.Draft4Validator(json.loads((schemas / "schema-cloud-config-v1.json").read_text()))
    network = jsonschema.Draft7Validator(json.loads((schemas / "schema-network-config-v2.json").read_text()))
    everything = [yaml.safe_load(case.read_text()) for case in CASES] + [example()]
    for values in everything:
        user_data, _, network_config = parsed(values)
        assert [error.message for error in user.iter_errors(user_data)] == []
        assert [error.message for error in network.iter_errors(network_config)] == []
    assert list(user.iter_errors({**user_data, "ssh_pwauth": ["no"]}))
    assert list(user.iter_errors({**user_data, "runcmmd": []}))
    wrong = {"version": 2, "ethernets": {"n0": {"addresses": "192.0.2.10/24"}}}
    assert list(network.iter_errors(wrong))


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


def test_the_guests_renderer_makes_static_interfaces(guest_cloudinit, tmp_path):
    """cloud-init's networkd renderer: no DHCP, no router advertisements, and by MAC alone once the image's unit ran."""
    done = subprocess.run(
        [sys.executable, "-c", RENDER, guest_cloudinit],
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
    lines = [line for line in file.read_text().splitlines() if line]
    assert lines == [
        "[Address]", "Address=192.0.2.10/24", "[Address]", "Address=2001:db8:1::10/64",
        "[Match]", "MACAddress=02:11:22:33:44:55",
        "[Network]", "DHCP=no", "DNS=192.0.2.1 2001:db8:1::1", "IPv6AcceptRA=False",
        "[Route]", "Destination=0.0.0.0/0", "Gateway=192.0.2.1", "[Route]", "Destination=::/0", "Gateway=2001:db8:1::1",
    ]  # fmt: skip


def test_scripts_are_sound(tmp_path):
    """shellcheck on what the guest runs."""
    user_data, _, _ = parsed(example())
    report = tmp_path / "report"
    report.write_text(written(user_data, "/usr/local/sbin/vps-report"))
    inline = tmp_path / "inline"
    inline.write_text("#!/bin/sh\n" + "\n".join(command[2] for command in user_data["bootcmd"]) + "\n")
    subprocess.run(["shellcheck", report, inline], check=True, timeout=60)


@pytest.mark.parametrize(
    ("answers", "line"), [(True, "VPS READY v-h3k9"), (False, "VPS NOT READY v-h3k9: no page from 127.0.0.1")]
)
def test_the_last_step_reports_and_disables_cloud_init(tmp_path, answers, line):
    """The report tells whether the page answers, and cloud-init is off either way."""
    script = written(parsed(example())[0], "/usr/local/sbin/vps-report")
    (tmp_path / "bin").mkdir()
    curl = tmp_path / "bin/curl"
    curl.write_text(f"#!/bin/sh\nexit {0 if answers else 7}\n")
    curl.chmod(0o755)
    (tmp_path / "bin/sleep").symlink_to(shutil.which("true"))
    moved = (
        script.replace("/etc/cloud", str(tmp_path))
        .replace("/run/", f"{tmp_path}/")
        .replace("/dev/ttyS0", str(tmp_path / "absent"))
    )
    done = subprocess.run(
        ["sh", "-c", moved, "report", "v-h3k9", "127.0.0.1"],
        env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == (line, 0 if answers else 1)
    assert (tmp_path / "cloud-init.disabled").exists()
    assert (tmp_path / "vps-delivery").read_text().strip() == line


@pytest.mark.lab
def test_the_firewall_is_loaded_by_nft(tmp_path):
    """The kernel takes the rule set, in a network namespace of its own; it denies by default."""
    rules = tmp_path / "nftables.conf"
    rules.write_text(parsed(example())[0]["bootcmd"][0][4])
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", f"nft -f {rules} && nft -f {rules} && nft --json list ruleset"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    found = json.loads(done.stdout)["nftables"]
    policies = {item["chain"]["name"]: item["chain"]["policy"] for item in found if "chain" in item}
    assert policies == {"input": "drop", "forward": "drop", "output": "accept"}
    assert len([item for item in found if "rule" in item]) == 4
