"""A fleet in which everything that a kit may say is declared, and templates of flavours that no other task changes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from components.domain.authorities import Authority
from components.domain.backups import Backups
from components.domain.clients import Client
from components.domain.fleet import Fleet
from components.domain.images import ImageOffer
from components.domain.packages import Package
from components.domain.services import Service, Support, Wording
from components.kit import software
from components.kit.addresses import owners
from components.kit.documents import Kit, kit
from tests.domain import sample

DAY = date(2026, 12, 4)
FLAVOUR = """\
title: Aegir on Backdrop
status: supported
panel: true
versions:
  - {name: Debian, version: "12", expires: "2028-06-30"}
  - {name: Backdrop, version: 1.27.1}
  - {name: ansible-core, version: "2.16", ended: "2025-05-31"}
options: {}
updates:
  core: [backdrop, hosting]
  modules: [hosting_civicrm_ansible]
"""


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """Two clients, of whom one has two VPSs: one with a panel, one taken over as it was."""
    monkeypatch.setattr(software, "TEMPLATES", layers(tmp_path / "templates"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    software.software.cache_clear()
    yield declared()
    software.software.cache_clear()


def layers(folder: Path) -> Path:
    """A flavour of our own, so that a text changes only when the kit does."""
    for name in ("guest", "flavours/backdrop"):
        (folder / name).mkdir(parents=True)
        (folder / name / "layer.yaml").write_text("packages: []\n")
    (folder / "flavours/backdrop/flavour.yaml").write_text(FLAVOUR)
    return folder


def declared() -> Fleet:
    web1 = sample.vps()
    shop = sample.vps(
        "shop",
        id="v-8888",
        ipv4=("192.0.2.11",),
        ipv6=(),
        fqdn="shop.coop.example",
        panel=None,
        access=(),
        uuid="00000000-0000-4000-8000-000000000001",
        package="old@2026-01",
        antispoof=False,
    )
    coop = sample.client("example-coop", web1, shop)
    other = sample.client(
        "other",
        sample.vps("web9", id="v-9999", ipv4=("192.0.2.99",), ipv6=(), fqdn="web9.other.example"),
        id="c-9999",
        name="Somebody Else",
    )
    return sample.fleet(
        coop,
        other,
        packages={"small@2026-01": replace(sample.PACKAGE, about="For a few small sites."), "old@2026-01": _old()},
        offers={"base-debian-13": ImageOffer(name="base-debian-13", new_installs_until=None, title="Aegir on Debian")},
        images={"base-debian-13": replace(sample.IMAGE, flavour="backdrop", bundle="cd" * 32)},
        authority=Authority(directory="https://acme.example/directory"),
        backups=Backups(target="ssh://b@backup.example/srv", host_key="", recovery=(), admin=""),
        support=Support(
            email="help@hoster.example", url="https://help.hoster.example/", phone="+44 20 7946 0000", hours="always"
        ),
        services={
            "vip": Service(
                key="vip", kind="option", title="VIP Administration", price=Decimal(49), per="VPS and month"
            ),
            "ip-change": Service(
                key="ip-change",
                kind="work",
                title="Changing the main IP address",
                price=Decimal(10),
                currency="USD",
                per="change",
                note="The first is free.",
                free_with_vip=True,
                row="WORK-13",
                translations={"uk": Wording(title="Зміна адреси")},
            ),
            "advice": Service(key="advice", kind="offer", title="Advice"),
        },
    )


def _old() -> Package:
    limits = replace(sample.LIMITS, cpu_cap_percent=0, disk_iops=0, disk_rate_mib_s=0, nic_rate_mbit_s=0)
    return replace(sample.PACKAGE, name="old", limits=limits, backup=None, adopted=True, set_up=Decimal(5))


def made(fleet: Fleet, client: Client | None = None, day: date = DAY) -> Kit:
    """The kit of a client, by default the first."""
    return kit(fleet, client or fleet.clients["example-coop"], owners(fleet), day)
