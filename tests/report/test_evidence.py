"""Of ten thousand bags only what is compared is kept."""

from components.domain.limits import declared
from components.provider.facts import declared_limits
from components.report.evidence import Recorded
from tests.report.test_drift import BAG


def test_what_is_compared_is_kept():
    outputs = BAG | {"seed": {"values": {"users": ["…"] * 100}}, "limits": {}, "room": {}, "hostNotes": []}
    kept = Recorded.of("client.coop", outputs)

    assert kept.bag == BAG
    assert (kept.title, kept.host, kept.delivered) == ("coop/web1", "kvm1", True)
    assert declared(kept.bag) == declared_limits(outputs) != {}


def test_a_bag_of_an_older_release_lacks_what_it_lacks():
    kept = Recorded.of("client.coop", {"uuid": "u"})

    assert (kept.title, kept.host, declared(kept.bag)) == ("u", "", {})
