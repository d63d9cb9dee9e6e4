"""Row `seeds`: values become user-data, meta-data, network-config and the seed's ISO, in one process.

The peers do the same work with what others use: PyYAML for the texts and pycdlib, or genisoimage, for the ISO.
"""

import io
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pycdlib
import yaml

from components.cloudinit import Rendered, render, seed_iso
from components.cloudinit.contract import contract
from components.declaration import TEMPLATE
from components.domain.names import mac_address, machine_uuid
from tests.bench.figures import Budget, CannotMeasure, Line, Sample, Times, growth, in_turn
from tests.bench.options import Options
from tests.bench.processes import children_cpu

COUNTS = (1_000, 10_000, 20_000)
BUDGET_S = 1.0
"""For 10,000."""
PYCDLIB, GENISOIMAGE = 200, 20
"""How many the peers make; ratios are per seed."""

Values = dict[str, object]


def lines(options: Options) -> Iterator[Line]:
    """Ours at three sizes and the peers, all in turn."""
    values = [_values(number) for number in range(COUNTS[-1])]
    documents = {name: yaml.safe_load(text) for name, text in _texts(render(TEMPLATE, values[0])).items()}
    actions: list[Callable[[], Sample]] = [
        *(lambda count=count: _timed(_ours, values[:count]) for count in COUNTS),
        lambda: _timed(_pycdlib, [documents] * PYCDLIB),
        lambda: _timed(_genisoimage, [documents] * GENISOIMAGE),
    ]
    small, middle, large, library, program = in_turn(actions, options.runs, warm_up=options.warm_up)
    what = "render + seed ISO"
    yield Line(row="seeds", what=what, n=COUNTS[0], times=small)
    budget = Budget(middle.median, BUDGET_S, "s")
    yield Line(row="seeds", what=what, n=COUNTS[1], times=middle, budgets=(budget,))
    grown = growth(large, middle)
    yield Line(row="seeds", what=what, n=COUNTS[2], times=large, ratio=f"{grown.value:.2f} x t(N)", budgets=(grown,))
    for name, count, times in (("pycdlib", PYCDLIB, library), ("genisoimage", GENISOIMAGE, program)):
        yield Line(
            row="seeds",
            what=f"peer: PyYAML + {name}",
            n=count,
            times=times,
            ratio=_per_item(times, count, middle),
        )


def _per_item(peer: Times, count: int, ours: Times) -> str:
    return f"{peer.ratio(ours, scale=COUNTS[1] / count):.0f} x ours per seed"


def _timed(work: Callable[[list[Values]], object], items: list[Values]) -> Sample:
    begun, spent = time.perf_counter(), time.process_time() + children_cpu()
    work(items)
    return Sample(time.perf_counter() - begun, time.process_time() + children_cpu() - spent)


def _values(number: int) -> Values:
    """One machine's values: the contract's examples with an identity of its own."""
    uuid = machine_uuid("bench", f"c-{number:05d}", f"v-{number:06d}")
    found: Values = {name: variable.example for name, variable in contract(TEMPLATE).variables.items()}
    address = f"198.18.{number // 256}.{number % 256}/15"
    nic = {
        "mac": mac_address(uuid, "n0"),
        "addresses": [address, f"2001:db8:1::{number + 16:x}/64"],
        "gateway4": "198.18.0.1",
        "gateway6": "2001:db8:1::1",
    }
    return found | {
        "uuid": uuid,
        "fqdn": f"web1.client{number}.example",
        "client": f"c-{number:05d}",
        "client_name": f"Client <{number}> & Söhne",
        "vps": f"v-{number:06d}",
        "nics": {"n0": nic},
    }


def _ours(items: list[Values]) -> None:
    for values in items:
        seed_iso(render(TEMPLATE, values))


def _texts(rendered: Rendered) -> dict[str, str]:
    return {
        "user-data": rendered.user_data,
        "meta-data": rendered.meta_data,
        "network-config": rendered.network_config,
    }


def _dumped(document: Values) -> dict[str, bytes]:
    """The peers' texts: as large as ours, by the library that most tools use, in its fast form."""
    return {name: yaml.dump(part, Dumper=yaml.CSafeDumper).encode() for name, part in document.items()}


def _pycdlib(items: list[Values]) -> None:
    for document in items:
        iso = pycdlib.PyCdlib()
        iso.new(interchange_level=1, rock_ridge="1.09", vol_ident="CIDATA")
        for index, (name, content) in enumerate(_dumped(document).items()):
            iso.add_fp(io.BytesIO(content), len(content), f"/FILE{index}.;1", rr_name=name)
        iso.write_fp(io.BytesIO())
        iso.close()


def _genisoimage(items: list[Values]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for document in items:
            texts = _dumped(document)
            for name, content in texts.items():
                (Path(scratch) / name).write_bytes(content)
            command = ["genisoimage", "-quiet", "-rock", "-volid", "CIDATA", "-output", "seed.iso", *texts]
            try:
                subprocess.run(command, cwd=scratch, capture_output=True, timeout=30, check=True)
            except (OSError, subprocess.SubprocessError) as error:
                raise CannotMeasure(f"genisoimage, the peer, can't be run: {error}. ./run setup") from error
