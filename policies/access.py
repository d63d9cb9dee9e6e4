"""Only keys let people in, and no secret goes through state."""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence

import orjson

from policies.machine import Machine, Resource, text
from policies.rule import Rule

_KEY = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
    r" [A-Za-z0-9+/]{40,}={0,2}( .*)?"
)
_SHORTEST_RSA = 340
"""Characters of an RSA key of 2048 bits in base64; a shorter one is weaker."""
_SECRET_NAME = re.compile("passw|passphrase|secret|token|private|hashed|credential", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\$(1|2[aby]|5|6|7|y|gy|argon2id?)\$")
_RENDERED = ("userData", "user_data", "userdata", "metaData", "networkConfig", "cloudInit", "seedIso")
"""Rendered text has no place in state: it holds the template's digest and its values."""


def keys_only(found: Resource) -> Iterator[str]:
    """Every account of a machine has a public key, and a key is its only way in."""
    if not found.is_machine:
        return
    users = Machine(found).users
    if users is None and Machine(found).is_adopted and "seed" not in found.properties:
        return  # Whom its former owner let in stands in the guest alone; nothing of ours lets anybody in.
    if users is None:
        yield f"{found.title}: seed.values.users is no list, so nobody can say who gets in. Declare it through a VPS."
        return
    for user in users:
        name = text(user.get("name")) or "an account without a name"
        keys = user.get("keys")
        listed = [text(key) for key in keys] if isinstance(keys, Sequence) and not isinstance(keys, str) else []
        if not listed:
            yield (
                f"{found.title}: {name} has no key, so only a password could let them in, and there is none. "
                "Give the contact an ssh_key, or take the access away."
            )
        for key in listed:
            if problem := weakness(key):
                yield f"{found.title}: a key of {name} is {problem}. Ask for an ed25519 key."


def weakness(key: str) -> str:
    """What is wrong with a public key, in words; empty for a good one."""
    if not _KEY.fullmatch(key):
        return "no OpenSSH public key in use today"
    return "RSA of less than 2048 bits" if key.startswith("ssh-rsa ") and len(key.split()[1]) < _SHORTEST_RSA else ""


def no_secret(found: Resource) -> Iterator[str]:
    """No password, no private key and no rendered text stands in the inputs of a machine."""
    if not found.is_machine:
        return
    for key in _RENDERED:
        if key in found.properties:
            yield (
                f"{found.title}: input {key} holds rendered text, which would stand in state for good. "
                "Give the template's digest and its values instead."
            )
    seed = found.properties.get("seed")
    # Hardly any machine holds one: only then is it worth finding out where.
    for path, why in _secrets(seed, "seed") if _holds_secret(seed) else ():
        yield (
            f"{found.title}: {path} {why}; it would stand in state, readable for whoever reads that. "
            "Take it out: a guest makes its own secrets."
        )


def _holds_secret(value: object) -> bool:
    """Whether `_secrets` may find anything; quick, because hardly ever anything is there.

    All texts are looked through at once where the bag is plain data, and not as the engine shows it.
    """
    try:
        whole = orjson.dumps(value)
    except TypeError:
        return any(True for _ in _secrets(value, ""))
    if b"$" in whole or b"-----" in whole:
        return True
    lower = whole.lower()
    # What all words begin with or hold, so that a text is looked through five times.
    return b"pass" in lower or b"cre" in lower or b"token" in lower or b"private" in lower or b"hashed" in lower


def _secrets(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Where a secret stands, without the secret."""
    if isinstance(value, str):
        if _SECRET_VALUE.search(value):
            yield path, "holds a private key or a password hash"
    elif isinstance(value, Mapping):
        for key in value:
            inner = value[key]
            if _names_a_secret(key):
                yield f"{path}.{key}", "is named like a secret"
            else:
                yield from _secrets(inner, f"{path}.{key}")
    elif isinstance(value, Sequence):
        for index, inner in enumerate(value):
            yield from _secrets(inner, f"{path}.{index}")


@functools.lru_cache(maxsize=1024)
def _names_a_secret(key: str) -> bool:
    return _SECRET_NAME.search(key) is not None


RULES = (
    Rule("keys-only", "Every account on a machine has a public key and no other way in", keys_only),
    Rule("no-secret-in-state", "A machine's inputs hold no password, no private key and no rendered text", no_secret),
)
