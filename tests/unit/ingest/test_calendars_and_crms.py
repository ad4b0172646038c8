"""What is peculiar to each calendar, CRM, payment service and code host, beyond its samples."""

import json
from copy import deepcopy
from urllib.parse import urlencode

import pytest

from hub.errors import Rejected
from hub.ingest.body import Body, read_json
from hub.ingest.dialects import DIALECTS, FORM_TYPE, Beside
from hub.ingest.form_body import read_form
from tests.unit.ingest.sample_bodies import SAMPLES, raw

CALENDLY, GOOGLE, GRAPH = (
    DIALECTS[name] for name in ("calendly", "google.calendar", "microsoft.graph")
)
ACUITY, HIGHLEVEL, HUBSPOT, SQUARE, GITHUB = (
    DIALECTS[name] for name in ("acuity", "gohighlevel", "hubspot", "square", "github")
)


def value(name):
    return json.loads(raw(name))


def only_call(dialect, body, beside=None):
    (call,) = dialect.unpack(Body(body), beside or Beside()).calls
    return call


# --------------------------------------------------------------------------------------- calendly


def calendly(name, **changes):
    event = value(f"calendly/{name}")
    event["payload"] |= changes
    return only_call(CALENDLY, event)


def test_both_events_of_a_move_name_the_same_bookings_and_each_knows_one_time():
    old = calendly("invitee.canceled-rescheduled").payload
    new = calendly("invitee.created-rescheduled").payload
    same = ("trigger", "reschedule_id", "booking_uid", "old_booking_uid")

    assert {name: old[name] for name in same} == {name: new[name] for name in same}
    assert {"start", "end"} <= set(old)
    assert not {"new_start", "new_end"} & set(old)
    assert {"new_start", "new_end"} <= set(new)
    assert not {"start", "end"} & set(new)


@pytest.mark.parametrize("name", ["invitee.canceled", "invitee_no_show.created"])
def test_what_happens_to_a_booking_that_was_moved_before_is_no_move(name):
    earlier = "https://api.calendly.com/scheduled_events/EVT0/invitees/INV0"

    told = calendly(name, old_invitee=earlier).payload

    assert told["trigger"] == name
    assert told["booking_uid"].endswith("INV1")
    assert "reschedule_id" not in told


def test_a_move_that_names_no_new_booking_is_no_cancellation_either():
    told = calendly("invitee.canceled-rescheduled", new_invitee=None).payload

    assert told["trigger"] == "invitee.rescheduled"
    assert told["old_booking_uid"].endswith("INV1")
    assert not {"booking_uid", "reschedule_id"} & set(told)


@pytest.mark.parametrize(
    ("content", "is_ours"),
    [
        ("5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21", True),
        ("5B0C2C2E-6F0A-4A51-9A8E-3D1F6F0D7A21", True),
        ("newsletter-7", False),
        ("5b0c2c2e6f0a4a519a8e3d1f6f0d7a21", False),
        (None, False),
    ],
)
def test_the_lead_is_a_uuid_in_our_link_and_other_links_are_let_be(content, is_ours):
    told = calendly("invitee.created", tracking={"utm_content": content, "utm_term": "x"}).payload

    assert (told.get("lead_id") == content) is (is_ours or content is None)
    assert told.get("utm_content") == content
    assert told["utm_term"] == "x"


def test_the_number_is_found_where_no_reminder_is_sent():
    assert calendly("invitee.created", text_reminder_number=None).payload["phone"] == (
        "+1 202-555-0147"
    )


def test_marked_and_marked_again_are_two_events_and_a_repeat_is_none():
    first = calendly("invitee_no_show.created")
    again = calendly("invitee_no_show.created", updated_at="2025-12-03T21:00:00.000000Z")

    assert first.key == calendly("invitee_no_show.created").key
    assert first.key != again.key
    assert (
        calendly("invitee.created").key == calendly("invitee.created", updated_at="later").key
    )  # an invitee is created once


def test_an_event_without_a_booking_keeps_what_it_says():
    form = {"uri": "https://api.calendly.com/s/1", "submitter": None, "updated_at": "u"}

    call = only_call(CALENDLY, {"event": "routing_form_submission.created", "payload": form})

    assert call.payload == {"trigger": "routing_form_submission.created", "data": form}
    assert call.key == "routing_form_submission.created/https://api.calendly.com/s/1//u"


# ---------------------------------------------------------------------------------------- google


def google(**headers):
    known = {
        "x-goog-channel-id": "c",
        "x-goog-resource-state": "exists",
        "x-goog-message-number": "3",
    }
    said = {**known, **{name.replace("_", "-"): text for name, text in headers.items()}}
    return GOOGLE.unpack(Body({}), Beside(headers=said))


