"""Numbers of libvirt in our units."""

import pytest

from components.drivers.libvirt.readings import differing, percent


@pytest.mark.parametrize(
    ("quota", "period", "share"),
    [
        (150_000, 100_000, 150),
        (33_333, 100_000, 33),
        (-1, 100_000, None),
        (0, 100_000, None),
        (None, None, None),
        (2**64 // 1_000_000, 100_000, None),
    ],
)
def test_a_quota_is_a_share_of_one_core(quota, period, share):
    assert percent(quota, period) == share


@pytest.mark.parametrize(("ways", "told"), [((100, 100), 100), ((100, 900), 900), ((900, 100), 900), ((5, 100), 5)])
def test_the_way_of_a_nic_that_is_not_as_noted_is_told(ways, told):
    assert differing(100, ways) == told
