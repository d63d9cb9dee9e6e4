"""What `Host` declares: pool, networks and images, all protected, images after the pool."""

from components.host import Host
from tests.registrations import registrations


def test_everything_on_a_host_is_protected() -> None:
    """Clients' machines stand on it."""
    found = registrations(
        lambda: Host("lab1", pool={"name": "vps"}, networks={"public1": {"name": "n"}}, images={"tiny": {"name": "t"}}),
        "host.lab1",
    )
    objects = {name: request for name, request in found.items() if request.custom}
    assert set(objects) == {"lab1-pool", "lab1-network-public1", "lab1-image-tiny"}
    assert all(request.protect for request in objects.values())
    assert [urn.rsplit("::", 1)[-1] for urn in objects["lab1-image-tiny"].dependencies] == ["lab1-pool"]
