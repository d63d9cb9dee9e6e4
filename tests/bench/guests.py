"""Row `guests`: what a golden image costs and gains, and what an idle delivered guest holds.

Images: how long a build from nothing takes, and how large it is. Delivery: from `vps up` until the guest says that all
its checks pass, for the golden image beside the same guest that installs its packages at first boot (see `bare/`), one
after the other on one lab host. Idle: memory and disk of the delivered guest beside the smallest package's.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.config.loader import load as load_fleet
from components.domain.images import Image
from components.domain.packages import Package
from components.images import cache
from components.images.build import build
from components.images.recipe import RECIPES
from components.images.recipe import load as load_recipe
from components.lab.example import EXAMPLE, IMAGE
from tests.bench import machine
from tests.bench.bare import mirror, templates
from tests.bench.delivery import Delivery, Idle, Place
from tests.bench.figures import Budget, CannotMeasure, Line, Sheet, Times
from tests.bench.lab import lab_of_its_own
from tests.bench.options import Options
from tests.bundles.standin import stand_in_for

AEGIR = "aegir-debian-12"
SOURCES = Path(__file__).parents[1] / "fixtures" / "backdrop"
"""Stand-ins for Aegir's sources: they are small, so the image is some 60 MiB smaller than the real one."""
FASTER = 5
"""The promise: so many times."""
GOLDEN_S, BARE_S = 1800, 3600
"""How long is waited for a delivery. The peer gets more where the promise would not be proven by then."""
MARGIN = 1.02
IDLE_S, QUICK_IDLE_S = 60, 15
MOST = 0.5
"""The share of the smallest package's memory and disk that an idle guest may hold: the rest is the client's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A build of an image: `seconds` is None when nobody wrote it down, `told` says where it stands."""

    entry: cache.Entry
    seconds: float | None
    told: str


def lines(options: Options) -> Iterator[Line | Sheet]:
    """Images, delivery, idle."""
    golden = build(IMAGE, _fresh(options.scratch / "golden"), options.say)
    yield images([built for name in (IMAGE, AEGIR) if (built := _built(name, options))])
    load = machine.load()
    bare = _bare(golden, options)
    with lab_of_its_own() as lab:
        place = Place.make(options.scratch / "delivery", lab, [golden, bare])
        with mirror.served(options.scratch / "mirror", lab.places.enter_network):
            options.say(f"guests: {golden.name}")
            ours = place.deliver(0, golden, GOLDEN_S, options.say)
            if not ours.is_done:
                raise CannotMeasure(f"{golden.name} was not delivered within {GOLDEN_S} s; it said last: {ours.last}")
            time.sleep(QUICK_IDLE_S if options.quick else IDLE_S)
            idle = place.idle()
            proven = FASTER * ours.sample.wall * MARGIN
            options.say(f"guests: {bare.name}")
            theirs = place.deliver(1, bare, proven if options.quick else max(proven, BARE_S), options.say)
    yield from deliveries(ours, theirs, f"load {load} before, {machine.load()} after")
    packages = load_fleet(EXAMPLE).fleet.packages.values()
    yield held(idle, min(packages, key=lambda one: (one.limits.memory_mib, one.limits.disk_gib)))


def images(found: list[Built]) -> Sheet:
    """What is known of the builds."""
    return Sheet(
        row="guests",
        title="Images",
        head=("image", "build", "size", "packages", "remarks"),
        rows=tuple(
            (
                one.entry.name,
                "not known" if one.seconds is None else f"{one.seconds:.0f} s",
                f"{one.entry.bytes / 1024**2:.0f} MiB",
                str(len(one.entry.packages)),
                one.told,
            )
            for one in found
        ),
        values={
            "images": [{"name": one.entry.name, "seconds": one.seconds, "bytes": one.entry.bytes} for one in found]
        },
    )


