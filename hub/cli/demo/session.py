"""`hub demo session`: a real browser fills in a mock booking page, and what came of it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from uuid import UUID

from hub.browser.program import find_program
from hub.cli.console import say, table
from hub.cli.demo.bodies import ADA, GRACE
from hub.cli.demo.caller import Answer
from hub.cli.demo.clinic import Clinic, open_clinic
from hub.cli.demo.part import Claim, Outfit, Part, Scene
from hub.cli.demo.sending import Asked
from hub.config import Settings
from hub.domain.booking_sessions import pictures

START, STATUS, EVENT = "booking-session", "booking-session-status", "booking-session-event"
CANCEL = "booking-session-cancel"
_OK, _CREATED, _UNPROVEN = 200, 201, 401
_FILLED_IN = 60.0  # seconds; the first session starts the browser
_TIME, _GONE = "2:30pm", "3:33pm"


class Session(Part):
    """Booking sessions, on the mock page of this machine."""

    title: ClassVar[str] = "booking sessions that a real browser fills in"
    needed: ClassVar[tuple[str, ...]] = (START, STATUS, EVENT, CANCEL)
    shown: ClassVar[tuple[str, ...]] = (START,)
    _clinic: ClassVar[Clinic]
    _booked: str = ""
    _begun: tuple[str, ...] = ()

    @classmethod
    @contextmanager
    def outfit(cls, settings: Settings) -> Iterator[Outfit]:
        """The mock page, and a browser worker. Raises `Misconfigured` without a Chromium."""
        find_program(settings.browser_program)
        with open_clinic() as clinic:
            cls._clinic = clinic
            variables = {"SESSION_ORIGINS": clinic.origin, "HUB_MOCK_CLINIC": clinic.origin}
            yield Outfit(variables, children=("browser-worker",))

    def prepare(self) -> None:
        """Nothing: the page's diary is new each time."""

    @property
    def scenes(self) -> Iterable[Callable[[], Scene]]:
        """One that is paid, one whose time is gone, one that is cancelled, a stranger."""
        return (self.begun, self.filled_in, self.paid, self.gone, self.cancelled, self.stranger)

    def begun(self) -> Scene:
        """B-01, B-02."""
        answer = self._start(_TIME, ADA)
        self._booked = str(answer.json.get("sessionId", ""))
        return Scene(
            "The agent has agreed on a time: a session begins",
            f"POST {self.stage.path(START)}",
            answer,
            (
                Claim("201 with its id", answer.status == _CREATED and bool(self._booked)),
                Claim("it ends by itself", bool(answer.json.get("expiresAt"))),
            ),
        )

    def filled_in(self) -> Scene:
        """B-05, B-07: steps 1 to 4."""
        answer = self._becomes(self._booked, "monitoring")
        texts = [
            str(inputs["text"])
            for action, inputs in self.stage.sent()
            if action == "twilio.send_sms"
        ]
        own = self.stage.caller.base_url
        return Scene(
            "The browser has filled in steps 1 to 4, and the lead was sent the link",
            f"GET {self.stage.path(STATUS)}",
            answer,
            (
                Claim("the lead has the page", answer.json.get("state") == "monitoring"),
                Claim("a picture of each state is kept", len(self._pictures(self._booked)) > 1),
                Claim("one text message was kept back", len(texts) == 1),
                Claim("its link leads to this hub", all(f" {own}/handoff/" in it for it in texts)),
            ),
        )

    def paid(self) -> Scene:
        """X20: the platform's own webhook tells what our browser need not see."""
        told = {"sessionId": self._booked, "outcome": "success", "reference": self.mark}
        answer = self.stage.send(EVENT, Asked(body={**told, "confirmationNumber": "M-42"}))
        seen = self._becomes(self._booked, "completed").json
        confirmed = seen.get("confirmationDetails", {})
        return Scene(
            "The platform reports that the lead has paid",
            f"POST {self.stage.path(EVENT)}",
            answer,
            (
                Claim("200", answer.status == _OK),
                Claim("the session is completed", seen.get("state") == "completed"),
                Claim("its number is known", confirmed.get("confirmationNumber") == "M-42"),
            ),
        )

    def gone(self) -> Scene:
        """B-13: the page has no such time."""
        begun = self._start(_GONE, GRACE)
        answer = self._becomes(str(begun.json.get("sessionId", "")), "failed")
        why = str(answer.json.get("error"))
        return Scene(
            "Another lead wants a time that the page does not have",
            f"POST {self.stage.path(START)}",
            answer,
            (
                Claim("slot_unavailable", answer.json.get("outcome") == "slot_unavailable"),
                Claim(f"with the reason: {why}", "not among the times" in why),
            ),
        )

    def cancelled(self) -> Scene:
        """B-16."""
        begun = self._start(_TIME, GRACE, way="slow")
        session = str(begun.json.get("sessionId", ""))
        answer = self.stage.send(CANCEL, Asked(params={"session_id": session}))
        return Scene(
            "She changes her mind while the browser is at work",
            f"DELETE {self.stage.path(CANCEL)}",
            answer,
            (
                Claim("200", answer.status == _OK),
                Claim("cancelled", self._state(session) == "cancelled"),
            ),
        )

    def stranger(self) -> Scene:
        """S1."""
        answer = self._start(_TIME, ADA, is_proved=False)
        return Scene(
            "Somebody without a signature begins one",
            f"POST {self.stage.path(START)}",
            answer,
            (Claim("401", answer.status == _UNPROVEN),),
        )

    def say_rows(self) -> None:
        """The sessions, and the pictures that were kept of them."""
        say("What the sessions came to", bold=True)
        cells = [
            (each[:13] + "…", self._state(each), ", ".join(self._pictures(each)) or "none")
            for each in self._begun
        ]
        table(("session", "state", "pictures of"), cells, indent="  ")

    # ------------------------------------------------------------------------------------- requests

    def _start(self, time: str, lead: Any, *, way: str = "usual", is_proved: bool = True) -> Answer:
        body = {
            "bookingUrl": self._clinic.url(way),
            "date": self.stage.in_two_days().date().isoformat(),
            "time": time,
            "lead": {
                "firstName": lead.first_name,
                "lastName": lead.last_name,
                "phone": lead.phone,
                "email": lead.email,
            },
        }
        answer = self.stage.send(START, Asked(body=body), is_proved=is_proved)
        if answer.status == _CREATED:
            self._begun = (*self._begun, str(answer.json["sessionId"]))
        return answer

    def _ask(self, session: str) -> Answer:
        self.stage.wait_for_another_second()
        return self.stage.send(STATUS, Asked(params={"session_id": session}))

    def _state(self, session: str) -> str:
        return str(self._ask(session).json.get("state"))

    def _becomes(self, session: str, state: str) -> Answer:
        self.stage.wait_until(lambda: self._state(session) == state, seconds=_FILLED_IN)
        return self._ask(session)

    def _pictures(self, session: str) -> list[str]:
        with self.stage.database.connect() as connection:
            return [each.state for each in pictures.of(connection, UUID(session))]
