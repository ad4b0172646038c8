"""The endpoints and commands of slots and sessions, over HTTP (R-10 to R-14, R-18 to R-28, X31)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from hub.storage import tables
from tests.acceptance.garage import LENGTH, MORE_SECRETS, PRICE, QUARTER, Garage
from tests.acceptance.messages import Answer
from tests.acceptance.story import HOUR
from tests.acceptance.terminal import Terminal

CRON = "/api/cron/release-expired-reservations"
TEAM = "team@example.com"


def change(garage: Garage, what: str, session: str, **more: Any) -> Answer:
    body = {"session_id": session, "customer_id": str(garage.customer), **more}
    return garage.app(f"/api/sessions/{what}", body)


def calendars(garage: Garage) -> list[str]:
    """The calendar entries that the customer got, one after another."""
    parts = (part for mail in garage.mails() for part in mail.message.walk())
    return [str(part.get_content()) for part in parts if part.get_content_type() == "text/calendar"]


# ------------------------------------------------------------------------------------------- slots


def test_R_12_a_time_is_checked_as_a_reservation_would_be(garage: Garage):
    start = garage.hub.now() + 30 * HOUR
    garage.book(start)
    asked = {"mechanic_id": str(garage.mechanic)}

    def checked(begin: Any, end: Any) -> Any:
        times = {"start": begin.isoformat(), "end": end.isoformat()}
        return garage.app("/api/availability/check-slots", {**asked, **times}).json

    taken = checked(start, start + LENGTH)
    assert (taken["available"], taken["reason"]) == (False, "slot_taken")
    assert checked(start + LENGTH, start + 2 * LENGTH)["available"]
    assert checked(start, start)["reason"] == "invalid_slot"
    assert checked(start - 60 * HOUR, start)["reason"] == "slot_in_past"


def test_R_10_R_21_each_reads_own_reservations_and_sessions_alone(garage: Garage):
    session = garage.book()
    (row,) = garage.hub.rows(tables.slot_reservations)
    mine = {"viewer": "customer", "viewer_id": str(garage.customer)}
    mechanics = {"viewer": "mechanic", "viewer_id": str(garage.mechanic)}
    strangers = {"viewer": "customer", "viewer_id": str(garage.mechanic)}

    for view in (mine, mechanics):
        assert [
            each["reservation_id"]
            for each in garage.reads("/api/reservations", **view).json["reservations"]
        ] == [str(row.id)]
        seen = garage.reads(f"/api/reservations/{row.id}", **view).json
        assert (seen["status"], seen["session_id"]) == ("confirmed", session)
        listed = garage.reads("/api/sessions", **view).json["sessions"]
        assert [each["session_id"] for each in listed] == [session]
    assert garage.reads("/api/reservations", **strangers).json == {"reservations": []}
    assert garage.reads(f"/api/reservations/{row.id}", **strangers).status_code == 404
    assert garage.reads("/api/reservations/none", **mine).status_code == 404
    assert garage.reads("/api/sessions", **strangers).json == {"sessions": []}
    assert garage.reads("/api/sessions", token="another", **mine).status_code == 401
    assert garage.reads("/api/sessions", viewer="customer").status_code == 422


def test_R_14_a_scheduler_outside_needs_the_secret(garage: Garage):
    garage.checkout()
    garage.hub.clock.advance(QUARTER)

    wrong = [{}, {"Authorization": "Bearer wrong"}, {"Authorization": MORE_SECRETS["CRON_SECRET"]}]
    for headers in wrong:
        assert garage.hub.post(CRON, {}, headers=headers).status == 401
    assert garage.reservations() == ["reserved"]
    right = {"Authorization": f"Bearer {MORE_SECRETS['CRON_SECRET']}"}
    answer = garage.hub.post(CRON, {}, headers=right)

    assert (answer.status, answer.json) == (200, {"released": 1})
    assert garage.hub.post(CRON, {}, headers=right).json == {"released": 0}
    with garage.hub.worker_at_work():
        bare = garage.hub.client.post(CRON, headers=right)
    assert (bare.status_code, bare.get_json()) == (200, {"released": 0})


@pytest.mark.parametrize("value", ["", None])
def test_R_14_without_a_secret_every_call_is_refused(
    open_garage: Callable[..., Garage], value: str | None
):
    garage = open_garage(CRON_SECRET=value or "")

    for told in ("", "Bearer ", "Bearer None", "Bearer x"):
        answer = garage.hub.post(CRON, {}, headers={"Authorization": told} if told else {})
        assert answer.status in {401, 503}
    assert garage.hub.runs("cron-release-expired-reservations") == []


# ---------------------------------------------------------------------------------------- sessions


def test_R_20_a_session_for_now_is_pending_and_takes_no_slot(garage: Garage):
    body = {
        "customer_id": str(garage.customer),
        "mechanic_id": str(garage.mechanic),
        "session_type": "chat",
    }

    answer = garage.app("/api/sessions", body)

    assert (answer.status, answer.json["status"]) == (201, "pending")
    assert garage.reservations() == []


def test_X31_R_13_what_is_booked_moved_and_cancelled_is_one_entry_of_the_calendar(garage: Garage):
    session = garage.book()
    new = garage.hub.now() + 54 * HOUR

    moved = change(garage, "reschedule", session, scheduled_for=new.isoformat(), by="Ada")
    again = change(garage, "reschedule", session, scheduled_for=new.isoformat(), by="Ada ")
    cancelled = change(garage, "cancel", session)

    assert (moved.status, moved.json["version"], again.json["version"]) == (200, 2, 2)
    assert cancelled.status == 200
    entries = calendars(garage)
    assert all(f"UID:{session}\r\n" in each for each in entries)
    for number, method in enumerate(("REQUEST", "REQUEST", "CANCEL")):
        assert f"SEQUENCE:{number + 1}\r\n" in entries[number]
        assert f"METHOD:{method}\r\n" in entries[number]
    assert "STATUS:CANCELLED" in entries[2]
    (row,) = garage.sessions()
    assert [entry["by"] for entry in row.reschedule_history] == ["Ada"]
    assert (row.scheduled_for, row.status, row.version) == (new, "cancelled", 3)
    assert garage.stripe.kept(garage.intent()) == 0
    assert garage.is_settled()


def test_X30_a_taken_time_leaves_everything_as_it_was(garage: Garage):
    first = garage.hub.now() + 54 * HOUR
    garage.book(first)
    garage.customer = uuid4()
    session = garage.book()

    answer = change(garage, "reschedule", session, scheduled_for=first.isoformat())

    assert (answer.status, answer.json) == (409, {"error": "slot_taken"})
    assert garage.sessions()[0].version == 1
    assert garage.is_settled()


def test_R_24_what_is_cancelled_can_be_booked_again_at_once(garage: Garage):
    start = garage.hub.now() + 30 * HOUR
    session = garage.book(start)
    assert change(garage, "cancel", session).status == 200
    garage.customer = uuid4()

    again = garage.book(start)

    assert again != session
    assert garage.is_settled()


def test_R_24_by_the_same_customer_too(garage: Garage):
    start = garage.hub.now() + 30 * HOUR
    assert change(garage, "cancel", garage.book(start)).status == 200
    garage.hub.later(QUARTER)

    garage.book(start)

    assert garage.reservations() == ["cancelled", "confirmed"]
    assert garage.is_settled()


def test_R_21_nobody_changes_what_belongs_to_another(garage: Garage):
    session = garage.book()
    garage.customer = uuid4()
    new = (garage.hub.now() + 54 * HOUR).isoformat()

    assert change(garage, "cancel", session).status == 404
    assert change(garage, "reschedule", session, scheduled_for=new).status == 404
    assert change(garage, "waiver", session, signed_by="Eve").status == 404
    status = {"session_id": session, "mechanic_id": str(uuid4()), "status": "no_show"}
    assert garage.app("/api/sessions/status", status).status == 404
    assert garage.is_settled()


def test_R_28_the_waiver_is_signed_on_the_day_and_then_it_begins(garage: Garage):
    session = garage.book()
    begins = {"session_id": session, "mechanic_id": str(garage.mechanic), "status": "in-progress"}

    early = change(garage, "waiver", session, signed_by="Ada Byron")
    garage.hub.clock.advance(29 * HOUR)
    without = garage.app("/api/sessions/status", begins)
    garage.hub.clock.advance(timedelta(minutes=1))
    signed = change(garage, "waiver", session, signed_by="Ada Byron")
    begun = garage.app("/api/sessions/status", begins)

    assert (early.status, early.json) == (409, {"error": "too_early"})
    assert (without.status, without.json) == (409, {"error": "waiver_missing"})
    assert signed.status == 200
    assert begun.json["status"] == "in-progress"


def test_R_25_a_mechanic_who_goes_leaves_marks_and_alerts_once(garage: Garage):
    session = garage.book()
    gone = {"mechanic_id": str(garage.mechanic), "is_online": False}

    first = garage.app("/api/mechanics/presence", gone)
    garage.hub.clock.advance(timedelta(minutes=1))
    second = garage.app("/api/mechanics/presence", gone)

    assert (first.json["affected"], second.json["affected"]) == ([session], [])
    assert garage.subjects(TEAM) == ["A booked mechanic is away"]
    assert "Your mechanic may not be there" in garage.subjects()
    assert garage.checkout(garage.hub.now() + 60 * HOUR).json == {"error": "mechanic_offline"}
    assert garage.is_settled(), "it stays booked and paid until somebody decides"


# ----------------------------------------------------------------------------------------- monitors


def test_R_27_the_monitor_counts_what_was(garage: Garage):
    garage.book()
    garage.checkout(garage.hub.now() + 60 * HOUR)
    garage.hub.later(QUARTER)

    seen = garage.reads("/api/slots/monitor").json

    assert (seen["conflicts"], seen["confirmed"], seen["reserved"]) == (0, 1, 0)
    assert (seen["sessions"], seen["scheduled_share"]) == (1, 1.0)
    assert seen["revenue"] == [{"currency": "cad", "amount": PRICE, "sessions": 1}]
    assert seen["peak_hours"] == [{"hour": 13, "sessions": 1}]
    assert garage.reads("/api/slots/monitor", token="another").status_code == 401


def test_R_27_hub_slots_lists_and_counts(garage: Garage):
    session = garage.book(garage.hub.now() + 400 * 24 * HOUR)
    terminal = Terminal.of(garage.hub)

    (line,) = map(json.loads, terminal.type("slots", "--json").out.splitlines())
    assert (line["session_id"], line["seat"], line["status"]) == (session, 1, "confirmed")
    assert session in terminal.type("slots").out
    other = terminal.type("slots", "--mechanic", str(uuid4()))
    assert "no time is reserved" in other.out
    figures = terminal.type("slots", "monitor", "--json")
    assert (figures.code, figures.json["conflicts"]) == (0, 0)
    assert "utilisation" in terminal.type("slots", "monitor").out
    wrong = terminal.type("slots", "monitor", "--timezone", "Mars")
    assert wrong.code == 2


def test_a_capacity_is_set_and_noted(garage: Garage):
    terminal = Terminal.of(garage.hub)
    mechanic = str(garage.mechanic)

    assert terminal.type("slots", "capacity", mechanic, "2", "--json").json == {"capacity": 2}
    assert "serves 3" in terminal.type("slots", "capacity", mechanic, "3").out
    assert terminal.type("slots", "capacity", mechanic, "0").code != 0

    start = garage.hub.now() + 30 * HOUR
    for _ in range(3):
        garage.customer = uuid4()
        garage.book(start)
    garage.customer = uuid4()
    assert garage.checkout(start).status == 409


def test_D2_a_conflict_is_found_by_the_monitor_and_by_the_doctor(garage: Garage):
    """Which only somebody can make who takes the constraint away."""
    garage.book()
    terminal = Terminal.of(garage.hub)
    broken = "UPDATE sessions SET reservation_id = gen_random_uuid()"
    with garage.hub.transaction() as db:
        db.execute(text(broken))

    told = terminal.type("slots", "monitor", "--json")

    assert told.code == 1
    assert told.json["conflicts"] >= 1
    assert "its reservation" in terminal.type("doctor").out
    with garage.hub.transaction() as db:
        db.execute(tables.slot_reservations.delete())
        db.execute(tables.sessions.delete())
