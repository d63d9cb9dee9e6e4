"""A folder of files into a fleet, with every problem of every file at once."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.config.loader import Loaded, load
from components.config.pile import MOST_PER_FILE
from components.domain.problems import Problem
from tests.config.conftest import STACKS, Edit

CLIENT = "clients/example-coop.yaml"
STACK = "client.example-coop"


def told(loaded: Loaded) -> list[tuple[str, str]]:
    return [(one.file, ".".join(map(str, one.path))) for one in loaded.problems]


def only(folder: Path) -> Problem:
    (problem,) = load(folder).problems
    assert problem.remedy
    assert problem.line >= 1
    return problem


def test_the_example_fleet_is_clean() -> None:
    """The one that is shipped, with its own lock file."""
    loaded = load(STACKS)
    assert loaded.problems == ()
    assert list(loaded.fleet.clients) == ["example-coop"]
    assert loaded.blocking(STACK) == loaded.blocking("host.lab1") == ()


def test_everything_arrives_in_the_domain(folder: Path) -> None:
    fleet = load(folder).fleet
    package = fleet.packages["small@2026-01"]
    assert (fleet.id, fleet.currency, fleet.trash_days) == ("demo", "EUR", 30)
    assert package.key == "small@2026-01"
    assert (package.limits.memory_mib, package.limits.cpu_cap_percent, package.traffic_gb) == (2048, 150, 1000)
    assert str(package.price_month) == "19.00"
    host = fleet.hosts["lab1"]
    assert (host.networks, host.bridges, host.overlay) == ({"public1": "network:public1"}, {"public1": "vpsbr0"}, True)
    vps = fleet.clients["example-coop"].vps["web1"]
    assert vps.term.start.isoformat() == "2026-12-01"
    assert fleet.networks["public1"].with_prefix(vps.ipv4[0]) == "192.0.2.10/24"
    assert fleet.images["base-debian-13"].sha256 == "ab" * 32


@pytest.mark.parametrize(
    ("file", "old", "new", "line_of", "said", "remedy"),
    [
        (CLIENT, "small@2026-01", "smal@2026-01", "package:", "no package", 'Use "small@2026-01"'),
        (CLIENT, "host: lab1", "host: lab9", "host: lab9", "no host", 'Use "lab1"'),
        (CLIENT, "192.0.2.10", "192.0.3.10", "ipv4:", "lies outside the network", "free address of 192.0.2.0/24"),
        (
            CLIENT,
            "[192.0.2.10]",
            "\n      - 192.0.2.20\n      - 192.0.2.3",
            "- 192.0.2.3",
            "is reserved",
            "free address",
        ),
        (CLIENT, "  web1:", "  Web_1:", "Web_1:", "no name for a VPS", "lower-case letters"),
        (CLIENT, "web1.coop.example", "web1", "fqdn:", "no full domain name", "like web1.coop.example"),
        (CLIENT, "months: 3", "months: 2", "months: 2", "is not sold", "1, 3 or 12"),
        (CLIENT, '"2026-11-20"', "2026-11-20", "contract:", "date without quotes", 'Write "2026-11-20"'),
        (CLIENT, "language: en", "language: no", "language:", "true or false to some readers", '"no"'),
        (CLIENT, "    power:", "    powr: managed\n    power:", "powr:", "no key `powr`", "Did you mean `power`?"),
        (CLIENT, "language: en", "language: en\nlanguage: uk", "language: uk", "given twice", "Keep one"),
        (CLIENT, ", request: T-1041", "", "access:", "`request` is missing", "VPS-6"),
        (CLIENT, "who: ada", "who: eve", "access:", "no contact", "add the person"),
        (CLIENT, "base-debian-13", "base-debian-14", "image:", "no image", 'Use "base-debian-13"'),
        ("catalogue.yaml", "memory: 2 GiB\n", "memory: 2 GB\n", "memory: 2 GB", "has the unit GB", "8 MiB"),
        ("catalogue.yaml", '"19.00"', "19.00", "price: {month: 19", "number with a point", 'Write "19.00"'),
        ("catalogue.yaml", "      vcpus: 2\n", "", "    limits:", "`vcpus` is missing", "Add `vcpus"),
        ("fleet.yaml", "cameras: true", "cameras: false", "  dc1:", "SEC-4", "none may be sold"),
        ("fleet.yaml", "ups: true, ", "", "    power:", "`ups` is missing", "Add `ups"),
        ("hosts/lab1.yaml", "kind: cpu", "kind: toaster", "kind: toaster", "no kind of equipment", "Write one of"),
        ("hosts/lab1.yaml", "datacentre: dc1", "datacentre: dc9", "datacentre:", "no datacentre", 'Use "dc1"'),
        ("hosts/lab1.yaml", "8 GiB, disk", "8 Gigs, disk", "capacity:", "has the unit Gigs", "MiB"),
    ],
)
def test_each_fault_is_told_with_file_line_and_remedy(
    folder: Path, edit: Edit, file: str, old: str, new: str, line_of: str, said: str, remedy: str
) -> None:
    edit(file, old, new)
    found = [one for one in load(folder).problems if said in one.message]
    assert len(found) == 1, load(folder).problems
    assert found[0].file == file
    assert line_of in (folder / file).read_text().splitlines()[found[0].line - 1]
    assert remedy in found[0].remedy


def test_all_problems_of_all_files_at_once(folder: Path, edit: Edit, other_client: str) -> None:
    """Also those that only show across files, of a file that has faults of its own."""
    edit(CLIENT, "power: managed ", "powr: managed ")
    edit(CLIENT, "192.0.2.10", "192.0.3.10")
    edit(CLIENT, 'signed: "2026-11-20"', "signed: 2026-11-20")
    edit("fleet.yaml", "currency: EUR", "currency: 5")
    edit("hosts/lab1.yaml", "assigned: shared", "assigned: somebody")
    edit(f"clients/{other_client}.yaml", "small@2026-01", "large@2026-01")
    assert told(load(folder)) == [
        ("fleet.yaml", "currency"),
        (CLIENT, "clients.example-coop.contract.signed"),
        (CLIENT, "clients.example-coop.vps.web1.powr"),
        (CLIENT, "clients.example-coop.vps.web1.ipv4.0"),
        ("clients/other.yaml", "clients.other.vps.web1.package"),
        ("hosts/lab1.yaml", "hosts.lab1.assigned"),
    ]


def test_a_broken_shared_file_is_told_once(folder: Path) -> None:
    """Not once for each reference into it."""
    (folder / "catalogue.yaml").write_text("packages: [\n")
    assert {file for file, _ in told(load(folder))} == {"catalogue.yaml"}
    (folder / "fleet.yaml").unlink()
    assert {file for file, _ in told(load(folder))} == {"catalogue.yaml", "fleet.yaml"}
    (folder / "hosts" / "lab1.yaml").write_text("\xff", encoding="latin-1")
    assert len(load(folder).problems) == 3


def test_one_client_s_broken_file_never_blocks_another(folder: Path, edit: Edit, other_client: str) -> None:
    edit(CLIENT, "vps:", "vps: [")
    loaded = load(folder)
    assert loaded.blocking(f"client.{other_client}") == ()
    assert loaded.blocking("host.lab1") == ()
    assert len(loaded.blocking(STACK)) == 1
    assert list(loaded.fleet.clients) == [other_client]


def test_a_broken_host_blocks_its_clients_only(folder: Path, edit: Edit, other_client: str) -> None:
    text = (folder / "hosts" / "lab1.yaml").read_text().replace("S1-", "X-").replace("C2-", "Y-")
    text = text.replace("R16-", "Z-").replace("D960-", "W-").replace("vps/lab1", "vps/lab2")
    (folder / "hosts" / "lab2.yaml").write_text(text)
    edit(f"clients/{other_client}.yaml", "host: lab1", "host: lab2")
    assert load(folder).problems == ()
    edit("hosts/lab2.yaml", "driver: libvirt", "driver: xen")
    loaded = load(folder)
    assert loaded.blocking(STACK) == loaded.blocking("host.lab1") == ()
    assert len(loaded.blocking(f"client.{other_client}")) == len(loaded.blocking("host.lab2")) == 1


def test_what_was_there_blocks_nobody(folder: Path, edit: Edit) -> None:
    """It is told; whether a change makes it worse is judged against what state records."""
    edit("fleet.yaml", "cards: true", "cards: false")
    edit("fleet.yaml", "model: Demo S1, count: 1, place: dc1 shelf 3", "model: Demo S1, count: 0")
    loaded = load(folder)
    assert [one.code for one in loaded.problems] == ["datacentre-insecure", "spare-without-source"]
    assert loaded.blocking(STACK) == loaded.blocking("host.lab1") == ()


def test_shared_files_block_everybody(folder: Path, edit: Edit) -> None:
    edit("fleet.yaml", "id: demo ", "id: Demo ")
    loaded = load(folder)
    assert len(loaded.blocking(STACK)) == len(loaded.blocking("host.lab1")) == 1


def test_of_the_locked_images_only_those_in_use_block(folder: Path) -> None:
    lock = folder / "images.lock.yaml"
    entry = '  unused:\n    sha256: "latest"\n    bytes: 1\n    virtual_gib: 1\n    inputs: "x"\n'
    lock.write_text(lock.read_text() + entry + '    built: "2026-01-01"\n    expires: "2027-01-01"\n')
    loaded = load(folder)
    assert told(loaded) == [("images.lock.yaml", "images.unused.sha256")]
    assert loaded.blocking(STACK) == ()
    lock.write_text(lock.read_text().replace("bytes: 412345678", "bytes: many"))
    assert len(load(folder).blocking(STACK)) == 1
    lock.unlink()
    (problem,) = load(folder).blocking(STACK)
    assert "vps image build base-debian-13" in problem.remedy


def test_two_clients_with_one_address_are_both_blocked(folder: Path, edit: Edit, other_client: str) -> None:
    edit(f"clients/{other_client}.yaml", "192.0.2.20", "192.0.2.10")
    loaded = load(folder)
    for stack, other in ((STACK, "other/web1"), (f"client.{other_client}", "example-coop/web1")):
        (problem,) = loaded.blocking(stack)
        assert problem.message == f"192.0.2.10 also belongs to {other}."


def test_an_oversold_host_is_told_and_blocks_nobody(folder: Path, edit: Edit) -> None:
    edit("hosts/lab1.yaml", "memory: 8 GiB", "memory: 3 GiB")
    loaded = load(folder)
    assert told(loaded) == [("hosts/lab1.yaml", "hosts.lab1.sells.memory")]
    assert loaded.blocking(STACK) == loaded.blocking("host.lab1") == ()


@pytest.mark.parametrize("stack", ["client.nobody", "host.none", "nonsense", "", "client.", "client.../../fleet"])
def test_stacks_without_a_file(folder: Path, stack: str) -> None:
    (problem,) = load(folder).blocking(stack)
    assert problem.remedy


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    loaded = load(tmp_path / "none")
    assert [one.file for one in loaded.problems] == ["fleet.yaml", "catalogue.yaml", "clients/", "hosts/"]
    assert all(one.remedy for one in loaded.problems)


def test_files_that_would_be_overlooked(folder: Path) -> None:
    (folder / "clients" / "second.yml").write_text("id: x")
    (folder / "clients" / "README.md").write_text("notes")
    (folder / "clients" / ".hidden.yaml").write_text("notes")
    (problem,) = load(folder).problems
    assert problem.file == "clients/second.yml"
    assert "second.yaml" in problem.remedy


def test_a_file_whose_name_is_no_label(folder: Path) -> None:
    (folder / CLIENT).rename(folder / "clients" / "Example Coop.yaml")
    problem = only(folder)
    assert problem.file == "clients/Example Coop.yaml"
    assert "Rename the file" in problem.remedy


def test_a_flood_is_cut(folder: Path) -> None:
    with (folder / CLIENT).open("a") as stream:
        stream.writelines(f"key{number}: 1\n" for number in range(MOST_PER_FILE * 3))
    loaded = load(folder)
    assert len(loaded.problems) == MOST_PER_FILE + 1
    assert any("200 more problems" in one.message for one in loaded.problems)


def test_a_client_without_vps(folder: Path) -> None:
    text = (folder / CLIENT).read_text()
    (folder / CLIENT).write_text(text[: text.index("vps:\n")] + "vps: {}\n")
    problem = only(folder)
    assert problem.message == "It is empty."


FILES = ["fleet.yaml", "catalogue.yaml", "images.lock.yaml", "hosts/lab1.yaml", CLIENT]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=st.sampled_from(FILES), start=st.floats(0, 1), cut=st.integers(0, 40), junk=st.binary(max_size=12))
def test_no_damage_to_a_file_raises(
    tmp_path_factory: pytest.TempPathFactory, file: str, start: float, cut: int, junk: bytes
) -> None:
    """Bytes cut out of a file and others put in: problems or none, never an exception; blocking answers too."""
    folder = tmp_path_factory.mktemp("fleet")
    shutil.copytree(STACKS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__", "schema"))
    raw = (folder / file).read_bytes()
    at = int(start * len(raw))
    (folder / file).write_bytes(raw[:at] + junk + raw[at + cut :])
    loaded = load(folder)
    assert all(one.file and one.message and one.remedy for one in loaded.problems)
    loaded.blocking(STACK)
    loaded.blocking("host.lab1")


@pytest.mark.parametrize(("gone", "stack"), [("hosts", "client.example-coop"), ("clients", "client.example-coop")])
def test_a_missing_folder_stops_every_stack_that_needs_it(tmp_path: Path, gone: str, stack: str) -> None:
    """With its own problem, not with a traceback later."""
    fleet = tmp_path / "fleet"
    shutil.copytree(STACKS, fleet)
    shutil.rmtree(fleet / gone)
    assert [problem for problem in load(fleet).blocking(stack) if gone in problem.file]


def test_without_clients_only_what_is_shared_and_the_hosts_are_read(folder: Path) -> None:
    (folder / "clients" / "broken.yaml").write_text(": no yaml", encoding="utf-8")

    loaded = load(folder, clients_too=False)

    assert list(loaded.fleet.hosts) == ["lab1"]
    assert loaded.fleet.clients == {}
    assert not any(file.startswith("clients/") for file in loaded.files)


def test_of_many_stacks_only_those_like_a_mistyped_one_are_named() -> None:
    loaded = load(STACKS)
    assert loaded.known("client.x") == "Known: client.example-coop, host.lab1."
    many = replace(loaded, files=frozenset(f"clients/coop-{number:02}.yaml" for number in range(40)))
    assert "client.coop-17" in many.known("client.coop17")
    assert many.known("zzz") == "40 stacks are known, and none is like it."


def test_an_option_that_the_flavour_does_not_take_is_told_with_its_line(folder, edit):
    edit("images.lock.yaml", '    expires: "2027-11-22"\n', '    expires: "2027-11-22"\n    flavour: base\n')
    edit(
        "clients/example-coop.yaml",
        "    fqdn: web1.coop.example\n",
        "    fqdn: web1.coop.example\n    options: {colour: red}\n",
    )
    (problem,) = load(folder).problems
    assert (problem.file, problem.line > 0, problem.blocks) == ("clients/example-coop.yaml", True, False)
    assert "The flavour base has no option `colour`. It takes: none." in problem.message


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("fleet.yaml", "range: 192.0.2.0/24", "range: 192.0.2.0/33"),
        ("hosts/lab1.yaml", "capacity: {vcpus: 4,", "capacity: {vcpus: -4,"),
    ],
    ids=["range", "capacity"],
)
def test_a_value_that_can_t_be_read_is_told_once(folder: Path, edit: Edit, file: str, old: str, new: str) -> None:
    """Nothing follows from it: neither addresses outside of it, nor a host that has nothing to sell."""
    edit(file, old, new)
    assert [(one.code, one.file) for one in load(folder).problems] == [("shape", file)]
