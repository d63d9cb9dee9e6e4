"""Opening backups with the recovery key alone: what was sealed at the target, unsealed here, never on a guest."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

from components.backups.store import Store
from components.backups.target import Target
from components.domain.problems import DomainError


def unseal(sealed: bytes, identity: Path, uuid: str) -> str:
    """The passphrase in a sealed copy, or an empty text when the key does not open it or it is of another VPS.

    Raises DomainError when age or the key's file is missing.
    """
    if not shutil.which("age"):
        raise DomainError("age is not installed here.", "Install the Debian package age.")
    if not identity.is_file():
        raise DomainError(f"There is no recovery key in {identity}.", "Name the file that age-keygen wrote.")
    done = subprocess.run(
        ["age", "--decrypt", "--identity", str(identity)], input=sealed, capture_output=True, timeout=60, check=False
    )
    if done.returncode:
        return ""
    try:
        found = json.loads(done.stdout)
        passphrase = found["passphrase"]
    except (ValueError, KeyError, TypeError):
        return ""
    is_it = found.get("schema") == 1 and found.get("uuid") == uuid and isinstance(passphrase, str) and passphrase
    return str(passphrase) if is_it else ""


def passphrase(target: Target, uuid: str, identity: Path, what: str) -> str:
    """The passphrase that opens the VPS's repository. Raises DomainError: none sealed, another key, none that opens."""
    return _opening(target, uuid, identity, what)[0]


MANY = 12
"""Sealed copies of one VPS, of the sixteen that the target takes; each change of the recovery keys brings one."""
NEWEST = 4
"""Of those, sealed to whatever key, that stay: this key need not be the only one."""


def thin(target: Target, uuid: str, identity: Path, what: str) -> int:
    """Make room for further sealed copies when they are many; how many went. Raises DomainError.

    The one that opens stays, and the newest: whoever had the guest may have left the others to keep the next one out.
    """
    copies = target.sealed(uuid)
    if len(copies) < MANY:
        return 0
    stays = {_opening(target, uuid, identity, what)[1], *copies[-NEWEST:]}
    goes = [hashlib.sha256(copy).hexdigest() for copy in copies if copy not in stays]
    target.unseal(uuid, goes)
    return len(goes)


def _opening(target: Target, uuid: str, identity: Path, what: str) -> tuple[str, bytes]:
    """The passphrase that opens the repository, and the copy that holds it."""
    copies = target.sealed(uuid)
    if not copies:
        raise DomainError(
            f"{what}: no sealed passphrase is at the target.",
            "Nothing was backed up that counts; if the guest still runs, it holds it: /etc/vps/secrets",
        )
    found: dict[str, bytes] = {}
    for copy in copies:
        if words := unseal(copy, identity, uuid):
            found.setdefault(words, copy)
    if not found:
        raise DomainError(
            f"{what}: {identity} opens none of {len(copies)} sealed passphrases.",
            "Take the recovery key whose public part stood in fleet.yaml when the VPS was made.",
        )
    # The oldest first: what came later may have been left by anybody who had the guest.
    for words, copy in found.items():
        if Store(target, uuid, words).opens():
            return words, copy
    raise DomainError(
        f"{what}: none of the sealed passphrases opens the repository.",
        "Is it damaged? See: vps backups list",
    )
