"""Machines that were brought back from the trash and stand in no state yet: the next apply takes them over.

They are nothing new: what `vps trash restore` notes here keeps rules for new VPSs from stopping that apply.
"""

import re
from pathlib import Path

from components.domain.problems import DomainError
from components.engine.project import project_of

FOLDER = "returned"
_UUID = re.compile(r"[0-9a-f-]{36}")


def note(fleet: Path, uuid: str) -> None:
    """Note that the machine is there again. Raises DomainError when `fleet` belongs to no project."""
    project = project_of(fleet)
    project.keep()
    file = project.work / FOLDER / uuid
    file.parent.mkdir(exist_ok=True)
    file.touch()


def is_noted(fleet: Path, uuid: str) -> bool:
    """Whether it was noted from this checkout."""
    try:
        return bool(_UUID.fullmatch(uuid)) and (project_of(fleet).work / FOLDER / uuid).is_file()
    except DomainError:
        return False
