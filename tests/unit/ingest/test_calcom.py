"""Booking events of Cal.com, each trigger of the samples in the one flat shape."""

import pytest

from hub.ingest.body import Body
from hub.ingest.dialects import DIALECTS, Reply
from tests.unit.ingest.sample_bodies import SAMPLES, body

CALCOM = DIALECTS["calcom"]
LEAD = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
VIDEO = "https://cal.example.com/video/bFJeNb2uX8ANpT3JL5EfXw"
OLD, NEW = "bFJeNb2uX8ANpT3JL5EfXw", "newUid9ANpT3JL5EfXw"
SENT = "2025-11-20T18:54:00.538Z"


def unpacked(name):
    return CALCOM.unpack(body(f"calcom/{name}"))


def payload(name):
    return unpacked(name).calls[0].payload


def event(trigger, **booking):
    return CALCOM.unpack(Body({"triggerEvent": trigger, "payload": booking})).calls[0]


def test_a_new_booking():
    assert payload("BOOKING_CREATED") == {
        "trigger": "BOOKING_CREATED",
        "booking_uid": OLD,
        "start": "2025-12-03T19:00:00Z",
        "end": "2025-12-03T19:30:00Z",
        "created_at": SENT,
        "lead_id": LEAD,
        "videoCallUrl": VIDEO,
    }


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("BOOKING_REQUESTED", "2025-12-03T19:00:00Z"),
        ("BOOKING_REJECTED", "2025-12-03T19:00:00.000Z"),
        ("BOOKING_CANCELLED", "2025-12-05T15:00:00+00:00"),
        ("MEETING_STARTED", "2025-12-03T19:00:00.000Z"),
        ("MEETING_ENDED", "2025-12-03T19:00:00.000Z"),
        ("AFTER_GUESTS_CAL_VIDEO_NO_SHOW", "2025-12-03T19:00:00.000Z"),
    ],
)
def test_trigger_and_start_are_found_in_every_form(name, start):
    found = payload(name)

    assert found["trigger"] == name
    assert found["start"] == start
    assert found["booking_uid"]


def test_a_reschedule_has_the_old_times_and_the_new_ones():
    found = payload("BOOKING_RESCHEDULED")

    assert found["booking_uid"] == NEW
    assert found["old_booking_uid"] == OLD
    assert (found["start"], found["end"]) == ("2025-12-03T19:00:00Z", "2025-12-03T19:30:00Z")
    assert (found["new_start"], found["new_end"]) == (
        "2025-12-05T15:00:00Z",
        "2025-12-05T15:30:00Z",
    )
    assert found["lead_id"] == LEAD


def test_a_no_show_can_be_marked_and_taken_back():
    assert payload("BOOKING_NO_SHOW_UPDATED") == {
        "trigger": "BOOKING_NO_SHOW_UPDATED",
        "booking_uid": OLD,
        "no_show": True,
        "created_at": SENT,
    }
    assert payload("BOOKING_NO_SHOW_UPDATED-unmarked")["no_show"] is False


def test_guests_who_did_not_join_are_a_no_show_whatever_their_mark_says():
    assert payload("AFTER_GUESTS_CAL_VIDEO_NO_SHOW")["no_show"] is True


@pytest.mark.parametrize("name", ["BOOKING_CREATED", "MEETING_ENDED", "MEETING_STARTED"])
def test_other_events_say_nothing_about_a_no_show(name):
    assert "no_show" not in payload(name)


@pytest.mark.parametrize(
    ("name", "reason"), [("custom-template", "no triggerEvent"), ("PING", "test delivery")]
)
def test_authentic_but_useless_bodies_are_recorded_and_make_no_run(name, reason):
    found = unpacked(name)

    assert found.calls == ()
    assert found.ignored == reason


@pytest.mark.parametrize("name", sorted(path.stem for path in (SAMPLES / "calcom").glob("*.json")))
def test_every_event_is_answered_with_an_empty_object(name):
    found = unpacked(name)

    answer = CALCOM.pack(found, [Reply("whatever", status=500) for _ in found.calls])
    assert (answer.status, answer.body) == (200, b"{}")
    assert found.when_refused == "record"


def test_keys_tell_real_later_events_apart():
    marked = unpacked("BOOKING_NO_SHOW_UPDATED").calls[0].key
    taken_back = unpacked("BOOKING_NO_SHOW_UPDATED-unmarked").calls[0].key

    assert unpacked("BOOKING_CREATED").calls[0].key == f"BOOKING_CREATED/{OLD}/0"
    assert unpacked("BOOKING_CANCELLED").calls[0].key == f"BOOKING_CANCELLED/{NEW}/2"
    assert marked == f"BOOKING_NO_SHOW_UPDATED/{OLD}/true/{SENT}"
    assert taken_back != marked


def test_an_event_without_a_booking_has_no_key():
    assert event("OOO_CREATED", message="away").key is None


def test_our_own_ids_come_from_metadata_and_hidden_fields_only():
    found = event(
        "BOOKING_CREATED",
        uid="u",
        metadata={"lead_id": "m", "campaign": "c", "trigger": "hostile", "nested": {"a": 1}},
        responses={
            "name": {"value": "Zoë", "isHidden": False},
            "lead_id": {"value": "r", "isHidden": True},
            "notes": {"value": "hello"},
            "own_field": {"value": "kept without the mark"},
            "broken": None,
        },
    ).payload

    assert found == {
        "trigger": "BOOKING_CREATED",
        "booking_uid": "u",
        "lead_id": "r",
        "campaign": "c",
        "own_field": "kept without the mark",
    }


@pytest.mark.parametrize("value", [[], "text", 1, None, {}, {"triggerEvent": 7}])
def test_a_body_of_another_kind_is_recorded(value):
    assert CALCOM.unpack(Body(value)).ignored == "no triggerEvent"


@pytest.mark.parametrize(
    "booking",
    [
        {"attendees": "x"},
        {"attendees": [None]},
        {"responses": [], "metadata": "x"},
        {"startTime": 5, "uid": {}},
    ],
)
def test_members_of_the_wrong_type_count_as_missing(booking):
    found = event("BOOKING_NO_SHOW_UPDATED", **booking).payload
    assert found == {"trigger": "BOOKING_NO_SHOW_UPDATED", "no_show": False}
