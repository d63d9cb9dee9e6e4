"""The hosts of the fleet that one stands in, and nothing else: for a plugin that a plain `pulumi` started."""

from collections.abc import Iterator

from pydantic import ValidationError

from components.config.documents import read
from components.config.folder import HOSTS, find_fleet
from components.config.host_file import HostFile
from components.domain.hosts import Host
from components.domain.problems import DomainError


def declared_hosts() -> Iterator[Host]:
    """Every host whose file is whole; a broken one is told by the program that runs beside. Never raises."""
    try:
        files = sorted((find_fleet() / HOSTS).glob("*.yaml"))
    except DomainError:
        return
    for file in files:
        document = read(file)
        if document.data is None or document.flaws:
            continue
        try:
            yield HostFile.model_validate(document.data).domain(file.stem)
        except ValidationError:
            continue
