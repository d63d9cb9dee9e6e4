"""What a guest is told: from fleet, client and VPS, whatever is left out, and never a secret."""

from dataclasses import replace
from types import MappingProxyType

from components.cloudinit import check_values
from components.domain.backups import Backups
from components.domain.clients import Client, Panel, Restore, Vps
from components.domain.fleet import Fleet
from components.domain.guests import Guests, Maintenance
from components.guest.settings import administrator, settings
from tests.domain.sample import fleet
from tests.seeds import values


def sample() -> tuple[Fleet, Client, Vps]:
    whole = fleet()
    client = next(iter(whole.clients.values()))
    return whole, client, next(iter(client.vps.values()))


def test_what_nobody_declared_has_a_default_or_is_left_out() -> None:
    """State can't tell null from absent: such a section isn't there."""
    whole, client, vps = sample()
    bare = replace(whole, authority=None, backups=None, guests=Guests())
    said = settings(bare, client, replace(vps, panel=None, maintenance=None, options={}))
    assert said["panel"] == {"ssl_sites": []}
    assert said["maintenance"] == {"day": "sunday", "from": "03:00", "hours": 2}
    assert (said["smarthost"], said["options"]) == ("", {})
    assert not said.keys() & {"acme", "backup", "restore"}


def test_what_was_declared_arrives() -> None:
    """The VPS's own window before the fleet's; an empty allow-list is not the same as none."""
    whole, client, vps = sample()
    fleet_ = replace(whole, guests=Guests(maintenance=Maintenance(day="monday"), smarthost="mail.example:587"))
    assert settings(fleet_, client, vps)["maintenance"]["day"] == "monday"
    own = replace(
        vps,
        maintenance=Maintenance(day="friday", opens="22:00", hours=4),
        panel=Panel(admin=next(iter(client.contacts)), ssl_sites=("www.coop.example",), allow=()),
        options={"sites": 3, "modules": ("views",)},
    )
    said = settings(fleet_, client, own)
    assert said["maintenance"] == {"day": "friday", "from": "22:00", "hours": 4}
    assert said["panel"] == {"ssl_sites": ["www.coop.example"], "allow": []}
    assert said["options"] == {"modules": ["views"], "sites": 3}
    assert said["smarthost"] == "mail.example:587"
    assert said["flavour"] == fleet_.images[vps.image].flavour


def test_the_administrator_is_whom_the_file_names_else_an_owner() -> None:
    """Somebody always is: the guest's mail and the panel's first account need one."""
    _, client, vps = sample()
    ada = client.contacts["ada"]
    bob = replace(ada, name="Bob", email="bob@coop.example", roles=("billing",))
    both = replace(client, contacts=MappingProxyType({"bob": bob, "ada": replace(ada, roles=("owner",))}))
    assert administrator(both, replace(vps, panel=Panel(admin="bob"))).name == "Bob"
    assert administrator(both, replace(vps, panel=None)) == both.contacts["ada"]
    assert administrator(replace(client, contacts={"bob": bob}), replace(vps, panel=None)).name == "Bob"


def test_it_fits_the_templates_contract() -> None:
    """What is made here is what the template takes."""
    whole, client, vps = sample()
    check_values("base", values() | {"settings": settings(whole, client, vps)})


def test_backups_are_told_where_both_are_declared() -> None:
    """A target of the fleet and a promise of the package; who may administer the target is told to no guest."""
    backups = Backups(target="ssh://b@h:22/srv/b", host_key="k", recovery=("age1x", "age1y"), admin="ssh root@h")
    whole, client, vps = sample()
    whole = replace(whole, backups=backups)
    said = settings(whole, client, vps)
    assert said["backup"] == {
        "target": "ssh://b@h:22/srv/b",
        "host_key": "k",
        "recovery": "age1x age1y",
        "every_hours": 24,
        "keep_days": 14,
    }
    assert "root@h" not in str(said)
    none = {key: replace(one, backup=None) for key, one in whole.packages.items()}
    assert "backup" not in settings(replace(whole, packages=none), client, vps)


def test_only_a_restore_from_a_backup_is_the_guest_s_matter() -> None:
    whole, client, plain = sample()
    at = "2026-11-30T03:12:00Z"
    for restore, told in (
        (Restore(source="kvm1", empty=True, backup=at), {"archive": at}),
        (Restore(source="kvm1", empty=True), None),
        (Restore(source="kvm1", disk="/d.qcow2", sha256="a" * 64), None),
    ):
        assert settings(whole, client, replace(plain, restore=restore)).get("restore") == told
