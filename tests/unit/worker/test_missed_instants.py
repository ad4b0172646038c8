"""Which planned instants run now, after however long a time (E12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.workflow import Schedule, Workflow
from hub.storage.schedules import DueSchedule
from hub.worker.rounds import MOST_MISSED, following, missed_instants

DAY = datetime(2025, 10, 20, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def scheduled(**schedule: object) -> Workflow:
    return Workflow(
        name="tidy",
        version="1",
        title="Tidy",
        trigger=Schedule(**schedule),  # type: ignore[arg-type]
        steps=(),
    )


def at(clock: str) -> datetime:
    return datetime.combine(DAY.date(), datetime.strptime(clock, "%H:%M:%S").time(), UTC)  # noqa: DTZ007


def run_now(missed: str, planned: str, now: str) -> tuple[list[str], str]:
    """What a schedule every quarter of an hour does, as times of day."""
    workflow = scheduled(every=QUARTER, missed=missed)
    due = DueSchedule("tidy", next_at=at(planned), now=at(now))
    instants, upcoming = missed_instants(workflow, due)
    return [f"{each:%H:%M}" for each in instants], f"{upcoming:%H:%M}"


@pytest.mark.parametrize(
    ("missed", "planned", "now", "expected"),
    [
        # in time
        ("run_once", "12:00:00", "12:00:02", (["12:00"], "12:15")),
        ("skip", "12:00:00", "12:00:02", (["12:00"], "12:15")),
        ("run_all", "12:00:00", "12:00:02", (["12:00"], "12:15")),
        # one was missed
        ("run_once", "12:00:00", "12:14:59", (["12:00"], "12:15")),
        ("skip", "12:00:00", "12:14:59", ([], "12:15")),
        ("run_all", "12:00:00", "12:14:59", (["12:00"], "12:15")),
        # several were missed; the last is due now
        ("run_once", "12:00:00", "12:45:02", (["12:45"], "13:00")),
        ("skip", "12:00:00", "12:45:02", (["12:45"], "13:00")),
        ("run_all", "12:00:00", "12:45:02", (["12:00", "12:15", "12:30", "12:45"], "13:00")),
        # several were missed
        ("run_once", "12:00:00", "12:40:00", (["12:30"], "12:45")),
        ("skip", "12:00:00", "12:40:00", ([], "12:45")),
        ("run_all", "12:00:00", "12:40:00", (["12:00", "12:15", "12:30"], "12:45")),
        # exactly at the next one
        ("run_once", "12:00:00", "12:15:00", (["12:15"], "12:30")),
        # planned by an older version of the file: not a time of this one, and due all the same
        ("run_once", "12:07:00", "12:07:01", (["12:07"], "12:15")),
        ("run_all", "12:07:00", "12:16:00", (["12:07", "12:15"], "12:30")),
    ],
)
def test_E12_what_runs_after_a_downtime(missed, planned, now, expected):
    assert run_now(missed, planned, now) == expected


@pytest.mark.parametrize(
    "schedule",
    [
        {"every": timedelta(seconds=1)},
        {"every": timedelta(minutes=1)},
        {"cron": "* * * * *", "timezone": "America/New_York"},
        {"cron": "0 3 * * *", "timezone": "Europe/Berlin"},
        {"cron": "0 0 29 2 *"},
    ],
)
@pytest.mark.parametrize("years", [0.01, 1, 9])
def test_E12_a_long_downtime_is_bounded_and_quickly_decided(schedule, years):
    now = DAY + timedelta(days=365 * years)
    every = scheduled(**schedule, missed="run_all")
    first = following(every, DAY)
    if first > now:
        return
    due = DueSchedule("tidy", next_at=first, now=now)

    instants, upcoming = missed_instants(every, due)
    once, after_once = missed_instants(scheduled(**schedule), due)

    assert 1 <= len(instants) <= MOST_MISSED
    assert upcoming == after_once > now
    assert once == instants[-1:]
    assert len(instants) == MOST_MISSED or instants[0] == first


@given(
    every=st.integers(1, 5_000),
    late=st.integers(0, 400_000),
    missed=st.sampled_from(["run_once", "skip", "run_all"]),
)
def test_E12_each_instant_is_planned_in_order_and_none_is_in_the_future(every, late, missed):
    workflow = scheduled(every=timedelta(seconds=every), missed=missed)
    first = following(workflow, DAY)
    now = first + timedelta(seconds=late)

    instants, upcoming = missed_instants(workflow, DueSchedule("tidy", next_at=first, now=now))

    everything = [first]
    while len(everything) < 2 * MOST_MISSED and following(workflow, everything[-1]) <= now:
        everything.append(following(workflow, everything[-1]))
    assert upcoming > now
    assert instants == sorted(set(instants))
    assert all(first <= each <= now for each in instants)
    if missed == "run_all" and len(everything) < MOST_MISSED:
        assert instants == everything
    if missed == "run_once":
        assert len(instants) == 1
    if missed != "skip":
        assert following(workflow, instants[-1]) == upcoming


def test_only_workflows_with_a_schedule_have_a_next_time():
    with pytest.raises(TypeError, match="tidy has no schedule"):
        following(Workflow("tidy", "1", "Tidy", trigger=None, steps=()), DAY)  # type: ignore[arg-type]
