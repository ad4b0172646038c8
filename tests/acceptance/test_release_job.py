"""The release job, every 15 minutes: who keeps a number and who does not (H-18 … H-22)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.engine.workflow import Schedule
from hub.storage import tables
from hub.storage.schedules import DueSchedule
from hub.worker.rounds import fire, following
from tests.acceptance.crashes import on_round
from tests.acceptance.story import DAY, HOUR, Story

SECOND = timedelta(seconds=1)
HOLDS = (tables.phone_numbers, tables.phone_assignments, tables.interactions, tables.leads)


def everything(hub: Story) -> list[Any]:
    """All rows of the holds."""
    return [sorted(map(str, hub.rows(table))) for table in HOLDS]


def test_H_18_the_release_job_runs_every_15_minutes(hub: Story):
    workflow = hub.hub.scheduled["release-expired-phones"]

    assert isinstance(workflow.trigger, Schedule)
    assert workflow.trigger.every == timedelta(minutes=15)
    assert following(workflow, hub.now()) == hub.now() + timedelta(minutes=15)


def test_H_18_running_it_twice_changes_nothing(hub: Story):
    hub.holder("Ada")
    booked, followed_up = hub.holder("Grace"), hub.holder("Joan")
    hub.books(booked, hub.now() + 3 * DAY)
    hub.books(followed_up, hub.now() + HOUR)
    hub.later(2 * HOUR)
    hub.outcome(followed_up, "showed")
    hub.later(20 * HOUR)

    first = hub.sweep()
    before = everything(hub)
    hub.clock.advance(SECOND)
    again = hub.sweep()

    assert (first.line.status, again.line.status) == ("succeeded", "succeeded")
    assert everything(hub) == before
    assert hub.overdue() == []
    assert {line.lead_id for line in hub.holds()} == {booked, followed_up}


def test_H_18_E12_two_schedulers_fire_it_once(hub: Story):
    workflow = hub.hub.scheduled["release-expired-phones"]
    (planned,) = hub.rows(tables.schedules, workflow="release-expired-phones")
    due = DueSchedule(workflow.name, next_at=planned.next_at, now=planned.next_at)

    assert [fire(hub.hub, workflow, due) for _ in range(2)] == [1, 0]

    (run,) = hub.rows(tables.runs)
    assert run.scheduled_at == planned.next_at


def test_E12_after_a_downtime_it_fires_once_for_the_latest_time(hub: Story):
    workflow = hub.hub.scheduled["release-expired-phones"]
    (planned,) = hub.rows(tables.schedules, workflow="release-expired-phones")
    woken = planned.next_at + timedelta(hours=5, minutes=1)

    assert fire(hub.hub, workflow, DueSchedule(workflow.name, planned.next_at, woken)) == 1

    (run,) = hub.rows(tables.runs)
    assert run.scheduled_at == planned.next_at + timedelta(hours=5)
    (planned,) = hub.rows(tables.schedules, workflow="release-expired-phones")
    assert planned.next_at == run.scheduled_at + timedelta(minutes=15)


def test_H_18_a_run_that_goes_on_is_not_overtaken(hub: Story):
    workflow = hub.hub.scheduled["release-expired-phones"]
    (planned,) = hub.rows(tables.schedules, workflow="release-expired-phones")
    assert fire(hub.hub, workflow, DueSchedule(workflow.name, planned.next_at, planned.next_at))

    (planned,) = hub.rows(tables.schedules, workflow="release-expired-phones")
    due = DueSchedule(workflow.name, planned.next_at, planned.next_at)
    assert fire(hub.hub, workflow, due) == 0


def test_H_19_a_number_with_an_appointment_in_the_future_is_never_released(hub: Story):
    lead = hub.holder()
    at = hub.now() + 30 * DAY
    hub.books(lead, at)

    for passed in (18 * HOUR, 10 * DAY, 29 * DAY):
        hub.until(at - 30 * DAY + passed)
        hub.sweep()
        assert hub.number_of(lead) is not None


def test_H_20_a_number_with_an_appointment_within_the_last_24_hours_is_never_released(
    hub: Story,
):
    lead = hub.holder()
    at = hub.now() + 2 * DAY
    hub.books(lead, at)

    for passed in (timedelta(0), HOUR, DAY - SECOND):
        hub.until(at + passed)
        hub.sweep()
        assert hub.number_of(lead) is not None


def test_H_21_a_number_is_released_exactly_24_hours_after_its_appointment(hub: Story):
    lead = hub.holder()
    at = hub.now() + 2 * DAY
    hub.books(lead, at)

    hub.until(at + timedelta(hours=24))
    hub.sweep()

    assert hub.number_of(lead) is None
    assert hub.entries(lead, "phone")[-1].outcome == "released"


def test_H_22_without_an_appointment_18_hours_are_enough(hub: Story):
    lead = hub.holder()

    hub.later(timedelta(hours=18))
    hub.sweep()

    assert hub.number_of(lead) is None


def test_H_24_of_several_appointments_the_latest_counts(hub: Story):
    lead = hub.holder()
    start = hub.now()
    for days in (1, 6, 3):
        hub.books(lead, start + days * DAY)

    hub.until(start + 7 * DAY - SECOND)
    hub.sweep()
    assert hub.number_of(lead) is not None

    hub.later(SECOND)
    hub.sweep()
    assert hub.number_of(lead) is None


def test_a_hold_that_is_extended_while_the_job_works_is_left_alone(hub: Story):
    """D5: what the job has read may be old by the time it releases."""
    lead, other = hub.holder("Ada"), hub.holder("Grace")
    hub.later(18 * HOUR)
    workflow = hub.hub.scheduled["release-expired-phones"]
    (next_at,) = (
        row.next_at for row in hub.rows(tables.schedules) if row.workflow == workflow.name
    )
    due = DueSchedule(workflow.name, next_at, hub.now())
    assert fire(hub.hub, workflow, due) == 1

    def books() -> None:  # when the job has read its list
        hub.books(lead, hub.now() + DAY)

    hub.hub.executor.work(hub.claim(), is_stopping=on_round(2, books))

    assert hub.held_until(lead) == hub.now() + 2 * DAY
    assert hub.number_of(other) is None
    (run,) = hub.runs("release-expired-phones")
    assert run.status == "succeeded"
    assert hub.slack.messages[-1].channel == "#ops"
    assert hub.slack.texts[-1] == "1 of 2 phone numbers could not be released."


def test_H_26_an_overdue_hold_is_seen_until_the_next_sweep(hub: Story):
    lead = hub.holder()
    assert hub.overdue() == []

    hub.later(timedelta(hours=20))
    (line,) = hub.overdue()
    assert (line.lead_id, line.hours_overdue) == (lead, 2.0)

    hub.sweep()
    assert hub.overdue() == []
