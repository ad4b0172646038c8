"""Redis is killed, comes back and is flushed: nobody has to do anything, and nobody waits long."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures import Figure
from tests.storm import redis_away

SECONDS, AFTER, BURST = 6, 3, 150


@pytest.mark.long
@pytest.mark.storm
@pytest.mark.timeout(200)
def test_I3_I4_nothing_waits_longer_than_5_s_once_redis_is_back_though_it_is_flushed_again(
    storm_folder: Path, figure: Figure
):
    measured = redis_away.measure(storm_folder, seconds=SECONDS, burst=BURST, after=AFTER)

    assert measured.broken == [], redis_away.told(measured)
    assert sum(each.succeeded for each in measured.phases) > 2 * BURST
    figure(
        "I3",
        f"Redis killed for {SECONDS} s, then flushed again and again: longest wait for a worker"
        f" once it was back {measured.longest_after_back:.1f} s",
    )
