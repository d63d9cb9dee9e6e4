"""Waiting no longer than we want to for calls that may never come back."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Answer = TypeVar("Answer")


def within(seconds: float, name: str, call: Callable[[], Answer]) -> Answer:
    """What `call` returns or raises. Raises TimeoutError after `seconds`; its thread, `name`, is then left behind.

    libvirt's calls have no deadline of their own. A thread that is left behind is a daemon: it keeps no process alive.
    """
    return together(seconds, name, [call])[0]


def together(seconds: float, name: str, calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """As `within`, for calls that run side by side; the first failure of any of them is raised at once."""
    answers: queue.Queue[tuple[int, Answer | None, BaseException | None]] = queue.Queue()

    def attempt(number: int, call: Callable[[], Answer]) -> None:
        try:
            answers.put((number, call(), None))
        except BaseException as problem:  # noqa: BLE001 - it is raised again where it is waited for
            answers.put((number, None, problem))

    until = time.monotonic() + seconds
    for number, call in enumerate(calls):
        threading.Thread(target=attempt, args=(number, call), name=name, daemon=True).start()
    found: dict[int, Answer] = {}
    while len(found) < len(calls):
        try:
            number, answer, problem = answers.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise TimeoutError(f"no answer within {seconds:g} s") from None
        if problem is not None:
            raise problem
        found[number] = answer  # type: ignore[assignment] # without a problem it is what the call returned
    return [found[number] for number in range(len(calls))]
