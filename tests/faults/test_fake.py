"""Every step of every act, broken in every way, on fake hosts: one more run converges and nothing is lost."""

from collections.abc import Callable

import pytest

from tests.faults.campaign import FAULTS, Campaign
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.view import Problem


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_broken_at_any_step_the_next_run_converges(
    campaign: Campaign, scenario: Scenario, kind: str, count: Callable[[str, int, list[Problem]], None]
) -> None:
    tally = campaign.run(scenario, kind)
    count("fake driver", tally.injected, tally.found)

    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.injected >= len([step for step in tally.steps if not step.startswith("reach.")]) > 0
