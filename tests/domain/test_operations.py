"""What is known of the running fleet: a host of which nothing is known is active."""

from components.domain.operations import NOTHING_KNOWN, HostState, Operations


def test_a_host_is_active_until_somebody_said_otherwise() -> None:
    assert NOTHING_KNOWN.state("kvm1") is HostState.ACTIVE
    assert Operations(host_states={"kvm1": HostState.DRAINING}).state("kvm1") is HostState.DRAINING
