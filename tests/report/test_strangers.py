"""A machine of ours that state does not know is promised to `vps up` only where that will not refuse it."""

import pytest

from components.drivers.base import Mark, Phase
from components.report.strangers import told

MARK = Mark(fleet="demo", backend="b", urn="u", client="c", vps="v", phase=Phase.READY, incarnation="i1")


@pytest.mark.parametrize(
    ("backend", "declared", "kind", "words"),
    [
        (None, True, "benign", "up takes it over"),
        ("b", True, "benign", "up takes it over"),
        ("", True, "danger", "if that state is lost for good: vps rebuild"),
        ("other", True, "danger", "under the state of backend b"),
        ("other", False, "foreign", "neither files nor state know it"),
    ],
)
def test_what_it_means(backend: str | None, declared: bool, kind: str, words: str) -> None:
    found = told("demo-c-v", MARK, backend, declared=declared)
    assert found[0] == kind
    assert words in found[2]
