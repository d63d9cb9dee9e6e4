"""`vps new` makes a client's file that the fleet takes as it is, or says all that keeps it from it."""

import datetime as dt
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components.config.loader import load
from components.domain import rules
from components.domain.problems import DomainError
from tests.cli.writers import ACME, Writers, clean
from tests.domain.sample import SSH_KEY

VIP = ("--support", "vip", "--accepted", "T-7")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writers:
    clean(monkeypatch)
    return Writers(tmp_path / "project")


def errors(made: Writers) -> list[str]:
    return [one.message for one in made.loaded().problems if one.severity == "error"]


def test_a_client_is_made_with_host_addresses_and_price(made: Writers, tmp_path: Path) -> None:
    key = tmp_path / "bea.pub"
    key.write_text(SSH_KEY + "\n")

    said = made.vps("new", "acme", *ACME, "--key", str(key), "--yes")

    assert not errors(made)
    client = made.loaded().fleet.clients["acme"]
    vps = client.vps["web1"]
    # Its own host, the other one having the example's VPS is no reason: this client has none anywhere yet.
    assert vps.host in ("lab1", "lab2")
    assert (vps.network, vps.ipv4, vps.ipv6) == ("public1", ("192.0.2.11",), ("2001:db8:1::11",))
    assert (vps.package, vps.image, vps.term.months) == ("small@2026-01", "base-debian-13", 3)
    assert client.contacts["bea"].ssh_key == SSH_KEY
    assert client.contacts["bea"].roles == ("owner", "technical", "billing")
    assert client.contract.version == "standard@2026-01"
    # 19.00 a month less 3 %, and three months of that.
    assert "18.43 EUR" in said
    assert "55.29 EUR  2026-12-01 to 2027-03-01, due 2026-12-01" in said
    assert "wrote clients/acme.yaml. Next:" in said
    assert "vps up client.acme" in said


def test_everything_that_is_missing_or_wrong_is_said_at_once_and_nothing_written(made: Writers) -> None:
    with pytest.raises(DomainError) as told:
        made.run("new", "acme", "--package", "large", "--term", "5", "--contact", "Bea", "--support", "vip", "--yes")
    said = str(told.value)
    for word in (
        "--name is missing",
        '"Bea" is no contact',
        "term of 5 months is not sold",
        'no package "large"',
        "--fqdn is missing",
        "--accepted is missing",
        "Nothing was written",
    ):
        assert word in said
    assert not made.file("acme").exists()


def test_a_name_that_is_taken_or_none_is_refused(made: Writers) -> None:
    with pytest.raises(DomainError, match=r"there already.*vps add example-coop.*vps new --again example-coop"):
        made.run("new", "example-coop", *ACME, "--yes")
    with pytest.raises(DomainError, match="no name for a client"):
        made.run("new", "Acme Ltd", *ACME, "--yes")


def test_nobody_is_asked_where_nobody_can_answer(made: Writers) -> None:
    with pytest.raises(DomainError, match=r"no terminal.*Nothing was written.*--yes"):
        made.run("new", "acme", *ACME)
    assert not made.file("acme").exists()


def test_for_machines_it_is_json_and_written_only_with_yes(made: Writers) -> None:
    found = json.loads(made.vps("new", "acme", *ACME, "--json"))
    assert not found["written"]
    assert found["next"] == []
    assert not made.file("acme").exists()

    found = json.loads(made.vps("new", "acme", *ACME, "--json", "--yes"))
    vps = made.loaded().fleet.clients["acme"].vps["web1"]
    assert found["written"]
    assert (found["id"], found["placement"]["host"]) == (vps.id, vps.host)
    assert found["placement"]["ipv4"] == ["192.0.2.11"]
    assert {one["per"]: one["amount"] for one in found["price"] if one["kind"] == "package"} == {
        "month": "19.00",
        "term": "57.00",
    }


def test_a_host_that_was_asked_for_is_judged_by_the_same_rules(made: Writers) -> None:
    made = Writers(made.project.folder, hosts=3)
    made.edit("hosts/lab2.yaml", sells={"vcpus": "400 %", "memory": "1 %", "disk": "100 %"})
    with pytest.raises(DomainError, match=r"lab2 cannot take it.\n  lab2  memory: 2112 MiB needed") as told:
        made.run("new", "acme", *ACME, "--host", "lab2", "--yes")
    assert "vps move" in str(told.value)
    with pytest.raises(DomainError, match=r'no host "lab9"'):
        made.run("new", "acme", *ACME, "--host", "lab9", "--yes")
    assert not made.file("acme").exists()

    said = made.vps("new", "acme", *ACME, "--host", "lab1", "--yes")

    assert "lab1 was asked for" in said
    assert made.loaded().fleet.clients["acme"].vps["web1"].host == "lab1"


