"""Runs in processes of their own that may be killed, without paying for a Python start each time.

`python -m tests.faults.worker` imports once, then forks for every request: a line of JSON on stdin, the child's exit
status on stdout. 0 is done, 1 refused or failed (the words are in the log), -9 killed. What can't be killed may run in
the worker itself, which is three times as fast.
"""

import gc
import importlib
import json
import os
import select
import subprocess
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
DONE, FAILED, KILLED, BROKEN = 0, 1, -9, 3
DEADLINE_S = 150


class Worker:
    """A process that forks one child per run."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, action: str, log: Path, *, forked: bool = True, **arguments: Any) -> int:
        """Run `actions.<action>` with the arguments; its exit status, -9 when it was killed."""
        self.begin(action, log, forked=forked, **arguments)
        return self.end()

    def begin(self, action: str, log: Path, *, forked: bool = True, **arguments: Any) -> None:
        """The same without waiting."""
        assert self._process.stdin is not None
        request = {"action": action, "log": str(log), "forked": forked, "arguments": arguments}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Wait for what was begun; its exit status."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], DEADLINE_S)
        assert ready, f"no end after {DEADLINE_S} s"
        line = self._process.stdout.readline()
        assert line, "the worker died"
        return int(line)

    def close(self) -> None:
        """End the worker."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def main() -> None:
    """Serve requests until stdin ends."""
    actions = importlib.import_module("tests.faults.actions")
    gc.collect()
    gc.freeze()  # What is there already is never looked at again, so children share it.
    for line in sys.stdin:
        request = json.loads(line)
        if not request["forked"]:
            status = _act(actions, request)
        elif (pid := os.fork()) == 0:
            os._exit(_act(actions, request))
        else:
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


def _act(actions: Any, request: dict[str, Any]) -> int:
    """Whatever happens ends here: a child's copy of this process must not go on."""
    with Path(request["log"]).open("a") as log:
        try:
            getattr(actions, request["action"])(**request["arguments"])
        except actions.EXPECTED as error:
            log.write(f"{error}\n")
            return FAILED
        except BaseException:
            log.write(traceback.format_exc())
            return BROKEN
    return DONE


if __name__ == "__main__":
    main()
