"""What an authority's address says of it."""

import pytest

from components.domain.authorities import Authority


@pytest.mark.parametrize(
    "directory",
    [
        "https://acme-staging-v02.api.letsencrypt.org/directory",
        "https://dv.acme-v02.test-api.pki.goog/directory",
        "https://acme.hoster.example/STAGING/directory",
        "https://pebble:14000/dir",
    ],
)
def test_trials_are_known_by_their_words(directory: str) -> None:
    assert Authority(directory=directory).sounds_like_trials()


@pytest.mark.parametrize(
    "directory",
    ["https://acme-v02.api.letsencrypt.org/directory", "https://ca.contest.example/dir", "https://latest.example/dir"],
)
def test_a_word_within_a_word_says_nothing(directory: str) -> None:
    assert not Authority(directory=directory).sounds_like_trials()


def test_public_production_is_known_by_its_whole_host() -> None:
    assert Authority(directory="https://acme-v02.api.letsencrypt.org:443/directory").is_known_production()
    assert not Authority(directory="https://acme-staging-v02.api.letsencrypt.org/directory").is_known_production()
    assert not Authority(directory="https://acme-v02.api.letsencrypt.org.example/directory").is_known_production()
