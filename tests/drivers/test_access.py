"""Who may log in and who has root: every value a word, the guest's answer read with care, no root without a grant."""

import pytest

from components.drivers.access import (
    MOST_CHARACTERS,
    MOST_KEYS,
    GuestWord,
    Person,
    Standing,
    Wish,
    command,
    compare,
    parse,
    word,
)
from components.drivers.errors import GuestSilent, Missing, NotOurs, Refused
from tests.drivers.fake_host import FakeHost
from tests.drivers.hosts import SEED

KEY, OTHER = "ssh-ed25519 AAAA1 ada", "ssh-ed25519 AAAA2 bob"


@pytest.fixture
def fake(tmp_path):
    return FakeHost(tmp_path)


def test_what_a_guest_says_obeys_no_terminal_and_has_an_end():
    assert word("a\x1b[31m\nb\x07\u202ec") == "a [31m b c"
    assert len(word("x" * 10_000)) == MOST_CHARACTERS + 1


@pytest.mark.parametrize(
    ("wanted", "said", "words"),
    [
        ((KEY,), (KEY,), ""),
        ((KEY,), ("ssh-ed25519 AAAA1 another-comment", "", "  "), ""),
        ((), (), ""),
        ((KEY,), (), "1 of the declared keys are missing and 0 others are there"),
        ((KEY,), (KEY, OTHER), "0 of the declared keys are missing and 1 others are there"),
        ((KEY,), (OTHER,) * (MOST_KEYS + 1), f"more than {MOST_KEYS} keys"),
    ],
)
def test_keys_are_compared_without_their_comments(wanted, said, words):
    assert (words in compare(wanted, said)) if words else compare(wanted, said) == ""


ADA = Person(keys=(KEY,), root=True, request="T-1", full_name="Ada Ruiz")
ENDED = Person(keys=(), request="T-2")


def test_every_value_is_a_word_of_its_own():
    wish = Wish(hostname="web1", people={"ada": ADA, "bob": ENDED})
    words = ["ada", "1", "T-1", "Ada Ruiz", "1", KEY, "bob", "0", "T-2", "", "0"]
    assert command(wish) == ["/bin/sh", "-s", "--", "web1", *words]
    assert command(Wish(hostname="web1", people={}, fqdn="web1.coop.example"))[3:] == ["web1.coop.example"]


def test_what_the_guest_prints_is_read():
    said = parse(
        "before\tada\tnone\t0\nafter\tada\topen\t1\nkey-after\tada\tssh-ed25519 AAAA1 ada\nkey-after\tada\t# no key\n"
        "refused\tbob\tno \x1b[31m room\ndropped\teve\nname\tweb1\tweb1.coop.example\nend\n"
    )
    assert said is not None
    assert (str(said.before["ada"]), str(said.after["ada"])) == ("no account", "1 key, sudo")
    assert (said.refused, said.dropped, said.hostname) == ({"bob": "no  [31m room"}, ("eve",), "web1")
    assert said.fqdn == "web1.coop.example"


@pytest.mark.parametrize(
    "said", ["", "end\nmore", "before\tada\topen\t1\n", "nonsense\nend", "before\tada\topen\tx\nend"]
)
def test_what_it_never_prints_is_nothing(said):
    assert parse(said) is None


@pytest.mark.parametrize(
    ("standing", "differs"),
    [
        (Standing(account="open", root=True, keys=(KEY,)), ""),
        (Standing(account="open", root=False, keys=(KEY,)), "sudo is missing"),
        (Standing(account="locked", root=True, keys=(KEY,)), "locked, 1 key, sudo"),
        (Standing(account="open", root=True, keys=(KEY, OTHER)), "1 others"),
        (Standing(), "no account"),
        (None, "says nothing"),
    ],
)
def test_what_is_not_as_declared_is_told(standing, differs):
    after = {} if standing is None else {"ada": standing}
    found = GuestWord(hostname="web1", after=after).differs(Wish(hostname="web1", people={"ada": ADA}))
    assert (differs in found["ada"]) if differs else found == {}


def test_an_ended_grant_wants_neither_login_nor_root():
    wish = Wish(hostname="web1", people={"bob": ENDED})
    for standing, is_done in (
        (Standing(), True),
        (Standing(account="locked"), True),
        (Standing(account="open"), False),
        (Standing(account="locked", root=True), False),
    ):
        assert (GuestWord(hostname="web1", after={"bob": standing}).differs(wish) == {}) == is_done
    assert "host name" in GuestWord(hostname="web2", after={"bob": Standing()}).differs(wish)
    assert GuestWord(hostname="web1", refused={"bob": "no"}).differs(wish) == {"bob": "no"}
    full = Wish(hostname="web1", people={}, fqdn="web1.coop.example")
    assert "full name is ''" in GuestWord(hostname="web1").differs(full)["host name"]
    assert GuestWord(hostname="web1", fqdn="web1.coop.example").differs(full) == {}


def test_a_fake_guest_grants_revokes_and_locks(fake):
    driver, spec = fake.driver(), fake.spec()
    machine = driver.create(spec, SEED, fake.mark(spec))

    def act(**people):
        wish = Wish(hostname="web1", people=people)
        said = driver.access().set(spec.uuid, machine.mark, wish)
        return (
            {user: (str(said.before[user]), str(said.after[user])) for user in people},
            said.differs(wish),
            said.dropped,
        )

    assert act(ada=ADA, bob=ENDED) == (
        {"ada": ("no account", "1 key, sudo"), "bob": ("no account", "no account")},
        {},
        (),
    )
    assert act(bob=Person(keys=(OTHER,)))[2] == ("ada",)
    assert act(ada=Person(keys=(KEY,)))[0] == {"ada": ("1 key, no sudo", "1 key, no sudo")}
    assert act(ada=ADA)[0] == {"ada": ("1 key, no sudo", "1 key, sudo")}
    assert act(ada=ENDED)[0] == {"ada": ("1 key, sudo", "locked, 0 keys, no sudo")}
    fake.world.change("domains", spec.uuid, guest={"people": {}, "system": ["ada"]})
    assert act(ada=ADA)[1] == {"ada": "the guest has an account of its own under this name"}
    assert driver.read(spec.uuid) == machine


def test_who_is_not_ours_or_does_not_run_is_not_asked(fake):
    driver, spec = fake.driver(), fake.spec()
    machine, wish = driver.create(spec, SEED, fake.mark(spec)), Wish(hostname="web1", people={})
    with pytest.raises(NotOurs):
        driver.access().set(spec.uuid, fake.mark(spec), wish)
    with pytest.raises(Missing):
        driver.access().set(fake.spec().uuid, machine.mark, wish)
    fake.world.change("domains", spec.uuid, guest=None)
    with pytest.raises(GuestSilent, match="has no agent"):
        driver.access().set(spec.uuid, machine.mark, wish)
    fake.stop_by_hand(spec)
    with pytest.raises(Refused, match="it does not run"):
        driver.access().set(spec.uuid, machine.mark, wish)
