"""`vps settings` shows what a guest goes by and what is declared, asks, hands it over, and says how that went."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from components.cli.main import app
from components.drivers.fake.guest import SETTINGS, STEP
from components.engine import state
from components.guest.handover import digest
from components.guest.settings import declared
from tests.cli.world import TITLE, MadeWorld


@pytest.fixture
def made(tmp_path: Path) -> MadeWorld:
    """Its guest goes by what is declared."""
    found = MadeWorld(tmp_path / "project")
    found.says(settings=wanted(found))
    return found


def wanted(made: MadeWorld) -> dict[str, Any]:
    from components.config.loader import load

    fleet = load(made.project.fleet).fleet
    client = fleet.clients["example-coop"]
    return declared(fleet, client, client.vps["web1"])


def there(made: MadeWorld) -> dict[str, Any]:
    found = made.world.get("guests", made.spec.uuid)
    assert found is not None
    return found


def smarthost(made: MadeWorld, value: str) -> None:
    """Declared for the whole fleet."""
    file, yaml = made.project.fleet / "fleet.yaml", YAML()
    yaml.preserve_quotes = True
    document = yaml.load(file)
    document.setdefault("guests", {})["smarthost"] = value
    with file.open("w") as stream:
        yaml.dump(document, stream)


def _run(made: MadeWorld, *words: str) -> Result:
    return CliRunner().invoke(app, ["settings", TITLE, *words, "--fleet", str(made.project.fleet)])


def test_one_that_goes_by_what_is_declared_is_not_touched(made: MadeWorld) -> None:
    before = there(made)
    for words in ((), ("--look",), ("--yes",)):
        done = _run(made, *words)
        assert done.exit_code == 0, done.output
        assert "its guest goes by what is declared (the guest's own word)" in done.output
    assert there(made) == before


def test_a_look_shows_each_difference_and_is_a_finding(made: MadeWorld) -> None:
    made.declare(panel={"admin": "ada", "allow": ["198.51.100.0/24"]})
    smarthost(made, "mail.hoster.example:587")
    before = there(made)
    done = _run(made, "--look")
    assert done.exit_code == 2, done.output
    assert "  panel.allow: nothing -> 198.51.100.0/24\n" in done.output
    assert "  smarthost: empty -> mail.hoster.example:587\n" in done.output
    assert there(made) == before
    told = json.loads(_run(made, "--look", "--json").output)
    assert {one["key"] for one in told["differs"]} >= {"panel.allow", "smarthost"}


def test_it_is_handed_over_on_standard_input_and_the_steps_are_told(
    made: MadeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components.drivers.fake.guest import FakeGuest

    asked: list[tuple[list[str], bytes]] = []
    run = FakeGuest.run

    def watched(self: FakeGuest, uuid: str, mark: Any, command: Any, stdin: bytes = b"", **more: Any) -> Any:
        asked.append((list(command), stdin))
        return run(self, uuid, mark, command, stdin, **more)

    monkeypatch.setattr(FakeGuest, "run", watched)
    smarthost(made, "mail.hoster.example")
    done = _run(made, "--yes")
    assert done.exit_code == 0, done.output
    assert f"  {STEP} (a fake step): done in 0 s\n" in done.output
    assert "as declared (the guest's own word); it stands in its journal" in done.output
    assert there(made)["settings"] == wanted(made)
    (words, stdin) = asked[-1]
    assert words == [SETTINGS, "set"]
    assert json.loads(stdin) == {"uuid": made.spec.uuid, "vps": "v-h3k9", "settings": wanted(made)}
    assert all("mail.hoster" not in word for command, _ in asked for word in command)
    assert _run(made, "--look").exit_code == 0


def test_a_step_that_fails_is_told_with_its_reason_and_done_by_the_next_run(made: MadeWorld) -> None:
    smarthost(made, "mail.hoster.example")
    made.says(settings=there(made)["settings"], fails="postfix \x1b[31mis away")
    done = _run(made, "--yes")
    assert done.exit_code == 1
    assert f"  {STEP} (a fake step): postfix is away\n" in done.output
    assert "not all of it holds" in done.output
    look = _run(made, "--look")
    assert (look.exit_code, f"{STEP}: was to be run again, and did not come to its end" in look.output) == (2, True)
    failed = json.loads(_run(made, "--yes", "--json").output)
    assert [one["reason"] for one in failed["ran"]] == ["postfix is away"]
    made.says(**{key: value for key, value in there(made).items() if key != "fails"})
    assert _run(made, "--yes").exit_code == 0
    assert _run(made, "--look").exit_code == 0


def test_what_the_first_boot_fixed_is_told_and_no_finding(made: MadeWorld) -> None:
    made.declare(fqdn="shop.coop.example")
    made.says(**there(made), fixed={"fqdn": "42-panel", "hostname": "42-panel"})
    done = _run(made, "--look")
    assert done.exit_code == 0, done.output
    assert "fqdn: web1.coop.example -> shop.coop.example; stays as it is, for 42-panel" in done.output
    assert there(made)["settings"]["fqdn"] == "web1.coop.example"


def test_without_an_answer_nothing_is_set(made: MadeWorld) -> None:
    smarthost(made, "mail.hoster.example")
    before = there(made)
    done = _run(made)
    assert (done.exit_code, "Nothing was touched" in str(done.exception)) == (1, True)
    assert there(made) == before
    assert "asks nobody" in str(_run(made, "--json").exception)


def test_before_delivery_the_seed_counts(made: MadeWorld) -> None:
    made.says(settings={}, delivered=False)
    done = _run(made, "--yes")
    assert done.exit_code == 1
    assert "not delivered yet" in str(done.exception)
    assert there(made)["settings"] == {}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"code": 127}, "image is of an older release"),
        ({"code": 1, "err": "the disk is full"}, "it says: the disk is full"),
    ],
)
def test_a_guest_that_can_not_is_told(made: MadeWorld, answer: dict[str, Any], words: str) -> None:
    made.says(answers={SETTINGS: answer})
    done = _run(made, "--look")
    assert done.exit_code == 1
    assert f"Unable to read the settings of {TITLE} on lab1: " in str(done.exception)
    assert words in str(done.exception)


def test_it_is_handed_over_while_nobody_else_works_on_its_stack(
    made: MadeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once, or one beside `vps up`, would end with what nobody declared."""
    from components.drivers.fake.guest import FakeGuest

    held: list[bool] = []
    run = FakeGuest.run

    def watched(self: FakeGuest, uuid: str, mark: Any, command: Any, *given: Any, **more: Any) -> Any:
        if list(command)[1:] == ["set"]:
            held.append(bool(state.locks(made.environment, "client.example-coop")))
        return run(self, uuid, mark, command, *given, **more)

    monkeypatch.setattr(FakeGuest, "run", watched)
    smarthost(made, "mail.hoster.example")
    assert _run(made, "--yes").exit_code == 0
    assert held == [True]


def test_show_list_and_health_tell_that_a_guest_is_behind(made: MadeWorld) -> None:
    report = {"settings": {"digest": digest(wanted(made), ()), "fixed": [], "pending": []}}

    def said(*words: str) -> str:
        return CliRunner().invoke(app, [*words, "--fleet", str(made.project.fleet)]).output

    made.says(report=report)
    assert "other settings" not in said("show", TITLE) + said("health", TITLE) + said("health", "--all")
    assert json.loads(said("list", "--guests", "--json"))["vps"][0]["settings"] == "as declared"
    smarthost(made, "mail.hoster.example")
    for words in (("show", TITLE), ("health", TITLE)):
        assert "it goes by other settings than are declared: vps settings" in said(*words)
    assert json.loads(said("list", "--guests", "--json"))["vps"][0]["settings"] == "behind"
    for broken in ("none", {"error": "took longer than its 5 s"}, {"digest": 1}):
        made.says(report=report | {"settings": broken})
        assert json.loads(said("list", "--guests", "--json"))["vps"][0]["settings"] == "not told"