@pytest.mark.parametrize(
    ("date", "instant"),
    [
        ("Thu, 27 Nov 2025 20:00:00 GMT", "2025-11-27T20:00:00Z"),
        ("Thu, 27 Nov 2025 20:00:00 -0500", "2025-11-27T20:00:00-05:00"),
        ("Thu, 27 Nov 2025 20:00:00", None),
        ("Thu, 27 Nov 2025 20:00:00 -0000", None),  # a zone that nobody knows (RFC 5322)
        ("Thu, 99 Nov 2025 20:00:00 GMT", None),
        ("soon", None),
        ("", None),
    ],
)
def test_D7_a_channel_ends_at_an_instant_with_a_zone_or_nobody_knows_when(date, instant):
    (call,) = google(x_goog_channel_expiration=date).calls

    assert call.payload.get("expires_at") == instant


@pytest.mark.parametrize("name", ["x_goog_channel_id", "x_goog_resource_state"])
def test_a_push_that_says_nothing_makes_no_run(name):
    assert google(**{name: ""}).ignored == "no state or channel in X-Goog headers"


def test_a_push_without_a_number_has_no_key():
    (call,) = google(x_goog_message_number="").calls
    assert call.key is None


# ----------------------------------------------------------------------------------------- graph

OURS = Beside(vouched=frozenset({"ours"}))


def graph(*items):
    sent = [{"clientState": "ours", "subscriptionId": "s", **each} for each in items]
    return GRAPH.unpack(Body({"value": sent}), OURS).calls


def test_an_item_without_our_secret_makes_no_run_whatever_else_proved_the_request():
    for beside in (Beside(), OURS):
        (call,) = GRAPH.unpack(
            Body({"value": [{"clientState": "x", "changeType": "updated"}]}), beside
        ).calls
        assert call.refusal == "The clientState of this item is not ours."
    (call,) = GRAPH.unpack(Body({"value": [{"changeType": "updated"}]}), OURS).calls
    assert call.refusal is not None


def test_what_is_missed_may_be_missed_again_and_is_never_a_repeat():
    calls = graph(
        {"lifecycleEvent": "missed", "subscriptionExpirationDateTime": "e"},
        {"lifecycleEvent": "subscriptionRemoved", "subscriptionExpirationDateTime": "e"},
    )

    assert [call.key for call in calls] == [None, "s/subscriptionRemoved//e"]


@pytest.mark.parametrize("query", [{}, {"validationToken": ("",)}, {"validationToken": ("a", "b")}])
def test_a_handshake_names_one_token(query):
    assert GRAPH.greet(query) is None


# ----------------------------------------------------------------------------- acuity, gohighlevel


def test_a_second_change_of_an_appointment_of_acuity_is_news_though_it_reads_the_same():
    once, order = (
        only_call(ACUITY, {"action": action, "id": "7"})
        for action in ("scheduled", "order.completed")
    )

    assert (once.key, order.payload) == (
        "scheduled/7",
        {"trigger": "order.completed", "order_id": "7"},
    )
    for action in ("changed", "rescheduled", "canceled"):
        assert only_call(ACUITY, {"action": action, "id": "7"}).key is None


@pytest.mark.parametrize(
    ("trigger", "status", "outcome"),
    [
        ("AppointmentCreate", "showed", "showed"),  # their example of an update says Create
        ("AppointmentUpdate", "NoShow", "no_show"),
        ("AppointmentUpdate", "invalid", None),
        ("AppointmentUpdate", None, None),
        ("AppointmentDelete", "confirmed", "cancelled"),
    ],
)
def test_the_status_says_what_became_of_an_appointment(trigger, status, outcome):
    event = {"type": trigger, "webhookId": "w", "appointment": {"id": "a"}}
    event["appointment"]["appointmentStatus"] = status

    assert only_call(HIGHLEVEL, event).payload.get("outcome") == outcome


def test_another_event_of_gohighlevel_keeps_what_it_says():
    call = only_call(HIGHLEVEL, {"type": "ContactCreate", "locationId": "l", "email": "z@x.org"})

    assert call.payload == {
        "trigger": "ContactCreate",
        "location_id": "l",
        "data": {"email": "z@x.org"},
    }


def test_S2_an_event_of_gohighlevel_without_an_id_is_told_apart_by_what_it_says():
    """Its signature is right for ever: without a key a captured one would run again."""
    event = {"type": "ContactCreate", "timestamp": "2025-11-20T18:54:00Z", "email": "z@x.org"}
    moved = {name: event[name] for name in reversed(event)}

    first, again, later = (
        only_call(HIGHLEVEL, each).key
        for each in (event, moved, {**event, "timestamp": "2025-11-20T18:54:01Z"})
    )

    assert first == again != later
    assert first


# ----------------------------------------------------------------------------------------- hubspot


def test_a_change_that_is_sent_again_among_others_is_the_same_change():
    first, other = value("hubspot/property-change")

    again = HUBSPOT.unpack(Body([other, {**first, "attemptNumber": 3}])).calls

    assert again[1].key == HUBSPOT.unpack(Body([first])).calls[0].key
    assert len({call.key for call in again}) == 2


