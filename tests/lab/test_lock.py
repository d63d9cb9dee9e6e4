import threading

import pytest

from components.lab import lock
from components.lab.command import LabError
from components.lab.places import Places


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.setattr("components.lab.places.RUN", tmp_path)
    monkeypatch.setattr("components.lab.lock.RUN", tmp_path)
    return Places("x")


def test_second_waits_and_says_so_in_the_end(places):
    with (
        lock.held(places),
        pytest.raises(LabError, match=r"another `vps lab` has been at it for 0\.3 s"),
        lock.held(places, wait_s=0.3),
    ):
        pass


def test_file_goes_with_the_lab(places):
    with lock.held(places):
        pass
    assert not list(places.run.parent.iterdir())


def test_never_two_at_once_although_the_file_comes_and_goes(places):
    inside, most = [], []

    def work() -> None:
        for _ in range(5):
            with lock.held(places, wait_s=30):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(most) == 20
    assert max(most) == 1
