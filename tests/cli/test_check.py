"""`vps check`: as people and machines read it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("*.py", "__pycache__", "pulumi")
    return Path(shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=ignored))


COUNTS = "1 client, 1 VPS, 1 host"
UNCOMPARED = "What is new and what is old can't be told, nor what only a comparison shows. {} is no git checkout.\n"
FOUND_NOTHING = "nothing wrong was found in what could be judged"


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The whole process, as the shell starts it."""
    environment = {key: value for key, value in os.environ.items() if key != "VPS_FLEET"}
    command = [str(Path(sys.executable).with_name("vps")), "check", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_clean_fleet_is_one_line(fleet: Path) -> None:
    result = check(fleet.parent)
    assert (result.returncode, result.stdout) == (0, f"{UNCOMPARED.format(fleet)}stacks: {COUNTS}: {FOUND_NOTHING}.\n")
    assert result.stderr == ""
    git(fleet.parent, "init", "-q", "-b", "main")
    for _ in range(2):
        git(fleet.parent, "add", ".")
        git(fleet.parent, "commit", "-q", "--allow-empty", "-m", "first")
    assert check(fleet.parent).stdout == f"stacks: {COUNTS}: all is well.\n"


def test_all_problems_with_file_line_path_and_remedy(fleet: Path) -> None:
    client = fleet / "clients" / "example-coop.yaml"
    client.write_text(client.read_text().replace("small@", "smal@").replace("[192.0.2.10]", "[192.0.3.10]"))
    catalogue = fleet / "catalogue.yaml"
    catalogue.write_text(catalogue.read_text().replace('"19.00"', "19.00"))
    result = check(fleet.parent)
    assert result.returncode == 1
    assert (
        result.stdout
        == f"""\
stacks/catalogue.yaml:20 packages.small@2026-01.price.month
  error (fleet) no-yaml: 19.00 is a number with a point or exponent without quotes.
  Write "19.00".

stacks/clients/example-coop.yaml:16 clients.example-coop.vps.web1.package
  error (VPS example-coop/web1) unknown-package: There is no package "smal@2026-01".
  Use "small@2026-01" or declare it in catalogue.yaml.
stacks/clients/example-coop.yaml:21 clients.example-coop.vps.web1.ipv4.0
  error (VPS example-coop/web1) address-outside-network: 192.0.3.10 lies outside the network public1 (192.0.2.0/24).
  Choose a free address of 192.0.2.0/24.

3 errors in 2 files; 5 files checked.
{UNCOMPARED.format(fleet)}"""
    )


def test_json_says_the_same(fleet: Path) -> None:
    clean = check(fleet.parent, "--json")
    assert clean.returncode == 0
    report = json.loads(clean.stdout)
    assert report["checked"] == {"clients": 1, "vps": 1, "hosts": 1, "files": 5}
    assert (report["fleet"], report["problems"]) == ("demo", [])
    (fleet / "fleet.yaml").write_text("id: [")
    broken = check(fleet.parent, "--json", "--fleet", str(fleet))
    assert broken.returncode == 1
    (problem,) = json.loads(broken.stdout)["problems"]
    assert (problem["file"], problem["line"], problem["blocks"]) == ("fleet.yaml", 1, True)
    assert (problem["code"], problem["severity"], problem["scope"]) == ("no-yaml", "error", "fleet")
    assert problem["blame"] is None
    assert problem["message"]
    assert problem["remedy"]


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@hoster.example", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


def test_a_branch_is_told_what_it_brought_and_what_was_there(fleet: Path) -> None:
    shared, client = fleet / "fleet.yaml", fleet / "clients" / "example-coop.yaml"
    shared.write_text(shared.read_text().replace("cards: true", "cards: false"))
    git(fleet.parent, "init", "-q", "-b", "main")
    git(fleet.parent, "add", ".")
    git(fleet.parent, "commit", "-q", "-m", "first")
    git(fleet.parent, "switch", "-q", "-c", "mine")
    client.write_text(client.read_text().replace("fqdn: web1.coop.example", "fqdn: web1"))
    git(fleet.parent, "commit", "-q", "-a", "-m", "mine")
    result = check(fleet)
    assert result.returncode == 1
    assert "error (old, fleet) datacentre-insecure" in result.stdout
    assert "error (new, VPS example-coop/web1) bad-fqdn" in result.stdout
    assert "2 errors (1 new, 1 old) in 2 files" in result.stdout
    only = json.loads(check(fleet, "--new", "--json").stdout)
    assert [(one["code"], one["blame"], one["scope"]) for one in only["problems"]] == [
        ("bad-fqdn", "new", "VPS example-coop/web1")
    ]
    git(fleet.parent, "checkout", "-q", "main")
    mended = check(fleet, "--new", "--base", "HEAD")
    assert (mended.returncode, mended.stdout) == (0, ".: 1 client, 1 VPS, 1 host: nothing new is wrong.\n")
    unknown = check(fleet, "--base", "never")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert 'has no revision "never"' in unknown.stderr


def test_warnings_alone_fail_nothing(fleet: Path) -> None:
    client = fleet / "clients" / "example-coop.yaml"
    client.write_text(client.read_text().replace("[owner, technical, billing]", "[owner]"))
    result = check(fleet.parent)
    assert result.returncode == 0
    assert "warning (client example-coop) role-missing" in result.stdout
    assert "1 warning in 1 file" in result.stdout


def test_no_fleet_is_one_message_without_traceback(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: No fleet was found")
    assert "--fleet" in result.stderr
    assert "Traceback" not in result.stderr


def test_levels_of_the_policy_pack_are_told(fleet: Path) -> None:
    """Who makes a rule milder says so at every check; a level that is none fails it."""
    levels = fleet / "policies.yaml"
    levels.write_text("levels: {keys-only: advisory, term-is-sold: mandatory}\n")
    milder = check(fleet)
    assert milder.returncode == 0
    assert "policies.yaml lowers keys-only of the policy pack from mandatory to advisory.\n" in milder.stdout
    assert "term-is-sold" not in milder.stdout
    levels.write_text("levels: {keys-onl: advisory}\n")
    broken = check(fleet)
    assert broken.returncode == 1
    assert "policy-level: policies.yaml sets the level of keys-onl, which is no rule" in broken.stdout


def test_what_could_not_be_judged_is_said_though_all_is_well(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPS_LEDGER", "ftp://ledger")
    result = check(fleet.parent)
    assert result.returncode == 0
    assert "\nStates of hosts are not known." in result.stdout
    assert result.stdout.endswith(f"{FOUND_NOTHING}.\n")


def test_a_shallow_clone_fails_the_check_for_nobody_saw_what_changed(fleet: Path, tmp_path: Path) -> None:
    """As machines that build pull requests clone."""
    git(fleet.parent, "init", "-q", "-b", "main")
    git(fleet.parent, "add", ".")
    git(fleet.parent, "commit", "-q", "-m", "first")
    git(fleet.parent, "switch", "-q", "-c", "dearer")
    catalogue = fleet / "catalogue.yaml"
    catalogue.write_text(catalogue.read_text().replace('"19.00"', '"21.00"'))
    git(fleet.parent, "commit", "-q", "-a", "-m", "dearer")
    git(tmp_path, "clone", "-q", "--depth", "1", "--branch", "dearer", f"file://{fleet.parent}", "shallow")
    clone = tmp_path / "shallow"
    for words in ([], ["--new"]):
        blind = check(clone, *words)
        assert blind.returncode == 1
        assert "git fetch --unshallow" in blind.stdout
        assert "well" not in blind.stdout
        assert blind.stdout.endswith("and what changed was not judged.\n")
    assert json.loads(check(clone, "--json").stdout)["blind"] is True
    assert "sold-version-changed" in check(fleet.parent).stdout


def test_levels_are_compared_with_what_they_were(fleet: Path) -> None:
    git(fleet.parent, "init", "-q", "-b", "main")
    git(fleet.parent, "add", ".")
    git(fleet.parent, "commit", "-q", "-m", "first")
    (fleet / "policies.yaml").write_text("levels: {nosuch: advisory}\n")
    brought = check(fleet, "--new")
    assert brought.returncode == 1
    assert "error (new, fleet) policy-level" in brought.stdout
    git(fleet.parent, "add", ".")
    git(fleet.parent, "commit", "-q", "-m", "second")
    (fleet / "policies.yaml").write_text("levels: {nosuch: advisory, other: advisory}\n")
    assert "2 errors (1 new, 1 old)" in check(fleet).stdout
