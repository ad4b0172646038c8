"""P2 on every change: a small storm over each kind of servers, with nothing broken at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures import Figure
from tests.storm import report
from tests.storm.plan import Servers, plan
from tests.storm.storm import blow

SEED = 4
WEBHOOKS, FAULTS = 200, 5


@pytest.mark.long
@pytest.mark.storm
@pytest.mark.timeout(300)
@pytest.mark.parametrize("servers", ["postgres", "embedded"])
def test_P2_E2_I1_nothing_accepted_is_lost_done_twice_sent_twice_or_left_behind_in_a_storm(
    servers: Servers, storm_folder: Path, figure: Figure
):
    result = blow(plan(SEED, webhooks=WEBHOOKS, faults=FAULTS, servers=servers), storm_folder)

    assert result.violations == [], report.told(result)
    assert result.accepted == WEBHOOKS
    assert len(result.applied) == result.amid_traffic == FAULTS
    figure(
        f"P2 {servers}",
        f"small storms of {WEBHOOKS} webhooks and {FAULTS} faults ({servers}): 0 lost,"
        " 0 done twice, 0 second messages, 0 stuck",
    )
