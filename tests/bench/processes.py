"""Whole processes: how long a command takes, and how much memory it and everything that it starts hold at once."""

import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.figures import CannotMeasure, Sample

DEADLINE_S = 900
SAMPLE_S = 0.01
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Command:
    """A command, run as often as it is called; its output is shown only when it fails."""

    def __init__(
        self,
        arguments: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        code: int = 0,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._arguments = [str(argument) for argument in arguments]
        self._cwd = cwd
        self._env = dict(env) if env is not None else None
        self._code = code
        self._deadline_s = deadline_s

    def sample(self) -> Sample:
        """From the process's start to its end. Raises CannotMeasure when it ends otherwise than expected."""
        return self._run(watched=False)[0]

    def peak_mib(self) -> float:
        """The most that the process and its descendants held resident at one moment, each with its shared pages.

        A run of its own: looking at the processes takes time from them.
        """
        return self._run(watched=True)[1]

    def _run(self, *, watched: bool) -> tuple[Sample, float]:
        begun, spent = time.perf_counter(), children_cpu()
        with subprocess.Popen(
            self._arguments,
            cwd=self._cwd,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            watch = _Watch(process.pid) if watched else None
            try:
                output = process.communicate(timeout=self._deadline_s)[0]
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)  # what it started as well: a plugin would hold its output open
                raise
            finally:
                peak = watch.end() if watch else 0.0
            sample = Sample(time.perf_counter() - begun, children_cpu() - spent)
        if process.returncode != self._code:
            lines = output.strip().splitlines()
            errors = [line for line in lines[:-12] if "Unable to" in line or "rror:" in line]
            said = "\n".join([*sorted(errors, key=lambda line: "Unable to" not in line)[:3], *lines[-12:]])
            raise CannotMeasure(f"{' '.join(self._arguments)} ended with {process.returncode}: {said}")
        return sample, peak


class _Watch:
    """Adds up the resident memory of a process and its descendants until it is ended."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._peak = 0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> float:
        """The peak in MiB."""
        self._ended.set()
        self._thread.join()
        return self._peak * _PAGE / 1024**2

    def _look(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            self._peak = max(self._peak, sum(_resident(pid) for pid in descendants(self._pid)))


def children_cpu() -> float:
    """Processor seconds of all children that have ended, and of theirs that they waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def descendants(pid: int) -> list[int]:
    """The process and all that descend from it now."""
    found, rest = [], [pid]
    while rest:
        found.append(rest.pop())
        try:
            for task in Path(f"/proc/{found[-1]}/task").iterdir():
                rest.extend(int(child) for child in (task / "children").read_text().split())
        except OSError:
            continue  # it ended meanwhile
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
