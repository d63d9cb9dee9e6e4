"""What a guest says of itself is shown with care; a driver sets only what was declared."""

import pytest

from components.drivers.access import MOST_CHARACTERS, MOST_KEYS, GuestWord, Wish, compare, word
from components.drivers.errors import DriverError, Missing, NotOurs, Refused
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
        ((KEY,), (OTHER,) * (MOST_KEYS + 1), f"{MOST_KEYS + 1} keys"),
    ],
)
def test_keys_are_compared_without_their_comments(wanted, said, words):
    assert (words in compare(wanted, said)) if words else compare(wanted, said) == ""


def test_only_all_of_it_is_done():
    assert GuestWord(users={"ada": ""}).is_done
    assert not GuestWord(users={"ada": "refused"}).is_done
    assert not GuestWord(hostname="other").is_done


def test_a_fake_guest_takes_keys_and_name_and_tells_whom_it_lacks(fake):
    driver, spec = fake.driver(), fake.spec()
    machine = driver.create(spec, SEED, fake.mark(spec))
    wish = Wish(hostname="web1", keys={"ada": (KEY,)})
    assert driver.access().set(spec.uuid, machine.mark, wish) == GuestWord(users={"ada": ""})

    said = driver.access().set(spec.uuid, machine.mark, Wish(hostname="web2", keys={"ada": (), "bob": (OTHER,)}))

    assert said.users == {"ada": "", "bob": "the guest refused: there is no user bob"}
    assert fake.world.get("domains", spec.uuid)["guest"] == {"users": {"ada": []}, "hostname": "web2"}
    assert driver.read(spec.uuid) == machine


def test_who_is_not_ours_or_does_not_run_is_not_asked(fake):
    driver, spec = fake.driver(), fake.spec()
    machine, wish = driver.create(spec, SEED, fake.mark(spec)), Wish(hostname="web1", keys={})
    with pytest.raises(NotOurs):
        driver.access().set(spec.uuid, fake.mark(spec), wish)
    with pytest.raises(Missing):
        driver.access().set(fake.spec().uuid, machine.mark, wish)
    fake.world.change("domains", spec.uuid, guest=None)
    with pytest.raises(DriverError, match="its guest does not answer"):
        driver.access().set(spec.uuid, machine.mark, wish)
    fake.stop_by_hand(spec)
    with pytest.raises(Refused, match="it does not run"):
        driver.access().set(spec.uuid, machine.mark, wish)
