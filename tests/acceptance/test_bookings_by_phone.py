"""Booking by phone, from the click to the confirmation (C-01 … C-24, X11 … X17)."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub.storage import runs, tables
from tests.acceptance.call_center import (
    AGREED,
    CUSTOMER,
    LIVE,
    MINUTE,
    PROVIDER,
    TEST,
    TEST_PHONE,
    CallCenter,
    Opened,
    Request,
)
from tests.acceptance.crashes import Deaths, Killed

SMS = (
    "Your appointment with Acme Plumbing is confirmed (Monday, December 15, 9:00). Reference: C-7."
)


# -------------------------------------------------------------------------------- the whole story


def test_from_the_click_to_the_confirmation(center: CallCenter, request_: Request):
    """C-02, C-03, C-09, C-13, C-14, C-15, C-20, C-22."""
    answer = center.click(request_)

    run = UUID(answer.json["data"]["executionId"])
    assert (answer.status, answer.json) == (
        202,
        {
            "success": True,
            "data": {
                "bookingInitiated": True,
                "executionId": str(run),
                "status": "accepted",
                "message": "Booking call started. You will be notified when complete.",
            },
        },
    )
    assert center.status(request_) == "BOOKING"
    assert center.view(request_)["label"] == "Scheduling appointment…"
    assert center.dialled == [PROVIDER]

    assert center.ends().status == 200

    assert center.status(request_) == "COMPLETED"
    (row,) = center.story.rows(tables.service_requests, id=request_.id)
    assert row.selected_provider_id == request_.provider
    assert row.final_outcome == "Booked with Acme Plumbing"
    kept = center.provider(request_)
    assert kept.booking_confirmed
    assert (kept.booking_date, kept.booking_time) == ("Monday, December 15", "9:00")
    assert (kept.confirmation_number, kept.call_transcript) == ("C-7", "AI: Hello.")
    assert (kept.booking_method, kept.mode) == ("voice_call", "live")
    assert kept.last_call_at is not None
    assert [(each.to, each.text) for each in center.twilio.messages] == [
        (CUSTOMER, SMS),
    ]
    (event,) = center.confirmations(request_)
    assert event.data["provider_name"] == "Acme Plumbing"
    assert (event.data["date"], event.data["time"]) == ("Monday, December 15", "9:00")
    assert center.view(request_)["confirmation"] == {
        "provider": "Acme Plumbing",
        "date": "Monday, December 15",
        "time": "9:00",
        "dateTime": "Monday, December 15, 9:00",
        "confirmationNumber": "C-7",
        "mode": "live",
    }
    assert center.story.run(run).line.status == "succeeded"


def test_C18_the_second_click_gets_the_first_ones_id_and_nobody_is_called_twice(
    center: CallCenter, request_: Request
):
    first = center.click(request_).json["data"]
    assert center.click(request_).json["data"] == first  # the same request, sent again
    center.story.clock.advance(timedelta(seconds=1))

    again = center.click(request_)

    assert again.status == 202
    assert again.json["data"]["executionId"] == first["executionId"]
    assert again.json["data"]["bookingInitiated"] is False
    assert center.dialled == [PROVIDER]
    center.ends()
    center.story.clock.advance(timedelta(seconds=1))
    late = center.click(request_)
    assert (late.status, late.json["executionId"]) == (409, first["executionId"])
    assert center.dialled == [PROVIDER]


def test_C12_the_result_is_found_every_5_seconds_where_the_report_was_lost(
    center: CallCenter, request_: Request
):
    center.click(request_)
    call = center.calls_of(request_)[0].call_id
    center.later(timedelta(seconds=10))
    center.vapi.ends(call, analysis={"structuredData": AGREED})

    center.later(timedelta(seconds=5))

    assert center.status(request_) == "COMPLETED"
    assert sum(each.path == f"/call/{call}" for each in center.vapi.requests) == 3


def test_the_report_and_the_poll_together_are_one_booking(center: CallCenter, request_: Request):
    """C-12, C-15, C-20: both roads tell the same."""
    center.click(request_)
    center.ends()
    center.ends()
    center.later(MINUTE)

    assert center.status(request_) == "COMPLETED"
    assert len(center.twilio.messages) == 1
    assert len(center.confirmations(request_)) == 1


@pytest.mark.parametrize(
    ("said", "result"), [({"booking_confirmed": False}, "declined"), (None, "unreached")]
)
def test_C16_after_a_failure_the_customer_can_choose_again(
    center: CallCenter, request_: Request, said: dict[str, bool] | None, result: str
):
    run = UUID(center.click(request_).json["data"]["executionId"])
    call = center.calls_of(request_)[0].call_id
    if said is None:
        center.vapi.ends(call)  # the sample: voicemail
        center.later(timedelta(seconds=5))
    else:
        center.ends(**said)

    assert center.status(request_) == "RECOMMENDED"
    error = center.story.run(run).line.error
    assert error is not None
    assert error["code"] == f"provider_{result}"
    seen = center.view(request_)
    assert (seen["lastResult"], seen["canBook"]) == (result, True)
    assert center.twilio.messages == []
    assert center.click(request_).status == 202
    assert center.dialled == [PROVIDER, PROVIDER]


def test_C17_a_text_message_that_fails_changes_nothing_and_is_visible(
    center: CallCenter, request_: Request
):
    center.twilio.opted_out.add(CUSTOMER)
    run = UUID(center.click(request_).json["data"]["executionId"])

    center.ends()

    assert center.status(request_) == "COMPLETED"
    sms = center.story.step(run, "twilio.send_sms")
    assert sms.error is not None
    assert (sms.status, sms.error["code"]) == ("failed", "opted_out")


def test_C17_a_text_message_is_tried_again_while_the_service_is_away(
    center: CallCenter, request_: Request
):
    center.click(request_)
    center.twilio.refuse()
    center.ends()
    assert center.status(request_) == "COMPLETED"
    assert center.twilio.messages == []
    center.twilio.listen()

    center.later(MINUTE)

    assert len(center.twilio.messages) == 1


# ------------------------------------------------------------------------------------ the answers


def test_C03_no_worker_no_202_and_no_claim_of_a_booking(center: CallCenter, request_: Request):
    answer = center.click(request_, is_worked=False)

    assert answer.status == 200
    assert answer.json["data"]["status"] == "queued"
    assert answer.json["data"]["bookingInitiated"] is False
    assert center.status(request_) == "RECOMMENDED"
    center.story.work_all()
    assert center.status(request_) == "BOOKING"
    seen = center.view(request_)
    assert seen["executionId"] == answer.json["data"]["executionId"]


def test_a_click_that_no_worker_saw_for_ten_minutes_calls_nobody(
    center: CallCenter, request_: Request
):
    run = center.click_unworked(request_)
    center.story.clock.advance(11 * MINUTE)

    center.story.work_all()

    error = center.story.run(run).line.error
    assert error is not None
    assert error["code"] == "too_late"
    assert center.status(request_) == "RECOMMENDED"
    assert center.dialled == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"serviceRequestId": "1"},
        {"providerPhone": "55"},
        {"providerPhone": "+1234567"},
        {"customerPhone": "nobody"},
        {"providerName": 7},
        {"serviceDescription": None},
    ],
)
def test_C04_an_invalid_body_is_422_and_changes_nothing(
    center: CallCenter, request_: Request, wrong: dict[str, Any]
):
    assert center.click(request_, **wrong).status == 422
    assert center.status(request_) == "RECOMMENDED"
    assert center.dialled == []


def test_C04_what_is_unknown_is_404_and_changes_nothing(center: CallCenter, request_: Request):
    other = center.request()
    answers = [
        center.click(request_, serviceRequestId=str(uuid4())),
        center.click(request_, providerId=str(uuid4())),
        center.click(request_, providerId=str(other.provider)),
    ]

    assert [each.status for each in answers] == [404] * 3
    assert {center.status(request_), center.status(other)} == {"RECOMMENDED"}
    assert center.dialled == []


def test_nobody_books_or_looks_without_the_apps_proof(center: CallCenter, request_: Request):
    client = center.story.client
    for path in ("schedule", "schedule-async", f"{request_.id}/settle"):
        assert client.post(f"/api/v1/bookings/{path}", json=request_.body()).status_code == 401
    assert client.get(f"/api/v1/bookings/{request_.id}").status_code == 401
    assert center.status(request_) == "RECOMMENDED"


def test_C01_who_waits_hears_the_result(open_center: Opened):
    """The old path with the same body; a simulation has its result at once."""
    center = open_center()
    request = center.request()
    path = "/api/v1/bookings/schedule"
    assert (
        center.story.post(path, request.body(providerPhone="55"), sign=center.signed).status == 422
    )

    answer = center.story.post(path, request.body(), sign=center.signed)

    assert answer.status == 200
    run = center.calls_of(request)[0].run_id
    assert answer.json["data"] == {
        "bookingConfirmed": True,
        "executionId": str(run),
        "bookingDate": "Friday",
        "bookingTime": "10:00",
        "confirmationNumber": f"SIM-{run}",
        "method": "simulated",
    }
    assert center.status(request) == "COMPLETED"


# ------------------------------------------------------------------------------ deaths and restarts


def test_C19_after_a_restart_of_everything_the_status_is_still_right(
    open_center: Opened, center: CallCenter, request_: Request
):
    center.click(request_)

    after = center.restarted(open_center(**LIVE).story)

    assert after.view(request_)["label"] == "Scheduling appointment…"
    after.ends()
    assert after.view(request_)["confirmation"]["confirmationNumber"] == "C-7"
    assert center.dialled == [PROVIDER]


def test_X11_a_run_that_is_cancelled_leaves_no_request_BOOKING_for_ever(
    center: CallCenter, request_: Request
):
    run = UUID(center.click(request_).json["data"]["executionId"])
    with center.story.transaction() as db:
        runs.request_cancel(db, run)
    center.story.work_all()
    assert center.status(request_) == "BOOKING"

    center.ends(booking_confirmed=False)
    center.watch()

    assert center.status(request_) == "RECOMMENDED"


@pytest.mark.long
@pytest.mark.parametrize("mode", ["live", "test"])
def test_C08_X11_X16_whenever_the_worker_dies_one_call_is_made_and_the_request_is_settled(
    open_center: Opened, mode: str
):
    """Killed at each moment of a booking: never two calls, never the wrong number, never stuck."""
    center = open_center(**(LIVE if mode == "live" else TEST))
    for moment in count(1):
        request = center.request()
        center.vapi.calls.clear()
        center.twilio.messages.clear()
        before = len(center.dialled)
        has_lived = _lives(center, request, moment)

        made = center.dialled[before:]
        assert made == [PROVIDER if mode == "live" else TEST_PHONE][: len(made)]
        told = [each.to for each in center.twilio.messages]
        assert told == [CUSTOMER if mode == "live" else TEST_PHONE][: len(told)]
        assert center.status(request) == ("COMPLETED" if made else "RECOMMENDED"), moment
        assert len(center.confirmations(request)) == len(made)
        if has_lived:
            assert len(made) == len(told) == 1
            break
    if mode == "test":
        assert PROVIDER not in center.dialled


def _lives(center: CallCenter, request: Request, moment: int) -> bool:
    """Book and die at that moment, be found, and let the call end; true if nobody died."""
    has_lived = True
    center.click_unworked(request)
    deaths = Deaths(center.story.hub.database)
    try:
        with deaths.at(moment):
            center.story.work_all()
            if center.vapi.calls:
                center.vapi.ends(next(iter(center.vapi.calls)), analysis={"structuredData": AGREED})
            center.story.later(timedelta(seconds=5))
    except Killed:
        has_lived = False
    center.story.leases_run_out()
    center.story.work_all()
    if center.vapi.calls:
        center.vapi.ends(next(iter(center.vapi.calls)), analysis={"structuredData": AGREED})
    for pause in (5, 60, 120, 240, 600):
        center.story.later(timedelta(seconds=pause))
        center.watch()
    return has_lived
