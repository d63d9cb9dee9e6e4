"""A process that notes events as fast as it can, telling each number once it is acknowledged: to be killed."""

import datetime as dt
import os
import sys

from components.lab.example import EXAMPLE
from components.ledger.events import Entry
from components.ledger.opened import open_ledger


def main(name: str, most: int) -> None:
    with open_ledger(EXAMPLE, os.environ) as ledger:
        print("ready", flush=True)
        sys.stdin.readline()
        for turn in range(most):
            entry = Entry(
                at=dt.datetime.now(dt.UTC),
                kind="host.state",
                subject=f"host {name}",
                actor=name,
                data={"turn": turn},
                token=f"{name}-{turn}",
            )
            print(ledger.record(entry).token, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
