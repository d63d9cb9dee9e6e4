"""What each kind of value takes and refuses."""

import pytest

from components.cloudinit.kinds import KINDS

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAMvAzTr0Yh3XQ8rA5YzWcOq1m7iY0p3m3s0e6w6T1Jk"
FITS = {
    "text": ["", "Ada", "two\nlines\t", '"{{ }}" <b>', "é😀\u2028"],
    "line": ["", "one line", "<b>"],
    "number": [0, 3, 2.0],
    "flag": [True, False],
    "id": ["c-q7m2", "v-h3k9", "0"],
    "uuid": ["5a0c1f5e-8a56-5c0e-9d3a-0f7f3f0c6a11"],
    "label": ["web1", "a", "a-b", "x" * 63],
    "fqdn": ["web1.coop.example", "a.b"],
    "zone": ["UTC", "Europe/Madrid", "America/Argentina/Salta", "Etc/GMT+5"],
    "login": ["ops", "ada", "a-b_c9"],
    "ssh key": [KEY, KEY + " ada@laptop", KEY + ' "quoted" {{ }} 😀'],
    "mac": ["02:11:22:33:44:55"],
    "address": ["192.0.2.1", "2001:db8::1", "::"],
    "interface": ["192.0.2.10/24", "2001:db8::1/64", "192.0.2.1/0", "::1/128"],
    "ipv4 gateway": ["", "192.0.2.1"],
    "ipv6 gateway": ["", "fe80::1"],
    "range": ["192.0.2.0/24", "192.0.2.1", "2001:db8::/32"],
    "options": [{}, {"sites": 3, "theme": "a\nb", "beta": True, "modules": ["views"], "a_b-c": 2.0}],
    "day": ["sunday", "wednesday"],
    "clock": ["03:00", "23:59"],
}
REFUSED = {
    "text": ["nul\0", "\x1b[31m", "\x85", "\ud800", "\r", 3, None],
    "line": ["two\nlines", "tab\t", b"bytes"],
    "number": [-1, 1.5, True, "1", None, float("inf"), float("nan")],
    "flag": [0, "true", None],
    "id": ["", "C", "a b", "a" * 33, "-a", 1],
    "uuid": ["", "5A0C1F5E-8A56-5C0E-9D3A-0F7F3F0C6A11", "5a0c1f5e8a565c0e9d3a0f7f3f0c6a11"],
    "label": ["", "Web1", "-a", "a-", "a.b", "x" * 64, "a\n", "ä"],
    "fqdn": ["web1", "a..b", ".a.b", "a.b.", "a.b\n", "a." * 126 + "toolong", 1],
    "zone": ["", "../etc/passwd", "a/b/c/d", "UTC\n", "/UTC"],
    "login": ["", "root", "www-data", "Ada", "1a", "a" * 33, "a:b", "a\n"],
    "ssh key": ["", "ssh-ed25519", KEY + "\nssh-rsa x", f'command="x" {KEY}', "ssh-dss " + "A" * 60, KEY + " \x85", 5],
    "mac": ["02:11:22:33:44", "02:11:22:33:44:5G", "02-11-22-33-44-55", "02:11:22:33:44:5A"],
    "address": ["", "192.0.2.300", "192.0.2.1/24", "fe80::1%eth0", "192.0.2", "1\0", None],
    "interface": ["192.0.2.10", "192.0.2.10/33", "2001:db8::/129", "192.0.2.1/024", "192.0.2.1/-1", "192.0.2.1/٣", ""],
    "ipv4 gateway": ["fe80::1", "192.0.2.1/24", None],
    "ipv6 gateway": ["192.0.2.1", 0],
    "range": ["", "192.0.2.0/33", "anywhere", "192.0.2.0/24; deny all", None],
    "options": [
        [],
        {"A": 1},
        {"a b": 1},
        {"a": None},
        {"a": {"b": 1}},
        {"a": ["x", 1]},
        {"a": 1.5},
        {"a": "\0"},
        {1: 1},
    ],
    "day": ["Sunday", "day", "sundaymonday", ""],
    "clock": ["3:00", "24:00", "03:60", "03:00:00", "0300"],
}


def test_every_kind_is_tried():
    assert FITS.keys() == REFUSED.keys() == KINDS.keys()


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind in FITS for value in FITS[kind]])
def test_fits(kind, value):
    assert KINDS[kind](value) == ""


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind in REFUSED for value in REFUSED[kind]])
def test_is_refused_in_words_without_the_value(kind, value):
    expected = KINDS[kind](value)
    assert expected
    assert not (isinstance(value, str) and len(value) > 3 and repr(value) in expected)
