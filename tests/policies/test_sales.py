"""What was sold, from when on, and how much that is."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.domain.sales import Sale as Product
from components.domain.sales import in_force
from policies import sales
from policies.declared import DeclaredError
from policies.sales import Sale

DAY = datetime.date(2026, 12, 5)
SMALL = Sale("small@2026-01", ())
DAYS = st.dates(DAY - datetime.timedelta(days=60), DAY + datetime.timedelta(days=60))


@given(days=st.lists(DAYS, max_size=5).map(sorted), has_first=st.booleans())
@settings(deadline=None)
def test_the_auditor_finds_the_sale_that_the_product_finds(days, has_first):
    """Two readings, written apart, of any row of days."""
    known = [*([None] if has_first or not days else []), *days]
    product = [Product(package=f"p{number}", since=since) for number, since in enumerate(known)]
    lines = [{"package": one.package} | ({"since": str(one.since)} if one.since else {}) for one in product]
    vps = {**lines[-1], "before": lines[:-1]}
    assert sales.in_force(vps, DAY).package == in_force(product, DAY).package
    later = [one.package for one in product if one.since and one.since > DAY]
    assert [one.package for one in sales.from_now_on(vps, DAY)] == [in_force(product, DAY).package, *later]


def test_sums(fleet):
    assert sales.limits(fleet.folder, SMALL) == (2, 150, 2048, 10, 1000, 100, 100)
    assert sales.taken(fleet.folder, SMALL) == sales.Taken(memory=2048 + 64, vcpus=2, disk=10, traffic=1000)


def test_the_most_from_now_on(fleet):
    vps = {"package": "medium@2026-01", "since": "2027-01-01", "before": [{"package": "small@2026-01"}]}
    assert sales.most(fleet.folder, vps, DAY).memory == 4096 + 64
    assert sales.most(fleet.folder, vps | {"ends": "2026-12-05"}, DAY) == sales.Taken(disk=40)
    assert sales.most(fleet.folder, vps | {"ends": "2026-12-06"}, DAY).vcpus == 4


@pytest.mark.parametrize("extras", [(("ghost@2026-01", "2"),), (("disk", "1"),)])
def test_an_extra_that_is_not_sold(fleet, extras):
    with pytest.raises(DeclaredError, match=r"catalogue\.yaml has no extra"):
        sales.limits(fleet.folder, Sale("small@2026-01", extras))


def test_an_extra_that_is_no_number(fleet):
    fleet.edit("catalogue.yaml", lambda data: data.update(extras={"m@2026-01": {"adds": {"memory": "much"}}}))
    with pytest.raises(DeclaredError, match="1 of memory much is no number"):
        sales.limits(fleet.folder, Sale("small@2026-01", (("m@2026-01", "1"),)))
