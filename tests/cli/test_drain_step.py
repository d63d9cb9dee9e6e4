"""What a yes to a step of a drain is a yes to; carrying steps out is in tests/engine/test_drain.py."""

import pytest

from components.cli.drain_progress import Progress, Stand
from components.cli.drain_step import _beyond
from tests.cli.test_drain_progress import step

LIVE = "host: lab1 -> lab3: moved live: the guest keeps running while its disk and memory go over"
STOPPED = "host: lab1 -> lab3: moved: the guest is shut down while up to 10 GiB are copied, then it is started there"
OFF = "host: lab1 -> lab3: moved as it is, off: up to 10 GiB are copied"
ANEW = "reinstall: 0 -> 1: DOWNTIME AND A NEW, EMPTY DISK"
RECORDED = "recorded anew, nothing on a host is touched"
AGREED = {"beta/shop": step(), "beta/cold": step(vps="cold", live=False)}


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({"beta/shop": (LIVE,), "outputs of the stack": (RECORDED,)}, []),
        ({"beta/shop": (OFF,), "beta/cold": (STOPPED,)}, []),
        ({"beta/shop": (STOPPED,)}, [("beta/shop", STOPPED)]),
        ({"beta/shop": (LIVE, ANEW)}, [("beta/shop", ANEW)]),
        ({"beta/shop": (LIVE,), "beta/web": ("new",)}, [("beta/web", "new")]),
        ({"beta/web": (LIVE,)}, [("beta/web", LIVE)]),
        ({"beta/shop": (LIVE.replace("lab3", "lab2"),)}, [("beta/shop", LIVE.replace("lab3", "lab2"))]),
    ],
    ids=["the move", "two agreed", "shut down", "anew as well", "another is new", "not agreed", "another host"],
)
def test_a_yes_to_moves_is_a_yes_to_them_alone(
    changes: dict[str, tuple[str, ...]], more: list[tuple[str, str]]
) -> None:
    one = Progress(step=step(), stand=Stand.UP)
    assert _beyond(changes, "lab1", one, AGREED) == more


def test_of_a_move_that_was_cut_everything_about_its_vps_belongs_to_it() -> None:
    """Or nobody could go on with it: its guest is off, or its state behind."""
    changes = {
        "beta/shop": ("its move to lab3 was interrupted: it is ended", "power: off -> running"),
        "beta/w": (ANEW,),
    }
    cut = Progress(step=step(), stand=Stand.UP, is_cut=True)
    assert _beyond(changes, "lab1", cut, AGREED) == [("beta/w", ANEW)]
