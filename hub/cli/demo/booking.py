"""`hub demo booking`: a client books on a tenant's page, staff decides, a link cancels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, ClassVar

from hub.cli.console import say, table
from hub.cli.demo.bodies import ADA, GRACE, DemoLead
from hub.cli.demo.caller import Answer
from hub.cli.demo.office import prepare_office
from hub.cli.demo.part import Claim, Part, Scene
from hub.cli.demo.sending import Asked
from hub.domain.bookings.demo_data import BOILER_CHECK, HEATING, STUDIO

FREE, BOOK, DECIDE, JOBS = "availability", "booking-request", "booking-decision", "staff-jobs"
CANCEL = "client-cancel"
_PAGE, _STRANGER = "https://heating.example.com", "https://evil.example.com"
_LINK = re.compile(r"/bookings/cancel\?token=(\S+)")
_OK, _CREATED, _FORBIDDEN, _CONFLICT = 200, 201, 403, 409
_REFUSED = {403, 404}


class Booking(Part):
    """The public booking of a tenant with confirmation by hand."""

    title: ClassVar[str] = "public booking, with staff that decides and links in mails"
    needed: ClassVar[tuple[str, ...]] = (FREE, BOOK, DECIDE, JOBS, CANCEL)
    shown: ClassVar[tuple[str, ...]] = (BOOK, DECIDE, CANCEL)
    _start: str = ""
    _job: str = ""
    _token: str = ""

    def prepare(self) -> None:
        """Two tenants with their services, and a key for the staff of each."""
        prepare_office(self.stage, origins=(_PAGE,))

    @property
    def scenes(self) -> Iterable[Callable[[], Scene]]:
        """From the free times to the link that cancels."""
        return (
            self.free,
            self.foreign_page,
            self.asked_for,
            self.too_late,
            self.foreign_staff,
            self.confirmed,
            self.declined_late,
            self.cancelled_by_link,
            self.link_used,
        )

    def free(self) -> Scene:
        """K-01."""
        answer = self._free()
        slots = answer.json.get("slots") or []
        self._start = str(slots[0]["start"]) if slots else ""
        return Scene(
            "Which times of the boiler check are free?",
            f"GET {self.stage.path(FREE)}",
            answer,
            (Claim(f"the first is {self._start}", bool(self._start)),),
        )

    def foreign_page(self) -> Scene:
        """K-22."""
        answer = self._book(ADA, _STRANGER)
        return Scene(
            "The page of somebody else books in a visitor's browser",
            f"POST {self.stage.path(BOOK)}  (Origin: {_STRANGER})",
            answer,
            (
                Claim("403", answer.status == _FORBIDDEN),
                Claim(
                    "no header lets that page read it",
                    "access-control-allow-origin" not in answer.headers,
                ),
                Claim("the time is still free", self._is_free()),
            ),
        )

    def asked_for(self) -> Scene:
        """K-11, K-16."""
        answer = self._book(ADA, _PAGE)
        self._job = str(answer.json.get("job_id", ""))
        self.stage.wait_until(lambda: len(self._mails()) >= 2)  # noqa: PLR2004 - client and staff
        receivers = [str(each.get("to")) for each in self._mails()]
        return Scene(
            "A client asks for it on the tenant's own page",
            f"POST {self.stage.path(BOOK)}  (Origin: {_PAGE})",
            answer,
            (
                Claim("201, it waits for a decision", self._status() == "pending-confirmation"),
                Claim("the time is taken meanwhile", not self._is_free()),
                Claim("one mail for the contractor", receivers.count("bob@example.com") == 1),
                Claim("one mail for the client", receivers.count(ADA.email) == 1),
            ),
        )

    def too_late(self) -> Scene:
        """K-02."""
        answer = self._book(GRACE, _PAGE)
        return Scene(
            "Another client wants the same time",
            f"POST {self.stage.path(BOOK)}",
            answer,
            (Claim("409 slot_taken", answer.json.get("error") == "slot_taken"),),
        )

    def foreign_staff(self) -> Scene:
        """K-21."""
        answer = self._decide("confirm", tenant=STUDIO)
        return Scene(
            "Staff of another tenant confirms it",
            f"POST {self.stage.path(DECIDE)}",
            answer,
            (
                Claim("there is no such job for them", answer.status in _REFUSED),
                Claim("nothing changed", self._status() == "pending-confirmation"),
            ),
        )

    def confirmed(self) -> Scene:
        """K-12."""
        before = len(self._mails())
        answer = self._decide("confirm")
        again = self._decide("confirm")
        self.stage.wait_until(lambda: len(self._mails()) > before)
        found = [_LINK.search(str(each.get("text", ""))) for each in self._mails()[:1]]
        self._token = next((each[1] for each in found if each is not None), "")
        return Scene(
            "The contractor confirms, twice",
            f"POST {self.stage.path(DECIDE)}",
            answer,
            (
                Claim("200 both times", (answer.status, again.status) == (_OK, _OK)),
                Claim("it is scheduled", self._status() == "scheduled"),
                Claim("one mail tells the client", len(self._mails()) == before + 1),
                Claim("with a link that cancels", bool(self._token)),
            ),
        )

    def declined_late(self) -> Scene:
        """K-14."""
        answer = self._decide("decline")
        return Scene(
            "The contractor declines what was confirmed",
            f"POST {self.stage.path(DECIDE)}",
            answer,
            (Claim("409", answer.status == _CONFLICT),),
        )

    def cancelled_by_link(self) -> Scene:
        """K-27."""
        answer = self._cancel()
        return Scene(
            "The client presses the link of the mail",
            f"POST {self.stage.path(CANCEL)}",
            answer,
            (
                Claim("it is cancelled", self._status() == "cancelled"),
                Claim("the time is free again", self._is_free()),
            ),
        )

    def link_used(self) -> Scene:
        """A link is good for one version of a booking; who presses twice hears the same."""
        before = self._status()
        answer = self._cancel()
        return Scene(
            "The client presses it once more",
            f"POST {self.stage.path(CANCEL)}",
            answer,
            (
                Claim("the same answer", answer.json.get("status") == "cancelled"),
                Claim("nothing happens twice", self._status() == before),
            ),
        )

    def say_rows(self) -> None:
        """The jobs of the tenant."""
        say("What the contractor's desk shows", bold=True)
        rows = [
            (str(each.get("start")), str(each.get("client_name")), str(each.get("status")))
            for each in self._jobs()[-8:]
        ]
        table(("start", "client", "status"), rows, indent="  ")

    def _free(self) -> Answer:
        today = self.stage.now().date()
        query = {"first": str(today), "last": str(today + timedelta(days=21))}
        return self.stage.send(FREE, Asked(params={"service_id": BOILER_CHECK}, query=query))

    def _is_free(self) -> bool:
        return any(each.get("start") == self._start for each in self._free().json.get("slots", ()))

    def _book(self, client: DemoLead, origin: str) -> Answer:
        body = {
            "start": self._start,
            "client": {"name": f"{client.first_name} {client.last_name}", "email": client.email},
        }
        asked = Asked(params={"service_id": BOILER_CHECK}, body=body, headers={"origin": origin})
        return self.stage.send(BOOK, asked)

    def _decide(self, decision: str, *, tenant: Any = HEATING) -> Answer:
        params = {"job_id": self._job, "decision": decision}
        return self.stage.send(DECIDE, Asked(params=params, body={}, speaks_for=tenant))

    def _cancel(self) -> Answer:
        return self.stage.send(CANCEL, Asked(body={"token": self._token}))

    def _jobs(self) -> list[dict[str, Any]]:
        asked = Asked(query={"limit": 500}, speaks_for=HEATING)
        return list(self.stage.send(JOBS, asked).json.get("jobs") or [])

    def _status(self) -> str:
        return next((str(job["status"]) for job in self._jobs() if job["id"] == self._job), "")

    def _mails(self) -> list[dict[str, Any]]:
        """What the run of the booking would have sent, the newest first."""
        runs = self.stage.runs(BOOK)
        return [
            inputs
            for action, inputs in reversed(self.stage.sent_by(runs))
            if action == "email.send"
        ]
