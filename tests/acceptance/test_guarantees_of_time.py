"""Hosts whose clocks are wrong: what holds and timers go by is the database's clock (E13)."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from hub.bootstrap.by_hand import start_by_hand
from hub.storage import runs, tables
from hub.storage.audit import Actor
from hub.storage.db import DatabaseClock, open_engine
from hub.storage.workers import WorkerName
from hub.worker.rounds import Rounds
from tests.acceptance.booked_once import accepted_booking, is_booked_once
from tests.acceptance.conftest import OpenStory
from tests.acceptance.story import HOUR, SAMPLE_TIME, Story
from tests.fakes.clock import FakeClock

MINUTE = timedelta(minutes=1)
WRONG = pytest.mark.parametrize("wrong", [HOUR, -HOUR, 5 * MINUTE], ids=str)
OPEN_HOLD = """
    UPDATE phone_numbers SET assigned_at = now() - interval '18 hours' + :left,
           initial_until = now() + :left, release_at = now() + :left WHERE lead_id IS NOT NULL
"""
ITS_HISTORY = "UPDATE phone_assignments SET assigned_at = now() - interval '18 hours' + :left"
EVERY = {
    "booking-watchdog": 5 * MINUTE,
    "release-expired-phones": 15 * MINUTE,
    "release-expired-reservations": 5 * MINUTE,
    "settle-booking-sessions": MINUTE,
    "settle-text-messages": 60 * MINUTE,
    "tidy-bookings": 5 * MINUTE,
}


def true_time(database: str) -> datetime:
    """What the database says."""
    engine = open_engine(database, pool_size=1, application="hub test")
    with engine.connect() as connection:
        now = DatabaseClock(connection).now()
    engine.dispose()
    return now


def host(open_story: OpenStory, database: str, wrong: timedelta) -> Story:
    """A host whose clock is wrong by that much."""
    return open_story(host_clock=FakeClock(true_time(database) + wrong))


def hold_ends_in(hub: Story, left: timedelta) -> None:
    """The only hold is over then, by the database's clock."""
    with hub.transaction() as db:
        for statement in (OPEN_HOLD, ITS_HISTORY):
            db.execute(text(statement), {"left": left})


def release_job(hub: Story) -> None:
    """Somebody starts the job by hand, on this host, a moment later."""
    job = hub.hub.scheduled["release-expired-phones"]
    start_by_hand(hub.hub, job, payload=None, inputs={}, actor=Actor("tests", "here"))
    hub.work_all()


def holders(hub: Story) -> set[str]:
    return {line.lead_name.split()[0] for line in hub.holds()}


@WRONG
def test_E13_no_hold_is_released_early_or_late_by_a_host_whose_clock_is_wrong(
    open_story: OpenStory, database: str, wrong: timedelta
):
    hub = host(open_story, database, wrong)
    hub.number()
    ada, bob = hub.lead("Ada"), hub.lead("Bob")
    hub.gives_phone(ada)
    (hold,) = hub.holds()
    assert abs(hold.release_at - true_time(database) - 18 * HOUR) < MINUTE

    hold_ends_in(hub, MINUTE * 30)
    hub.gives_phone(bob)
    release_job(hub)
    assert holders(hub) == {"Ada"}

    hold_ends_in(hub, -MINUTE * 30)
    release_job(hub)
    assert holders(hub) == set()
    hub.gives_phone(bob)
    assert holders(hub) == {"Bob"}
    assert hub.faults() == []


@WRONG
def test_E13_the_clock_of_a_host_jumps_and_the_hold_of_a_booking_is_right(
    open_story: OpenStory, database: str, wrong: timedelta
):
    hub = host(open_story, database, timedelta(0))
    lead = hub.holder()
    at = true_time(database) + 48 * HOUR

    hub.clock.advance(wrong)
    hub.books(lead, at)
    hub.clock.advance(-2 * wrong)
    hub.outcome(lead, "showed")

    (hold,) = hub.holds()
    assert abs(hold.release_at - true_time(database) - 24 * HOUR) < MINUTE
    assert hub.faults() == []


