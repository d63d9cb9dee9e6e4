"""Who holds what, before state is made again: marks by host against the declared fleet."""

from dataclasses import replace
from datetime import date

import pytest

from components.domain.problems import DomainError
from components.drivers.base import Mark, Phase
from components.engine import census
from tests.domain.sample import HOST, client, fleet, vps

TODAY = date(2026, 12, 1)
WEB1 = vps("web1")
WEB2 = vps("web2", id="v-b8x2", ipv4=("192.0.2.11",), ipv6=(), fqdn="web2.coop.example")
FLEET = fleet(client("example-coop", WEB1, WEB2), hosts={"kvm1": HOST, "kvm2": replace(HOST, name="kvm2")})


def mark(of: str = "v-h3k9", **changes: object) -> Mark:
    plain = Mark(
        fleet="demo",
        backend="b1",
        urn=f"urn:{of}",
        client="c-q7m2",
        vps=of,
        phase=Phase.READY,
        incarnation="i",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_what_is_there_and_what_is_not() -> None:
    stranger = mark("v-gone")
    found = census.take(FLEET, {"kvm1": [mark(), stranger, mark(fleet="theirs", backend="x")], "kvm2": []}, [], TODAY)
    assert found.backend == "b1"
    assert found.held == {"example-coop/web1": "kvm1"}
    assert found.missing == ("example-coop/web2",)
    assert found.left_out == ()
    assert found.undeclared == ("c-q7m2/v-gone on kvm1 (urn:v-gone)",)


def test_new_and_ended_ones_are_not_missed() -> None:
    ended = fleet(client("example-coop", WEB1, replace(WEB2, ends=date(2026, 12, 1))), hosts=FLEET.hosts)
    uuid = WEB2.machine_uuid("demo", "c-q7m2")
    for declared, new in ((ended, []), (FLEET, ["example-coop/web2"])):
        found = census.take(declared, {"kvm1": [mark()]}, new, TODAY)
        assert (found.missing, found.left_out) == ((), (uuid,))


def test_an_end_that_was_reached_and_not_carried_out_is_taken_over() -> None:
    """The next `up` ends it, by the rules."""
    ended = fleet(client("example-coop", replace(WEB1, ends=date(2026, 12, 1))), hosts=FLEET.hosts)
    found = census.take(ended, {"kvm1": [mark()]}, [], TODAY)
    assert found.held == {"example-coop/web1": "kvm1"}
    assert found.left_out == ()


def test_what_a_move_left_behind_is_no_second_copy() -> None:
    found = census.take(FLEET, {"kvm1": [mark()], "kvm2": [mark(phase=Phase.LEFT)]}, [], TODAY)
    assert found.held["example-coop/web1"] == "kvm1"


@pytest.mark.parametrize(
    ("owners", "new", "said"),
    [
        ({"kvm1": []}, [], "nothing to make state of"),
        ({"kvm1": [mark(fleet="theirs")]}, [], "nothing to make state of"),
        ({"kvm1": [mark()], "kvm2": [mark("v-b8x2", backend="b2")]}, [], "name 2 backends: b1 on kvm1; b2 on kvm2"),
        ({"kvm1": [mark()], "kvm2": [mark()]}, [], "on kvm1 and kvm2: two copies"),
        ({"kvm2": [mark()]}, [], "declared on kvm1, and kvm2 holds it: write `host: kvm2`"),
        ({"kvm1": [mark()]}, ["example-coop/web9"], "no file declares it"),
        ({"kvm1": [mark()]}, ["example-coop/web1"], "a host holds it, so it was delivered"),
    ],
)
def test_what_must_be_decided_first(owners: dict[str, list[Mark]], new: list[str], said: str) -> None:
    with pytest.raises(DomainError, match="Nothing was touched") as refused:
        census.take(FLEET, owners, new, TODAY)
    assert said in str(refused.value)
