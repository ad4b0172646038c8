"""Bookings at clinics on Square and on Moxie: requests in, money and messages out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.clinic_desk import CLINIC, LEAD, MINUTE, Clinic, opened_clinic
from tests.acceptance.conftest import OpenStory
from tests.acceptance.messages import Answer
from tests.acceptance.story import HOUR, Story
from tests.fakes.ports import port_of
from tests.fakes.square import FakeSquare
from tests.fakes.twilio import FakeTwilio

PUBLIC = "https://hub.example.com"
ON_SQUARE = {
    "name": "Glow",
    "booking_platform": "square",
    "deposit": {"amount": 5000, "currency": "USD", "locationId": "L1"},
}
ON_MOXIE = {**ON_SQUARE, "booking_platform": "moxie", "bookingUrl": f"{CLINIC}/book"}


@dataclass
class Clinics:
    """The hub, the app that books and decides, Square, and everybody who is told."""

    clinic: Clinic
    square: FakeSquare

    @property
    def story(self) -> Story:
        return self.clinic.story

    def books(self, clinic: dict[str, Any], **more: Any) -> Answer:
        body = {"clinic": clinic, "date": "2025-11-21", "time": "2:30pm", "lead": LEAD, **more}
        return self.posts("/api/v1/clinic-bookings", body)

    def posts(self, path: str, body: Any) -> Answer:
        self.story.clock.advance(timedelta(seconds=1))  # the same signature is the same request
        return self.story.post(path, body, sign=self.clinic.signed)

    def hears(self, event: bytes) -> Answer:
        """Square posts an event."""
        headers = self.square.signed(f"{PUBLIC}/webhook/square", event)
        return self.story.post("/webhook/square", event, headers=headers)

    def decides(self, order: str, decision: str, token: str) -> Answer:
        return self.posts(f"/api/v1/deposits/{order}/{decision}", {"token": token})

    def token(self) -> str:
        """What the operator was given, with the news that the money is there."""
        found = re.search(r"\?token=(\S+)", self.story.slack.texts[-1])
        assert found is not None
        return found[1]


@pytest.fixture
def square() -> Iterator[FakeSquare]:
    with FakeSquare().at(port_of("square")) as fake:
        yield fake


@pytest.fixture
def clinics(
    open_story: OpenStory, project: Path, twilio: FakeTwilio, square: FakeSquare
) -> Iterator[Clinics]:
    settings = (project / "hub.yaml").read_text()
    written = "/32\n    ports: ["
    assert settings.count(written) == 1
    (project / "hub.yaml").write_text(settings.replace(written, f"{written}{square.port}, "))
    more = {
        "SQUARE_URL": square.url,
        "SQUARE_ACCESS_TOKEN": square.token,
        "SQUARE_WEBHOOK_SIGNATURE_KEY": square.signature_key,
        "HUB_PUBLIC_URL": PUBLIC,
    }
    with opened_clinic(open_story, project, twilio, **more) as clinic:
        yield Clinics(clinic, square)


def test_B_21_on_square_nobody_is_confirmed_without_the_money_and_the_operator(clinics):
    answer = clinics.books(ON_SQUARE)
    order = answer.json["orderId"]

    assert (answer.status, answer.json["paymentUrl"]) == (201, "https://square.link/u/1")
    assert [each["price"] for each in clinics.square.links.values()] == [
        {"amount": 5000, "currency": "USD"}
    ]
    (link,) = clinics.clinic.texts
    assert link.startswith("Ada, please pay Glow the deposit for your appointment on 2025-11-21")
    assert link.endswith(" at 2:30pm: https://square.link/u/1")
    assert clinics.books(ON_SQUARE).json == answer.json
    assert clinics.decides(order, "confirm", "made.up.token").status == 404

    assert clinics.hears(clinics.square.reported(order, "APPROVED")).status == 200
    assert clinics.story.slack.texts == []
    for number in (1, 1, 2):  # the same event again, and another one of the same payment
        assert clinics.hears(clinics.square.reported(order, number=number)).status == 200

    (told,) = clinics.story.slack.texts
    assert "Ada Byron paid Glow the deposit" in told
    assert len(clinics.clinic.texts) == 1
    token = clinics.token()
    assert clinics.decides("ORDER2", "confirm", token).status == 404

    decided = clinics.decides(order, "confirm", token)

    assert (decided.status, decided.json) == (200, {"order_id": order, "outcome": "confirmed"})
    assert clinics.clinic.texts[1:] == [
        "Your booking at Glow is confirmed: your appointment on 2025-11-21 at 2:30pm."
    ]
    assert [clinics.decides(order, each, token).status for each in ("confirm", "refuse")] == [
        409
    ] * 2
    assert len(clinics.clinic.texts) == 2
    assert (len(clinics.square.links), clinics.square.refunds) == (1, [])


def test_B_21_the_deposit_goes_back_when_refused_and_one_that_comes_late_is_told(clinics):
    order = clinics.books(ON_SQUARE).json["orderId"]
    clinics.hears(clinics.square.reported(order))

    assert clinics.decides(order, "refuse", clinics.token()).json["outcome"] == "refused"

    assert clinics.square.refunds == [
        {"payment": f"pay-{order}", "money": {"amount": 5000, "currency": "USD"}}
    ]
    assert "could not confirm" in clinics.clinic.texts[-1]

    late = clinics.books(ON_SQUARE, time="4pm").json["orderId"]
    clinics.story.later(25 * HOUR)
    assert clinics.square.requests[-1].method == "DELETE"
    clinics.hears(clinics.square.reported(late))

    told = clinics.story.slack.messages[-1]
    assert (told.channel, "after its deadline" in told.text) == ("#ops", True)
    assert "token=" not in told.text
    assert not [each for each in clinics.clinic.texts if "is confirmed" in each]


def test_B_21_a_clinic_on_moxie_never_reaches_square_however_it_ends(clinics):
    for time, outcome in (("2pm", "success"), ("3pm", "slot_unavailable"), ("4pm", "timeout")):
        answer = clinics.books(ON_MOXIE, time=time)
        session = answer.json["sessionId"]
        assert (answer.status, answer.json["state"]) == (201, "created")

        clinics.clinic.browser_fills_in()
        if outcome == "timeout":
            clinics.story.later(16 * MINUTE)
        else:
            clinics.clinic.tell(session, outcome)
        assert clinics.clinic.ask(session).json["outcome"] == outcome

    assert clinics.square.nothing_was_sent
    paths = [
        path for run in clinics.story.runs("clinic-booking") for path in clinics.story.steps(run.id)
    ]
    assert [path for path in paths if path == "opened/session"] == ["opened/session"] * 3
    assert not [path for path in paths if path.startswith(("deposit", "settled"))]


def test_B_21_what_is_simulated_reaches_nobody(
    open_story: OpenStory, project: Path, twilio: FakeTwilio, square: FakeSquare
):
    with opened_clinic(open_story, project, twilio, HUB_MODE="simulate") as clinic:
        answer = Clinics(clinic, square).books(ON_SQUARE)

    assert answer.status == 201
    assert answer.json["orderId"].startswith("simulated-")
    assert square.nothing_was_sent
    assert twilio.nothing_was_sent
