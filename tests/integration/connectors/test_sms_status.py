"""twilio.record_status: what is told of a message counts once, forwards, and for that message."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from hub.action import Attempt
from hub.connectors.sms import TwilioClient, get_message, send_sms
from hub.connectors.sms_status import (
    Recorded,
    list_unsettled,
    moves_on,
    record_status,
)
from hub.errors import StepFailed
from hub.storage import db, opt_outs, text_messages
from tests.fakes.clock import FakeClock
from tests.fakes.services import Answer
from tests.fakes.twilio import FakeSignalWire
from tests.integration.connectors.test_sms import settings_for

NUMBER, OTHER = "+12025550147", "+12025550148"
STEP = "steps/remind"
_RUN = text(
    "INSERT INTO runs (id, workflow, version, status, mode, trigger, deadline)"
    " VALUES (:id, 'w', 'v', 'queued', :mode, '{}', now())"
)
_STEP = text(
    "INSERT INTO steps (run_id, path, kind, action, status, inputs, is_simulated, started_at)"
    " VALUES (:id, :path, 'do', :action, 'started', :inputs, :simulated, now())"
)


class Office:
    """A database with one run that texted somebody."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.run = self.add_run()

    def add_run(self, mode: str = "live", action: str = "twilio.send_sms", **step: Any) -> UUID:
        """A run whose step asked for a message to NUMBER, and heard nothing yet."""
        run_id = uuid4()
        values = {"id": run_id, "mode": mode, "path": STEP, "action": action, "simulated": False}
        values |= {"inputs": json.dumps({"to": NUMBER, "text": "hi"}), **step}
        with self.engine.begin() as connection:
            connection.execute(_RUN, values)
            connection.execute(_STEP, values)
        return run_id

    def sent(self, sid: str = "SM1") -> str:
        with self.engine.begin() as connection:
            text_messages.note_sent(connection, sid, run_id=self.run, path=STEP, number=NUMBER)
        return sid

    def told(self, status: str, sid: str = "SM1", **more: Any) -> Recorded:
        with self.engine.begin() as connection:
            return record_status(connection, sid=sid, status=status, **{"to": NUMBER, **more})

    def sent_ago(self, hours: float, sid: str) -> None:
        self.sent(sid)
        with self.engine.begin() as connection:
            aged = text("UPDATE text_messages SET sent_at = sent_at - :ago WHERE sid = :sid")
            connection.execute(aged, {"ago": timedelta(hours=hours), "sid": sid})

    def unsettled(self, mode: Any = "live", **given: Any) -> list[str]:
        attempt = Attempt(run_id=self.run, workflow="w", key="k", mode=mode)
        with self.engine.begin() as connection:
            found = list_unsettled(connection, attempt, **given)
        return [each.sid for each in found.messages]

    def messages(self) -> list[tuple[str, str | None, str | None]]:
        with self.engine.begin() as connection:
            found = text_messages.of_run(connection, self.run)
        return [(each.sid, each.status, each.error) for each in found]

    def is_out(self, number: str = NUMBER) -> bool:
        with self.engine.begin() as connection:
            return opt_outs.has_opted_out(connection, number)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    engine = db.open_engine(database, pool_size=4, application="hub test")
    yield Office(engine)
    engine.dispose()


def of_step(run: UUID, step: str = STEP) -> dict[str, str]:
    """What stands in the URL that was asked to be called."""
    return {"run": str(run), "step": step}


def test_a_message_is_delivered_in_the_end(office: Office):
    office.sent()

    told = [office.told(each).status for each in ("queued", "sending", "sent", "delivered")]

    assert told == ["queued", "sending", "sent", "delivered"]
    assert office.messages() == [("SM1", "delivered", None)]


@pytest.mark.parametrize("order", list(permutations(("queued", "sent", "delivered"))))
def test_in_whatever_order_and_however_often_it_is_told_delivered_stays(
    office: Office, order: Sequence[str]
):
    office.sent()
    for status in (*order, *order):
        office.told(status)

    assert office.messages() == [("SM1", "delivered", None)]


def test_what_is_older_than_what_is_known_says_so(office: Office):
    office.sent()
    office.told("delivered")

    late = office.told("sent")

    assert (late.recorded, late.reason, late.status) == (
        False,
        "it is delivered already",
        "delivered",
    )


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        ("delivered", "undelivered", "delivered"),
        ("undelivered", "delivered", "undelivered"),
        ("failed", "canceled", "failed"),
        ("delivered", "read", "read"),
        ("read", "delivered", "read"),
        ("partially_delivered", "delivered", "delivered"),
        ("initiated", "queued", "initiated"),
    ],
)
def test_of_two_ends_the_first_stays_and_only_reading_comes_after(first, second, left):
    assert (second if moves_on(first, second) else first) == left


@pytest.mark.parametrize(
    ("provider", "code", "error"),
    [
        ("twilio", "30007", "blocked"),
        ("twilio", "30006", "invalid_number"),
        ("twilio", "30001", "rate_limited"),
        ("signalwire", "30001", "rejected"),
        ("twilio", "39999", "unlisted"),
    ],
)
def test_the_code_of_an_undelivered_message_is_told_in_words(
    office: Office, provider: Any, code: str, error: str
):
    office.sent()

    told = office.told("undelivered", error_code=code, provider=provider)

    assert (told.error, told.error_code) == (error, code)
    assert office.messages() == [("SM1", "undelivered", error)]
    assert not office.is_out()


def test_who_opted_out_at_the_provider_is_remembered(office: Office):
    office.sent()
    office.told("failed", error_code="21610")

    assert office.is_out()


