"""The fake host's special abilities: a limit that it can't enforce."""

import json

from components.drivers.base import Power
from tests.drivers.fake_host import FakeHost
from tests.drivers.hosts import SEED


def test_a_limit_that_the_host_cannot_enforce_is_told(tmp_path):
    host = FakeHost(tmp_path)
    (tmp_path / "world/host.json").write_text(json.dumps({"unenforced": {"rateMbitS": "its kernel lacks sch_sfq"}}))
    spec = host.spec()

    machine = host.driver().create(spec, SEED, host.mark(spec))

    rate = machine.readings["nics.n0.rateMbitS"]
    assert machine.power is Power.RUNNING
    assert (rate.configured, rate.effective) == (100, None)
    assert rate.source == "not enforced by this host: its kernel lacks sch_sfq"
    assert machine.host_notes == ("rateMbitS is not enforced by this host: its kernel lacks sch_sfq",)
