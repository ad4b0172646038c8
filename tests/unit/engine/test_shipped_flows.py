"""What the project's own flows decide, step by step (domain, sections 1 and 6)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.values import plain
from tests.unit.engine.shipped import LEAD, ROOT, Walk

OUTCOME = "appointments.record_outcome"
RECORDED = {"appointment_id": "apt_1", "repeated": False}
OLD, NEW = "2025-10-20T14:00:00Z", "2025-10-27T14:00:00Z"


def outcome(fails: dict[str, str] | None = None, **payload: str) -> tuple[Walk, dict[str, Any]]:
    walk = Walk("appointment-outcome", fails=fails or {})
    ending = walk.go(payload={"lead_id": LEAD, **payload})
    return walk, {"value": plain(ending.value), "status": ending.status}


def calcom(
    results: dict[str, Any] | None = None, fails: dict[str, str] | None = None, **payload: object
):
    walk = Walk("calcom-appointment-outcome", results=results or {}, fails=fails or {})
    ending = walk.go(payload={"booking_uid": "u1", **payload})
    return walk, plain(ending.value)


# ------------------------------------------------------------------------- appointment-outcome


@pytest.mark.parametrize(
    ("sample", "told"),
    [
        ("showed", {"outcome": "showed", "keep_number_for": "24h"}),
        ("no-show", {"outcome": "no_show", "keep_number_for": "24h"}),
        ("cancelled", {"outcome": "cancelled", "keep_number_for": "0s"}),
        ("canceled-spelling", {"outcome": "cancelled", "keep_number_for": "0s"}),
        (
            "rescheduled",
            {
                "outcome": "rescheduled",
                "keep_number_for": "2h",
                "new_starts_at": "2025-12-05T10:00:00-05:00",
            },
        ),
    ],
)
def test_h10_what_brokers_send_means_the_leads_latest_open_appointment(sample, told):
    body = json.loads((ROOT / f"tests/samples/hub/appointment-outcome-{sample}.json").read_text())
    walk = Walk("appointment-outcome")

    ending = walk.go(payload=body)

    assert walk.inputs(OUTCOME) == {"lead_id": body["lead_id"], **told}
    assert walk.actions == [OUTCOME, "leads.update", "interactions.log"]
    assert plain(ending.value)["outcome"] == told["outcome"]


def test_x04_with_two_times_the_first_names_the_appointment():
    walk, _ = outcome(outcome="rescheduled", appointment_time=OLD, new_appointment_time=NEW)

    assert walk.inputs(OUTCOME)["starts_at"] == OLD
    assert walk.inputs(OUTCOME)["new_starts_at"] == NEW


def test_a_new_time_alone_moves_the_latest_open_appointment():
    walk, _ = outcome(outcome="rescheduled", new_appointment_time=NEW)

    assert "starts_at" not in walk.inputs(OUTCOME)
    assert walk.inputs(OUTCOME)["new_starts_at"] == NEW


def test_rescheduled_without_any_time_keeps_a_short_hold():
    walk, _ = outcome(outcome="rescheduled")

    assert walk.inputs(OUTCOME)["keep_number_for"] == "2h"
    assert {"starts_at", "new_starts_at"}.isdisjoint(walk.inputs(OUTCOME))


@pytest.mark.parametrize("word", ["showed", "no_show", "cancelled", "canceled"])
def test_only_rescheduled_has_a_new_time(word):
    walk, _ = outcome(outcome=word, appointment_time=OLD, new_appointment_time=NEW)

    assert walk.inputs(OUTCOME)["starts_at"] == OLD
    assert "new_starts_at" not in walk.inputs(OUTCOME)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("no_appointment", 404),
        ("new_time_in_past", 409),
        ("appointment_too_far", 409),
        ("no_active_hold", 409),
    ],
)
def test_a_business_state_that_forbids_it_is_the_workflows_own_answer(code, status):
    walk, ended = outcome(outcome="showed", fails={OUTCOME: code})

    assert ended == {"value": {"success": False, "error": code}, "status": status}
    assert walk.actions == [OUTCOME]


@pytest.mark.parametrize("word", ["showed", "no_show", "cancelled", "rescheduled"])
def test_h15_h16_the_lead_follows_the_outcome(word):
    walk, _ = outcome(outcome=word)

    assert walk.inputs("leads.update")["set"] == {
        "status": word,
        "last_appointment_outcome": word,
    }


def test_h17_a_repeat_is_noted_as_one_and_leaves_the_lead_alone():
    walk = Walk("appointment-outcome", results={OUTCOME: {**RECORDED, "repeated": True}})

    walk.go(payload={"lead_id": LEAD, "outcome": "showed"})

    assert walk.actions == [OUTCOME, "interactions.log"]
    assert walk.inputs("interactions.log")["duplicate"] is True


def test_a_lead_without_a_number_gets_an_answer_without_release():
    walk = Walk("appointment-outcome", results={OUTCOME: RECORDED})

    ending = walk.go(payload={"lead_id": LEAD, "outcome": "showed"})

    assert plain(ending.value) == {"success": True, "outcome": "showed"}


# ------------------------------------------------------------------------------------- Cal.com


def test_a_booking_holds_the_number_and_is_announced():
    walk, ended = calcom(trigger="BOOKING_CREATED", lead_id=LEAD, start=OLD)

    assert walk.actions == ["appointments.book", "leads.update", "slack.post"]
    assert walk.inputs("appointments.book") == {
        "lead_id": LEAD,
        "starts_at": OLD,
        "source": "calendar",
        "external_id": "u1",
        "hold_until": "2025-10-21T14:00:00Z",
    }
    assert ended == {"held_until": "2025-10-21T14:00:00Z"}


@pytest.mark.parametrize(
    "trigger",
    [
        "BOOKING_REQUESTED",
        "MEETING_STARTED",
        "MEETING_ENDED",
        "AFTER_GUESTS_CAL_VIDEO_NO_SHOW",
        "SOMETHING_NEW",
    ],
)
def test_what_says_nothing_about_an_outcome_is_ignored_with_its_name(trigger):
    walk, ended = calcom(trigger=trigger, lead_id=LEAD, start=OLD, no_show=True)

    assert (walk.did, ended) == ([], {"ignored": trigger})


@pytest.mark.parametrize(
    ("trigger", "word"),
    [
        ("BOOKING_CANCELLED", "cancelled"),
        ("BOOKING_REJECTED", "cancelled"),
        ("BOOKING_NO_SHOW_UPDATED", "no_show"),
    ],
)
def test_a_booking_is_found_by_its_uid(trigger, word):
    walk, _ = calcom(trigger=trigger, no_show=True)

    assert walk.inputs("appointments.find") == {"external_id": "u1"}
    assert walk.inputs(OUTCOME)["outcome"] == word
    assert walk.inputs(OUTCOME)["external_id"] == "u1"
    assert "new_external_id" not in walk.inputs(OUTCOME)


def test_the_lead_of_our_own_link_needs_no_search():
    walk, _ = calcom(trigger="BOOKING_CANCELLED", lead_id=LEAD, start=OLD)

    assert "appointments.find" not in walk.actions
    assert walk.inputs(OUTCOME)["starts_at"] == OLD


def test_a_moved_booking_is_the_old_one_with_a_new_time_and_a_new_uid():
    walk, _ = calcom(
        trigger="BOOKING_RESCHEDULED",
        booking_uid="u2",
        old_booking_uid="u1",
        start=OLD,
        new_start=NEW,
    )

    assert walk.inputs("appointments.find") == {"external_id": "u1"}
    told = walk.inputs(OUTCOME)
    assert (told["external_id"], told["new_external_id"]) == ("u1", "u2")
    assert (told["starts_at"], told["new_starts_at"]) == (OLD, NEW)


def test_a_no_show_taken_back_is_ignored():
    walk, ended = calcom(trigger="BOOKING_NO_SHOW_UPDATED", no_show=False)

    assert (walk.did, ended) == ([], {"ignored": "no-show taken back"})


def test_a_booking_that_nobody_knows_is_ignored():
    walk, ended = calcom({"appointments.find": {"found": False}}, trigger="BOOKING_CANCELLED")

    assert walk.actions == ["appointments.find"]
    assert ended == {"ignored": "booking without a lead"}


def test_a_booking_without_lead_or_uid_is_ignored():
    for payload in ({"trigger": "BOOKING_CREATED", "start": OLD}, {"trigger": "BOOKING_CANCELLED"}):
        walk = Walk("calcom-appointment-outcome")

        assert plain(walk.go(payload=payload).value) == {"ignored": "booking without a lead"}
        assert walk.did == []


@pytest.mark.parametrize("code", ["no_active_hold", "unknown_lead", "appointment_in_past"])
def test_a_booking_that_cannot_be_held_is_recorded_with_its_reason(code):
    _, ended = calcom(
        fails={"appointments.book": code}, trigger="BOOKING_CREATED", lead_id=LEAD, start=OLD
    )

    assert ended == {"ignored": code}


# --------------------------------------------------------------------------------- voice agent


def test_h03_the_agent_gets_its_sentence_before_the_team_is_told():
    walk = Walk("vapi-appointment-booked")

    walk.go(payload={"lead_id": LEAD, "appointment_time": OLD})

    assert walk.replies == ["Booked for Monday, October 20, 2025 at 10:00 AM."]
    assert walk.actions == ["appointments.book", "leads.update", "slack.post"]
    assert walk.inputs("leads.update")["set"] == {
        "status": "appointment_booked",
        "appointment_scheduled_at": OLD,
    }
    assert "+14155550100 stays with the lead until" in walk.inputs("slack.post")["text"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("appointment_in_past", "already passed"),
        ("appointment_too_far", "too far away"),
        ("no_active_hold", "no phone number on file"),
        ("unknown_lead", "not on file"),
    ],
)
def test_h30_x08_a_refusal_is_a_sentence_and_never_a_silent_success(code, words):
    walk = Walk("vapi-appointment-booked", fails={"appointments.book": code})

    ending = walk.go(payload={"lead_id": LEAD, "appointment_time": OLD})

    assert words in ending.value
    assert walk.actions == ["appointments.book"]


def test_h09_a_message_that_does_not_get_through_does_not_undo_the_booking():
    walk = Walk("vapi-appointment-booked", fails={"slack.post": "unavailable"})

    assert walk.go(payload={"lead_id": LEAD, "appointment_time": OLD}).failure is None


def test_x06_a_booking_is_announced_once_whatever_road_it_came_by():
    tool, report = Walk("vapi-appointment-booked"), Walk("vapi-call-ended")

    tool.go(payload={"lead_id": LEAD, "appointment_time": OLD})
    report.go(
        payload={
            "callId": "c1",
            "leadId": LEAD,
            "outcome": "appointment_booked",
            "appointmentTime": OLD,
        }
    )

    assert tool.once_keys == report.once_keys == ["apt_1"]


@pytest.mark.parametrize(
    ("word", "actions"),
    [
        ("voicemail", []),
        ("not_interested", []),
        ("callback_requested", ["slack.post"]),
    ],
)
def test_h05_another_end_of_a_call_books_nothing(word, actions):
    walk = Walk("vapi-call-ended")

    walk.go(payload={"callId": "c1", "leadId": LEAD, "outcome": word})

    assert walk.actions == ["interactions.log", "leads.update", *actions]
    assert walk.inputs("leads.update")["set"] == {"last_call_outcome": word}


def test_the_end_of_a_call_with_an_unknown_lead_is_recorded_as_a_refusal():
    walk = Walk("vapi-call-ended", fails={"interactions.log": "unknown_lead"})

    ending = walk.go(payload={"callId": "c1", "leadId": LEAD, "outcome": "voicemail"})

    assert (ending.status, walk.actions) == (404, ["interactions.log"])


# ---------------------------------------------------------------------------------- the numbers


def test_h01_a_lead_gets_a_number():
    walk = Walk("lead-phone")

    ending = walk.go(payload={"lead_id": LEAD, "phone": "+12025550147"})

    assert walk.inputs("phones.assign") == {"lead_id": LEAD}
    assert plain(ending.value) == {
        "success": True,
        "phone_number": "+14155550100",
        "release_at": "2025-10-21T06:00:00Z",
    }


@pytest.mark.parametrize(("code", "status"), [("none_available", 409), ("unknown_lead", 404)])
def test_a_lead_that_gets_no_number_is_told_why(code, status):
    walk = Walk("lead-phone", fails={"phones.assign": code})

    ending = walk.go(payload={"lead_id": LEAD})

    assert (plain(ending.value), ending.status) == ({"success": False, "error": code}, status)


EXPIRED = {
    "phones": [
        {"id": f"p{number}", "number": f"+1415555010{number}", "release_at": OLD}
        for number in range(3)
    ]
}


def test_h18_every_expired_number_is_released_if_its_hold_did_not_change():
    walk = Walk("release-expired-phones", results={"phones.list_expired": EXPIRED})

    assert walk.go().failure is None
    assert walk.actions == ["phones.list_expired", *["phones.release"] * 3]
    assert walk.inputs("phones.list_expired")["appointment_grace"] == "24h"
    assert [inputs["expect_release_at"] for _, inputs in walk.did[1:]] == [OLD] * 3


def test_numbers_that_could_not_be_released_are_told_to_the_team():
    walk = Walk(
        "release-expired-phones",
        results={"phones.list_expired": EXPIRED},
        fails={"phones.release": "unavailable"},
    )

    assert walk.go().failure is None
    assert "3 of 3 phone numbers" in walk.inputs("slack.post")["text"]


def test_nothing_expired_nothing_done():
    walk = Walk("release-expired-phones", results={"phones.list_expired": {"phones": []}})

    walk.go()

    assert walk.actions == ["phones.list_expired"]
