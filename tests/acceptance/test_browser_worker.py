"""Booking sessions in a real Chromium on the mock page, from the start to the callback (B-27)."""

from __future__ import annotations

import logging
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import cast
from uuid import UUID

import httpx
import pytest
import redis
from hypothesis import settings
from sqlalchemy import text

from hub.action import Attempt
from hub.browser.checking import NOBODY, Tried, try_platform
from hub.browser.steps import Wish
from hub.cli.demo.clinic import Clinic as MockClinic
from hub.cli.demo.clinic import open_clinic
from hub.cli.demo.clinic.cards import DECLINED, EXPIRED, SUCCESS
from hub.connectors.http.addresses import OutboundPolicy
from hub.domain.booking_sessions import sessions as rows_of_sessions
from hub.platforms import STEP_NAMES, Platform, read_platforms
from tests.acceptance.browser_house import PATIENCE, House, Loop, opened_house, until
from tests.acceptance.clinic_desk import LEAD, MINUTE, opened_clinic
from tests.acceptance.conftest import OpenStory
from tests.fakes.twilio import FakeTwilio

JPEG = b"\xff\xd8\xff"
ROOT, USUAL = Path(__file__).parents[2], "workflows/platforms/usual.yaml"


@pytest.fixture(scope="module")
def loop(chromium: str) -> Iterator[Loop]:
    opened = Loop(chromium)
    yield opened
    opened.close()


@pytest.fixture
def mock() -> Iterator[MockClinic]:
    with open_clinic() as opened:
        yield opened


@pytest.fixture
def house(  # noqa: PLR0917 - each is a fixture
    request: pytest.FixtureRequest,
    open_story: OpenStory,
    project: Path,
    twilio: FakeTwilio,
    mock: MockClinic,
    loop: Loop,
) -> Iterator[House]:
    describe(project, getattr(request, "param", "browser"))
    told = {
        "SESSION_ORIGINS": mock.origin,
        "HUB_MOCK_CLINIC": mock.origin,
        "HUB_BROWSER_PATIENCE": "8" if "impossible" in request.node.name else "40",
    }
    with (
        opened_clinic(open_story, project, twilio, **told) as clinic,
        opened_house(clinic, mock, loop) as opened,
    ):
        yield opened


def describe(project: Path, handover: str) -> None:
    """How the lead gets the page, as the description says."""
    described = project / "workflows/platforms/usual.yaml"
    written = described.read_text()
    meant = re.sub("handover: [a-z]+", f"handover: {handover}", written)
    if handover != "browser":
        meant = meant.replace("    reached:", '    link: "[data-pay-link]"\n    reached:')
    described.write_text(meant)


def another(number: int) -> dict[str, str]:
    return {**LEAD, "firstName": f"Ada{number}", "phone": f"+1415555{number:04}"}


# --------------------------------------------------------------------------------------- outcomes


def test_B_02_B_05_B_06_B_09_B_10_B_25_B_27_a_card_that_is_taken_books_and_leaves_no_trace(
    house, caplog
):
    caplog.set_level(logging.DEBUG)
    session = house.with_lead()
    assert house.mock.diary.booked == []

    house.pays(session, SUCCESS)

    told = house.becomes(session, "completed")
    (booked,) = house.mock.diary.booked
    assert told["outcome"] == "success"
    assert told["confirmationDetails"]["confirmationNumber"] == booked.number
    assert told["confirmationDetails"]["service"] == "Consultation"
    assert told["confirmationDetails"]["provider"] == "Dr. Adams"
    assert booked.wish["slot"] == "2025-11-21 2:30 PM"
    assert booked.wish["email"] == "a@example.com"
    house.clinic.story.work_all()
    assert [each["outcome"] for each in house.clinic.callbacks] == ["success"]
    assert house.clinic.texts[-1] == f"Your booking is confirmed. Number {booked.number}."
    taken = house.pictures(session)
    assert set(taken) == {"navigating", "ready_for_handoff", "monitoring", "completed"}
    assert all(each.startswith(JPEG) for each in taken.values())

    for kept in (*everything_stored(house), caplog.text):
        assert SUCCESS not in kept
        assert SUCCESS[:8] not in kept


def test_B_06_there_is_a_picture_of_each_state_however_quick_the_lead_and_the_end_are(house):
    house.close_workers()
    worker = house.open_worker(look_every=3600.0)  # nobody looks between the hand-over and the end
    session = house.start()
    until(lambda: house.row(session).state == "ready_for_handoff", "the page is ready")
    house.types(session, SUCCESS[:8])
    until(lambda: house.asks_page("card.value") == SUCCESS[:8], "the lead has begun")
    house.becomes(session, "monitoring")

    house.loop.call(worker.stop)

    assert house.becomes(session, "failed")["error"] == "the browser worker was stopped"
    taken = house.pictures(session)
    assert set(taken) == {"navigating", "ready_for_handoff", "monitoring"}
    assert taken["monitoring"] == taken["ready_for_handoff"], "nothing was typed into that one"


