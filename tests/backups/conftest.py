"""A target of backups and a recovery key, on a wire of their own for each file of tests."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.backups.target import Target
from tests.backups.target_host import ADDRESS, TargetHost
from tests.guests import Wire


@dataclass(frozen=True)
class Recovery:
    """A recovery key: its file and its public part."""

    file: Path
    recipient: str


def recovery_key(folder: Path) -> Recovery:
    """A new one."""
    file = folder / "recovery.key"
    subprocess.run(["age-keygen", "--output", str(file)], check=True, capture_output=True)
    (line,) = [line for line in file.read_text().splitlines() if line.startswith("# public key: ")]
    return Recovery(file=file, recipient=line.removeprefix("# public key: "))


@pytest.fixture(scope="module")
def recovery(tmp_path_factory: pytest.TempPathFactory) -> Recovery:
    """The operator's."""
    return recovery_key(tmp_path_factory.mktemp("recovery"))


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """The network of guests and target."""
    with Wire(f"{ADDRESS}/24") as made:
        yield made


@pytest.fixture(scope="module")
def host(wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TargetHost]:
    """The machine that the kit made a target."""
    with TargetHost(wire, tmp_path_factory.mktemp("target") / "host") as made:
        yield made


@pytest.fixture
def target(host: TargetHost, recovery: Recovery) -> Target:
    """The operator's side of it."""
    return host.target(recovery.recipient)