def test_vip_is_written_with_its_ticket(made: Writers) -> None:
    said = made.vps("new", "acme", *ACME, *VIP, "--start", "2099-12-01", "--yes")

    contract = made.loaded().fleet.clients["acme"].contract
    # It begins with the term, and no file turns wrong by itself on that day.
    assert contract.support == "vip"
    assert contract.vip is not None
    assert (contract.vip.since.isoformat(), contract.vip.accepted) == ("2099-12-01", "T-7")
    assert "49.00 EUR" in said
    for day in ("2026-11-22", "2099-11-30", "2099-12-01"):
        found = rules.problems(made.loaded().fleet, today=dt.date.fromisoformat(day))
        assert not [one for one in found if one.code == "support-level"], day


def test_vip_is_sold_to_nobody_who_did_not_ask_for_it(made: Writers) -> None:
    for words in (("--accepted", "T-1"), ("--support", "standard", "--accepted", "T-1")):
        with pytest.raises(DomainError, match=r"--accepted T-1 is of VIP, and nothing says --support vip"):
            made.run("new", "acme", *ACME, *words, "--yes")
    with pytest.raises(DomainError, match=r'no support level "gold"'):
        made.run("new", "acme", *ACME, "--support", "gold", "--start", "2099-12-01", "--yes")
    assert not made.file("acme").exists()


def test_of_several_networks_somebody_says_which(made: Writers) -> None:
    """The first by name may be for management."""
    fleet, host = made.fleet / "fleet.yaml", made.fleet / "hosts/lab1.yaml"
    text = fleet.read_text()
    admin = "  admin0:\n    ipv4: {range: 198.51.100.0/24, gateway: 198.51.100.1}\n    dns: [198.51.100.1]\n"
    fleet.write_text(text.replace("networks:\n", f"networks:\n{admin}"))
    text = host.read_text()
    line = next(one for one in text.splitlines() if one.lstrip().startswith("public1:"))
    host.write_text(text.replace(line, f"{line}\n{line.replace('public1', 'admin0')}"))

    with pytest.raises(DomainError, match=r"--network is missing: network \(admin0, public1\)"):
        made.run("new", "acme", *ACME, "--yes")
    made.vps("new", "acme", *ACME, "--network", "public1", "--yes")

    vps = made.loaded().fleet.clients["acme"].vps["web1"]
    assert (vps.network, len(vps.ipv4), len(vps.ipv6)) == ("public1", 1, 1)


def test_extras_raise_limits_and_price_and_are_counted(made: Writers) -> None:
    said = made.vps("new", "acme", *ACME, "--extra", "memory=2", "--extra", "disk@2026-01", "--yes")

    fleet = made.loaded().fleet
    vps = fleet.clients["acme"].vps["web1"]
    assert vps.extras == {"memory@2026-01": 2, "disk@2026-01": 1}
    assert (fleet.limits(vps.sales[0]).memory_mib, fleet.limits(vps.sales[0]).disk_gib) == (4096, 20)
    assert "2 x memory@2026-01                      8.00 EUR" in said
    with pytest.raises(DomainError, match=r"(?s)new problems.*3 pieces of it can't be had"):
        made.run("new", "bolt", *ACME, "--fqdn", "web1.bolt.example", "--extra", "memory=3", "--yes")


def test_a_private_key_is_neither_taken_nor_shown(made: Writers, tmp_path: Path) -> None:
    key = tmp_path / "bea"
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n")
    with pytest.raises(DomainError, match="is no public key") as told:
        made.run("new", "acme", *ACME, "--key", str(key), "--yes")
    assert "c2VjcmV0" not in str(told.value)


def test_what_the_rules_refuse_is_not_written(made: Writers) -> None:
    with pytest.raises(DomainError, match=r"(?s)new problems.*is also the name of example-coop/web1"):
        made.run("new", "acme", *ACME, "--fqdn", "web1.coop.example", "--yes")
    assert not made.file("acme").exists()


def test_an_address_in_a_file_that_can_not_be_read_is_nobody_elses(made: Writers) -> None:
    text = made.file("example-coop").read_text()
    made.file("example-coop").write_text(text.replace("language: en", "language: [en"))
    assert "example-coop" not in load(made.fleet).fleet.clients

    found = json.loads(made.vps("new", "acme", *ACME, "--json"))

    assert found["placement"]["ipv4"] == ["192.0.2.11"]
    assert found["placement"]["ipv6"] == ["2001:db8:1::11"]


def test_a_host_that_is_in_maintenance_takes_nobody(made: Writers) -> None:
    made.vps("host", "set", "lab2", "maintenance", "--reason", "new fans")
    said = made.vps("new", "acme", *ACME, "--yes")
    assert made.loaded().fleet.clients["acme"].vps["web1"].host == "lab1"
    assert "lab2" in said.partition("not on")[2]