def deliveries(ours: Delivery, theirs: Delivery, weather: str) -> Iterator[Line]:
    """Both runs, and the promise about their ratio; a peer that was cut off makes it an "at least"."""
    ratio = theirs.sample.wall / ours.sample.wall
    spent = theirs.sample.cpu / ours.sample.cpu
    least = "" if theirs.is_done else "at least "
    cut = "" if theirs.is_done else f"; cut off, not delivered after {theirs.sample.wall:.0f} s: {theirs.last}"
    budget = Budget(ours.sample.wall / theirs.sample.wall, 1 / FASTER, "x", "packages at first boot")
    yield Line(
        row="guests",
        what="vps up to delivered, packages at first boot",
        n=1,
        times=Times((theirs.sample,)),
        note=f"{weather}{cut}",
    )
    yield Line(
        row="guests",
        what="vps up to delivered, golden image",
        n=1,
        times=Times((ours.sample,)),
        ratio=f"{least}{ratio:.1f} times faster",
        budgets=(budget,),
        note=f"promised: at least {FASTER} times; by processor seconds {least}{spent:.1f} times",
    )


def held(idle: Idle, package: Package) -> Sheet:
    """What an idle guest holds, as shares of a package."""
    memory, disk = package.limits.memory_mib, package.limits.disk_gib
    rows = (
        ("memory that the guest sees", idle.memory_seen, memory, "MiB", False),
        ("memory that it uses (total - available)", idle.memory_used, memory, "MiB", True),
        ("memory of its emulator on the host", idle.memory_host, memory, "MiB", False),
        ("disk that it sees", idle.disk_seen, disk, "GiB", False),
        ("disk that it uses", idle.disk_used, disk, "GiB", True),
        ("disk of its own on the host", idle.disk_host, disk, "GiB", False),
    )
    broken = (
        f"{what}: {value / has:.0%} of {package.key}'s, at most {MOST:.0%} are promised"
        for what, value, has, _, is_promised in rows
        if is_promised and value > has * MOST
    )
    return Sheet(
        row="guests",
        title=f"An idle delivered guest beside what {package.key}, the smallest package, has",
        head=("what", "measured", "package", "share"),
        rows=tuple(
            (what, f"{value:.0f} MiB" if unit == "MiB" else f"{value:.2f} GiB", f"{has} {unit}", f"{value / has:.0%}")
            for what, value, has, unit, _ in rows
        ),
        broken=tuple(broken),
        notes=(
            f"Its base image, {idle.image_gib:.2f} GiB on the host, is shared by all guests that were made from it.",
            "Without KVM the emulator's memory holds translated code as well.",
        ),
        values={what: value for what, value, *_ in rows},
    )


def _built(name: str, options: Options) -> Built | None:
    """A build from nothing; with --quick what was written down of the last one, None when there was none."""
    if options.quick:
        entry = next((entry for entry in cache.entries() if entry.name == name), None)
        if entry is None:
            return None
        told = f"not built in this run: as written down on {entry.built}"
        return Built(entry=entry, seconds=entry.seconds or None, told=told)
    options.say(f"guests: building {name} from nothing")
    with _cache_in(options.scratch / f"cache-{name}"):
        recipe, archive, recipes = load_recipe(name), None, RECIPES
        if recipe.bundle and recipe.flavour:
            made, recipes = stand_in_for(recipe, SOURCES, _fresh(options.scratch / f"bundle-{name}"))
            archive = made.file
        image = build(name, _fresh(options.scratch / f"lock-{name}"), options.say, archive=archive, recipes=recipes)
        entry = cache.describe(image.sha256)
        cache.path(image.sha256).unlink()
    assert entry is not None
    told = "with stand-ins for the sources of its bundle" if archive else "from Debian packages alone"
    return Built(entry=entry, seconds=entry.seconds, told=f"{told}; load {machine.load()}")


def _bare(golden: Image, options: Options) -> Image:
    """The peer's image, and its packages in the scratch folder."""
    name, recipes = templates.lay(golden.name, options.scratch / "bare", mirror.URL)
    options.say(f"guests: {name}, which lacks what {golden.name} has")
    bare = build(name, _fresh(options.scratch / "lock-bare"), options.say, recipes=recipes)
    full, less = cache.describe(golden.sha256), cache.describe(bare.sha256)
    if full is None or less is None:
        raise CannotMeasure("an image has left the cache since it was built. Run it again.")
    count = mirror.fill(options.scratch / "mirror", load_recipe(golden.name), full, less)
    options.say(f"guests: {count} packages are the peer's to install")
    return bare


@contextmanager
def _cache_in(folder: Path) -> Iterator[None]:
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_CACHE_HOME"]
        else:
            os.environ["XDG_CACHE_HOME"] = before


def _fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder
