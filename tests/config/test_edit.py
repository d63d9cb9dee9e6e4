"""An edit changes what it means to change, and not one byte beside it."""

import stat
import threading

import pytest
from ruamel.yaml.scalarstring import PlainScalarString

from components.config import edit as edits
from components.config.edit import Draft, brought, create, edit, indentation, need_sound, put, take
from components.config.loader import load
from components.domain.problems import DomainError, Problem, Severity

CLIENT = "clients/example-coop.yaml"
FILES = [CLIENT, "hosts/lab1.yaml", "fleet.yaml", "catalogue.yaml", "images.lock.yaml"]


@pytest.mark.parametrize("name", FILES)
def test_opening_a_file_changes_nothing(folder, name):
    draft = Draft(folder / name)

    assert draft.text() == draft.before
    assert draft.diff() == ""
    assert not draft.write()


def test_a_new_line_is_all_that_changes(folder):
    before = (folder / CLIENT).read_text().splitlines()
    with edit(folder / CLIENT) as draft:
        put(draft.document["vps"]["web1"], "ends", "2027-03-01", after="term")
        assert '+    ends: "2027-03-01"' in draft.diff()

    after = (folder / CLIENT).read_text().splitlines()
    line = next(line for line in after if "ends" in line and "#" not in line)
    assert line == '    ends: "2027-03-01"'
    assert [one for one in after if one != line] == before
    assert load(folder).fleet.clients["example-coop"].vps["web1"].ends.isoformat() == "2027-03-01"


def test_odd_but_valid_layout_stays_where_it_was_not_touched(folder):
    file = folder / CLIENT
    text = file.read_text()
    text = text.replace("language: en\n", "language:   'en'      # odd\n\n\n# a word\n")
    text = text.replace("roles: [owner, technical, billing]", "roles: [ owner,technical,   billing ]")
    file.write_text(text)
    with edit(file) as draft:
        put(draft.document["vps"]["web1"], "ends", "2027-03-01", after="term")

    lines = file.read_text().splitlines()
    lines.remove('    ends: "2027-03-01"')
    assert lines == text.splitlines()


@pytest.mark.parametrize("wide", [3, 4, 8])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_new_line_is_indented_and_ended_as_those_beside_it(folder, wide, end):
    file = folder / CLIENT
    text = "".join(
        f"{' ' * (indentation(line) // 2 * wide)}{line.lstrip(' ')}{end}" for line in file.read_text().splitlines()
    )
    file.write_bytes(text.encode())
    with edit(file) as draft:
        put(draft.document["vps"]["web1"], "ends", "2027-03-01", after="term")
        put(draft.document["vps"]["web1"], "fqdn", "web9.coop.example", after="image")

    line = f'{" " * (2 * wide)}ends: "2027-03-01"{end}'
    after = file.read_bytes().decode()
    assert line in after
    assert after.replace(line, "").replace('"web9.coop.example"', "web1.coop.example") == text
    assert load(folder).fleet.clients["example-coop"].vps["web1"].ends.isoformat() == "2027-03-01"


def test_mappings_are_written_in_one_line(folder):
    with edit(folder / CLIENT) as draft:
        grant = {"who": PlainScalarString("ada"), "since": "2026-12-04", "request": "T-2", "root": False}
        put(draft.document["vps"]["web1"], "access", [grant], after="image")

    assert (
        '    access: [{who: ada, since: "2026-12-04", request: "T-2", root: false}]\n' in (folder / CLIENT).read_text()
    )


def test_a_key_goes_with_its_own_comment_only(folder):
    file = folder / CLIENT
    text = file.read_text()
    # The last key of its mapping, in which what follows is a comment that is not its own.
    file.write_text(text.replace("    access:", '    ends: "2027-03-01"   # his own\n    # about access\n    access:'))
    with edit(file) as draft:
        take(draft.document["vps"]["web1"], "ends")
        take(draft.document["vps"]["web1"], "never there")

    assert file.read_text() == text.replace("    access:", "    # about access\n    access:")


BLOCK = """vps:
  web1:
    id: v
    host: kvm1
    move:        # because
      from: kvm2
      live: true   # by night
    # about the addresses
    ipv4:
      - 192.0.2.10
      - 192.0.2.11   # spare

  # the second
  web2: {id: w}
"""


@pytest.mark.parametrize(
    ("change", "gone", "new"),
    [
        (
            lambda vps: take(vps, "move"),
            "    move:        # because\n      from: kvm2\n      live: true   # by night\n",
            "",
        ),
        (
            lambda vps: put(vps, "move", {"from": "kvm3"}, after="host"),
            "    move:        # because\n      from: kvm2\n      live: true   # by night\n",
            '    move: {from: "kvm3"} # because\n',
        ),
        (lambda vps: put(vps, "ends", "2027-03-01", after="ipv4"), "\n  # the", '    ends: "2027-03-01"\n\n  # the'),
        (lambda vps: put(vps, "order", 1, after="move"), "    # about", "    order: 1\n    # about"),
        (
            lambda vps: take(vps, "ipv4"),
            "    ipv4:\n      - 192.0.2.10\n      - 192.0.2.11   # spare\n",
            "",
        ),
    ],
)
def test_a_comment_below_a_block_stays_above_the_line_that_it_is_about(tmp_path, change, gone, new):
    file = tmp_path / "notes.yaml"
    file.write_text(BLOCK)
    draft = Draft(file)

    change(draft.document["vps"]["web1"])

    assert draft.text() == BLOCK.replace(gone, new)


