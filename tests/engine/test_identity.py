"""What Pulumi may do to a resource by accident leaves domain and disk untouched."""

import pytest

from tests.engine.conftest import STACK, Bench

pytestmark = pytest.mark.engine


@pytest.fixture
def unprotected(bench: Bench) -> Bench:
    """A machine whose protection somebody lifted: only our own rules stand now."""
    bench.up()
    bench.pulumi("state", "unprotect", bench.machine_urn(), "--yes", "--stack", STACK)
    return bench


def _facts(bench: Bench) -> tuple[object, object]:
    """Everything that would change if the machine or its disk were touched; marks are compared apart."""
    domains = {uuid: {**domain, "mark": None} for uuid, domain in bench.domains().items()}
    return domains, bench.volumes()


def test_protected_machine_is_not_replaced(bench: Bench) -> None:
    """The first wall."""
    bench.up()
    before = _facts(bench)
    bench.up(STACK, "--replace", bench.machine_urn(), code=1)
    assert _facts(bench) == before


def test_replace_leaves_it_untouched(unprotected: Bench) -> None:
    """Create takes over with a new incarnation, so Delete of the old one finds a stranger."""
    before = _facts(unprotected)
    old = next(domain["mark"]["incarnation"] for domain in unprotected.domains().values())
    # The program protects it again in the same run, so protection is lifted for the replacement by hand.
    said = unprotected.up(STACK, "--replace", unprotected.machine_urn())
    assert "not ours any more" in said
    assert _facts(unprotected) == before
    new = next(domain["mark"]["incarnation"] for domain in unprotected.domains().values())
    assert new != old
    unprotected.pulumi("refresh", "--preview-only", "--expect-no-changes", "--stack", STACK)


def test_taint_leaves_it_untouched(unprotected: Bench) -> None:
    """A tainted resource is replaced by the next up."""
    before = _facts(unprotected)
    unprotected.pulumi("state", "taint", unprotected.machine_urn(), "--yes", "--stack", STACK)
    unprotected.up()
    assert _facts(unprotected) == before


def test_renamed_component_is_refused(unprotected: Bench) -> None:
    """Another URN may not seize a finished machine, and the old one may not end it."""
    before = _facts(unprotected)
    program = unprotected.project.fleet / "__main__.py"
    program.write_text(
        "import components.vps as vps\n"
        "plain = vps.Machine.__init__\n"
        "vps.Machine.__init__ = lambda self, name, *rest: plain(self, name + '-renamed', *rest)\n" + program.read_text()
    )
    said = unprotected.up(code=1)
    assert "belongs to" in said
    assert _facts(unprotected) == before


def test_renamed_stack_keeps_the_machine(bench: Bench) -> None:
    """A renamed stack with its renamed file goes on; nothing is made anew."""
    bench.up()
    before = _facts(bench)
    client = bench.project.fleet / "clients" / "example-coop.yaml"
    bench.pulumi("stack", "rename", "client.coop", "--stack", STACK)
    client.rename(client.with_name("coop.yaml"))
    bench.up("client.coop")
    (domain,) = bench.domains().values()
    after = _facts(bench)
    assert after[1] == before[1]
    assert len(bench.domains()) == 1
    assert domain["power"] == "running"


def test_changed_provider_leaves_it_untouched(unprotected: Bench) -> None:
    """An explicit provider instead of the default one makes the engine replace."""
    before = _facts(unprotected)
    program = unprotected.project.fleet / "__main__.py"
    program.write_text(
        "import pulumi\n"
        "import components.vps as vps\n"
        "class Other(pulumi.ProviderResource):\n"
        "    def __init__(self):\n"
        "        super().__init__('vps', 'other', {})\n"
        "other = Other()\n"
        "plain = vps.Machine.__init__\n"
        "def with_provider(self, name, inputs, opts):\n"
        "    merged = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(provider=other))\n"
        "    plain(self, name, inputs, merged)\n"
        "vps.Machine.__init__ = with_provider\n" + program.read_text()
    )
    unprotected.up()
    assert _facts(unprotected) == before
