"""What an audit tells of itself: drift, doubt and strangers apart."""

import json

import pytest

from components.report.findings import CLASSES, Audit, Finding


def audit(*findings):
    return Audit(1, findings, ("a note",))


def finding(kind, stack="client.coop"):
    return Finding(kind=kind, machine="coop/web1", host="kvm1", key="vcpus", words="w", stack=stack)


@pytest.mark.parametrize("kind", CLASSES)
def test_doubt_is_no_drift(kind):
    found = audit(finding(kind))

    assert found.has_drift != found.is_unsure
    assert found.is_unsure == (kind == "unknown")


def test_a_stranger_has_no_stack():
    assert audit(finding("foreign", stack="")).has_strangers
    assert not audit(finding("foreign"), finding("missing", stack="")).has_strangers


def test_what_state_and_host_say_otherwise_is_looked_at_again():
    assert audit(finding("missing")).is_late
    assert audit(finding("foreign")).is_late
    assert audit(finding("breach")).is_late
    assert not audit(finding("foreign", stack=""), finding("benign"), finding("unknown")).is_late


def test_the_document_is_plain():
    document = json.loads(json.dumps(audit(finding("breach")).document()))

    assert document["machines"] == 1
    assert document["findings"][0]["kind"] == "breach"
    assert document["notes"] == ["a note"]
