"""State made again from git and the marks on the hosts, for a backend whose own state is lost.

A successor gets the lost backend's id: marks name it. While `VPS_REBUILD` stands in the environment, program and plugin
take machines over and make none; `vps rebuild` alone sets it.
"""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from components.domain.problems import DomainError
from components.engine import state
from components.engine.backend import ID_FILE, backend_id, local_folder
from components.engine.project import Project

REBUILD = "VPS_REBUILD"
"""Environment: JSON of the UUIDs that are declared and not to be looked for: never delivered, or ended and gone."""


def is_rebuilding(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether state is being made again from what is there."""
    return REBUILD in environ


def left_out(environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """UUIDs that a rebuild leaves out. Raises DomainError for a variable that somebody else set."""
    try:
        return frozenset(str(uuid) for uuid in json.loads(environ.get(REBUILD) or "[]"))
    except (ValueError, TypeError) as error:
        raise DomainError(f"{REBUILD} is no list of UUIDs.", "Only `vps rebuild` sets it: unset it.") from error


def need_successor(environment: Mapping[str, str], backend: str) -> None:
    """Raises DomainError when this backend can't be the successor of the one with the id `backend`."""
    mine = backend_id(environment)
    if mine == backend:
        return
    if local_folder(environment) is None:
        raise DomainError(
            f"The machines name backend {backend}, and this one is {mine}: its id is its address, which can't change.",
            "Nothing was touched. Empty or not, use the address of before (PULUMI_BACKEND_URL), then run this again.",
        )
    for stack in state.stacks(environment) or ():
        held = state.machines(environment, stack)
        if held:
            raise DomainError(
                f"This backend ({mine}) holds {len(held)} machines in stack {stack}, and the hosts name {backend}.",
                "Nothing was touched. Only a backend that holds no machine can become another one's successor.",
            )


def succeed(environment: Mapping[str, str], backend: str) -> None:
    """Give this backend the id `backend`, once `need_successor` was content."""
    folder = local_folder(environment)
    if folder is None or backend_id(environment) == backend:
        return
    draft = folder / f"{ID_FILE}.{secrets.token_hex(4)}"
    draft.write_text(backend + "\n", encoding="ascii")
    draft.rename(folder / ID_FILE)


def forget_salt(project: Project, environment: Mapping[str, str], stack: str) -> None:
    """Take the salt of a lost passphrase out of a stack's settings, so that the engine makes a new one.

    Only where the passphrase is the project's own and the settings hold nothing that was encrypted under it.
    """
    file = project.settings(stack)
    own = environment.get("PULUMI_CONFIG_PASSPHRASE_FILE") == str(project.work / "passphrase")
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    if not own or "secure:" in text:
        return
    _write(file, "".join(line for line in text.splitlines(True) if not line.startswith("encryptionsalt:")))


def _write(file: Path, text: str) -> None:
    """The whole text or, where none is left, no file."""
    if not text.strip():
        file.unlink()
        return
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    draft.write_text(text, encoding="utf-8")
    draft.rename(file)
