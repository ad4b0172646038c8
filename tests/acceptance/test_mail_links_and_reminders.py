"""The links in mails, and the reminders (K-27, R-18, R-19, S1, X31)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.acceptance.post_office import (
    CONTRACTOR,
    PARIS,
    PHONE,
    TUESDAY,
    OpenPostOffice,
    PostOffice,
    tokens,
)
from tests.acceptance.story import DAY, HOUR
from tests.acceptance.terminal import Terminal

# ------------------------------------------------------------------------------------- links


def test_K_27_a_client_cancels_by_the_link_of_the_mail(office: PostOffice):
    job = office.booked(office.service())
    token = tokens(office.to_client()[0])["cancel"]

    shown = office.presses("booking", token=token, purpose="booking-cancel")
    before = office.office.job(job)
    done = office.presses("cancel", token=token)
    again = office.presses("cancel", token=token)

    assert (shown.status, shown.json["status"]) == (200, "scheduled")
    assert before.status == "scheduled"
    assert (done.status, done.json) == (200, {"status": "cancelled"})
    assert (again.status, again.json) == (200, {"status": "cancelled"})
    assert office.office.job(job).status == "cancelled"
    cancelled = office.to_client()[-1]
    assert cancelled.subject == "Cancelled: Boiler check"
    assert cancelled.calendar["METHOD"] == "CANCEL"
    assert (str(cancelled.event["UID"]), cancelled.event["SEQUENCE"]) == (str(job), 2)
    assert office.subjects(CONTRACTOR)[-1] == "Cancelled by the client: Boiler check, Ada"
    assert len(office.to_client()) == 2


def test_K_27_a_client_chooses_another_time_by_the_link_of_the_mail(office: PostOffice):
    service = office.service()
    job = office.booked(service)
    office.office.book(service, TUESDAY + 2 * HOUR)
    token = tokens(office.to_client()[0])["reschedule"]

    taken = office.presses("reschedule", token=token, start=f"{TUESDAY + 2 * HOUR:%FT%TZ}")
    moved = office.presses("reschedule", token=token, start=f"{TUESDAY + HOUR:%FT%TZ}")
    used = office.presses("reschedule", token=token, start=f"{TUESDAY + 3 * HOUR:%FT%TZ}")

    assert (taken.status, taken.json) == (409, {"error": "slot_taken"})
    assert moved.status == 200
    assert (used.status, used.json) == (409, {"error": "link_used"})
    told = office.to_client()[-1]
    assert told.subject == "New time: Boiler check"
    assert (str(told.event["UID"]), told.event["SEQUENCE"]) == (str(job), 2)
    assert told.event["DTSTART"].dt == TUESDAY + HOUR
    assert office.subjects(CONTRACTOR)[-1] == "Moved by the client: Boiler check, Ada"
    newest = tokens(told)["cancel"]
    old = tokens(office.to_client()[0])["cancel"]
    assert office.presses("cancel", token=old).json == {"error": "link_used"}
    assert office.presses("cancel", token=newest).status == 200


def test_a_link_is_refused_clearly_when_it_is_over_for_something_else_or_not_ours(
    office: PostOffice,
):
    office.booked(office.service())
    found = tokens(office.to_client()[0])

    wrong = office.presses("cancel", token=found["reschedule"])
    strange = office.presses("cancel", token=found["cancel"][:-2] + "xx")
    looked = office.story.client.get("/client/cancel", query_string={"token": found["cancel"]})
    office.until(TUESDAY)
    late = office.presses("cancel", token=found["cancel"])

    assert (wrong.status, wrong.json) == (403, {"error": "link_for_something_else"})
    assert (strange.status, strange.json) == (404, {"error": "link_not_ours"})
    assert looked.status_code == 405
    assert (late.status, late.json) == (410, {"error": "link_expired"})


def waits(office: PostOffice, service: UUID, name: str) -> Any:
    """Somebody stands in the line for Tuesday; what they were told."""
    body = {
        "client": {"name": name, "email": f"{name}@example.com"},
        "wanted_from": f"{TUESDAY:%FT%TZ}",
        "wanted_until": f"{TUESDAY + HOUR:%FT%TZ}",
    }
    answer = office.story.post(f"/services/{service}/waiting-list", body)
    assert answer.status == 201
    return answer.json


def test_K_27_an_offer_is_taken_up_by_the_link_of_its_mail_once_and_in_time(
    open_office: OpenPostOffice,
):
    office = open_office()
    service = office.service()
    job = office.booked(service)
    for name in ("first", "second", "third"):
        waits(office, service, name)
    office.decides(job, "cancel")
    first = tokens(office.server.to("first@example.com")[0])

    by_id = office.story.post(f"/waiting-list/{UUID(int=1)}/accept", {})
    swapped = office.presses("waiting-list/leave", token=first["accept"])
    forged = office.presses("waiting-list/accept", token=first["accept"][:-2] + "xx")
    left = office.presses("waiting-list/leave", token=first["leave"])
    second = tokens(office.server.to("second@example.com")[0])
    gone = office.presses("waiting-list/accept", token=first["accept"])
    office.later(2 * HOUR)
    late = office.presses("waiting-list/accept", token=second["accept"])
    office.starts("tidy-bookings")
    third = tokens(office.server.to("third@example.com")[0])
    taken = office.presses("waiting-list/accept", token=third["accept"])
    again = office.presses("waiting-list/accept", token=third["accept"])

    assert by_id.status == 404
    assert (swapped.status, swapped.json) == (403, {"error": "link_for_something_else"})
    assert (forged.status, forged.json) == (404, {"error": "link_not_ours"})
    assert (left.status, left.json) == (200, {"status": "left"})
    assert (gone.status, gone.json) == (409, {"error": "the offer is over"})
    assert (late.status, late.json) == (410, {"error": "link_expired"})
    assert (taken.status, taken.json["status"]) == (201, "scheduled")
    assert (again.status, again.json) == (201, taken.json)
    office.later(HOUR + HOUR / 60)  # the answer to the first one is not given again any more
    used = office.presses("waiting-list/accept", token=third["accept"])
    assert (used.status, used.json) == (409, {"error": "link_used"})
    assert office.office.job(UUID(taken.json["job_id"])).status == "scheduled"


def test_K_27_who_waits_leaves_the_line_by_what_they_were_told_at_first(
    open_office: OpenPostOffice,
):
    office = open_office()
    service = office.service()
    job = office.booked(service)
    token = waits(office, service, "first")["leave_token"]
    waits(office, service, "second")

    left = office.presses("waiting-list/leave", token=token)
    again = office.presses("waiting-list/leave", token=token)
    office.decides(job, "cancel")

    assert (left.json, again.json) == ({"status": "left"}, {"status": "left"})
    assert office.subjects("first@example.com") == []
    assert office.subjects("second@example.com") == ["A time is free: Boiler check"]


def test_S1_links_of_before_the_secret_was_exchanged_still_count(
    office: PostOffice, open_office: OpenPostOffice
):
    office.booked(office.service())
    token = tokens(office.to_client()[0])["cancel"]

    later = open_office(
        CLIENT_LINK_SECRET="the-newer-secret-of-links",
        CLIENT_LINK_SECRET_PREVIOUS="link-secret-of-the-tests",
    )
    assert later.presses("booking", token=token, purpose="booking-cancel").status == 200
    without = open_office(CLIENT_LINK_SECRET="the-newest-secret-of-links")
    assert without.presses("booking", token=token, purpose="booking-cancel").status == 404


# --------------------------------------------------------------------------------- reminders


def reminders(office: PostOffice) -> list[str]:
    return [subject for subject in office.subjects() if subject.startswith("Reminder")]


def test_R_18_R_19_reminders_come_24_hours_and_1_hour_before_once_each_with_a_text_message(
    office: PostOffice,
):
    office.booked(office.service(), phone=PHONE)

    office.until(TUESDAY - DAY - HOUR)
    assert reminders(office) == []
    office.until(TUESDAY - DAY)
    assert reminders(office) == ["Reminder: Boiler check, in 24 hours"]
    assert [each.to for each in office.twilio.messages] == [PHONE]
    assert PARIS in office.twilio.messages[0].text
    office.until(TUESDAY - HOUR)

    assert reminders(office) == [
        "Reminder: Boiler check, in 24 hours",
        "Reminder: Boiler check, in one hour",
    ]
    assert len(office.twilio.messages) == 2


def test_R_18_one_that_is_late_says_when_and_not_how_long_it_is_until_then(office: PostOffice):
    """No worker ran for a day, up to half an hour before."""
    office.booked(office.service(), phone=PHONE)

    office.until(TUESDAY - HOUR / 2)

    (subject,) = reminders(office)
    assert subject.startswith("Reminder: Boiler check, Tuesday, November 25, 2025 at ")
    assert len(office.twilio.messages) == 1


def test_R_18_none_of_what_has_begun(office: PostOffice):
    office.booked(office.service(), phone=PHONE)

    office.until(TUESDAY)

    assert reminders(office) == []
    assert office.twilio.messages == []


def test_R_18_none_after_it_was_cancelled(office: PostOffice):
    job = office.booked(office.service(), phone=PHONE)
    office.until(TUESDAY - DAY)

    office.decides(job, "cancel")
    office.until(TUESDAY + DAY)

    assert len(reminders(office)) == 1
    assert len(office.twilio.messages) == 1


def test_X31_whoever_is_told_nothing_asks_before_reminding(office: PostOffice):
    """A change that no flow told: the timers read the version when they are due."""
    job = office.booked(office.service(), phone=PHONE)
    office.office.cancel(job)

    office.until(TUESDAY + DAY)

    assert reminders(office) == []
    assert office.twilio.messages == []


def test_R_18_X31_reminders_move_with_the_booking(office: PostOffice):
    office.booked(office.service())
    token = tokens(office.to_client()[0])["reschedule"]
    office.presses("reschedule", token=token, start=f"{TUESDAY + DAY:%FT%TZ}")

    office.until(TUESDAY - HOUR)
    assert reminders(office) == []
    office.until(TUESDAY)
    assert reminders(office) == ["Reminder: Boiler check, in 24 hours"]
    office.until(TUESDAY + DAY - HOUR)

    assert len(reminders(office)) == 2
    assert "Wednesday, November 26, 2025" in office.to_client()[-1].text


def test_R_19_who_opted_out_gets_the_mails_alone_and_the_status_of_messages_is_kept(
    office: PostOffice,
):
    office.booked(office.service(), phone=PHONE)
    office.until(TUESDAY - DAY)
    (sid,) = [each.sid for each in office.twilio.messages]
    run = office.story.runs("job-reminders")[0]
    shown = Terminal.of(office.story).type("runs", "show", str(run.id), "--json").json
    assert [(each["sid"], each["number"]) for each in shown["text_messages"]] == [(sid, PHONE)]

    office.opts_out(PHONE)
    office.until(TUESDAY - HOUR)

    assert len(office.twilio.messages) == 1
    assert len(reminders(office)) == 2


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Australia/Lord_Howe", "America/Phoenix"])
def test_R_18_each_client_reads_the_time_of_their_own_zone(office: PostOffice, zone: str):
    office.booked(office.service(), timezone=zone)
    said = {
        "Asia/Kolkata": "Tuesday, November 25, 2025 at 8:30 PM (Asia/Kolkata)",
        "Australia/Lord_Howe": "Wednesday, November 26, 2025 at 2:00 AM (Australia/Lord_Howe)",
        "America/Phoenix": "Tuesday, November 25, 2025 at 8:00 AM (America/Phoenix)",
    }[zone]

    office.until(TUESDAY - DAY)
    office.until(TUESDAY - HOUR)

    assert [said in mail.text for mail in office.to_client()] == [True, True, True]
