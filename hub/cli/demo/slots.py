"""`hub demo slots`: a time is reserved, paid and confirmed; an unpaid one is free again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from hub.bootstrap.clock import new_id
from hub.cli.console import say, table
from hub.cli.demo.bodies import ADA
from hub.cli.demo.caller import Answer
from hub.cli.demo.part import Claim, Part, Scene
from hub.cli.demo.sending import Asked
from hub.values import format_instant

CHECK, CHECKOUT, STRIPE = "check-slots", "slot-checkout", "stripe-webhook"
SESSIONS, MOVE, CANCEL = "sessions", "session-reschedule", "session-cancel"
_MINUTES = timedelta(minutes=30)
_OK, _CREATED, _UNPROVEN, _CONFLICT = 200, 201, 401, 409


class Slots(Part):
    """Slots with a (simulated) payment."""

    title: ClassVar[str] = "slots that are reserved, paid and confirmed"
    needed: ClassVar[tuple[str, ...]] = (CHECK, CHECKOUT, STRIPE, SESSIONS, MOVE, CANCEL)
    shown: ClassVar[tuple[str, ...]] = (CHECKOUT, STRIPE)
    _mechanic: UUID
    _customer: UUID
    _payment: str = ""

    def prepare(self) -> None:
        """A mechanic and a customer of this performance's own."""
        self._mechanic, self._customer = new_id(), new_id()

    @property
    def scenes(self) -> Iterable[Callable[[], Scene]]:
        """Reserve, pay, move, cancel; and a payment that fails."""
        return (
            self.free,
            self.reserved,
            self.taken,
            self.paid,
            self.moved,
            self.cancelled,
            self.declined_reserved,
            self.declined,
            self.stranger,
        )

    @property
    def _time(self) -> datetime:
        return self.stage.in_two_days()

    def free(self) -> Scene:
        """R-12."""
        answer = self._check(self._time)
        return Scene(
            "Is this time free?",
            f"POST {self.stage.path(CHECK)}",
            answer,
            (Claim("it is", answer.json.get("available") is True),),
        )

    def reserved(self) -> Scene:
        """R-03, R-15."""
        answer = self._reserve(self._customer)
        self._payment = str(answer.json.get("client_secret", "")).partition("_secret")[0]
        return Scene(
            "A customer reserves it; the payment is asked for",
            f"POST {self.stage.path(CHECKOUT)}",
            answer,
            (
                Claim("201 with a reservation", answer.status == _CREATED),
                Claim("nobody else can have it", self._becomes(self._time, is_free=False)),
            ),
        )

    def taken(self) -> Scene:
        """R-04."""
        answer = self._reserve(new_id())
        return Scene(
            "Another customer wants the same time",
            f"POST {self.stage.path(CHECKOUT)}",
            answer,
            (Claim("409 slot_taken", answer.json.get("error") == "slot_taken"),),
        )

    def paid(self) -> Scene:
        """R-07, R-17."""
        answer = self._report("succeeded")
        self.stage.wait_until(lambda: bool(self._sessions()))
        self.stage.wait_until(lambda: any(name == "email.send" for name, _ in self.stage.sent()))
        mails = [inputs for action, inputs in self.stage.sent() if action == "email.send"]
        return Scene(
            "Stripe reports that the payment succeeded",
            f"POST {self.stage.path(STRIPE)}  (signed with its time)",
            answer,
            (
                Claim("200, as Stripe wants it", answer.status == _OK),
                Claim("the session is scheduled", self._state() == "scheduled"),
                Claim("one mail confirms it, with an invitation", len(mails) == 1),
            ),
        )

    def moved(self) -> Scene:
        """R-13, X30."""
        later = self._time + timedelta(days=1)
        body = {**self._own(), "scheduled_for": format_instant(later)}
        answer = self.stage.send(MOVE, Asked(body=body))
        return Scene(
            "The customer moves the session by a day",
            f"POST {self.stage.path(MOVE)}",
            answer,
            (
                Claim("200", answer.status == _OK),
                Claim("the new time is taken", self._becomes(later, is_free=False)),
                Claim("the old one is free", self._becomes(self._time, is_free=True)),
            ),
        )

    def cancelled(self) -> Scene:
        """R-08, R-24."""
        answer = self.stage.send(CANCEL, Asked(body=self._own()))
        later = self._time + timedelta(days=1)
        return Scene(
            "The customer cancels",
            f"POST {self.stage.path(CANCEL)}",
            answer,
            (
                Claim("200", answer.status == _OK),
                Claim("the time is free at once", self._becomes(later, is_free=True)),
            ),
        )

    def declined_reserved(self) -> Scene:
        """Another try, whose payment will fail."""
        answer = self._reserve(new_id())
        self._payment = str(answer.json.get("client_secret", "")).partition("_secret")[0]
        return Scene(
            "Somebody else reserves the first time again",
            f"POST {self.stage.path(CHECKOUT)}",
            answer,
            (Claim("201: what was given back can be taken", answer.status == _CREATED),),
        )

    def declined(self) -> Scene:
        """R-16, X27."""
        answer = self._report("payment_failed")
        is_free = self._becomes(self._time, is_free=True)
        return Scene(
            "Stripe reports that the card was declined",
            f"POST {self.stage.path(STRIPE)}",
            answer,
            (
                Claim("200", answer.status == _OK),
                Claim("everything is undone: the time is free", is_free),
            ),
        )

    def stranger(self) -> Scene:
        """S1: whoever could say that something was paid would have it for nothing."""
        answer = self._report("succeeded", is_proved=False)
        return Scene(
            "Somebody without Stripe's secret says that it was paid",
            f"POST {self.stage.path(STRIPE)}",
            answer,
            (Claim("401", answer.status == _UNPROVEN),),
        )

    def say_rows(self) -> None:
        """The customer's sessions."""
        say("The customer's sessions", bold=True)
        rows = [
            (str(each.get("scheduled_for")), str(each.get("kind")), str(each.get("status")))
            for each in self._sessions()
        ]
        table(("when", "kind", "status"), rows, indent="  ")

    def _check(self, start: datetime) -> Answer:
        body = {
            "mechanic_id": str(self._mechanic),
            "start": format_instant(start),
            "end": format_instant(start + _MINUTES),
        }
        return self.stage.send(CHECK, Asked(body=body))

    def _becomes(self, start: datetime, *, is_free: bool) -> bool:
        """Asked again, for the same question within one second is a repeat with its old answer."""
        return self.stage.wait_until(lambda: self._is_free(start) is is_free)

    def _is_free(self, start: datetime) -> bool | None:
        found = self._check(start).json.get("available")
        return found if isinstance(found, bool) else None

    def _reserve(self, customer: UUID) -> Answer:
        body = {
            "customer_id": str(customer),
            "customer_email": ADA.email,
            "mechanic_id": str(self._mechanic),
            "scheduled_for": format_instant(self._time),
            "duration_minutes": 30,
            "session_type": "video",
            "amount": 4500,
        }
        return self.stage.send(CHECKOUT, Asked(body=body))

    def _report(self, word: str, *, is_proved: bool = True) -> Answer:
        body = {
            "id": f"evt_{new_id().hex}",
            "object": "event",
            "type": f"payment_intent.{word}",
            "data": {"object": {"id": self._payment, "object": "payment_intent", "metadata": {}}},
        }
        return self.stage.send(STRIPE, Asked(body=body), is_proved=is_proved)

    def _sessions(self) -> list[dict[str, Any]]:
        query = {"viewer": "customer", "viewer_id": str(self._customer)}
        return list(self.stage.send(SESSIONS, Asked(query=query)).json.get("sessions") or [])

    def _own(self) -> dict[str, Any]:
        found = next(iter(self._sessions()), {})
        id_ = found.get("session_id") or found.get("id")
        return {"session_id": str(id_), "customer_id": str(self._customer)}

    def _state(self) -> str:
        return str(next(iter(self._sessions()), {}).get("status"))
