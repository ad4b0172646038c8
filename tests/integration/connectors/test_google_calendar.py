"""google_calendar.* against a fake Google."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.connectors.google.calendar import create_event, delete_event, move_event
from hub.connectors.google.free_busy import free_slots
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.google_errors import error, rpc_error
from tests.fakes.services import CUT, Answer

TEAM = "team@group.calendar.google.com"
START = datetime.fromisoformat("2025-11-03T10:00:00+01:00")
END = START + timedelta(minutes=30)
LATER = timedelta(hours=2)


@pytest.fixture
def create(office, attempt):
    def create(attempt=attempt, **changed):
        given = {"calendar": TEAM, "title": "Viewing", "start": START, "end": END, **changed}
        return create_event(office, attempt, **given)

    return create


def failed(do, *arguments, **given):
    with pytest.raises(StepFailed) as failure:
        do(*arguments, **given)
    found = failure.value
    return type(found), found.code, found.maybe_done


def test_an_event_is_created_and_its_guests_are_told(google, create):
    made = create(zone="Europe/Berlin", attendees=["ada@example.com"], notify="all")

    (event,) = google.calendars.living(TEAM)
    assert (event["id"], event["summary"]) == (made.event_id, "Viewing")
    assert event["start"] == {"dateTime": "2025-11-03T10:00:00+01:00", "timeZone": "Europe/Berlin"}
    assert event["htmlLink"] == made.link
    assert google.calendars.invited == [("Viewing", "ada@example.com")]


def test_E7_a_repeat_after_a_lost_answer_finds_the_event_of_the_first_try(google, create):
    google.loses_answers()

    assert failed(create) == (Transient, "unavailable", True)
    again = create()

    assert [each["id"] for each in google.calendars.living(TEAM)] == [again.event_id]


def test_another_step_makes_another_event(google, create, attempt):
    assert create() == create()
    create(replace(attempt, key="run-2/steps/book"))

    assert len(google.calendars.living(TEAM)) == 2


def test_an_event_that_somebody_deleted_between_two_tries_is_not_told_as_booked(
    office, attempt, create
):
    made = create()
    delete_event(office, attempt, calendar=TEAM, event_id=made.event_id)

    assert failed(create) == (Permanent, "event_deleted", True)


def test_an_event_is_moved_and_keeps_the_rest(office, attempt, google, create):
    made = create(description="gate 4")
    later: dict[str, Any] = {"start": START + LATER, "end": END + LATER}
    moved = [
        move_event(office, attempt, calendar=TEAM, event_id=made.event_id, **later)
        for _ in range(2)
    ]

    (event,) = google.calendars.living(TEAM)
    assert moved == [made, made]
    assert (event["start"], event["description"]) == (
        {"dateTime": "2025-11-03T12:00:00+01:00"},
        "gate 4",
    )


def test_an_event_of_a_whole_day_gets_a_time(office, attempt, google, create):
    made = create()
    days = {"start": {"date": "2025-11-03"}, "end": {"date": "2025-11-04"}}
    google.calendars.events[TEAM][made.event_id].update(days)

    move_event(office, attempt, calendar=TEAM, event_id=made.event_id, start=START, end=END)

    assert "date" not in google.calendars.living(TEAM)[0]["start"]


def test_a_deleted_event_cannot_be_moved(office, attempt, create):
    given = {"calendar": TEAM, "event_id": create().event_id}
    delete_event(office, attempt, **given)

    moving = {**given, "start": START, "end": END}
    assert failed(move_event, office, attempt, **moving) == (Permanent, "event_deleted", False)


def test_deleting_twice_or_what_never_was_is_done(office, attempt, google, create):
    made = create()
    for event_id in (made.event_id, made.event_id, "never1"):
        delete_event(office, attempt, calendar=TEAM, event_id=event_id)

    assert google.calendars.living(TEAM) == []


def test_deleting_in_a_calendar_that_cannot_be_seen_is_a_failure(office, attempt):
    given = {"calendar": "other@example.com", "event_id": "e1"}

    assert failed(delete_event, office, attempt, **given) == (Permanent, "not_found", False)


@pytest.mark.parametrize("event_id", ["", ".", ".."])
def test_S14_an_event_id_cannot_lead_to_another_path(office, attempt, google, event_id):
    given = {"calendar": TEAM, "event_id": event_id}

    assert failed(delete_event, office, attempt, **given) == (Permanent, "invalid_input", False)
    assert google.nothing_was_sent


def test_S14_a_slash_in_an_id_stays_inside_it(office, attempt, google):
    delete_event(office, attempt, calendar=TEAM, event_id="../../x?y#z")

    paths = {each.path for each in google.requests if each.method == "DELETE"}
    assert {path.rpartition("/")[2] for path in paths} == {"..%2F..%2Fx%3Fy%23z"}


def slots(office, attempt, **changed):
    given = {
        "calendars": [TEAM],
        "from_": datetime.fromisoformat("2025-11-03T00:00:00+01:00"),
        "to": datetime.fromisoformat("2025-11-04T00:00:00+01:00"),
        "duration": timedelta(hours=2),
        "zone": "Europe/Berlin",
        **changed,
    }
    return [each.start.isoformat() for each in free_slots(office, attempt, **given).slots]


def test_free_slots_are_free_in_all_calendars(office, attempt, google):
    google.calendars.share("ann@example.com")
    google.calendars.book(TEAM, "2025-11-03T09:00:00Z", "2025-11-03T10:00:00Z")
    google.calendars.book("ann@example.com", "2025-11-03T13:30:00+01:00", "2025-11-03T14:00:00Z")

    both = slots(office, attempt, calendars=[TEAM, "ann@example.com"])

    assert both == ["2025-11-03T11:00:00+01:00", "2025-11-03T15:00:00+01:00"]
    assert slots(office, attempt, at_most=1) == ["2025-11-03T11:00:00+01:00"]


def test_a_calendar_that_cannot_be_seen_is_never_free(office, attempt):
    given = {"calendars": [TEAM, "hidden@example.com"]}

    assert failed(slots, office, attempt, **given) == (Permanent, "not_found", False)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"calendars": {}},
        {"calendars": {TEAM: {}}},
        {"calendars": {TEAM: {"busy": [{"start": "soon"}]}}},
        {"calendars": {TEAM: {"busy": [], "errors": [{"reason": "internalError"}]}}},
    ],
)
def test_an_answer_that_does_not_tell_is_never_free(office, attempt, google, said):
    google.refuses_with(Answer.of(said))

    assert failed(slots, office, attempt)[:2] == (Transient, "unavailable")


@pytest.mark.parametrize(
    "mistake",
    [
        {"zone": "Mars/Olympus"},
        {"opens": "9"},
        {"opens": "17:00"},
        {"calendars": []},
        {"duration": timedelta(minutes=4)},
        {"step": timedelta(0)},
        {"to": START - timedelta(days=1)},
        {"to": START + timedelta(days=63)},
        {"at_most": 0},
    ],
)
def test_a_mistake_in_the_question_is_told_without_asking(office, attempt, google, mistake):
    assert failed(slots, office, attempt, **mistake) == (Permanent, "invalid_input", False)
    assert google.nothing_was_sent


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error(400, "invalid", "no"), (Permanent, "invalid_input", False)),
        (error(403, "rateLimitExceeded", "no"), (Transient, "rate_limited", False)),
        (error(403, "userRateLimitExceeded", "no"), (Transient, "rate_limited", False)),
        (error(403, "quotaExceeded", "no"), (Transient, "rate_limited", False)),
        (error(403, "forbidden", "no"), (Permanent, "unauthorized", False)),
        (error(403, "accessNotConfigured", "no"), (Permanent, "unauthorized", False)),
        (rpc_error(403, "PERMISSION_DENIED", "no"), (Permanent, "unauthorized", False)),
        (rpc_error(403, "RESOURCE_EXHAUSTED", "no"), (Transient, "rate_limited", False)),
        (error(404, "notFound", "no"), (Permanent, "not_found", False)),
        (error(410, "deleted", "no"), (Permanent, "not_found", False)),
        (rpc_error(429, "RESOURCE_EXHAUSTED", "no"), (Transient, "rate_limited", False)),
        (error(500, "backendError", "no"), (Transient, "unavailable", True)),
        (Answer(503, b"<html>"), (Transient, "unavailable", True)),
        (Answer(403, b'{"error": [1]}'), (Permanent, "unauthorized", False)),
        (Answer(200, b"<html>"), (Transient, "unavailable", True)),
        (Answer.of({}), (Transient, "unavailable", True)),
    ],
)
def test_what_google_says_is_the_normal_failure(google, create, answer, expected):
    google.refuses_with(answer)

    assert failed(create) == expected
    assert google.calendars.living(TEAM) == []


@pytest.mark.parametrize("status", [403, 429, 503])
def test_retry_after_is_kept(google, create, status):
    google.refuses_with(error(status, "rateLimitExceeded", "slow down", {"Retry-After": "7"}))

    with pytest.raises(Transient) as failure:
        create()

    assert failure.value.retry_after == timedelta(seconds=7)
    assert "slow down" in failure.value.message


def test_a_broken_connection_to_an_interface_is_told(office, attempt, google):
    office.check()
    google.then(CUT)

    assert failed(slots, office, attempt)[:2] == (Transient, "unavailable")