def everything_stored(house: House) -> Iterator[str]:
    """Every row of every table, and every key of Redis."""
    with house.clinic.story.transaction() as db:
        tables = db.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ).all()
        assert "booking_sessions" in tables
        for table in tables:
            rows = db.scalars(text(f'SELECT CAST(it AS text) FROM "{table}" AS it'))  # noqa: S608
            yield "\n".join(rows)
    with redis.Redis.from_url(house.clinic.story.hub.settings.redis_url) as connection:
        for key in connection.scan_iter("*"):
            yield repr((key, connection.dump(key)))


def is_declined(house: House, session: str) -> bool:
    return bool(house.row(session).declines == 1)


def has_browser(house: House, session: str) -> bool:
    return bool(house.row(session).state != "created")


def test_X22_B_11_B_25_a_refused_card_ends_nothing_until_another_is_taken_or_time_is_up(house):
    patient = house.with_lead(lead=another(1))
    hasty = house.with_lead(lead=another(2), service="whitening", provider="Dr. Baker", time="4pm")
    for session, card in ((patient, DECLINED), (hasty, EXPIRED)):
        house.pays(session, card)
        until(partial(is_declined, house, session), "the refusal is noted")
        assert house.clinic.ask(session).json["state"] == "monitoring"

    house.pays(hasty, "5555 5555 5555 4444")
    told = house.becomes(hasty, "completed")["confirmationDetails"]
    assert (told["service"], told["provider"]) == ("Whitening", "Dr. Baker")
    house.clinic.story.clock.advance(16 * MINUTE)

    told = house.becomes(patient, "failed")
    assert told["outcome"] == "payment_failed"
    assert len(house.mock.diary.booked) == 1


def test_B_13_B_14_X24_what_the_page_makes_impossible_is_told_with_its_place(house):
    expected = {
        ("moved", "9am", ()): ("error", "service: nothing is to be seen at [data-step=service]"),
        ("taken", "11:15", ()): ("slot_unavailable", "the page says that the time is taken"),
        ("never", "9am", ()): ("error", "the page did not load: Timeout"),
        ("stuck", "4pm", ()): ("error", "payment: nothing is to be seen at [data-step=payment]"),
        ("usual", "3:33pm", ()): ("slot_unavailable", "15:33 is not among the times"),
        ("usual", "2:45pm", (("service", "Massage"),)): ("error", "offers no 'Massage'"),
    }
    begun = {
        house.start(way, time=time, lead=another(number), **dict(more)): told
        for number, ((way, time, more), told) in enumerate(expected.items())
    }
    slow = house.start("slow", lead=another(50))

    for session, (outcome, error) in begun.items():
        told = house.becomes(session, "failed", "abandoned")
        assert told["outcome"] == outcome
        assert error in told["error"]
        assert "failed" in house.pictures(session) or "did not load" in told["error"]
    house.becomes(slow, "monitoring")
    assert house.contexts == 1


def test_B_12_a_description_is_tried_on_a_page_up_to_the_payment_and_nothing_is_booked(loop, mock):
    (usual,) = read_platforms({USUAL: (ROOT / USUAL).read_text()}).known
    renamed = {**usual.steps["contact"], "email": "[name=mail]", "notes": "[name=hints]"}
    broken = replace(usual, steps={**usual.steps, "contact": renamed})
    linked = replace(usual, steps={**usual.steps, "payment": {"reached": "form", "link": "a.pay"}})

    right, moved, other, link = (
        tried(loop, mock, *each)
        for each in ((usual, "usual"), (usual, "moved", 2.0), (broken, "usual"), (linked, "slow"))
    )

    assert right.is_right
    assert right.reached == STEP_NAMES
    assert [sign.pattern for sign in right.idle] == ["Try Again"]
    assert (right.picture or b"").startswith(JPEG)
    assert (moved.reached, moved.fault) == ((), None)
    assert [(it.step, it.key) for it in moved.missed] == [("service", "option")]
    assert other.reached == ("service", "provider", "time", "contact")
    assert [(it.key, it.selector) for it in other.missed] == [
        ("email", "[name=mail]"),
        ("notes", "[name=hints]"),
    ]
    assert [(it.step, it.key) for it in link.missed] == [("payment", "link")]
    assert mock.diary.booked == []


def tried(
    loop: Loop, mock: MockClinic, platform: Platform, way: str, patience: float = 40
) -> Tried:
    wish = Wish(mock.url(way), date(2026, 2, 6), None, None, None, NOBODY)
    trial = try_platform(
        platform,
        wish,
        chromium=loop.chromium,
        policy=OutboundPolicy(),
        upto="payment",
        patience=patience,
    )
    return cast("Tried", loop.begin(trial).result(PATIENCE * 2))


