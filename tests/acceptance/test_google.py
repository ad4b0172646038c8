"""A flow that books at Google: what a retry, a lost answer and a mode do to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from tests.acceptance.conftest import OpenStory
from tests.acceptance.crashes import Deaths, Killed
from tests.acceptance.messages import SECRETS
from tests.acceptance.story import HOUR, Story
from tests.fakes.google import FakeGoogle, key_file
from tests.fakes.services import Answer
from tests.fakes.slack import FakeSlack

TEAM = "team@group.calendar.google.com"
SANDBOX = "sandbox@group.calendar.google.com"

BOOKING = f"""\
hub: 1
title: Book a viewing
endpoint:
  auth: broker
  payload: schemas/lead-phone.json
  respond: accepted
steps:
  - id: free
    do: google_calendar.free_slots
    with:
      calendars: [{TEAM}]
      from: "2025-12-01T00:00:00Z"
      to: "2025-12-02T00:00:00Z"
      duration: 30m
      zone: Europe/Berlin
      at_most: 1
  - id: book
    do: google_calendar.create_event
    with:
      calendar: {TEAM}
      title: Viewing for ${{{{ payload.lead_id }}}}
      start: ${{{{ (steps.free.slots[0] | required).start }}}}
      end: ${{{{ (steps.free.slots[0] | required).end }}}}
      attendees: [lead@example.com]
      notify: all
  - id: note
    do: google_sheets.append
    on_error: continue
    with:
      spreadsheet: s1
      sheet: Viewings
      values:
        Lead: ${{{{ payload.lead_id }}}}
        Event: ${{{{ steps.book.event_id }}}}
