"""P1 in the suite: every point that the source has, and one death by SIGKILL behind each of them.

In `make proofs` there is one before each of them too; `make crash-points` plays every kind of step
with every point and every way of dying.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.crash_points.play import Theatre
from tests.crash_points.probes import Death
from tests.crash_points.sites import HUB, sites_of
from tests.crash_points.stage import open_stage
from tests.crash_points.sweep import (
    BEYOND,
    BY_NAME,
    beside,
    cover,
    is_beyond,
    kept_cover,
    passed,
    wanted_points,
)
from tests.fakes.servers import Servers
from tests.figures import Figure

_TRIES = 3  # a point that lies on a clock is not passed each time
_RECORDED = ("calls at least once", "mails", "turns of runs", "a caller who waits", "hub retry")
_COVER = kept_cover()
_IS_PROOF = settings().max_examples > 200
# A death before a commit or a call leaves what the death behind the one before it leaves.
_PLAYED = [point for point in _COVER if _IS_PROOF or point.endswith(".after")]
_DEATHS = {name: sorted(p for p in _PLAYED if _COVER[p] == name) for name in set(_COVER.values())}

_SAMPLE = '''
"""A module."""
from __future__ import annotations

def store(engine, hub, http, pipeline):
    with engine.begin() as connection:
        connection.execute("INSERT")
    with at_once(engine) as connection, other():
        connection.commit()
    hub.doorbell.ring(http.request("GET"))
    pipeline.execute()

class Client:
    def send(self):
        with self._pool.stream("GET") as answer:
            return action.call(answer)
'''


def test_P1_commits_calls_and_queue_operations_are_found_wherever_they_are_written():
    found = [(site.function, site.kind, site.number) for site in sites_of(_SAMPLE, "hub.sample")]

    assert sorted(found) == [
        ("Client.send", "call", 1),
        ("Client.send", "call", 2),
        ("store", "call", 1),
        ("store", "commit", 1),
        ("store", "commit", 2),
        ("store", "commit", 3),
        ("store", "queue", 1),
        ("store", "queue", 2),
    ]


def test_P1_every_point_of_the_source_has_a_play_that_passes_it():
    wanted = set(wanted_points())

    assert wanted - set(_COVER) == set(), "write a play, then: make crash-points ARGS=--cover"
    assert set(_COVER) - wanted == set(), "points that are gone: make crash-points ARGS=--cover"
    assert set(_COVER.values()) <= set(BY_NAME)


def test_P1_what_no_play_reaches_has_a_reason_and_is_there():
    modules = {str(path.relative_to(HUB.parent)) for path in HUB.rglob("*.py")}

    for prefix in BEYOND:
        place = prefix.partition(":")[0].rstrip(".").replace(".", "/")
        assert any(module.startswith(place) for module in modules)
    assert not any(is_beyond(point) for point in _COVER)


def test_P1_the_shortest_play_covers_a_point():
    recorded = {"long": Counter({"a": 1, "b": 5}), "short": Counter({"a": 1})}

    assert cover(recorded) == {"a": "short", "b": "long"}


@pytest.fixture(scope="module")
def theatre(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """Receivers, a web process and a worker; each play adds the one that dies."""
    with open_stage(tmp_path_factory.mktemp("stage"), servers) as stage:
        opened = Theatre(stage)
        yield opened
        opened.close()


@pytest.mark.parametrize("name", _RECORDED)
def test_P1_nothing_is_committed_called_or_queued_beside_a_point(theatre: Theatre, name: str):
    outcome = theatre.play(BY_NAME[name], Death())

    assert beside(outcome.told) == set()
    assert outcome.faults == []
    assert passed(outcome.told)


@pytest.mark.parametrize("name", sorted(_DEATHS))
def test_P1_I1_I7_E2_E4_E6_E7_E8_whoever_is_killed_at_any_point_breaks_no_promise(
    theatre: Theatre, name: str, figure: Figure
):
    survivors = []
    for point in _DEATHS[name]:
        for _ in range(_TRIES):
            outcome = theatre.play(BY_NAME[name], Death(point))
            assert outcome.faults == [], f"killed at {point}\n{outcome.logs[-3000:]}"
            if outcome.has_struck:
                break
        else:
            survivors.append(point)

    assert survivors == []
    figure("P1", f"{len(_COVER)} points, {len(BY_NAME)} kinds of steps: 0 violations")