def test_a_ledger_that_can_not_be_read_might_know_of_a_host_that_takes_nobody(
    made: Writers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "ledger"
    broken.write_text("no database\n")
    monkeypatch.setenv("VPS_LEDGER", str(broken))
    with pytest.raises(DomainError, match="ledger"):
        made.run("new", "acme", *ACME, "--yes")
    assert not made.file("acme").exists()


@pytest.mark.parametrize("name", ["catalogue.yaml", "fleet.yaml"])
def test_a_file_that_all_share_must_be_readable(made: Writers, name: str) -> None:
    """Else everything would be called unknown, one by one."""
    (made.fleet / name).write_text("packages: [")
    for words in (("new", "acme", *ACME), ("add", "example-coop", *ACME[:4], "--fqdn", "web2.coop.example")):
        read = rf"can't be read as it is\.\n  {name}:1: This is no YAML"
        with pytest.raises(DomainError, match=rf"(?s)Unable to .*{read}.*vps check"):
            made.run(*words, "--yes")


def test_a_network_that_lacks_what_could_not_be_read_is_no_network(made: Writers) -> None:
    """Else the VPS would get no IPv4 without a word."""
    fleet = made.fleet / "fleet.yaml"
    fleet.write_text(fleet.read_text().replace("192.0.2.0/24", "192.0.2.0/33"))
    before = made.file("example-coop").read_text()
    for words in (("new", "acme", *ACME), ("add", "example-coop", *ACME[:4], "--fqdn", "web2.coop.example")):
        with pytest.raises(DomainError, match=r"(?s)Unable to .*fleet.yaml:[0-9]+: .*192.0.2.0/33.*vps check"):
            made.run(*words, "--yes")
    assert made.file("example-coop").read_text() == before


def test_a_term_of_long_ago_may_be_a_slip(made: Writers) -> None:
    found = json.loads(made.vps("new", "acme", *ACME, "--start", "2020-01-01", "--json"))
    (warning,) = found["warnings"]
    assert warning.startswith("Its first term starts on 2020-01-01: ")
    assert "terms of it are over, whose fees were due. Write a later --start" in warning
    assert json.loads(made.vps("new", "acme", *ACME, "--json"))["warnings"] == []
    assert "warning   Its first term" in made.vps("new", "acme", *ACME, "--start", "2020-01-01", "--yes")


def test_the_first_client_of_a_fleet_needs_no_folder(made: Writers) -> None:
    """git keeps no empty one."""
    shutil.rmtree(made.fleet / "clients")

    made.vps("new", "acme", *ACME, "--yes")

    assert list(made.loaded().fleet.clients) == ["acme"]
    assert not errors(made)


def command(made: Writers, *words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("vps")), *words, "--fleet", str(made.fleet)]


def test_two_at_once_never_get_the_same_address(made: Writers) -> None:
    """Each picks before the other has written; the second one to write is judged again, and told to run again."""
    running = [
        subprocess.Popen(
            command(made, "new", name, *ACME, "--fqdn", f"web1.{name}.example", "--yes"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("acme", "bolt", "core")
    ]
    said = [one.communicate(timeout=120)[0] for one in running]

    assert not errors(made)
    codes = [one.returncode for one in running]
    assert codes.count(0) == len(made.loaded().fleet.clients) - 1 >= 1
    lost = [text for code, text in zip(codes, said, strict=True) if code]
    assert all("also belongs to" in text and "somebody else wrote meanwhile" in text for text in lost)
    assert all("Run the same command again" in text and "--again" not in text for text in lost)


def test_at_a_terminal_it_asks_for_what_is_missing_and_writes_what_was_agreed(made: Writers) -> None:
    # What is wrong is asked for again at once: nobody types everything twice.
    answers = (
        *("Bolt Ltd", "Bob", "Bob <bob@bolt.example>", "smal", "small", "two", "1"),
        *("web1", "web1.coop.example", "web1.bolt.example", "y"),
    )
    terminal, end = pty.openpty()
    os.write(terminal, "".join(f"{one}\n" for one in answers).encode())
    with subprocess.Popen(command(made, "new", "bolt"), stdin=end, stdout=end, stderr=end) as process:
        os.close(end)
        said = b""
        try:
            while part := os.read(terminal, 65536):
                said += part
        except OSError:
            pass  # That is how a terminal ends.
    os.close(terminal)

    assert process.returncode == 0, said.decode()
    assert b"Package (small@2026-01, medium@2026-01)" in said
    for word in ('"Bob" is no contact', 'no package "smal"', "A term of two months", '"web1" is no full name'):
        assert word.encode() in said, word
    assert b"web1.coop.example is the name of example-coop/web1" in said
    client = made.loaded().fleet.clients["bolt"]
    assert (client.name, client.contacts["bob"].email) == ("Bolt Ltd", "bob@bolt.example")
    assert client.vps["web1"].term.months == 1
