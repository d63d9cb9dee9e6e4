"""Settings that were declared anew: what differs in a guest, in words, whatever the guest says."""

import datetime as dt
import hashlib
import json
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from components.cloudinit import render
from components.declaration import machine_inputs
from components.drivers.guest import MOST_STDIN, Said
from components.guest import report
from components.guest.handover import Ran, behind, differences, digest, order, parse
from components.guest.report import UnreadableError
from components.guest.settings import declared
from tests.domain.sample import fleet

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
WANTED = {"fqdn": "web1.coop.example", "panel": {"allow": ["198.51.100.0/24"], "ssl_sites": []}, "smarthost": ""}


def says(**changes: Any) -> Said:
    whole = {"schema": 1, "settings": WANTED, "delivered": True, "fixed": {}, "pending": [], "ran": []}
    return Said(code=0, out=json.dumps(whole | changes).encode())


def reported(section: object, state: str = "delivered") -> report.Report:
    said = {"schema": 1, "delivery": {"state": state}, "settings": section}
    return report.parse(Said(code=0, out=json.dumps(said).encode()), vps="", uuid="", now=NOW)


def test_nothing_differs_from_itself() -> None:
    assert differences(WANTED, parse(says())) == []


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ({"smarthost": "mail.example:587"}, "smarthost: mail.example:587 -> empty"),
        ({"panel": {"allow": None, "ssl_sites": []}}, "panel.allow: nothing -> 198.51.100.0/24"),
        ({"panel": {"allow": ["198.51.100.0/24"]}}, "panel.ssl_sites: nothing -> none"),
        ({"panel": None}, "panel: nothing -> allow 198.51.100.0/24, ssl_sites none"),
        ({"smarthost": True}, "smarthost: true -> empty"),
        ({"smarthost": "\x1b[31mred\nx"}, "smarthost: red x (10 characters) -> empty"),
        ({"smarthost": "x" * 5000}, f"smarthost: {'x' * 80}… (5000 characters) -> empty"),
    ],
)
def test_what_differs_is_told_in_words(there: dict[str, Any], words: str) -> None:
    assert [str(one) for one in differences(WANTED, parse(says(settings=WANTED | there)))] == [words]


def test_true_is_not_one() -> None:
    wanted = {"options": {"open": True}}
    assert len(differences(wanted, parse(says(settings={"options": {"open": 1}})))) == 1


def test_what_the_first_boot_fixed_stays_and_is_told_so() -> None:
    told = parse(says(settings=WANTED | {"fqdn": "old.coop.example"}, fixed={"fqdn": "42-panel"}))
    (one,) = differences(WANTED, told)
    assert one.stays == "42-panel"
    assert str(one).endswith("; stays as it is, for 42-panel of the first boot was done with it")


def test_steps_that_ran_and_that_did_not_come_to_their_end() -> None:
    one = {"step": "20-allow", "what": "the door", "reason": "nginx\x1b[2J refuses", "seconds": 2}
    told = parse(says(ran=[one, one | {"reason": ""}], pending=["20-allow"]))
    assert told.pending == ("20-allow",)
    assert told.ran[0] == Ran(step="20-allow", what="the door", reason="nginx refuses", seconds=2)
    assert [str(ran) for ran in told.ran] == ["20-allow (the door): nginx refuses", "20-allow (the door): done in 2 s"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Said(code=127), "image is of an older release"),
        (Said(code=1, err=b"a\nnot meant\x07 for this VPS.\n"), "it says: not meant for this VPS"),
        (Said(code=0, out=b"{}"), "nothing that makes sense"),
        (Said(code=0, out=b"[" * 60_000), "nothing that makes sense"),
        (says(schema=2), "another schema than 1"),
        (says(settings=[]), "nothing that makes sense"),
        (says(pending=3), "nothing that makes sense"),
        (says(ran=[{"step": "x"}]), "nothing that makes sense"),
    ],
    ids=["none", "refused", "empty", "deep", "schema", "list", "number", "half"],
)
def test_what_makes_no_sense_is_told(said: Said, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        parse(said)


def test_an_order_names_the_guest_and_fits_through_its_agent() -> None:
    whole = fleet()
    client = next(iter(whole.clients.values()))
    wanted = declared(whole, client, next(iter(client.vps.values())))
    found = order(wanted, uuid="u", vps="v")
    assert json.loads(found) == {"uuid": "u", "vps": "v", "settings": wanted}
    assert len(found) < MOST_STDIN / 4


def test_a_report_tells_that_a_guest_is_behind() -> None:
    same = digest(WANTED, ())
    assert behind(reported({"digest": same, "fixed": [], "pending": []}), WANTED) == ""
    assert "other settings than are declared" in behind(reported({"digest": "0" * 64, "fixed": []}), WANTED)
    cut = {"digest": same, "fixed": [], "pending": ["70-tls"]}
    assert "70-tls did not come to an end" in behind(reported(cut), WANTED)
    fixed = {"digest": digest(WANTED, ["fqdn"]), "fixed": ["fqdn"], "pending": []}
    assert behind(reported(fixed), WANTED | {"fqdn": "other.coop.example"}) == ""


@pytest.mark.parametrize("section", [None, [], {"error": "the section could not be made"}, {"digest": 3}])
def test_one_that_says_nothing_of_it_is_not_behind(section: object) -> None:
    """As every guest whose image is older, and one that is not delivered."""
    assert behind(reported(section), WANTED) == ""
    assert behind(reported({"digest": "0" * 64, "fixed": []}, state="installing"), WANTED) == ""


def test_after_a_first_boot_guest_json_has_what_is_declared() -> None:
    """What the template makes of the seed's values, and what would be handed over, are the same."""
    whole = fleet()
    client = next(iter(whole.clients.values()))
    vps = next(iter(client.vps.values()))
    seed = render("base", machine_inputs(whole, client, vps, backend="b")["seed"]["values"])
    text = seed.user_data.partition("/etc/vps/guest.json")[2].partition("content: ")[2].splitlines()[0]
    there = json.loads(json.loads(text))
    wanted = declared(whole, client, vps)
    assert {key: there[key] for key in wanted} == wanted


@pytest.mark.lab
@given(
    some.recursive(
        some.none() | some.booleans() | some.integers(-(10**9), 10**9) | some.text("aäß€😀\"\\/'\u2028 \n", max_size=8),
        lambda inner: (
            some.lists(inner, max_size=3) | some.dictionaries(some.text("abä", max_size=3), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_jq_and_we_make_the_same_digest(value: object) -> None:
    jq = shutil.which("jq")
    assert jq
    words = [jq, "--join-output", "--compact-output", "--sort-keys", "."]
    text = subprocess.run(words, input=json.dumps({"x": value}).encode(), capture_output=True, check=True).stdout
    assert digest({"x": value}, ()) == hashlib.sha256(text).hexdigest()