# ------------------------------------------------------------------------------- seats, the queue


def test_B_16_B_18_X24_the_sixth_waits_and_every_state_can_be_cancelled(house):
    first = house.start(time="11:15am", lead=another(0))  # a time that nobody else wants
    others = [house.start(time="9am", lead=another(number)) for number in range(1, 5)]
    for session in (first, *others):
        until(partial(has_browser, house, session), "it has a browser")
    sixth = house.start(time="4pm", lead=another(6))
    seventh = house.start("never", lead=another(7))
    waiting = house.clinic.ask(sixth).json
    assert (waiting["state"], waiting["queuePosition"]) == ("created", 1)

    assert house.clinic.cancel(sixth).json["state"] == "cancelled"
    house.becomes(first, "monitoring")
    assert house.clinic.cancel(first).json["state"] == "cancelled"
    until(lambda: house.row(seventh).state == "navigating", "the next one has the seat")
    assert house.clinic.cancel(seventh).json["state"] == "cancelled"
    ready = house.start(time="2:30pm", lead=another(8))
    until(lambda: house.row(ready).state == "ready_for_handoff", "it is ready")
    with house.clinic.story.transaction() as db:
        by = Attempt(run_id=UUID(ready), workflow="test", key="cancel", mode="live")
        rows_of_sessions.cancel(db, house.clinic.story.clock, by, session_id=ready)

    until(lambda: house.contexts <= 4, "cancelled sessions have no browser")
    assert "cancelled" in house.pictures(first)
    house.clinic.story.work_all()
    told = [each["sessionId"] for each in house.clinic.callbacks if each["state"] == "cancelled"]
    assert sorted(told) == sorted({first, sixth, seventh} & set(told))
    assert {first, sixth, seventh} <= set(told)


# -------------------------------------------------------------------------------------- hand-over


@pytest.mark.parametrize(
    ("house", "teller"), [("platform", "platform"), ("link", "operator")], indirect=["house"]
)
def test_X20_B_07_on_the_platforms_own_page_our_browser_sees_nothing_and_says_nothing(
    house, teller
):
    session = house.with_lead()
    link = house.clinic.ask(session, "/handoff-url").json["handoffUrl"]
    until(lambda: house.contexts == 0, "our browser is closed")
    assert house.row(session).seat is None

    with httpx.Client() as other_browser:
        plain = other_browser.post(house.mock.url().replace("/book", "/pay"), data={"card": "4"})
        assert plain.status_code == httpx.codes.FORBIDDEN
        page = other_browser.get(link)
        other_browser.post(str(page.url.join("../pay")), data={"card": SUCCESS})
    assert len(house.mock.diary.booked) == 1
    assert house.clinic.ask(session).json["state"] == "monitoring"

    house.clinic.tell(session, "success", teller=teller, reference="payment 7")
    assert house.becomes(session, "completed")["outcome"] == "success"


# ---------------------------------------------------------------------------------------- deaths


def test_X18_B_20_a_killed_chromium_is_an_error_and_the_next_session_has_a_new_one(house):
    session = house.with_lead()

    for pid in chromiums():
        os.kill(pid, signal.SIGKILL)

    told = house.becomes(session, "failed")
    assert told["error"] == "the browser was lost while the session was monitoring"
    assert house.row(session).seat is None
    house.with_lead(lead=another(1), time="4pm")


@pytest.mark.timeout(3000)
def test_B_19_B_20_sessions_in_a_row_leave_no_process_and_no_context(house):
    count = 50 if settings().max_examples > 200 else 5
    house.with_lead(lead=another(0), time="9am")
    before = len(processes())
    for number in range(1, count + 1):
        day = (date(2025, 11, 21) + timedelta(days=number)).isoformat()
        session = house.with_lead(lead=another(number), date=day)
        house.pays(session, SUCCESS)
        house.becomes(session, "completed")

    until(lambda: house.contexts == 1, "only the first one is open")
    until(lambda: len(processes()) <= before, "no process is left")


def processes() -> list[int]:
    """Everything below this process that is a Chromium, its parts included."""
    ours, found = {os.getpid()}, []
    for each in sorted(int(path.name) for path in Path("/proc").glob("[0-9]*")):
        try:
            parent = int(Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[1])
            said = Path(f"/proc/{each}/cmdline").read_bytes()
        except OSError:
            continue
        if parent in ours:
            ours.add(each)
            if b"chromium" in said.partition(b"\0")[0]:
                found.append(each)
    return found


def chromiums() -> list[int]:
    """The first process of each Chromium."""
    return [
        each for each in processes() if b"--type=" not in Path(f"/proc/{each}/cmdline").read_bytes()
    ]
