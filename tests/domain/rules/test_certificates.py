"""Rules for who gives certificates."""

from dataclasses import replace

import pytest

from components.domain.authorities import Authority
from components.domain.clients import Panel
from components.domain.fleet import Fleet
from components.domain.rules.certificates import MOST_CA_BYTES
from components.domain.rules.certificates import problems as judged
from components.domain.rules.references import Unread
from tests.domain.sample import client, fleet, vps
from tests.domain.sample import judged as by_all_rules

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
SOUND = Authority(directory="https://acme-v02.api.letsencrypt.org/directory", email="ops@hoster.example", hsts_days=180)
TRIAL = "https://acme-staging-v02.api.letsencrypt.org/directory"


def _sites(authority: Authority | None) -> Fleet:
    machine = vps(panel=Panel(admin="ada", ssl_sites=("www.coop.example",)))
    return replace(fleet(), clients={"example-coop": client("example-coop", machine)}, authority=authority)


@pytest.mark.parametrize(
    "sound",
    [SOUND, replace(SOUND, ca=PEM), replace(SOUND, email=""), Authority(directory=TRIAL, staging=True)],
)
def test_sound_ones_pass(sound: Authority) -> None:
    assert list(judged(_sites(sound))) == []


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"directory": "http://acme.example/dir"}, "directory", "no address of an ACME directory"),
        ({"directory": "https://acme.example/dir'; id"}, "directory", "no address of an ACME directory"),
        ({"email": "ops"}, "email", "no e-mail address"),
        ({"directory": TRIAL}, "staging", "for trials by its name"),
        ({"staging": True, "hsts_days": 0}, "staging", "a production directory"),
        ({"directory": TRIAL, "staging": True}, "hsts", "that they refuse"),
        ({"ca": "hello"}, "ca_file", "no certificate"),
        ({"ca": PEM + "-----BEGIN PRIVATE KEY-----"}, "ca_file", "a private key"),
        ({"ca": PEM + "x" * MOST_CA_BYTES}, "ca_file", "fit into the settings"),
    ],
)
def test_a_mistaken_one_is_named(changes: dict[str, object], key: str, words: str) -> None:
    (problem,) = judged(_sites(replace(SOUND, **changes)))  # type: ignore[arg-type]
    assert problem.path == ("acme", key)
    assert words in problem.message
    assert problem.remedy
    assert problem.blocks


def test_sites_without_an_authority_are_told_and_stop_nothing() -> None:
    (problem,) = (found for found in by_all_rules(_sites(None)) if found.path[-1] == "ssl_sites")
    assert "www.coop.example can't have SSL" in problem.message
    assert not problem.blocks


def test_an_authority_that_could_not_be_read_is_not_called_missing() -> None:
    assert list(judged(_sites(None), Unread(frozenset({("acme",)})))) == []
