"""The same problem is new on one branch and old on another; what only a change can have is found by comparing."""

import datetime as dt
from pathlib import Path

import pytest

from components.config.verdict import Verdict, verdict
from components.domain.operations import HostState, Operations
from components.domain.problems import Blame, DomainError, Problem, Severity
from tests.config.conftest import Edit
from tests.config.test_revision import commit, git

CLIENT = "clients/example-coop.yaml"
TODAY = dt.date(2026, 12, 24)


def told(found: Verdict) -> list[tuple[str, str]]:
    return [(str(problem.blame), problem.code) for problem in found.problems]


def test_without_git_nobody_is_blamed(folder: Path, edit: Edit) -> None:
    edit("fleet.yaml", "cards: true", "cards: false")
    found = verdict(folder, today=TODAY)
    assert [(one.code, one.blame) for one in found.problems] == [("datacentre-insecure", None)]
    assert (found.base, found.errors) == ("", 1)
    assert "is no git checkout" in found.unblamed
    assert (found.notes, found.is_blind) == ((), False)
    with pytest.raises(DomainError, match="is no git checkout"):
        verdict(folder, "HEAD")


def test_the_first_commit_blames_nobody(folder: Path) -> None:
    commit(folder)
    found = verdict(folder, today=TODAY)
    assert found.problems == ()
    assert "first commit" in found.unblamed
    assert not found.is_blind


