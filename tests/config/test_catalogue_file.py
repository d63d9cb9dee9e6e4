"""catalogue.yaml, every key of it."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from components.config.catalogue_file import CatalogueFile
from components.config.documents import parse
from components.domain.limits import UNLIMITED, Limits
from components.domain.packages import Backup, Growth, Package
from components.domain.services import Service, Wording
from components.domain.terms import Discount

TEXT = b"""
packages:
  small@2026-01:
    limits:
      {vcpus: 2, cpu_cap: 150 %, memory: 2 GiB, disk: 10 GiB, disk_iops: 1000, disk_rate: 1 GiB/s, nic_rate: 1 Gbit/s}
    traffic: 1 TB
    grows_to: {vcpus: 4, memory: 4 GiB, disk: 1 TiB}
    backup: {every: 24 h, keep: 14 days}
    price: {month: "19.50", set_up: "5.00"}
    about: For one site.
term_discounts: [{months: 12, percent: 10 %}]
contracts: {standard@2026-01: {title: Managed VPS, from: "2026-01-01"}}
images:
  old: {title: Old, new_installs_until: "2026-06-30"}
  new: {title: New}
services:
  ip-change:
    kind: work
    title: Another address
    price: "10.00"
    currency: USD
    per: change
    note: The first is free.
    free_with_vip: true
    row: WORK-13
    translations: {uk: {title: Other, per: once, note: Free.}}
  advice: {kind: offer, title: Advice}
"""


def test_every_key_arrives() -> None:
    document = parse(TEXT)
    assert document.flaws == []
    catalogue = CatalogueFile.model_validate(document.data)
    assert catalogue.packages["small@2026-01"].domain("small@2026-01") == Package(
        name="small",
        version="2026-01",
        limits=Limits(
            vcpus=2,
            cpu_cap_percent=150,
            memory_mib=2048,
            disk_gib=10,
            disk_iops=1000,
            disk_rate_mib_s=1024,
            nic_rate_mbit_s=1000,
        ),
        traffic_gb=1000,
        price_month=Decimal("19.50"),
        set_up=Decimal("5.00"),
        grows_to=Growth(vcpus=4, memory_mib=4096, disk_gib=1024),
        backup=Backup(every_hours=24, keep_days=14),
        about="For one site.",
    )
    assert [one.domain() for one in catalogue.term_discounts] == [Discount(months=12, percent=10)]
    assert catalogue.images["old"].domain("old").new_installs_until == date(2026, 6, 30)
    assert catalogue.images["new"].domain("new").new_installs_until is None
    assert (catalogue.images["old"].domain("old").title) == "Old"
    assert catalogue.contracts["standard@2026-01"].from_ == date(2026, 1, 1)
    assert catalogue.services["ip-change"].domain("ip-change") == Service(
        key="ip-change",
        kind="work",
        title="Another address",
        price=Decimal("10.00"),
        currency="USD",
        per="change",
        note="The first is free.",
        free_with_vip=True,
        row="WORK-13",
        translations={"uk": Wording(title="Other", per="once", note="Free.")},
    )
    assert catalogue.services["advice"].domain("advice") == Service(key="advice", kind="offer", title="Advice")


def test_what_adopted_machines_lack_is_unlimited() -> None:
    """The word stands for the four caps, and for nothing else."""
    bare = b"""{vcpus: 2, cpu_cap: unlimited, memory: 2 GiB, disk: 10 GiB,
      disk_iops: unlimited, disk_rate: unlimited, nic_rate: unlimited}"""
    old = TEXT[TEXT.index(b"{vcpus: 2, cpu") : TEXT.index(b"traffic: 1 TB")].rstrip()
    text = TEXT.replace(old, bare).replace(b"traffic: 1 TB", b"adopted: true\n    traffic: 1 TB")
    found = CatalogueFile.model_validate(parse(text).data).packages["small@2026-01"].domain("small@2026-01")
    assert found.adopted
    assert found.limits == Limits(
        vcpus=2,
        cpu_cap_percent=UNLIMITED,
        memory_mib=2048,
        disk_gib=10,
        disk_iops=UNLIMITED,
        disk_rate_mib_s=UNLIMITED,
        nic_rate_mbit_s=UNLIMITED,
    )
    for broken in (b"memory: unlimited", b"disk_iops: 0", b"disk_iops: many", b"disk_iops: true"):
        wrong = (
            text.replace(b"memory: 2 GiB", broken, 1)
            if b"memory" in broken
            else text.replace(b"disk_iops: unlimited", broken)
        )
        with pytest.raises(ValidationError):
            CatalogueFile.model_validate(parse(wrong).data)
