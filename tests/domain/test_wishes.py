"""What a placement answers is told in lines that an operator reads."""

from components.domain.problems import Problem
from components.domain.sales import Sale
from components.domain.wishes import Placed, Refusal, Unplaced, Wish

WISH = Wish(client="example-coop", client_id="c-q7m2", name="web2", sale=Sale(package="small@2026-01"))
REFUSAL = Refusal(host="kvm1", code="host-draining", why="it is being drained")


def test_a_place_is_told_with_its_reason_and_with_every_refusal() -> None:
    placed = Placed(
        wish=WISH,
        host="kvm2",
        network="public1",
        ipv4=("192.0.2.11",),
        ipv6=("2001:db8:1::11",),
        why="kvm2 alone takes it",
        refused=(REFUSAL,),
        notes=("mind this",),
    )
    assert list(placed.lines()) == [
        "example-coop/web2: kvm2, public1, 192.0.2.11, 2001:db8:1::11",
        "  kvm2 alone takes it",
        "  note: mind this",
        "  not kvm1: it is being drained",
    ]


def test_what_has_no_place_is_told_as_well() -> None:
    unplaced = Unplaced(wish=WISH, problem=Problem(path=(), message="No.", remedy=""), refused=(REFUSAL,))
    unasked = Unplaced(wish=WISH, problem=Problem(path=(), message="There is no host.", remedy=""))
    assert list(unasked.lines()) == ["example-coop/web2: nowhere", "  There is no host."]
    assert list(unplaced.lines()) == ["example-coop/web2: nowhere", "  not kvm1: it is being drained"]