def test_a_shallow_clone_says_what_it_lacks(folder: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        (folder.parent / "README").write_text(f"{number}\n")
        commit(folder)
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{folder.parent}", "shallow")
    git(tmp_path / "shallow", "checkout", "-q", "--detach")
    git(tmp_path / "shallow", "remote", "remove", "origin")
    git(tmp_path / "shallow", "branch", "-q", "-D", "main")
    found = verdict(tmp_path / "shallow" / folder.name, today=TODAY)
    assert "git fetch --unshallow" in found.unblamed
    assert found.is_blind


def test_a_checkout_that_git_refuses_is_not_called_right(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(folder)
    monkeypatch.setenv("PATH", "/nowhere")
    found = verdict(folder, today=TODAY)
    assert "git can't be started" in found.unblamed
    assert found.is_blind


def test_a_fleet_that_was_not_there_is_not_compared(folder: Path) -> None:
    (folder.parent / "README").write_text("first\n")
    git(folder.parent, "init", "-q", "-b", "main")
    git(folder.parent, "add", "README")
    git(folder.parent, "commit", "-q", "-m", "first")
    commit(folder)
    found = verdict(folder, today=TODAY)
    assert found.problems == ()
    assert "was not there" in found.unblamed
    assert not found.is_blind


def test_what_nobody_changed_is_old(folder: Path, edit: Edit) -> None:
    edit("fleet.yaml", "cards: true", "cards: false")
    commit(folder)
    (folder.parent / "README").write_text("more\n")
    commit(folder)
    assert told(verdict(folder, today=TODAY)) == [("old", "datacentre-insecure")]


def test_each_problem_is_new_worse_or_old(folder: Path, edit: Edit, other_client: str) -> None:
    edit("fleet.yaml", "cards: true", "cards: false")
    edit(CLIENT, "fqdn: web1.coop.example", "fqdn: web1")
    base = commit(folder)
    edit("fleet.yaml", "ups: true", "ups: false")
    edit(f"clients/{other_client}.yaml", "192.0.2.20", "192.0.2.1")
    edit(CLIENT, "id: c-q7m2", "# a line more\nid: c-q7m2")
    found = verdict(folder, today=TODAY)
    assert found.base == base
    assert told(found) == [("worse", "datacentre-insecure"), ("old", "bad-fqdn"), ("new", "address-reserved")]
    assert found.problems[-1].line > 0


def test_a_clash_of_two_branches_is_told_at_both_places(folder: Path, other_client: str, edit: Edit) -> None:
    commit(folder)
    edit(f"clients/{other_client}.yaml", "192.0.2.20", "192.0.2.10")
    found = verdict(folder, today=TODAY)
    assert {(one.blame, one.code, one.file) for one in found.problems} == {
        (Blame.NEW, "address-twice", CLIENT),
        (Blame.NEW, "address-twice", "clients/other.yaml"),
    }


def test_new_and_deleted_files_count(folder: Path, other_client: str) -> None:
    (folder / "clients" / "broken.yaml").write_text("id: [\n")
    commit(folder)
    assert [one.code for one in verdict(folder, today=TODAY).problems] == ["no-yaml"]
    (folder / "clients" / "broken.yaml").rename(folder / "clients" / "renamed.yaml")
    assert told(verdict(folder, today=TODAY)) == [("new", "no-yaml")]
    (folder / "clients" / "renamed.yaml").unlink()
    assert verdict(folder, today=TODAY).problems == ()


def _second(folder: Path) -> None:
    """One VPS more in the client's file."""
    file = folder / CLIENT
    text = file.read_text()
    one = text[text.index("  web1:") :]
    for old, new in (("web1:", "web2:"), ("v-h3k9", "v-new1"), ("192.0.2.10", "192.0.2.30"), ("::10", "::30")):
        one = one.replace(old, new)
    file.write_text(text + one.replace("web1.coop", "web2.coop"))


def test_an_expired_image_is_told_and_only_what_is_new_from_it_is_wrong(folder: Path) -> None:
    commit(folder)
    late = dt.date(2028, 1, 1)
    assert [(one.severity, one.code) for one in verdict(folder, today=late).problems] == [
        (Severity.WARNING, "image-expired")
    ]
    _second(folder)
    found = verdict(folder, today=late)
    assert told(found) == [("old", "image-expired"), ("new", "new-from-expired-image")]
    assert found.problems[1].scope == "VPS example-coop/web2"
    assert found.errors == 1


def test_who_mends_a_broken_file_brings_nothing_new(folder: Path, edit: Edit) -> None:
    late = dt.date(2028, 1, 1)
    edit(CLIENT, "id: c-q7m2", "id: [c-q7m2")
    commit(folder)
    edit(CLIENT, "id: [c-q7m2", "id: c-q7m2")
    assert told(verdict(folder, today=late)) == [("old", "image-expired")]


def test_another_currency_is_told_though_the_catalogue_stays(folder: Path, edit: Edit) -> None:
    commit(folder)
    edit("fleet.yaml", "currency: EUR", "currency: USD")
    assert told(verdict(folder, today=TODAY)) == [("new", "sold-currency-changed")]


def test_a_running_term_changes_with_both_approvals_alone(folder: Path, edit: Edit) -> None:
    commit(folder)
    edit(CLIENT, "{months: 3,", "{months: 12,")
    found = verdict(folder, today=TODAY)
    assert told(found) == [("new", "term-not-agreed")]
    assert (found.problems[0].file, found.problems[0].line) == (CLIENT, 17)
    edit(CLIENT, "{months: 12,", "{agreed: {client: T-1077}, months: 12,")
    assert [(one.code, one.path[-1]) for one in verdict(folder, today=TODAY).problems] == [("shape", "provider")]
    edit(CLIENT, "{client: T-1077}", "{client: T-1077, provider: T-1078}")
    assert verdict(folder, today=TODAY).problems == ()


def test_new_vps_come_to_no_host_that_is_drained(folder: Path) -> None:
    commit(folder)
    draining = Operations(host_states={"lab1": HostState.DRAINING})
    assert verdict(folder, today=TODAY, operations=draining).problems == ()
    _second(folder)
    assert told(verdict(folder, today=TODAY, operations=draining)) == [("new", "new-on-inactive-host")]
    assert verdict(folder, today=TODAY).problems == ()


def test_an_address_stays_with_who_had_it(folder: Path) -> None:
    _second(folder)
    commit(folder)
    file = folder / CLIENT
    text = file.read_text()
    file.write_text(text[: text.index("  web2:")])
    commit(folder)
    assert verdict(folder).problems == ()
    text = text.replace("v-new1", "v-new2")
    file.write_text(text)
    assert told(verdict(folder)) == [("new", "address-in-quarantine")] * 2


def test_sold_versions_never_change(folder: Path, edit: Edit) -> None:
    commit(folder)
    edit("catalogue.yaml", '"19.00"', '"21.00"')
    found = verdict(folder, today=TODAY)
    assert told(found) == [("new", "sold-version-changed")]
    assert "price_month 19.00 → 21.00" in found.problems[0].message


def test_what_others_find_is_blamed_as_well(folder: Path, edit: Edit) -> None:
    commit(folder)
    edit("fleet.yaml", "name: Demo Hosting", "name: Other Hosting")

    def also(loaded: object) -> list[Problem]:
        return [Problem(code="machine-without-line", path=("clients", "gone"), message="…", remedy="")]

    assert told(verdict(folder, today=TODAY, also=also)) == [("old", "machine-without-line")]


def test_history_that_can_t_be_read_is_a_note(folder: Path, edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(folder)
    edit("catalogue.yaml", '"19.00"', '"21.00"')

    def slow(*_: object) -> None:
        raise DomainError("git did not tell.")

    monkeypatch.setattr("components.config.sold.problems", slow)
    found = verdict(folder, today=TODAY)
    assert found.problems == ()
    assert "could not be told. git did not tell." in found.notes[0]


def test_git_is_not_touched(folder: Path) -> None:
    commit(folder)
    (folder / "new.yaml").write_text("")
    before = git(folder, "status", "--porcelain")
    verdict(folder, today=TODAY)
    assert git(folder, "status", "--porcelain") == before
