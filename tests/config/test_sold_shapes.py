"""Extras, periods of sale, VIP and quotas as files write them."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from components.config.loader import load
from components.domain.clients import Quota, Vip
from components.domain.extras import Extra, Raise
from components.domain.sales import Sale

EXTRAS = """extras:
  ram@2026-01:
    title: 1 GiB more memory
    adds: {memory: 1 GiB}
    most: 4
    support: vip
    price: {month: "4.00", set_up: "0.00"}
"""


def test_what_is_sold_beside_a_package_and_since_when_arrives_in_the_domain(folder: Path) -> None:
    catalogue, client = folder / "catalogue.yaml", folder / "clients" / "example-coop.yaml"
    catalogue.write_text(catalogue.read_text().replace("extras:\n", EXTRAS, 1))
    (folder / "fleet.yaml").write_text((folder / "fleet.yaml").read_text() + "client_quota: {vps: 5, memory: 32 GiB}\n")
    text = client.read_text().replace(
        "package: small@2026-01",
        'package: medium@2026-01\n    extras: {ram@2026-01: 2}\n    since: "2027-01-01"\n'
        "    before: [{package: small@2026-01}]",
    )
    vip = 'support: vip, vip: {since: "2026-12-01", accepted: T-7}'
    client.write_text(text.replace("support: standard", vip) + "quota: {disk: 100 GiB}\n")

    fleet = load(folder).fleet
    found = fleet.clients["example-coop"]

    assert fleet.extras["ram@2026-01"] == Extra(
        name="ram",
        version="2026-01",
        title="1 GiB more memory",
        adds=Raise(memory_mib=1024),
        price_month=Decimal("4.00"),
        set_up=Decimal("0.00"),
        most=4,
        support="vip",
    )
    assert (fleet.quota, found.quota) == (Quota(vps=5, memory_mib=32768), Quota(disk_gib=100))
    assert found.contract.vip == Vip(since=date(2026, 12, 1), accepted="T-7")
    assert found.vps["web1"].sales == (
        Sale(package="small@2026-01"),
        Sale(package="medium@2026-01", extras={"ram@2026-01": 2}, since=date(2027, 1, 1)),
    )
