"""The report by caller: how long they waited, and who was told the fallback."""

import json
from datetime import timedelta

from hub.storage.answer_times import answer_times
from hub.storage.answers import Answer, settle
from tests.integration.storage.office import RECEIVED

WEEK = timedelta(days=7)
TRIGGER = {"caller": {"dialect": "vapi.tool"}}


def reported(office, since=WEEK):
    return office.ask(lambda connection: answer_times(connection, since=since))


def answers(office, seconds, *, dialect="vapi.tool", failed=False):
    """A run that ended with its answer so many seconds after the request came."""
    run_id = office.accepted(is_awaited=True, trigger={"caller": {"dialect": dialect}})
    response = json.dumps(Answer(run_id, 200, "x", failed=failed).as_row())
    office.do(
        "UPDATE runs SET status = 'succeeded', response = CAST(:response AS json),"
        " ended_at = CAST(:received AS timestamptz) + :took WHERE id = :id",
        response=response,
        received=RECEIVED,
        took=timedelta(seconds=seconds),
        id=run_id,
    )
    return run_id


def test_half_of_the_callers_95_and_99_of_a_hundred_waited_no_longer(office):
    for hundredths in range(1, 101):
        answers(office, hundredths / 100)

    (line,) = reported(office)

    assert (line.dialect, line.callers) == ("vapi.tool", 100)
    assert (line.p50, line.p95, line.p99) == (0.5, 0.95, 0.99)
    assert (line.fallbacks, line.failures, line.fallback_share) == (0, 0, 0.0)


def test_each_dialect_has_its_own_line_and_failures_are_counted(office):
    answers(office, 1)
    answers(office, 2, dialect="retell.tool")
    answers(office, 3, dialect="retell.tool", failed=True)

    assert [(each.dialect, each.callers, each.failures) for each in reported(office)] == [
        ("retell.tool", 2, 1),
        ("vapi.tool", 1, 0),
    ]


def test_a_run_that_replied_and_went_on_answered_when_it_replied(office):
    run_id = answers(office, 3600)
    office.do(
        "INSERT INTO steps (run_id, path, kind, status, started_at, ended_at)"
        " VALUES (:id, 'steps.0', 'reply', 'succeeded', :at, :at)",
        id=run_id,
        at=RECEIVED + timedelta(seconds=2),
    )

    assert reported(office)[0].p99 == 2.0


def test_who_was_told_the_fallback_waited_until_the_deadline(office):
    run_id = office.accepted(is_awaited=True, trigger=TRIGGER)
    settle(office.engine, run_id, Answer(run_id, 202, "Later.", fallback_after=5.0))
    answers(office, 1)

    (line,) = reported(office)

    assert (line.callers, line.fallbacks, line.fallback_share, line.p99) == (2, 1, 0.5, 5.0)


def test_only_callers_of_the_period_that_waited_and_have_an_answer_are_reported(office):
    office.accepted(trigger=TRIGGER)
    office.accepted(is_awaited=True, trigger=TRIGGER)
    old = answers(office, 1)
    office.do("UPDATE runs SET created_at = now() - interval '8 days' WHERE id = :id", id=old)

    assert reported(office) == []
    assert [each.callers for each in reported(office, timedelta(days=9))] == [1]
