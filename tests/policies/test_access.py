"""Keys only, and no secret in state."""

import copy

import pytest

from policies import access
from policies.machine import Resource

KEYS, SECRET = "keys-only", "no-secret-in-state"
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6APDOl8jlIz+nxvyQA1B6kIefNZB++7G+oZ3fgav+l"


def with_keys(machine, keys):
    found = copy.deepcopy(machine)
    found["seed"]["values"]["users"][0]["keys"] = keys
    return found


@pytest.mark.parametrize(
    "key", [ED25519, f"{ED25519} ada@laptop", "ssh-rsa " + "A" * 372, "ecdsa-sha2-nistp256 " + "A" * 140 + "= ada"]
)
def test_good_keys_pass(judge, machine, key):
    assert judge(with_keys(machine, [key]), KEYS) == []


def test_nobody_at_all_passes(judge, machine):
    machine["seed"]["values"]["users"] = []
    assert judge(machine, KEYS) == []


@pytest.mark.parametrize("keys", [[], None, ED25519, {}])
def test_an_account_without_a_key(judge, machine, keys):
    (message,) = judge(with_keys(machine, keys), KEYS)
    assert message.startswith("example-coop/web1: ada has no key, so only a password could let them in")
    assert "ssh_key" in message


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("ssh-dss " + "A" * 200, "is no OpenSSH public key"),
        ("hunter2", "is no OpenSSH public key"),
        (f'command="x" {ED25519}', "is no OpenSSH public key"),
        (ED25519 + "\n" + ED25519, "is no OpenSSH public key"),
        (7.0, "is no OpenSSH public key"),
        ("ssh-rsa " + "A" * 200, "RSA of less than 2048 bits"),
    ],
)
def test_bad_keys_are_told_without_the_key(judge, machine, key, words):
    (message,) = judge(with_keys(machine, [ED25519, key]), KEYS)
    assert words in message
    assert "Ask for an ed25519 key." in message
    assert str(key) not in message


@pytest.mark.parametrize("users", [None, "ada", {"ada": {}}])
def test_accounts_that_are_no_list(judge, machine, users):
    machine["seed"]["values"]["users"] = users
    (message,) = judge(machine, KEYS)
    assert "seed.values.users is no list" in message
    assert judge({**machine, "seed": None}, KEYS) == [message]


def test_no_secret_passes(judge, machine):
    assert judge(machine, SECRET) == []


@pytest.mark.parametrize(
    "name", ["password", "rootPasswd", "hashed_passwd", "api_token", "client_secret", "privateKey"]
)
def test_a_value_that_is_named_like_a_secret(judge, machine, name):
    """Anywhere among the values, told by its place, never by its text."""
    machine["seed"]["values"]["users"][0][name] = "hunter2"
    (message,) = judge(machine, SECRET)
    assert message.startswith(f"example-coop/web1: seed.values.users.0.{name} is named like a secret")
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "value", ["$6$salt$" + "x" * 86, "$y$j9T$abc$def", "$2b$12$abc", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc"]
)
def test_a_value_that_is_a_secret(judge, machine, value):
    machine["seed"]["values"]["label"] = ["web1", value]
    (message,) = judge(machine, SECRET)
    assert message.startswith("example-coop/web1: seed.values.label.1 holds a private key or a password hash")
    assert value not in message


@pytest.mark.parametrize("key", ["userData", "user_data", "networkConfig", "cloudInit"])
def test_rendered_text_has_no_place(judge, machine, key):
    (message,) = judge({**machine, key: "#cloud-config\npassword: x"}, SECRET)
    assert message.startswith(f"example-coop/web1: input {key} holds rendered text")
    assert "password: x" not in message


def test_prices_and_names_are_no_secrets(judge, machine):
    machine["seed"]["values"]["client_name"] = "Secret Garden & Password Inc., $6 a month"
    assert judge(machine, SECRET) == []


def test_an_adopted_machine_has_no_seed_to_judge(judge, machine):
    """Without that word the seed must be there; with a seed it is judged."""
    del machine["seed"]
    assert len(judge(machine, KEYS)) == 1
    assert judge({**machine, "adopted": True}, KEYS) == []
    assert len(judge({**machine, "adopted": True, "seed": {}}, KEYS)) == 1


@pytest.mark.parametrize("name", ["passwd", "Passphrase", "secret", "apiToken", "PRIVATE", "hashed", "credentials"])
def test_a_bag_of_plain_data_is_looked_through_for_every_such_name(machine, name):
    """The quick look at the whole must let none through; the engine's own bags take the slow one."""
    machine["seed"]["values"][name] = "x"
    plain = Resource(type="vps:index:Machine", name="m", protected=True, properties=machine)
    (message,) = access.no_secret(plain)
    assert f"seed.values.{name} is named like a secret" in message
