"""A VPS with Aegir by `vps up` on a real host: delivered by its own word, its panel served over the network.

One boot for all of it, with stand-ins for Aegir's sources; breadth lies in tests/guest/test_backdrop.py.
"""

import json
from collections.abc import Iterator

import pytest

from components.domain.images import Image
from components.lab.host import Lab
from tests.boot.conftest import LabBench, apply_host

pytestmark = [pytest.mark.boot, pytest.mark.lab, pytest.mark.engine]

VPS = "example-coop/web1"
FQDN = "web1.coop.example"
DEADLINE_S = 2000
"""Without KVM on a busy machine."""


@pytest.fixture(scope="module")
def delivered(lab: Lab, aegir_image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabBench]:
    bench = apply_host(lab, aegir_image, tmp_path_factory.mktemp("project"))
    bench.up()
    said = bench.vps("deliver", "example-coop", "--wait", f"{DEADLINE_S}s", deadline_s=DEADLINE_S + 300)
    assert f"{VPS}: delivered" in said
    yield bench
    bench.clear()


def test_the_panel_answers_over_the_network(delivered: LabBench) -> None:
    """By its name over IPv4 and IPv6; a bare address shows nothing of it."""
    ask = ["curl", "--silent", "--max-time", "60", "--noproxy", "*", "--write-out", "%{http_code}"]
    for address in ("192.0.2.10", "[2001:db8:1::10]"):
        page = delivered.lab.run([*ask, "--header", f"Host: {FQDN}", f"http://{address}/user/login"], timeout=90)
        assert page.stdout.endswith("200"), page.stdout
        assert 'name="pass"' in page.stdout
        bare = delivered.lab.run([*ask, f"http://{address}/"], timeout=90)
        assert bare.stdout == "404 Not Found\n404"


def test_every_check_passed_and_a_task_went_through(delivered: LabBench) -> None:
    """`vps show` tells it, with the image's flavour and bundle."""
    told = json.loads(delivered.vps("show", VPS, "--json"))["guest"]
    checks = {check["name"]: check for check in told["health"]["checks"]}
    assert {"bootstrap", "front-page", "queue", "queue-daemon", "aegir-files", "services"} <= set(checks)
    assert all(check["state"] != "fail" for check in checks.values()), checks
    assert "went through" in checks["queue"]["message"]
    assert (told["delivery"]["state"], told["flavour"]["name"]) == ("delivered", "backdrop")
