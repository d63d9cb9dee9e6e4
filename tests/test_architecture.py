"""The house keeps its shape: a reader finds the room, and the test, by its name."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    path.relative_to(ROOT)
    for folder in ("components", "policies")
    for path in (ROOT / folder).rglob("*.py")
    if path.name not in ("__init__.py", "__main__.py")
)
LIMIT = 300
SCRIPTS = sorted(
    path.relative_to(ROOT)
    for path in (ROOT / "templates").rglob("*")
    if path.is_file() and (path.read_bytes().startswith((b"#!", b"# shellcheck")) or path.suffix in (".php", ".inc"))
)
"""What runs in guests, on hosts and on targets; most of it has no suffix."""


def _readmes() -> list[Path]:
    return [
        ROOT / "README.md",
        *(path for room in ("components", "templates", "stacks") for path in (ROOT / room).rglob("README.md")),
    ]


CONTRACT = {
    "adoption": ["fake/adoption", "libvirt/adoption"],
    "changes": ["fake/change"],
    "creation": [
        "fake/creation",
        "fake/driver",
        "libvirt/creation",
        "libvirt/draft",
        "libvirt/intake",
        "libvirt/machine",
        "libvirt/remains",
        "libvirt/volumes",
    ],
    "ends": ["libvirt/ending"],
    "guest": ["fake/guest", "guest"],
    "host_objects": ["fake/network", "fake/storage", "libvirt/images", "libvirt/networks", "libvirt/pools"],
    "missing": ["libvirt/admission"],
    "moves": [
        "fake/moving",
        "gate",
        "libvirt/arriving",
        "libvirt/leaving",
        "libvirt/moving",
        "libvirt/side",
        "libvirt/travel",
        "moving",
    ],
    "power": ["fake/power", "libvirt/wishes"],
    "reinstall": ["fake/reinstall", "libvirt/reinstall"],
    "restore": ["libvirt/restoring"],
    "trash": ["fake/trash", "libvirt/trash"],
}
"""A subject of the suite over all drivers, and the modules that only it can judge: it asks all what they promise."""

COVERED_ELSEWHERE = {
    f"components/drivers/{module}.py": f"tests/drivers/test_contract_{subject}.py"
    for subject, modules in CONTRACT.items()
    for module in modules
} | {
    # It does nothing without an engine's state.
    "components/cli/retire.py": "tests/engine/test_retire.py",
    "components/drivers/fake/access.py": "tests/drivers/test_access.py",
    "components/drivers/libvirt/access.py": "tests/boot/test_golden.py",
}
"""Modules that are judged in another place than the mirrored one."""


def _test_of(module: Path) -> Path:
    inside = module.relative_to("components") if module.parts[0] == "components" else module
    return ROOT / "tests" / inside.with_name(f"test_{module.name}")


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_its_test_in_the_mirrored_place(module: Path) -> None:
    """One noun, one module, one test file."""
    wanted = ROOT / COVERED_ELSEWHERE[str(module)] if str(module) in COVERED_ELSEWHERE else _test_of(module)
    assert wanted.is_file(), f"{module} wants {wanted.relative_to(ROOT)}"


def test_table_of_exceptions_is_current() -> None:
    """A module that is gone, or has a test of its own, has no place in the table."""
    for module in map(Path, COVERED_ELSEWHERE):
        assert module in MODULES
        assert not _test_of(module).is_file()


@pytest.mark.parametrize("module", [*MODULES, *SCRIPTS], ids=str)
def test_files_stay_small(module: Path) -> None:
    """300 lines at most: split by meaning before that."""
    assert len((ROOT / module).read_text(encoding="utf-8").splitlines()) <= LIMIT


def test_every_test_file_is_collected() -> None:
    """A test in a file that pytest doesn't look into can't fail."""
    for path in (ROOT / "tests").rglob("*.py"):
        if "def test_" in path.read_text(encoding="utf-8"):
            assert path.name.startswith("test_"), f"{path.relative_to(ROOT)} has tests that are never run"


@pytest.mark.parametrize("folder", ["stacks", "policies"])
def test_no_name_shadows_the_standard_library(folder: str) -> None:
    """These folders come first on the path when they run."""
    names = {path.stem for path in (ROOT / folder).iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not (names - {"__init__", "__main__", "__pycache__"}) & set(sys.stdlib_module_names)


def test_main_program_stays_small() -> None:
    """`stacks/__main__.py` loads and declares, nothing else."""
    assert len((ROOT / "stacks" / "__main__.py").read_text(encoding="utf-8").splitlines()) <= 30


def _imports(module: Path) -> Iterator[str]:
    """Every name that a module imports, wherever in it; `from a import b` is `a.b`."""
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(module.parts[: -node.level]) + "." if node.level else ""
            yield from (f"{package}{node.module or ''}.{alias.name}".replace("..", ".") for alias in node.names)


DOMAIN = sorted(path.relative_to(ROOT) for path in (ROOT / "components" / "domain").rglob("*.py"))


@pytest.mark.parametrize("module", DOMAIN, ids=str)
def test_the_domain_needs_nothing_but_python(module: Path) -> None:
    """Rules of the business outlive every tool: the standard library and the domain itself, whatever else is there."""
    foreign = [
        name
        for name in _imports(module)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("components.domain.")
    ]
    assert foreign == []


AGENT = {
    *("qemuAgentCommand", "guestInfo", "fsFreeze", "fsThaw", "fsTrim", "fsInfo", "guestVcpus"),
    *("setGuestVcpus", "setUserPassword", "authorizedSSHKeysGet", "authorizedSSHKeysSet", "pMSuspendForDuration"),
    *("getTime", "setTime", "hostname", "shutdown", "reboot", "guest_agent"),
}
"""Calls of libvirt that ask a guest's agent, or may choose to; `shutdownFlags` is told not to."""

AGENT_FLAGS = ("SRC_AGENT", "GUEST_AGENT", "VCPU_GUEST", "QUIESCE")
"""Parts of the names of flags by which other calls would."""

SPEAKS_WITH_AGENTS = Path("components/drivers/libvirt/agent.py")
"""Asked only where the guest's own word is wanted, with one deadline; nothing else waits for it or believes it."""


def test_no_other_call_can_choose_a_guests_agent() -> None:
    """What a guest says is no evidence, and a hostile agent is waited for by whoever asks it."""
    for module in (path for path in MODULES if "libvirt" in path.parts and path != SPEAKS_WITH_AGENTS):
        text = (ROOT / module).read_text(encoding="utf-8")
        assert not any(flag in text for flag in AGENT_FLAGS), module
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in AGENT, f"{module}:{node.lineno}"
                if node.func.attr == "shutdownFlags":
                    assert "VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN" in text, f"{module}:{node.lineno}"


@pytest.mark.parametrize("file", sorted(path.relative_to(ROOT).as_posix() for path in _readmes()))
def test_decisions_are_numbered_without_gaps(file: str) -> None:
    """Others refer to them by number."""
    _, _, below = (ROOT / file).read_text(encoding="utf-8").partition("\n## Decisions")
    numbers = [int(found) for found in re.findall(r"^(\d+)\. ", below.partition("\n## ")[0], re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
