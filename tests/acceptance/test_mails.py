"""The mails about bookings, as a mail server gets them: whom, what, and when not (K-16 to K-19)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.domain.bookings.contacts import Client
from tests.acceptance.post_office import (
    APP,
    CLIENT,
    CONTRACTOR,
    NEW_YORK,
    PARIS,
    TUESDAY,
    OpenPostOffice,
    PostOffice,
)
from tests.acceptance.story import HOUR
from tests.acceptance.terminal import Terminal

CATALOGUE = {
    "client-booked": (CLIENT, "Booked: Boiler check", PARIS),
    "client-pending": (CLIENT, "We received your request: Boiler check", PARIS),
    "client-confirmed": (CLIENT, "Confirmed: Boiler check", PARIS),
    "client-declined": (
        CLIENT,
        "Your booking could not be confirmed: Boiler check",
        "Reason: We are closed.",
    ),
    "client-cancelled": (CLIENT, "Cancelled: Boiler check", "Reason: We are closed."),
    "client-rescheduled": (CLIENT, "New time: Boiler check", PARIS),
    "client-expired": (
        CLIENT,
        "Your request was not answered in time: Boiler check",
        PARIS,
    ),
    "client-reminder-24h": (CLIENT, "Reminder: Boiler check, in 24 hours", PARIS),
    "client-reminder-1h": (CLIENT, "Reminder: Boiler check, in one hour", PARIS),
    "contractor-new": (CONTRACTOR, "New booking: Boiler check, Ada", NEW_YORK),
    "contractor-cancelled": (
        CONTRACTOR,
        "Cancelled by the client: Boiler check, Ada",
        "Reason: We are closed.",
    ),
    "contractor-rescheduled": (CONTRACTOR, "Moved by the client: Boiler check, Ada", NEW_YORK),
}
INVITED = {"client-booked", "client-confirmed", "client-cancelled", "client-rescheduled"}


# ------------------------------------------------------------------------------ the whole catalogue


@pytest.mark.parametrize("kind", CATALOGUE)
def test_X39_X35_each_mail_of_the_catalogue_goes_as_text_and_html_to_whom_it_is_for(
    office: PostOffice, kind: str
):
    """K-16, K-17, K-18: one recipient, never empty; links and sender of this environment."""
    job = office.office.book(office.service(), TUESDAY).id
    if kind.endswith("cancelled"):
        office.office.cancel(job)
    recipient, subject, said = CATALOGUE[kind]

    office.sends(kind, job, reason="We are closed.")

    (mail,) = office.server.mails
    assert mail.recipients == (recipient,)
    assert mail.sender == "bookings@staging.example.org"
    assert mail.message["From"] == "bookings@staging.example.org"
    assert mail.message["To"] == recipient
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.subject == subject
    assert said in mail.text
    assert said in mail.html
    assert APP in mail.text
    assert APP in mail.html
    invitation = ["text/calendar"] if kind in INVITED else []
    assert mail.kinds == ["text/plain", "text/html", *invitation]
    assert "${{" not in mail.text + mail.html


def test_X39_every_template_of_the_project_is_one_of_the_catalogues():
    folder = Path(__file__).parents[2] / "templates"
    workflows = "".join(each.read_text() for each in folder.parent.glob("workflows/*.yaml"))

    names = {each.stem for each in folder.iterdir()}

    assert {each.name for each in folder.iterdir()} == {
        f"{name}.{ending}" for name in names for ending in ("txt", "html")
    }
    assert [name for name in names if f"templates/{name}.html" not in workflows] == []
    assert [name for name in names if f"templates/{name}.txt" not in workflows] == []


HOSTILE = (
    "<script>alert(1)</script>\r\nBcc: eve@example.com\r\n\r\n"
    "https://evil.example.com/${{ secrets.X }}"
)


@pytest.mark.parametrize("kind", ["client-confirmed", "contractor-new"])
def test_S14_a_hostile_name_is_text_on_one_line_and_no_link(office: PostOffice, kind: str):
    job = office.office.book(office.service(), TUESDAY, Client(HOSTILE, CLIENT)).id

    office.sends(kind, job)

    for mail in office.server.mails:
        assert len(mail.recipients) == 1
        assert mail.message["Bcc"] is None
        assert "<script>" not in mail.html
        assert "&lt;script&gt;alert(1)&lt; script&gt; Bcc: eve@example. com" in mail.html
        assert "evil.example.com" not in mail.text + mail.html
        assert "\nBcc" not in mail.text
    assert len(office.server.mails) == 1


# ---------------------------------------------------------------------------------- the flows


def test_K_16_who_books_at_once_gets_one_mail_with_an_invitation_and_the_contractor_one(
    office: PostOffice,
):
    job = office.booked(office.service())

    (mail,) = office.to_client()
    assert mail.subject == "Booked: Boiler check"
    assert str(mail.event["UID"]) == str(job)
    assert mail.event["SEQUENCE"] == 1
    assert mail.event["DTSTART"].dt == TUESDAY
    assert mail.event["ATTENDEE"] == f"mailto:{CLIENT}"
    assert mail.calendar["METHOD"] == "REQUEST"
    assert mail.message["Reply-To"] == CONTRACTOR
    (told,) = office.to_contractor()
    assert told.subject == "New booking: Boiler check, Ada"
    assert f"{APP}/jobs/{job}" in told.text


def test_K_12_K_13_what_the_contractor_decides_is_told_to_the_client(office: PostOffice):
    service = office.service(require_confirmation=True)
    confirmed, declined = office.booked(service), office.booked(service, TUESDAY + HOUR)

    assert office.decides(confirmed, "confirm").status == 200
    assert office.decides(declined, "decline", reason="Bob is ill.").status == 200
    assert office.decides(confirmed, "confirm").status == 200

    assert office.subjects() == [
        "We received your request: Boiler check",
        "We received your request: Boiler check",
        "Confirmed: Boiler check",
        "Your booking could not be confirmed: Boiler check",
    ]
    assert office.to_client()[2].event["SEQUENCE"] == 2
    assert "Reason: Bob is ill." in office.to_client()[3].text
    assert len(office.to_contractor()) == 2


def test_X34_K_23_no_mail_leaves_before_the_booking_is_stored(office: PostOffice):
    """What is accepted and not worked on has sent nothing; what is refused never does."""
    service = office.service()
    office.booked(service)
    office.server.mails.clear()

    refused = office.books(service, email="eve@example.com")
    waiting = office.books(service, TUESDAY + HOUR, is_worked=False)

    assert (refused.status, refused.json) == (409, {"error": "slot_taken"})
    assert waiting.status == 202
    assert office.server.mails == []
    office.story.work_all()
    assert len(office.server.mails) == 2


def test_K_23_mails_that_cannot_leave_now_are_tried_again_and_seen(office: PostOffice):
    office.server.refuses(CLIENT, "451 4.3.0 later")
    office.booked(office.service())
    assert office.to_client() == []
    run = office.story.runs("booking-request")[0]
    assert run.status == "waiting"

    office.server.accepts(CLIENT)
    office.later(HOUR)

    assert office.subjects() == ["Booked: Boiler check"]
    steps = office.story.steps(run.id)
    assert [step.attempts for path, step in steps.items() if path.endswith("client_booked")] == [2]


def test_K_18_where_mail_is_off_everything_is_done_and_logged_and_nothing_is_sent(
    open_office: OpenPostOffice, caplog: pytest.LogCaptureFixture
):
    office = open_office(MAIL_SENDING="off")

    with caplog.at_level("INFO"):
        office.booked(office.service())

    assert office.server.mails == []
    assert [each.getMessage() for each in caplog.records].count("mail is off: not sent") == 2
    run = office.story.runs("booking-request")[0]
    mailed = [each for each in office.story.steps(run.id).values() if each.action == "email.send"]
    assert [each.result["sent"] for each in mailed] == [False, False]


# ------------------------------------------------------------------------------- the three modes


@pytest.mark.parametrize("mode", ["simulate", "test"])
def test_D10_outside_of_live_no_mail_of_the_catalogue_reaches_a_client(
    open_office: OpenPostOffice, project: Path, mode: str
):
    """The live column of the matrix is each of the tests above."""
    settings = project / "hub.yaml"
    text = settings.read_text().replace("  email: []\n", "  email: [tester@example.org]\n")
    settings.write_text(text)
    office = open_office(mode=mode)
    job = office.office.book(office.service(), TUESDAY).id

    for kind in CATALOGUE:
        office.sends(kind, job)

    reached = [mail.recipients for mail in office.server.mails]
    assert reached == [("tester@example.org",)] * (len(CATALOGUE) if mode == "test" else 0)


# ----------------------------------------------------------------------- bounces and complaints


def sent_to(office: PostOffice, job: Any, kind: str = "client-confirmed") -> str:
    """What became of a mail that is sent now."""
    before = len(office.server.mails)
    run = office.starts("booking-mail", job_id=job, kind=kind)
    line = office.story.run(run).line
    if len(office.server.mails) > before:
        return "sent"
    return str(line.error and line.error["code"])


@pytest.mark.parametrize("kind", ["bounce", "complaint"])
def test_K_19_after_a_bounce_or_a_complaint_nothing_is_sent_until_somebody_allows_it(
    office: PostOffice, kind: str
):
    job = office.booked(office.service())

    assert office.reports("Ada@Example.com", kind).status == 202

    commands = len(office.server.mails)
    assert sent_to(office, job) == "blocked_address"
    assert len(office.server.mails) == commands
    terminal = Terminal.of(office.story)
    (line,) = terminal.type("mails", "blocked", "--json").lines
    assert (line["address"], line["reason"]) == (CLIENT, kind)
    assert CLIENT in terminal.type("mails", "blocked").out
    assert terminal.type("mails", "allow", CLIENT).out == f"{CLIENT} is written to again\n"
    assert terminal.type("mails", "blocked").out == "no address is blocked\n"
    assert sent_to(office, job) == "sent"


def test_K_19_a_report_that_nobody_signed_blocks_nobody(office: PostOffice):
    body = {"kind": "bounce", "address": CLIENT, "at": office.story.now().isoformat()}

    assert office.story.post("/webhook/mail-bounced", body).status == 401
    assert Terminal.of(office.story).type("mails", "blocked").out == "no address is blocked\n"


def test_K_19_an_address_that_the_mail_server_does_not_know_is_asked_for_once(office: PostOffice):
    job = office.booked(office.service())
    office.server.refuses(CLIENT, "550 5.1.1 no such user")

    assert sent_to(office, job) == "invalid_address"
    office.server.accepts(CLIENT)

    assert sent_to(office, job, "client-reminder-1h") == "blocked_address"
    (line,) = Terminal.of(office.story).type("mails", "blocked", "--json").lines
    assert (line["reason"], line["source"]) == ("refused", "email.send")


@pytest.mark.parametrize(
    "line", ["552 5.2.2 mailbox full", "550 your network is listed", "554 5.7.1 relay denied"]
)
def test_K_19_a_refusal_that_says_less_blocks_nobody(office: PostOffice, line: str):
    job = office.booked(office.service())
    office.server.refuses(CLIENT, line)
    sent_to(office, job)
    office.server.accepts(CLIENT)

    assert sent_to(office, job, "client-reminder-1h") == "sent"


def test_K_19_who_asks_for_it_is_written_to_no_more(office: PostOffice):
    job = office.booked(office.service())
    terminal = Terminal.of(office.story)

    assert terminal.type("mails", "block", CLIENT, "--json").json == {
        "address": CLIENT,
        "blocked": True,
    }

    assert sent_to(office, job) == "blocked_address"
    wrong = terminal.type("mails", "allow", "nobody")
    assert (wrong.code, "'nobody' is not one plain e-mail address" in wrong.err) == (1, True)