def test_a_wish_that_came_after_the_message_counts_for_more_than_a_late_report(office: Office):
    office.sent()
    with office.engine.begin() as connection:
        opt_outs.note(connection, NUMBER, is_out=False, at=None, source="START")

    office.told("failed", error_code="21610")

    assert not office.is_out()


def test_nobody_is_told_of_a_message_that_is_not_ours(office: Office):
    assert office.told("delivered", sid="SM9") == Recorded(
        recorded=False, reason="unknown message", status="", error="", error_code=""
    )
    assert office.messages() == []


def test_a_word_that_is_new_changes_nothing(office: Office):
    office.sent()

    assert office.told("teleported").reason == "unknown status"
    assert office.messages() == [("SM1", None, None)]


def test_a_report_about_another_number_is_not_taken(office: Office):
    office.sent()

    told = office.told("failed", to=OTHER, error_code="21610")

    assert told.reason == "another number"
    assert office.messages() == [("SM1", None, None)]
    assert not office.is_out(NUMBER)
    assert not office.is_out(OTHER)


def test_E8_a_message_whose_answer_was_lost_is_found_by_the_step_in_the_url(office: Office):
    told = office.told("delivered", **of_step(office.run))

    assert (told.recorded, told.run_id, told.step) == (True, str(office.run), STEP)
    assert office.messages() == [("SM1", "delivered", None)]


def test_a_report_that_overtakes_the_answer_is_not_undone_by_it(office: Office):
    office.told("delivered", **of_step(office.run))
    office.sent()

    assert office.messages() == [("SM1", "delivered", None)]


def test_two_messages_of_one_step_are_both_kept(office: Office):
    office.sent("SM1")
    office.told("delivered", "SM2", **of_step(office.run))

    assert office.messages() == [("SM2", "delivered", None), ("SM1", None, None)]


def test_a_step_that_texted_nobody_else_gets_no_message(office: Office):
    strangers: tuple[tuple[UUID, dict[str, Any]], ...] = (
        (office.add_run(action="slack.post"), {}),
        (office.add_run(simulated=True), {}),
        (office.run, {"step": "steps/other"}),
        (office.run, {"to": OTHER}),
        (office.run, {"to": None}),
        (office.run, {"run": "nonsense"}),
        (uuid4(), {}),
    )
    for run, more in strangers:
        assert office.told("delivered", **{**of_step(run), **more}).reason == "unknown message"

    assert office.messages() == []


def test_D10_in_mode_test_the_message_went_to_another_number_than_the_step_says(office: Office):
    office.run = office.add_run(mode="test")

    assert office.told("delivered", to=OTHER, **of_step(office.run)).number == OTHER


def test_reports_that_come_at_once_leave_the_furthest(office: Office):
    office.sent()
    words = ["queued", "sending", "sent", "delivered"] * 4

    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(office.told, words))

    assert office.messages() == [("SM1", "delivered", None)]
    assert sum(each.recorded and each.status == "delivered" for each in told) == 1


def test_I9_a_message_goes_with_its_run(office: Office):
    office.sent()
    with office.engine.begin() as connection:
        connection.execute(text("DELETE FROM steps"))
        connection.execute(text("DELETE FROM runs"))

    assert office.told("delivered").reason == "unknown message"


def test_those_of_which_nobody_told_the_end_are_found_the_oldest_first(office: Office):
    for hours, sid in ((0.5, "SM1"), (2, "SM2"), (3, "SM3"), (4, "SM4"), (100, "SM5")):
        office.sent_ago(hours, sid)
    office.told("delivered", "SM3")
    office.told("sent", "SM4")

    assert office.unsettled() == ["SM4", "SM2"]
    assert office.unsettled(limit=1) == ["SM4"]
    assert office.unsettled(quiet_for=timedelta(hours=3.5)) == ["SM4"]


def test_D10_what_was_sent_in_earnest_is_not_settled_by_a_simulation(office: Office):
    office.sent_ago(2, "SM1")

    assert office.unsettled(mode="simulate") == []


@pytest.mark.parametrize("code", [30006, "30006"])
def test_the_provider_says_what_became_of_a_message(http, attempt, twilio, code):
    client = TwilioClient(settings_for(twilio), http)
    sid = send_sms(client, attempt, FakeClock(), to=NUMBER, text="hi").sid

    before = get_message(client, attempt, sid=sid)
    twilio.becomes(sid, "undelivered", code)
    after = get_message(client, attempt, sid=sid)

    assert (before.status, before.error_code, before.to) == ("queued", None, NUMBER)
    assert (after.status, after.error_code, after.provider) == ("undelivered", "30006", "twilio")


def test_signalwire_is_asked_in_the_same_way(http, attempt):
    with FakeSignalWire() as fake:
        settings = settings_for(fake, provider="signalwire")
        client = TwilioClient(replace(settings, base_url=fake.url + fake.prefix), http)
        sid = send_sms(client, attempt, FakeClock(), to=NUMBER, text="hi").sid

        found = get_message(client, attempt, sid=sid)

    assert (found.status, found.provider) == ("initiated", "signalwire")


@pytest.mark.parametrize("sid", ["SM9", "../../AC0", "", "a?b=c"])
def test_a_message_that_the_provider_does_not_know_is_not_found(http, attempt, twilio, sid):
    with pytest.raises(StepFailed) as failure:
        get_message(TwilioClient(settings_for(twilio), http), attempt, sid=sid)

    assert failure.value.code == "not_found"


def test_an_answer_about_another_message_is_not_believed(http, attempt, twilio):
    twilio.then(Answer.of({"sid": "SM2", "status": "delivered"}))

    with pytest.raises(StepFailed) as failure:
        get_message(TwilioClient(settings_for(twilio), http), attempt, sid="SM1")

    assert failure.value.code == "unavailable"