"""

OpenBooking = Callable[[str], Story]


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with FakeGoogle() as fake:
        fake.calendars.share(TEAM)
        fake.calendars.share(SANDBOX)
        fake.sheets.rows["s1"] = {"Viewings": [["Lead", "Event"]]}
        yield fake


@pytest.fixture
def open_booking(
    open_story: OpenStory, project: Path, slack: FakeSlack, google: FakeGoogle
) -> OpenBooking:
    """The hub in a mode, with the flow above and a connection to Google."""
    (project / "workflows" / "book-viewing.yaml").write_text(BOOKING)
    settings = project / "hub.yaml"
    connection = (
        "connections:\n"
        "  office:\n"
        "    type: google\n"
        f"    base_url: {google.url}\n"
        "    credentials:\n"
        "      service_account_key: GOOGLE_KEY\n"
    )
    text = settings.read_text()
    for written, meant in (
        ("connections:\n", connection),
        ("secrets:\n", "secrets:\n  - GOOGLE_KEY\n"),
        (f"ports: [{slack.port}]", f"ports: [{slack.port}, {google.port}]"),
        ("  email: []\n", f"  email: [{SANDBOX}]\n"),
    ):
        assert text.count(written) == 1
        text = text.replace(written, meant)
    settings.write_text(text)
    return lambda mode: open_story(mode=mode, GOOGLE_KEY=key_file())


def asks(story: Story) -> str:
    lead = str(uuid4())
    answer = story.broker("book-viewing", {"lead_id": lead}, is_worked=False)
    assert answer.status == 202, answer.body
    return lead


def rows_of(google: FakeGoogle, lead: str) -> int:
    return sum(lead in row for row in google.sheets.rows["s1"]["Viewings"])


def events_of(google: FakeGoogle, lead: str, calendar: str = TEAM) -> int:
    return sum(lead in each["summary"] for each in google.calendars.living(calendar))


def test_a_free_time_is_found_booked_and_written_down(
    open_booking: OpenBooking, google: FakeGoogle
):
    story = open_booking("live")
    lead = asks(story)
    story.work_all()

    assert story.last_run().line.status == "succeeded"
    (event,) = google.calendars.living(TEAM)
    assert event["start"] == {"dateTime": "2025-12-01T09:00:00+01:00"}
    assert google.calendars.invited == [(f"Viewing for {lead}", "lead@example.com")]
    assert google.sheets.rows["s1"]["Viewings"][1] == [lead, event["id"]]


def test_E7_an_event_whose_answer_was_lost_is_there_once_after_the_retries(
    open_booking: OpenBooking, google: FakeGoogle
):
    story = open_booking("live")
    lead = asks(story)
    google.refuses_with(Answer.of({"calendars": {TEAM: {"busy": []}}}), Answer(503))
    story.work_all()  # the first try is refused
    google.loses_answers()
    story.later(HOUR)  # the second is done, and its answer is lost
    story.later(HOUR)

    assert story.last_run().line.status == "succeeded"
    assert story.step(story.last_run().line.id, "google_calendar.create_event").attempts == 3
    assert (events_of(google, lead), rows_of(google, lead)) == (1, 1)
    assert len(google.calendars.invited) == 1


def test_E7_E8_whenever_the_worker_dies_there_is_one_event_and_at_most_one_row(
    open_booking: OpenBooking, google: FakeGoogle
):
    story = open_booking("live")
    unknown = 0
    for moment in count(1):
        lead = asks(story)
        try:
            with Deaths(story.hub.database).at(moment):
                story.work_all()
        except Killed:
            story.leases_run_out()
            story.work_all()
            has_lived = False
        else:
            has_lived = True

        run = story.runs("book-viewing")[0]
        assert run.status == "succeeded", f"died at moment {moment}"
        assert events_of(google, lead) == 1, f"died at moment {moment}"
        rows = rows_of(google, lead)
        assert rows == 1 or (rows == 0 and run.is_maybe_done), f"died at moment {moment}"
        unknown += run.is_maybe_done
        if has_lived:
            break
    assert moment > 10
    assert unknown > 0


def test_E8_a_row_whose_answer_was_lost_is_not_written_again_and_the_run_says_so(
    open_booking: OpenBooking, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch
):
    story = open_booking("live")
    lead = asks(story)
    append = google.sheets.answer

    def lose(request, path, subject):
        if path.endswith(":append"):
            google.loses_answers()
        return append(request, path, subject)

    monkeypatch.setattr(google.sheets, "answer", lose)
    story.work_all()
    story.later(HOUR)

    assert rows_of(google, lead) == 1
    assert story.last_run().line.is_maybe_done


def test_D10_in_mode_test_only_the_listed_calendar_is_written(
    open_booking: OpenBooking, google: FakeGoogle
):
    story = open_booking("test")
    lead = asks(story)
    story.work_all()

    assert story.last_run().line.status == "succeeded"
    assert (events_of(google, lead), events_of(google, lead, SANDBOX)) == (0, 1)
    assert [guest for _, guest in google.calendars.invited] == [SANDBOX]
    assert rows_of(google, lead) == 0


def test_D10_in_mode_simulate_nothing_is_written(open_booking: OpenBooking, google: FakeGoogle):
    story = open_booking("simulate")
    lead = asks(story)
    story.work_all()

    assert story.last_run().line.status == "succeeded"
    assert {each.path for each in google.requests} <= {"/token", "/calendar/v3/freeBusy"}
    assert (events_of(google, lead), rows_of(google, lead)) == (0, 0)


def test_S6_neither_key_nor_token_is_kept_anywhere(
    open_booking: OpenBooking, google: FakeGoogle, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG")
    story = open_booking("live")
    asks(story)
    google.revoke_tokens()
    google.refuses_with(Answer(403, b"no: ya29.token"))
    story.work_all()

    run = story.last_run().line.id
    kept = repr([story.steps(run), story.changes(run), caplog.text])
    assert "ya29." not in kept.replace("no: ya29.token", "")
    assert "PRIVATE KEY" not in kept
    assert SECRETS["BROKER_API_TOKEN"] not in kept