def test_what_would_bring_a_problem_is_not_written(folder):
    before = (folder / CLIENT).read_text()
    told = r"(?s)new problems.*before its term starts.*Nothing was written"
    with pytest.raises(DomainError, match=told), edit(folder / CLIENT) as draft:
        put(draft.document["vps"]["web1"], "ends", "2020-01-01", after="term")

    assert (folder / CLIENT).read_text() == before


def test_problems_that_were_there_before_hinder_no_edit(folder, edit):
    edit(CLIENT, "name: Example Cooperative\n", "name: Example Cooperative\nnonsense: 1\n")
    with edits.edit(folder / CLIENT) as draft:
        put(draft.document["vps"]["web1"], "ends", "2027-03-01", after="term")

    assert '    ends: "2027-03-01"\n' in (folder / CLIENT).read_text()


def test_what_somebody_else_wrote_meanwhile_stays(folder):
    draft = Draft(folder / CLIENT)
    put(draft.document["vps"]["web1"], "ends", "2027-03-01", after="term")
    other = draft.before.replace("Ada Ruiz", "Ada R. Ruiz")
    (folder / CLIENT).write_text(other)

    with pytest.raises(DomainError, match="somebody changed it meanwhile"):
        draft.write()
    assert (folder / CLIENT).read_text() == other


def test_no_is_an_answer(folder):
    before = (folder / CLIENT).read_text()
    with edit(folder / CLIENT) as draft:
        put(draft.document["vps"]["web1"], "ends", "2027-03-01", after="term")
        draft.drop()

    assert (folder / CLIENT).read_text() == before


def test_a_file_keeps_its_mode_and_leaves_nothing_beside_it(folder):
    (folder / CLIENT).chmod(0o640)
    with edit(folder / CLIENT) as draft:
        draft.document["name"] = "Other"

    assert stat.S_IMODE((folder / CLIENT).stat().st_mode) == 0o640
    assert [path.name for path in (folder / "clients").iterdir()] == ["example-coop.yaml"]


@pytest.mark.parametrize("text", ["a: [", "- a list\n", ""])
def test_what_is_no_mapping_is_refused_in_words(folder, text):
    (folder / CLIENT).write_text(text)

    with pytest.raises(DomainError, match=r"Unable to edit clients/example-coop\.yaml"):
        Draft(folder / CLIENT)


def test_a_new_file_is_made_whole_or_not_at_all(folder):
    text = (folder / CLIENT).read_text()
    with pytest.raises(DomainError, match="it is there already"):
        create(folder, CLIENT, text)
    with pytest.raises(DomainError, match="also that of"):
        create(folder, "clients/twin.yaml", text)
    (folder / CLIENT).unlink()

    create(folder, "clients/twin.yaml", text)

    assert [path.name for path in (folder / "clients").iterdir()] == ["twin.yaml"]
    assert list(load(folder).fleet.clients) == ["twin"]


def _found(message: str, measure: int = 0, code: str = "", severity: Severity = Severity.ERROR) -> Problem:
    return Problem(path=("hosts", "lab1"), message=message, remedy="", code=code, measure=measure, severity=severity)


def test_only_what_an_edit_brings_or_makes_worse_counts() -> None:
    """Who moves a VPS away from an overfull host changes the numbers in a problem's words, for the better."""
    old = _found("3 GiB too many", 3, "host-oversold")
    assert brought([old], [old]) == ()
    assert brought([old], [_found("1 GiB too many", 1, "host-oversold")]) == ()
    worse = _found("4 GiB too many", 4, "host-oversold")
    assert [one.message for one in brought([old], [worse])] == ["4 GiB too many"]
    other = _found("It is lost")
    assert [one.message for one in brought([old], [old, other])] == ["It is lost"]
    assert brought([other], [_found("It is lost")]) == ()


def test_a_warning_keeps_nobody_from_an_edit() -> None:
    need_sound(CLIENT, [_found("no room for a host down", severity=Severity.WARNING)])
    with pytest.raises(DomainError, match="It is lost"):
        need_sound(CLIENT, [_found("It is lost")])


def test_of_two_files_made_at_once_with_one_address_only_the_first_is_written(folder):
    """Each was judged before the other stood there; who comes second is judged again."""
    text = (
        (folder / CLIENT)
        .read_text()
        .replace("web1.coop", "web1.{0}")
        .replace("v-h3k9", "v-{0}")
        .replace("c-q7m2", "c-{0}")
    )
    (folder / CLIENT).unlink()
    told: list[str] = []

    def make(name: str) -> None:
        try:
            create(folder, f"clients/{name}.yaml", text.replace("{0}", name))
        except DomainError as problem:
            told.append(str(problem))

    threads = [threading.Thread(target=make, args=(name,)) for name in ("aaaa", "bbbb")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(list((folder / "clients").iterdir())) == 1
    (refused,) = told
    assert "192.0.2.10 also belongs to" in refused
    assert not load(folder).problems
