"""What a template's value may be: one small check per kind, fast enough to run for every machine of a fleet.

A check answers with nothing when the value fits, else with what was expected. It never repeats the value.
"""

import re
import socket
from collections.abc import Callable, Mapping

Check = Callable[[object], str]

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
# Accounts that Debian or the baked packages own: a contact of that name would be handed a service's account.
_TAKEN = frozenset(
    """root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc nobody _apt messagebus sshd
    mysql nginx _chrony systemd-network systemd-resolve systemd-timesync polkitd""".split()  # noqa: SIM905 - names
)


def _text(value: object) -> str:
    if not isinstance(value, str):
        return "a text"
    return "a text without control characters" if _CONTROL.search(value) else ""


def _line(value: object) -> str:
    if not isinstance(value, str) or _CONTROL.search(value) or "\n" in value or "\t" in value:
        return "a text of one line, without control characters"
    return ""


def _number(value: object) -> str:
    # A float of whole value fits: Pulumi hands every number over as one.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53 or value % 1:
        return "a whole number, 0 or more"
    return ""


def _flag(value: object) -> str:
    return "" if isinstance(value, bool) else "true or false"


def _matching(pattern: str, expected: str, *, longest: int = 253) -> Check:
    """The check of a text that a pattern describes wholly."""
    found = re.compile(pattern)

    def check(value: object) -> str:
        if isinstance(value, str) and len(value) <= longest and found.fullmatch(value):
            return ""
        return expected

    return check


def _login(value: object) -> str:
    if value in _TAKEN:
        return "a login name that Debian does not own"
    return _login_form(value)


_login_form = _matching(
    r"[a-z][a-z0-9_-]{0,31}", "a login name: a lower-case letter, then up to 31 letters, digits, - or _"
)


def _is_address(text: str) -> int:
    """The number of bits of an IP address in text form; 0 when it is none."""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):
        return 0
    return 128 if ":" in text else 32


def _address(value: object) -> str:
    return "" if isinstance(value, str) and _is_address(value) else "an IPv4 or IPv6 address"


def _interface(value: object) -> str:
    if isinstance(value, str):
        address, _, prefix = value.partition("/")
        bits = _is_address(address)
        if bits and prefix.isascii() and prefix.isdecimal() and int(prefix) <= bits and str(int(prefix)) == prefix:
            return ""
    return "an address with prefix length, such as 192.0.2.10/24"


def _cidr(value: object) -> str:
    if isinstance(value, str) and (_is_address(value) or not _interface(value)):
        return ""
    return "an address or a range, such as 192.0.2.0/24"


def _options(value: object) -> str:
    """A flavour's own settings: what they mean is the flavour's."""
    if isinstance(value, Mapping) and all(
        isinstance(name, str) and _option_name.fullmatch(name) and _is_option(item) for name, item in value.items()
    ):
        return ""
    return "a map of names to texts, whole numbers, flags or lists of texts"


_option_name = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def _is_option(item: object) -> bool:
    if isinstance(item, list | tuple):
        return not any(map(_text, item))
    return isinstance(item, bool) or not (_text(item) and _number(item))


def _gateway(bits: int, example: str) -> Check:
    """The check of a gateway of one address family, or nothing."""

    def check(value: object) -> str:
        if isinstance(value, str) and (not value or _is_address(value) == bits):
            return ""
        return f"a gateway such as {example}, or an empty text for none"

    return check


KINDS: dict[str, Check] = {
    "text": _text,
    "line": _line,
    "number": _number,
    "flag": _flag,
    "id": _matching(r"[a-z0-9][a-z0-9-]{0,31}", "an id: lower-case letters, digits and -"),
    "uuid": _matching(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID in lower case"),
    "label": _matching(_LABEL, "a DNS label in lower case"),
    "fqdn": _matching(rf"{_LABEL}(\.{_LABEL})+", "a full host name in lower case, such as web1.coop.example"),
    "zone": _matching(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}", "a time zone's name, such as UTC"),
    "login": _login,
    "ssh key": _matching(
        r"(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
        r" [A-Za-z0-9+/]{40,}={0,2}( [^\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]*)?",
        "an OpenSSH public key on one line, without options",
        longest=8192,
    ),
    "mac": _matching(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", "a MAC address in lower case"),
    "address": _address,
    "interface": _interface,
    "range": _cidr,
    "options": _options,
    "day": _matching("(mon|tues|wednes|thurs|fri|satur|sun)day", "a day of the week, such as sunday"),
    "clock": _matching(r"([01][0-9]|2[0-3]):[0-5][0-9]", "a time of day, such as 03:00"),
    "ipv4 gateway": _gateway(32, "192.0.2.1"),
    "ipv6 gateway": _gateway(128, "2001:db8::1"),
}
"""By the name that `templates/variables.yaml` uses."""
