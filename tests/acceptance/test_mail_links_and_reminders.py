"""The links in mails, and the reminders (K-27, R-18, R-19, S1, X31)."""

from __future__ import annotations

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