def test_E13_two_hosts_five_minutes_apart_hand_a_number_on_without_an_overlap(
    open_story: OpenStory, database: str
):
    fast, slow = (host(open_story, database, wrong) for wrong in (5 * MINUTE, timedelta(0)))
    fast.number()
    leads = [fast.lead(f"Lead {number}") for number in range(6)]

    for number, lead in enumerate(leads):
        giving, taking = (fast, slow) if number % 2 else (slow, fast)
        giving.gives_phone(lead)
        hold_ends_in_history(giving)
        release_job(taking)

    with fast.transaction() as db:
        (held,) = db.execute(text("SELECT count(*) FROM phone_assignments")).one()
    assert held == len(leads)
    assert fast.faults() == []


def hold_ends_in_history(hub: Story) -> None:
    """The hold is over now; when it began stays as the host wrote it."""
    over = "UPDATE phone_numbers SET initial_until = now(), release_at = now()"
    with hub.transaction() as db:
        db.execute(text(f"{over} WHERE lead_id IS NOT NULL"))


@WRONG
def test_E13_two_hosts_that_disagree_do_a_run_once(
    open_story: OpenStory, database: str, wrong: timedelta
):
    hub, other = (host(open_story, database, each) for each in (timedelta(0), wrong))
    lead = hub.holder()
    at = true_time(database) + 48 * HOUR
    run = accepted_booking(hub, lead, at=at)
    claimed = hub.claim()

    assert runs.sweep(other.hub.database) == 0  # the lease holds, whatever the time is there
    other.work_all()
    assert hub.run(run).line.status == "running"
    hub.hub.executor.work(claimed, is_stopping=lambda: False)
    hub.work_all()
    other.work_all()

    assert hub.run(run).line.status == "succeeded"
    assert is_booked_once(hub, lead, at=at)
    assert len(hub.slack.messages) == 1


@WRONG
def test_E13_no_timer_fires_early_on_a_host_whose_clock_is_wrong(
    open_story: OpenStory, database: str, wrong: timedelta
):
    hub, other = (host(open_story, database, each) for each in (timedelta(0), wrong))
    lead = hub.holder()
    hub.slack.is_busy(retry_after=300)
    hub.books(lead, true_time(database) + 48 * HOUR)

    other.work_all()
    with other.transaction() as db:  # somebody wakes all that sleep, too early
        db.execute(text("UPDATE runs SET due_at = now() WHERE status = 'waiting'"))
    other.work_all()

    assert hub.slack.messages == []
    with hub.transaction() as db:
        (due_at,) = db.execute(text("SELECT due_at FROM runs WHERE status = 'waiting'")).one()
    assert timedelta(minutes=4) < due_at - true_time(database) <= timedelta(minutes=5)


@WRONG
def test_E13_no_schedule_fires_early_on_a_host_whose_clock_is_wrong(
    open_story: OpenStory, database: str, wrong: timedelta
):
    hub = host(open_story, database, wrong)
    with hub.transaction() as db:
        db.execute(text("DELETE FROM schedules"))
    name = WorkerName(id=uuid4().hex, host="wrong", pid=1)
    rounds = Rounds(hub.hub, scheduled=lambda: hub.hub.scheduled, ring=lambda: None, worker=name)

    rounds.once()

    with hub.transaction() as db:
        rows = db.execute(text("SELECT workflow, next_at FROM schedules"))
        planned = {row.workflow: row.next_at for row in rows}
    assert planned.keys() == EVERY.keys()
    now = true_time(database)
    assert all(now - MINUTE < at <= now + EVERY[name] for name, at in planned.items())
    assert all(row.scheduled_at <= now for row in hub.rows(tables.runs))


def test_E13_bookings_are_checked_against_the_time_of_the_database(
    open_story: OpenStory, database: str
):
    """SAMPLE_TIME has passed by the database's clock, and not by that of the story."""
    hub = host(open_story, database, SAMPLE_TIME - true_time(database))
    lead = hub.holder()

    hub.books(lead, SAMPLE_TIME)

    assert hub.appointments(lead) == []