def test_a_hundred_changes_are_a_hundred_runs_and_more_are_not_hubspots():
    change = value("hubspot/property-change")[0]

    hundred = HUBSPOT.unpack(Body([{**change, "eventId": each} for each in range(100)]))
    more = HUBSPOT.unpack(Body([change] * 101))

    assert len({call.key for call in hundred.calls}) == 100
    assert more.calls == ()
    assert more.ignored == "more than 100 changes, which HubSpot never sends"


def test_one_change_that_says_nothing_does_not_hinder_the_others():
    good = value("hubspot/property-change")[0]

    calls = HUBSPOT.unpack(Body([None, good, {}])).calls

    assert [call.refusal is None for call in calls] == [False, True, False]


@pytest.mark.parametrize(
    ("moment", "instant"),
    [
        (1763664833123, "2025-11-20T18:53:53.123000Z"),
        (0, "1970-01-01T00:00:00Z"),
        (-1, None),
        (2**63 - 1, None),
        ("1763664833123", None),
        (True, None),
    ],
)
def test_D7_a_moment_in_milliseconds_is_an_instant_in_utc(moment, instant):
    change = {**value("hubspot/property-change")[0], "occurredAt": moment}
    assert only_call(HUBSPOT, [change]).payload.get("occurred_at") == instant


# ----------------------------------------------------------------------------------- square, github


def test_an_event_of_square_is_its_id_its_type_and_its_object():
    event = deepcopy(value("square/webhooks.test_notification"))
    event |= {"type": "payment.updated"}
    event["data"] |= {"type": "payment", "object": {"payment": {"status": "COMPLETED"}}}

    call = only_call(SQUARE, event)

    assert call.key == call.payload["id"] == event["event_id"]
    assert call.payload["object"] == {"payment": {"status": "COMPLETED"}}
    assert call.payload["created_at"] == "2025-11-20T18:54:00.037339943Z"


PUSH = {
    "ref": "refs/heads/main",
    "repository": {"full_name": "example/hub"},
    "sender": {"login": "ada"},
    "commits": [{"message": "Zoë & co = 1+1"}],
}
PUSHED = {"x-github-event": "push", "x-github-delivery": "d-1"}


def test_an_event_of_github_is_the_same_as_json_and_as_a_form():
    as_json = only_call(GITHUB, PUSH, Beside(headers=PUSHED))
    form = read_form(urlencode({"payload": json.dumps(PUSH)}).encode())
    beside = Beside(headers={**PUSHED, "content-type": f"{FORM_TYPE}; charset=utf-8"})
    (as_form,) = GITHUB.unpack(form, beside).calls

    assert as_json == as_form
    assert as_json.key == "d-1"
    assert as_json.payload == {
        "type": "push",
        "id": "d-1",
        "repository": "example/hub",
        "sender": "ada",
        "ref": "refs/heads/main",
        "data": PUSH,
    }


@pytest.mark.parametrize("payload", ["", "{", '{"a": 1, "a": 2}', "[" * 65 + "]" * 65, "NaN"])
def test_a_form_of_github_whose_payload_is_no_json_cannot_be_read(payload):
    beside = Beside(headers={**PUSHED, "content-type": FORM_TYPE})

    with pytest.raises(Rejected) as refused:
        GITHUB.unpack(Body({"payload": payload}), beside)

    assert refused.value.status == 400


def test_a_json_body_of_github_with_a_member_named_payload_is_no_form():
    deployment = {"payload": "text", "deployment": {}}
    call = only_call(
        GITHUB, deployment, Beside(headers={**PUSHED, "content-type": "application/json"})
    )
    assert call.payload["data"] == deployment


@pytest.mark.parametrize("dialect", ["calendly", "gohighlevel", "hubspot", "square", "acuity"])
@pytest.mark.parametrize("body", [None, [], "text", 7, {}, {"type": 1, "event": [], "action": {}}])
def test_a_body_of_another_kind_is_recorded(dialect, body):
    found = DIALECTS[dialect].unpack(Body(body))

    assert (found.calls, found.when_refused) == ((), "record")
    assert found.ignored


def test_a_template_of_calcom_that_is_no_json_comes_as_a_form_and_is_recorded():
    found = DIALECTS["calcom"].unpack(read_form(b"Booked: Zoe"))
    assert found.ignored == "no triggerEvent"
    assert FORM_TYPE in DIALECTS["calcom"].media_types


def test_the_samples_of_calendly_are_read_as_they_are_sent():
    """Their microseconds and letters beyond ASCII come through."""
    body = read_json((SAMPLES / "calendly/invitee.created.json").read_bytes())
    (call,) = CALENDLY.unpack(body).calls
    assert call.payload["name"] == "Zoë Müller-Nakamura"
    assert call.payload["created_at"] == "2025-11-20T18:51:19.000000Z"
