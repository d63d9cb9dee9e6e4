"""Row `peers`: the same work by us and by Terraform with its libvirt provider, in turn, on one lab host.

Each command is a whole process as a user types it: `vps up --yes` with checks and policy pack beside
`terraform apply -parallelism=1`. Both make their guests from one base image. Where there is one guest it is the tiny
one: its page tells whether it was away, and whether the same disk came back. Where there are many their disk holds a
boot sector that halts: forty emulated guests that boot would be all that is measured.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.images import cache
from components.images.build import build as build_image
from tests.bench.contest import LARGER_DISK, LARGER_MEMORY, Contest, Pair
from tests.bench.figures import Sheet
from tests.bench.lab import IMAGE as HALTS
from tests.bench.lab import image_that_halts, lab_of_its_own
from tests.bench.options import Options
from tests.bench.peers.build import build as build_peers
from tests.bench.peers.build import versions

MANY, QUICK = 20, 3
TINY = "tiny"

HEAD = ("work", "N", "runs", "ours", "terraform", "ratio", "guest away, ours", "guest away, terraform", "remarks")


def sheets(options: Options) -> Iterator[Sheet]:
    """The whole comparison."""
    programs = build_peers(options.say)
    with lab_of_its_own() as lab:
        tiny = build_image(TINY, _fresh(options.scratch / "tiny"), lambda _: None)
        one = Contest.make(options.scratch / "peers-1", lab, programs, 1, tiny, {})
        pairs = [*_one(one, options)]
        one.clear()
        count = QUICK if options.quick else MANY
        with image_that_halts(options.scratch) as environment:
            image = next(entry for entry in cache.entries() if entry.name == HALTS).image()
            folder = options.scratch / f"peers-{count}"
            pairs += _many(Contest.make(folder, lab, programs, count, image, environment), options)
    told = ", ".join(f"{name} {version}" for name, version in versions().items())
    yield Sheet(
        row="peers",
        title=f"Beside {told}, on one lab host; ratio is ours by theirs, pairs in turn",
        head=HEAD,
        rows=tuple(pair.cells() for pair in pairs),
        broken=tuple(itertools.chain.from_iterable(pair.broken for pair in pairs)),
        values={"pairs": [_values(pair) for pair in pairs]},
    )


def _one(contest: "Contest", options: Options) -> Iterator[Pair]:
    """One guest each: made, changed twice, ended."""
    options.say("peers: one machine, made and started")
    created = Pair("create + start", 1)
    for _ in range(options.few(3)):
        contest.clear()
        created.ours.append(contest.up().sample())
        created.theirs.append(contest.apply(created))
    yield created
    yield contest.plan("nothing changed: preview | plan", options.few(3))
    contest.settle()
    options.say("peers: more memory")
    yield contest.change("memory 128 -> 256 MiB", LARGER_MEMORY, {"memory_mib": 256})
    options.say("peers: a larger disk")
    yield contest.change("disk 1 -> 2 GiB", LARGER_DISK, {"memory_mib": 256, "disk_gib": 2})
    options.say("peers: the end of one machine")
    yield contest.end()


def _many(contest: "Contest", options: Options) -> Iterator[Pair]:
    options.say(f"peers: {contest.count} machines, made and started")
    contest.clear()
    created = Pair("create + start", contest.count, [contest.up().sample()])
    created.theirs.append(contest.apply(created))
    yield created
    yield contest.plan("nothing changed: preview | plan", options.few(3))
    yield contest.audit("nothing differs: drift | plan -refresh-only", options.few(3))
    options.say(f"peers: the end of {contest.count} machines")
    contest.cut()
    yield contest.end()


def _fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _values(pair: Pair) -> dict[str, Any]:
    return {
        "what": pair.what,
        "n": pair.n,
        "ours_s": [sample.wall for sample in pair.ours],
        "theirs_s": [sample.wall for sample in pair.theirs],
        "ours_cpu_s": [sample.cpu for sample in pair.ours],
        "theirs_cpu_s": [sample.cpu for sample in pair.theirs],
        "ratio": pair.ratio,
        "away_s": [None if away is None else away.seconds for away in pair.away],
        "note": pair.note,
    }
