"""`hub demo call`: a client asks, a voice agent books by phone, the page follows the status."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from uuid import UUID

from hub.bootstrap.clock import new_id
from hub.cli.console import say, table
from hub.cli.demo.bodies import ADA, MECHANICS
from hub.cli.demo.caller import Answer
from hub.cli.demo.part import Claim, Part, Scene
from hub.cli.demo.sending import Asked

REQUEST, BOOK, STATUS = "service-request", "booking-schedule-async", "booking-status"
_OK, _ACCEPTED, _UNPROVEN, _UNKNOWN, _CONFLICT, _UNFIT = 200, 202, 401, 404, 409, 422


class Call(Part):
    """Booking by phone, in the background."""

    title: ClassVar[str] = "a booking by phone, in the background"
    needed: ClassVar[tuple[str, ...]] = (REQUEST, BOOK, STATUS)
    shown: ClassVar[tuple[str, ...]] = (BOOK,)
    _request: UUID
    _run: str = ""

    def prepare(self) -> None:
        """A new request; those of earlier performances stay as they are."""
        self._request = new_id()

    @property
    def scenes(self) -> Iterable[Callable[[], Scene]]:
        """From the recommendation to the confirmation."""
        return (
            self.recommended,
            self.malformed,
            self.unknown,
            self.booked,
            self.confirmed,
            self.booked_again,
            self.stranger,
        )

    def recommended(self) -> Scene:
        """Providers are there to be chosen from."""
        answer = self.stage.send(REQUEST, Asked(body=self._recommendation()))
        return Scene(
            "Two providers are recommended for a request",
            f"POST {self.stage.path(REQUEST)}",
            answer,
            (
                Claim("200", answer.status == _OK),
                Claim("the request is RECOMMENDED", self._status().get("status") == "RECOMMENDED"),
            ),
        )

    def malformed(self) -> Scene:
        """C-04."""
        body = {**self._booking(), "providerPhone": "call me"}
        answer = self.stage.send(BOOK, Asked(body=body))
        return Scene(
            "A booking with a phone number that is none",
            f"POST {self.stage.path(BOOK)}",
            answer,
            (
                Claim("422", answer.status == _UNFIT),
                Claim("nothing changed", self._status().get("status") == "RECOMMENDED"),
            ),
        )

    def unknown(self) -> Scene:
        """C-04."""
        body = {**self._booking(), "serviceRequestId": str(new_id())}
        answer = self.stage.send(BOOK, Asked(body=body))
        return Scene(
            "A booking for a request that nobody knows",
            f"POST {self.stage.path(BOOK)}",
            answer,
            (Claim("404", answer.status == _UNKNOWN),),
        )

    def booked(self) -> Scene:
        """C-02, C-03."""
        answer = self._book()
        self._run = str(answer.json.get("data", {}).get("executionId", ""))
        status = self._status().get("status")
        return Scene(
            "The client presses Book; the page closes its dialogue at once",
            f"POST {self.stage.path(BOOK)}",
            answer,
            (
                Claim("202 with the id of a run", answer.status == _ACCEPTED and bool(self._run)),
                Claim(f"the request is {status} already", status in {"BOOKING", "COMPLETED"}),
            ),
        )

    def confirmed(self) -> Scene:
        """C-10, C-15, C-22, X13."""
        self.stage.wait_until(lambda: self._status().get("status") == "COMPLETED")
        self.stage.last_run(BOOK)
        answer = self._ask()
        card = answer.json.get("data", {}).get("confirmation", {})
        run = next((each for each in self.stage.runs(BOOK) if str(each.id) == self._run), None)
        texts = [inputs for action, inputs in self.stage.sent() if action == "twilio.send_sms"]
        number = str(card.get("confirmationNumber", ""))
        return Scene(
            "The page asks again, later, or after a restart",
            f"GET {self.stage.path(STATUS)}",
            answer,
            (
                Claim("the card has provider, date and time", bool(card.get("dateTime"))),
                Claim(f"its number says that it is simulated: {number}", number[:4] == "SIM-"),
                Claim("the run's mode is simulate", run is not None and run.mode == "simulate"),
                Claim("one text message was kept back", len(texts) == 1),
            ),
        )

    def booked_again(self) -> Scene:
        """C-18, X16."""
        before = self._status().get("confirmation")
        self.stage.wait_for_another_second()
        answer = self._book()
        self.stage.last_run(BOOK)
        return Scene(
            "The client presses Book once more",
            f"POST {self.stage.path(BOOK)}",
            answer,
            (
                Claim("it is booked already", answer.status == _CONFLICT),
                Claim("by the first run", answer.json.get("executionId") == self._run),
                Claim("nobody is called twice", self._status().get("confirmation") == before),
            ),
        )

    def stranger(self) -> Scene:
        """S1."""
        answer = self.stage.send(BOOK, Asked(body=self._booking()), is_proved=False)
        return Scene(
            "Somebody without a signature books",
            f"POST {self.stage.path(BOOK)}",
            answer,
            (Claim("401", answer.status == _UNPROVEN),),
        )

    def say_rows(self) -> None:
        """What a client's page shows."""
        seen = self._status()
        card = seen.get("confirmation") or {}
        say("What the client's page shows", bold=True)
        cells = (seen.get("label"), card.get("provider"), card.get("dateTime"))
        table(
            ("status", "provider", "when"), [tuple(str(each or "-") for each in cells)], indent="  "
        )

    def _ask(self) -> Answer:
        return self.stage.send(STATUS, Asked(params={"request_id": self._request}))

    def _status(self) -> dict[str, Any]:
        return dict(self._ask().json.get("data") or {})

    def _book(self) -> Answer:
        return self.stage.send(BOOK, Asked(body=self._booking()))

    def _recommendation(self) -> dict[str, Any]:
        providers = [
            {"id": str(each.id), "name": f"{each.first_name} {each.last_name}", "phone": each.phone}
            for each in MECHANICS
        ]
        return {"serviceRequestId": str(self._request), "providers": providers}

    def _booking(self) -> dict[str, Any]:
        chosen = MECHANICS[0]
        return {
            "serviceRequestId": str(self._request),
            "providerId": str(chosen.id),
            "providerPhone": chosen.phone,
            "providerName": f"{chosen.first_name} {chosen.last_name}",
            "serviceDescription": "The boiler makes a knocking sound",
            "preferredDate": f"{self.stage.in_two_days():%Y-%m-%d}",
            "preferredTime": "14:00",
            "customerName": ADA.first_name,
            "customerPhone": ADA.phone,
        }
