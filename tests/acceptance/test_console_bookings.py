"""Phones and bookings in the console: looking, holds by hand, decisions as staff make them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from hub.domain.booking_sessions import pictures
from hub.domain.booking_sessions.pictures import Picture
from hub.people.roles import Role
from hub.storage import audit, tables
from tests.acceptance.booked_rows import browser_session, pending_job, reserved_slot
from tests.acceptance.browser import Browser
from tests.acceptance.story import DAY, HOUR, SAMPLE_TIME, Story

PHONES = "/admin/bookings/phones"
PENDING = "/admin/bookings/pending"


def acts(hub: Story) -> list[tuple[str, str]]:
    with hub.transaction() as db:
        assert audit.faults(db) == []
        return [(row.who, row.action) for row in audit.newest(db, limit=50)][::-1]


def phone_of(hub: Story, number: str | None) -> str:
    (row,) = hub.rows(tables.phone_numbers, number=number)
    return str(row.id)


# ------------------------------------------------------------------------------------------ phones


def test_H_25_H_26_holds_stand_there_with_what_they_wait_for_and_the_overdue_first(hub: Story):
    hub.books(hub.holder("Early"), SAMPLE_TIME)
    hub.clock.advance(-20 * HOUR)
    late = hub.holder("Late")
    hub.clock.advance(20 * HOUR)

    page = Browser.of(hub, Role.OPERATOR).get(PHONES)

    assert "Early" in page.text
    assert "pending (" in page.text
    assert page.text.index("Overdue") < page.text.index("Late") < page.text.index("Early")
    assert str(hub.number_of(late)) in page.text


def test_who_may_only_look_sees_neither_names_nor_numbers_of_leads(hub: Story):
    lead = hub.holder("Zoë", email="zoe@example.com")
    hub.books(lead, SAMPLE_TIME)
    pending_job(hub, "Grace Hopper")
    session = browser_session(hub, "Katherine")
    viewer = Browser.of(hub, Role.VIEWER)
    week = f"/admin/bookings?week={hub.now() + 3 * DAY:%Y-%m-%d}"
    of_appointment = f"/admin/bookings?week={SAMPLE_TIME:%Y-%m-%d}"

    for address in (PHONES, PENDING, week, of_appointment, f"/admin/bookings/sessions/{session}"):
        page = viewer.get(address)
        assert page.status == 200
        for secret in ("Zoë", "zoe@", "Grace", "Katherine", str(hub.number_of(lead))):
            assert secret not in page.html, (address, secret)
        assert not {each for each in page.actions() if "bookings" in each}
    assert "Grace Hopper" in Browser.of(hub, Role.OPERATOR).get(week).text
    assert "Zoë" in Browser.of(hub, Role.OPERATOR).get(of_appointment).text


def test_an_operator_extends_a_hold_and_it_is_noted(hub: Story):
    lead = hub.holder()
    before, operator = hub.held_until(lead), Browser.of(hub, Role.OPERATOR)
    assert before is not None
    address = f"{PHONES}/{phone_of(hub, hub.number_of(lead))}/extend"

    answer = operator.submit(operator.get(PHONES), address, hours="72")

    assert answer.location == PHONES
    assert hub.held_until(lead) == before + 72 * HOUR
    assert acts(hub)[-1] == ("operator@example.com", "console extend hold")
    last = hub.entries(lead, "phone")[-1]
    assert (last.outcome, "operator@example.com" in last.text) == ("extended", True)
    refused = operator.submit(operator.get(PHONES), address, hours="9000")
    assert (refused.status, hub.held_until(lead)) == (409, before + 72 * HOUR)


def test_an_operator_releases_a_number_that_no_appointment_holds(hub: Story):
    lead = hub.holder()
    number, operator = hub.number_of(lead), Browser.of(hub, Role.OPERATOR)
    assert number is not None
    address = f"{PHONES}/{phone_of(hub, number)}/release"

    operator.submit(operator.get(PHONES), address)

    assert hub.is_available(number)
    assert acts(hub)[-1] == ("operator@example.com", "console release hold")
    token = operator.get("/admin/account").form("/admin/sign-out").fields
    again = operator.post(address, token)
    assert (again.status, "nobody holds this number" in again.text) == (409, True)


def test_H_19_a_number_that_an_appointment_holds_is_not_released_by_hand_either(hub: Story):
    lead = hub.holder()
    hub.books(lead, SAMPLE_TIME)
    number, operator = hub.number_of(lead), Browser.of(hub, Role.OPERATOR)

    page = operator.submit(operator.get(PHONES), f"{PHONES}/{phone_of(hub, number)}/release")

    assert page.status == 409
    assert "an appointment holds" in page.text
    assert hub.number_of(lead) == number
    assert "console release hold" not in [action for _, action in acts(hub)]


# --------------------------------------------------------------------------------------- decisions


@pytest.mark.parametrize(
    ("decision", "status"), [("confirm", "scheduled"), ("decline", "cancelled")]
)
def test_a_booking_is_decided_by_the_workflow_that_staff_use(
    hub: Story, decision: str, status: str
):
    job, operator = pending_job(hub), Browser.of(hub, Role.OPERATOR)
    page = operator.get(PENDING)
    assert "Ada Byron" in page.text

    answer = operator.submit(
        page, f"/admin/bookings/jobs/{job}/decide", decision=decision, reason="Closed"
    )
    hub.work_all()

    (row,) = hub.rows(tables.jobs, id=job)
    assert row.status == status
    (run,) = hub.runs("booking-decision")
    assert (answer.location, run.status) == (f"/admin/runs/{run.id}", "succeeded")
    assert acts(hub)[-1] == ("operator@example.com", f"console {decision} booking")
    assert "nothing waits for a decision" in operator.get(PENDING).text


def test_a_decision_that_makes_no_sense_or_has_no_job_starts_nothing(hub: Story):
    job, operator = pending_job(hub), Browser.of(hub, Role.OPERATOR)
    token = operator.get("/admin/account").form("/admin/sign-out").fields

    odd = operator.post(f"/admin/bookings/jobs/{job}/decide", {**token, "decision": "explode"})
    none = operator.post(f"/admin/bookings/jobs/{uuid4()}/decide", {**token, "decision": "confirm"})

    assert (odd.status, none.status) == (409, 409)
    assert hub.runs("booking-decision") == []


# ----------------------------------------------------------------------------------------- looking


def test_the_calendar_shows_a_week_and_leads_to_the_next_one(hub: Story):
    hub.books(hub.holder("Zoë"), SAMPLE_TIME)
    browser = Browser.of(hub, Role.OPERATOR)

    page = browser.get("/admin/bookings?week=2025-12-03")
    assert "1 Dec 2025 to 7 Dec 2025" in page.text
    assert "Zoë" in page.text
    assert "/admin/bookings?week=2025-12-08" in page.links()
    assert "Zoë" not in browser.get("/admin/bookings?week=2025-12-08").text
    for odd in ("", "x", "0001-01-01", "9999-12-31"):
        assert browser.get(f"/admin/bookings?week={odd}").status == 200


def test_slots_and_sessions_of_browsers_are_told(hub: Story):
    reserved_slot(hub)
    session = browser_session(hub)
    browser = Browser.of(hub, Role.OPERATOR)

    assert "reserved" in browser.get("/admin/bookings/slots").text
    listed = browser.get("/admin/bookings/sessions")
    assert f"/admin/bookings/sessions/{session}" in listed.links()
    page = browser.get(f"/admin/bookings/sessions/{session}")
    for said in ("Ada Byron", "created", "Place in line 1"):
        assert said in page.text
    assert browser.get(f"/admin/bookings/sessions/{uuid4()}").status == 404
    older = browser.get(f"/admin/bookings/sessions?before={session}")
    assert f"/admin/bookings/sessions/{session}" not in older.links()


def test_a_session_shows_its_pictures_to_those_who_may_see_whom_it_is_for(hub: Story):
    session, jpeg = browser_session(hub), b"\xff\xd8\xff of the first state"
    address = f"/admin/bookings/sessions/{session}"
    with hub.transaction() as db:
        pictures.keep(db, session, Picture("created", hub.now(), jpeg))
    operator, viewer = Browser.of(hub, Role.OPERATOR), Browser.of(hub, Role.VIEWER)

    assert f'<img src="{address}/pictures/created"' in operator.get(address).html
    assert "<img" not in viewer.get(address).html
    got = operator.client.get(f"{address}/pictures/created")
    assert (got.status_code, got.data, got.content_type) == (200, jpeg, "image/jpeg")
    assert got.headers["Cache-Control"] == "private, no-store"
    assert "img-src 'self'" in got.headers["Content-Security-Policy"]
    assert viewer.get(f"{address}/pictures/created").status == 403
    for missing in (
        f"{address}/pictures/failed",
        f"{address}/pictures/x",
        f"{address}0/pictures/x",
    ):
        assert operator.get(missing).status == 404


def test_the_empty_pages_say_that_there_is_nothing(hub: Story):
    browser = Browser.of(hub, Role.VIEWER)

    for address, said in (
        (PHONES, "No lead has a number."),
        (PENDING, "nothing waits for a decision"),
        ("/admin/bookings/slots", "No time is reserved."),
        ("/admin/bookings/sessions", "No browser has booked"),
        ("/admin/bookings", "nothing"),
    ):
        assert said in browser.get(address).text
