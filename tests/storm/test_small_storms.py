"""P2 on every change: a small storm over each kind of servers, with nothing broken at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures import Figure
from tests.storm import report
from tests.storm.plan import Servers, plan
from tests.storm.storm import blow

SEED = 4
FIGURES: dict[Servers, tuple[int, int]] = {"postgres": (400, 8), "embedded": (200, 5)}


@pytest.mark.long
@pytest.mark.storm
@pytest.mark.timeout(300)
@pytest.mark.parametrize("servers", FIGURES)
def test_P2_E2_I1_nothing_accepted_is_lost_done_twice_sent_twice_or_left_behind_in_a_storm(
    servers: Servers, storm_folder: Path, figure: Figure
):
    webhooks, faults = FIGURES[servers]

    result = blow(plan(SEED, webhooks=webhooks, faults=faults, servers=servers), storm_folder)

    assert result.violations == [], report.told(result)
    assert result.accepted == webhooks
    assert len(result.applied) == result.amid_traffic == faults
    figure(
        f"P2 {servers}",
        f"small storms of {webhooks} webhooks and {faults} faults ({servers}): 0 lost,"
        " 0 done twice, 0 second messages, 0 stuck",
    )
