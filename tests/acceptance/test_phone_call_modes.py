"""Booking by phone in every mode, and what nobody knows (C-06 to C-10, C-24, X13 to X15)."""

from __future__ import annotations

import pytest

from hub.errors import Misconfigured
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
from tests.fakes.services import CUT

# --------------------------------------------------------------------------------------- the modes


@pytest.mark.parametrize("value", [None, "1", "TRUE", "yes", "True", " true"])
def test_C06_C10_C24_simulation(open_center: Opened, caplog, value: str | None):
    """Nothing leaves the hub, and the start says so."""
    given = {} if value is None else {"LIVE_CALL_ENABLED": value}
    center = open_center(**given, ADMIN_TEST_PHONES=TEST_PHONE)
    assert "calls are simulated" in caplog.text
    request = center.request()

    assert center.click(request).status == 202

    assert center.status(request) == "COMPLETED"
    kept = center.provider(request)
    assert (kept.booking_date, kept.booking_time) == ("Friday", "10:00")
    assert (kept.booking_method, kept.mode) == ("simulated", "simulate")
    assert kept.confirmation_number == f"SIM-{center.calls_of(request)[0].run_id}"
    assert center.vapi.nothing_was_sent
    assert center.twilio.nothing_was_sent


def test_X13_numbers_of_simulations_never_repeat(open_center: Opened):
    center = open_center()
    numbers = set()
    for _ in range(20):
        request = center.request()
        center.click(request)
        numbers.add(center.provider(request).confirmation_number)

    assert len(numbers) == 20


@pytest.mark.parametrize("missing", ["preferredDate", "preferredTime"])
def test_C10_X14_simulated_without_a_wish_TBD_is_kept_and_not_confirmed(
    open_center: Opened, missing: str
):
    center = open_center()
    request = center.request()
    body = {name: said for name, said in request.body().items() if name != missing}

    center.story.post("/api/v1/bookings/schedule-async", body, sign=center.signed)

    kept = center.provider(request)
    assert "TBD" in (kept.booking_date, kept.booking_time)
    assert (kept.booking_confirmed, kept.mode) == (False, "simulate")
    assert center.status(request) == "RECOMMENDED"
    assert center.confirmations(request) == []


def test_C08_X13_C24_test_phone(open_center: Opened, caplog):
    """C-11: the line says mode, original, dialled and whether it is live."""
    caplog.set_level("INFO")
    center = open_center(**TEST)
    request = center.request()
    center.click(request)
    center.ends()

    assert center.dialled == [TEST_PHONE]
    assert [each.to for each in center.twilio.messages] == [TEST_PHONE]
    assert center.status(request) == "COMPLETED"
    assert center.provider(request).mode == "test"
    (line,) = [each for each in caplog.records if each.getMessage() == "booking call"]
    said = vars(line)
    assert (said["mode"], said["is_live"]) == ("test", False)
    assert (said["original_phone"], said["dialled_phone"]) == (PROVIDER, TEST_PHONE)


def test_C09_C24_production(open_center: Opened):
    center = open_center(**LIVE, ADMIN_TEST_PHONES=" , ")
    request = center.request()
    center.click(request)
    center.ends()

    assert center.dialled == [PROVIDER]
    assert [each.to for each in center.twilio.messages] == [CUSTOMER]
    assert center.provider(request).mode == "live"


@pytest.mark.parametrize("phones", ["55", f"{TEST_PHONE},nobody", "3105551234", "+1310555123x"])
def test_C07_a_test_phone_that_is_none_stops_the_start(open_center: Opened, phones: str):
    with pytest.raises(Misconfigured, match="ADMIN_TEST_PHONES"):
        open_center(**LIVE, ADMIN_TEST_PHONES=phones)


def test_C07_test_phones_are_trimmed_and_empty_ones_dropped(open_center: Opened):
    center = open_center(**TEST)

    assert center.story.hub.config["admin_test_phones"] == [TEST_PHONE, "+13105559999"]


# ------------------------------------------------------------------------------------- the unknown


def test_X15_a_call_that_does_not_end_is_asked_after_before_another_one_is_offered(
    center: CallCenter, request_: Request
):
    first = center.click(request_).json["data"]["executionId"]
    call = center.calls_of(request_)[0].call_id

    center.later(5 * MINUTE)

    polls = [each for each in center.vapi.requests if each.path == f"/call/{call}"]
    assert len(polls) <= 60
    assert center.status(request_) == "BOOKING"
    seen = center.view(request_)
    assert (seen["label"], seen["canBook"]) == ("Checking with the provider…", False)
    assert sum("Nobody knows yet" in told for told in center.story.slack.texts) == 1
    assert center.click(request_).json["data"]["executionId"] == first
    assert center.dialled == [PROVIDER]

    center.later(MINUTE)
    center.watch()
    assert center.status(request_) == "BOOKING"
    center.vapi.ends(call, analysis={"structuredData": AGREED})
    center.later(2 * MINUTE)
    center.watch()

    assert center.status(request_) == "COMPLETED"
    assert [each.to for each in center.twilio.messages] == [CUSTOMER]
    assert len(center.confirmations(request_)) == 1
    assert sum("Nobody knows yet" in told for told in center.story.slack.texts) == 1


def test_X15_an_answer_that_was_lost_is_found_and_nobody_is_dialled_twice(
    center: CallCenter, request_: Request
):
    center.vapi.loses_answers = [CUT]
    center.click(request_)
    center.ends()

    assert center.dialled == [PROVIDER]
    assert center.status(request_) == "COMPLETED"


def test_X15_what_vapi_does_not_list_yet_is_no_reason_to_dial_again(
    center: CallCenter, request_: Request
):
    center.vapi.loses_answers, center.vapi.forgets = [CUT], True
    center.click(request_)
    assert center.status(request_) == "BOOKING"
    center.later(2 * MINUTE)
    center.watch()
    assert center.status(request_) == "BOOKING"

    center.vapi.forgets = False
    center.vapi.ends(next(iter(center.vapi.calls)), analysis={"structuredData": AGREED})
    center.later(5 * MINUTE)
    center.watch()

    assert center.dialled == [PROVIDER]
    assert center.status(request_) == "COMPLETED"


def test_X15_a_person_who_asked_the_provider_settles_it(center: CallCenter, request_: Request):
    center.click(request_)
    center.later(5 * MINUTE)
    path = f"/api/v1/bookings/{request_.id}/settle"
    found_out = {"agreed": True, "date": "Tuesday", "time": "noon"}

    answer = center.story.post(path, found_out, sign=center.signed)

    assert (answer.status, answer.json["data"]["status"]) == (200, "COMPLETED")
    assert center.provider(request_).booking_date == "Tuesday"
    assert [each.to for each in center.twilio.messages] == [CUSTOMER]
    again = center.story.post(path, {"agreed": False}, sign=center.signed)
    assert (again.status, center.status(request_)) == (409, "COMPLETED")


def test_X14_a_real_call_is_not_settled_by_a_hub_that_simulates(
    open_center: Opened, center: CallCenter, request_: Request, caplog
):
    center.click(request_)
    center.later(5 * MINUTE)
    center.vapi.ends(center.calls_of(request_)[0].call_id, analysis={"structuredData": AGREED})
    simulating = center.restarted(open_center().story)
    simulating.story.clock.set(center.story.now())

    simulating.later(5 * MINUTE)
    simulating.watch()

    assert center.status(request_) == "BOOKING"
    assert "bookings of another mode are unsettled" in caplog.text
