"""References from one file to another."""

from components.domain.rules.references import HOST, NOTHING, Unread, choice, suggestion, unknown


def test_a_known_name_is_no_problem() -> None:
    assert list(unknown(("x",), "kvm1", HOST, {"kvm1"}, NOTHING)) == []


def test_an_unknown_one_is_told_with_the_nearest() -> None:
    (problem,) = unknown(("x",), "kvm11", HOST, {"kvm1", "other"}, NOTHING)
    assert str(problem) == 'x: There is no host "kvm11". Use "kvm1" or declare it in hosts/.'


def test_what_could_not_be_read_may_well_be_declared() -> None:
    assert list(unknown(("x",), "kvm1", HOST, set(), Unread(frozenset({("hosts", "kvm1")})))) == []
    assert list(unknown(("x",), "kvm1", HOST, set(), Unread(frozenset({("hosts",)})))) == []
    assert len(list(unknown(("x",), "kvm2", HOST, set(), Unread(frozenset({("hosts", "kvm1")}))))) == 1


def test_unread_covers_what_is_in_it_and_around_it() -> None:
    unread = Unread(frozenset({("clients", "a", "vps")}))
    assert unread.covers("clients", "a", "vps", "web1")
    assert unread.covers("clients", "a")
    assert not unread.covers("clients", "a", "id")
    assert not NOTHING.covers("clients")


def test_suggestions() -> None:
    assert suggestion("zzz", {"a", "b"}) == "Use one of a, b"
    assert suggestion("zzz", set()) == "There is none yet: choose another"


def test_choices() -> None:
    assert list(choice(("x",), "managed", ("managed", "stopped"), "power state", code="x")) == []
    (problem,) = choice(("x",), "manged", ("managed", "stopped"), "power state", code="x")
    assert 'Did you mean "managed"?' in problem.remedy
