"""Numbers of libvirt in our units."""

import pytest

from components.drivers.libvirt.readings import percent


@pytest.mark.parametrize(
    ("quota", "period", "share"),
    [(150_000, 100_000, 150), (33_333, 100_000, 33), (-1, 100_000, None), (0, 100_000, None), (None, None, None)],
)
def test_a_quota_is_a_share_of_one_core(quota, period, share):
    assert percent(quota, period) == share
