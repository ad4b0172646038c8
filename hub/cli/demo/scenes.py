"""One scene for each thing to see. A scene sends something, and says what must be true then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hub.cli.console import instant
from hub.cli.demo.bodies import (
    ADA,
    ALAN,
    GRACE,
    calcom_booking,
    call_ended,
    custom_function,
    outcome,
    tool_call,
)
from hub.cli.demo.caller import Answer
from hub.cli.demo.stage import RETELL, Stage
from hub.values import format_instant

_DAY = timedelta(days=1)
_OK, _ACCEPTED, _UNPROVEN, _UNFIT = 200, 202, 401, 422


@dataclass(frozen=True)
class Claim:
    """Something that must be true after a scene, and whether it is."""

    text: str
    is_true: bool


@dataclass(frozen=True)
class Scene:
    """What is seen: the request, the answer, and the claims."""

    title: str
    request: str
    answer: Answer
    claims: tuple[Claim, ...]
    spoken: str | None = None


class Play:
    """The scenes, in order; later ones build on earlier ones."""

    def __init__(self, stage: Stage, *, mark: str) -> None:
        """`mark` makes the ids of this performance its own."""
        self._stage = stage
        self._call_id = f"call-{mark}"
        self._tool_call_id = f"tool-{mark}"
        self._booking_uid = f"cal-{mark}"
        self._starts_at = stage.in_two_days()
        self._booked: Answer | None = None

    @property
    def scenes(self) -> Iterable[Callable[[], Scene]]:
        """In the order in which they are played."""
        return (
            self.numbers,
            self.booking,
            self.repeated_booking,
            self.time_without_zone,
            self.end_of_call,
            self.appointment_kept,
            self.calcom,
            *([self.retell] if self._stage.has(RETELL) else []),
            self.unknown_outcome,
            self.stranger,
        )

    def numbers(self) -> Scene:
        """A lead gets a number (H-01)."""
        path = self._stage.path("lead-phone")
        self._stage.caller.broker(path, {"lead_id": str(GRACE.id)})
        answer = self._stage.caller.broker(path, {"lead_id": str(ADA.id), "phone": ADA.phone})
        hold = self._stage.hold_of(ADA.id)
        run = self._stage.last_run("lead-phone")
        return Scene(
            "Leads give their phone numbers; each gets one of the pool's",
            f"POST {path}",
            answer,
            (
                Claim("200 with the number that stays with the lead", answer.status == _OK),
                Claim(
                    f"{ADA.first_name} holds {hold.number if hold else 'no number'}"
                    f" until {instant(hold.release_at) if hold else '-'}",
                    hold is not None and answer.json.get("phone_number") == hold.number,
                ),
                Claim("the mode is simulate", run is not None and run.mode == "simulate"),
            ),
        )

    def booking(self) -> Scene:
        """A booking by tool call (H-03, H-04, H-07, H-09)."""
        answer = self._call(format_instant(self._starts_at), self._tool_call_id)
        self._booked = answer
        said = _result(answer)
        hold = self._stage.hold_of(ADA.id)
        until = self._starts_at + _DAY
        self._stage.run_of("vapi-appointment-booked", self._key(self._tool_call_id))
        return Scene(
            "The voice agent books an appointment in the middle of a call",
            f"POST {self._stage.path('vapi-appointment-booked')}  (Vapi tool call)",
            answer,
            (
                Claim("the answer names the tool call", _id(answer) == self._tool_call_id),
                Claim("the agent has a sentence to say", said.get("result", "")[:6] == "Booked"),
                Claim(
                    f"the same number stays until {instant(until)}, 24 h after it",
                    hold is not None and hold.release_at == until,
                ),
                Claim("the team is told once", len(self._stage.sent()) == 1),
            ),
            spoken=said.get("result"),
        )

    def repeated_booking(self) -> Scene:
        """A repeated request (I7)."""
        answer = self._call(format_instant(self._starts_at), self._tool_call_id)
        runs = [
            run
            for run in self._stage.runs("vapi-appointment-booked")
            if run.dedupe_key == self._key(self._tool_call_id)
        ]
        return Scene(
            "The same tool call comes again, as vendors do",
            f"POST {self._stage.path('vapi-appointment-booked')}",
            answer,
            (
                Claim(
                    "the same answer", self._booked is not None and answer.text == self._booked.text
                ),
                Claim("no second run", len(runs) == 1),
            ),
            spoken=_result(answer).get("result"),
        )

    def time_without_zone(self) -> Scene:
        """A time that names no instant (X01)."""
        before = len(self._stage.runs("vapi-appointment-booked"))
        naive = f"{self._starts_at:%Y-%m-%dT%H:%M:%S}"
        answer = self._call(naive, f"{self._tool_call_id}-naive")
        after = len(self._stage.runs("vapi-appointment-booked"))
        return Scene(
            "A time without a zone: nobody can know which instant is meant",
            f"POST {self._stage.path('vapi-appointment-booked')}  ({naive})",
            answer,
            (
                Claim("the agent is told what to ask for", bool(_result(answer).get("error"))),
                Claim("no run", before == after),
            ),
            spoken=_result(answer).get("error"),
        )

    def end_of_call(self) -> Scene:
        """The same booking by another road (H-05, H-06)."""
        path = self._stage.path("vapi-call-ended")
        body = call_ended(ADA, self._starts_at, call_id=self._call_id)
        answer = self._stage.caller.vapi(path, body)
        run = self._stage.run_of("vapi-call-ended", f"{self._call_id}/appointment_booked")
        hold = self._stage.hold_of(ADA.id)
        return Scene(
            "The call ends, and its report tells the same booking once more",
            f"POST {path}",
            answer,
            (
                Claim("202 with the id of a run", answer.status == _ACCEPTED),
                Claim("the run succeeds", run is not None and run.status == "succeeded"),
                Claim("the team is not told twice", len(self._stage.sent()) == 1),
                Claim(
                    "the hold is as it was",
                    hold is not None and hold.release_at == self._starts_at + _DAY,
                ),
            ),
        )

    def appointment_kept(self) -> Scene:
        """An outcome (H-10, H-11)."""
        path = self._stage.path("appointment-outcome")
        now = self._stage.now()
        body = outcome(ADA, "showed", self._starts_at, now)
        answer = self._stage.caller.broker(path, body)
        hold = self._stage.hold_of(ADA.id)
        off = timedelta(minutes=1)
        return Scene(
            "The calendar reports that the lead showed up",
            f"POST {path}",
            answer,
            (
                Claim("200 with the new end of the hold", answer.json.get("success") is True),
                Claim(
                    f"the number is free in 24 h, at {instant(hold.release_at) if hold else '-'}",
                    hold is not None and abs(hold.release_at - now - _DAY) < off,
                ),
            ),
        )

    def calcom(self) -> Scene:
        """A vendor's webhook, signed over its raw bytes."""
        path = self._stage.path("calcom-appointment-outcome")
        ends_at = self._starts_at + timedelta(minutes=30)
        body = calcom_booking(
            GRACE, self._starts_at, ends_at, uid=self._booking_uid, now=self._stage.now()
        )
        answer = self._stage.caller.calcom(path, body)
        key = f"BOOKING_CREATED/{self._booking_uid}/0"
        run = self._stage.run_of("calcom-appointment-outcome", key)
        hold = self._stage.hold_of(GRACE.id)
        return Scene(
            "Cal.com reports a booking, signed with HMAC-SHA256",
            f"POST {path}",
            answer,
            (
                Claim("200, as Cal.com wants it", answer.status == _OK),
                Claim("the run succeeds", run is not None and run.status == "succeeded"),
                Claim(
                    f"{GRACE.first_name}'s number stays until {instant(self._starts_at + _DAY)}",
                    hold is not None and hold.release_at >= self._starts_at + _DAY,
                ),
                Claim("the team is told of this one", len(self._stage.sent()) == 2),  # noqa: PLR2004
            ),
        )

    def retell(self) -> Scene:
        """The same booking in another vendor's words."""
        self._stage.caller.broker(self._stage.path("lead-phone"), {"lead_id": str(ALAN.id)})
        before = len(self._stage.sent())
        path, time = self._stage.path(RETELL), format_instant(self._starts_at)
        body = custom_function(ALAN, time, call_id=self._call_id)
        answer = self._stage.caller.retell(path, body, now=self._stage.now())
        run = self._stage.last_run(RETELL)
        hold = self._stage.hold_of(ALAN.id)
        said = str(answer.json.get("result", ""))
        return Scene(
            "A voice agent of Retell books, by a custom function that is signed with its time",
            f"POST {path}  (Retell custom function)",
            answer,
            (
                Claim("the agent has a sentence to say", said[:6] == "Booked"),
                Claim("the run succeeds", run is not None and run.status == "succeeded"),
                Claim(
                    f"{ALAN.first_name}'s number stays until {instant(self._starts_at + _DAY)}",
                    hold is not None and hold.release_at == self._starts_at + _DAY,
                ),
                Claim("the team is told once", len(self._stage.sent()) == before + 1),
            ),
            spoken=said,
        )

    def unknown_outcome(self) -> Scene:
        """What is no outcome (H-10)."""
        path = self._stage.path("appointment-outcome")
        before = len(self._stage.runs("appointment-outcome"))
        body = {"lead_id": str(ADA.id), "outcome": "maybe"}
        answer = self._stage.caller.broker(path, body)
        errors = answer.json.get("errors") or [{}]
        return Scene(
            "An outcome that nobody declared",
            f"POST {path}",
            answer,
            (
                Claim("422 with the place of the mistake", answer.status == _UNFIT),
                Claim(
                    f"the place is {errors[0].get('pointer')}",
                    errors[0].get("pointer") == "/outcome",
                ),
                Claim("no run", len(self._stage.runs("appointment-outcome")) == before),
            ),
        )

    def stranger(self) -> Scene:
        """A request without credentials (S1)."""
        path = self._stage.path("appointment-outcome")
        before = len(self._stage.runs("appointment-outcome"))
        answer = self._stage.caller.stranger(
            path, outcome(ADA, "cancelled", *[self._starts_at] * 2)
        )
        return Scene(
            "Somebody without credentials cancels the appointment",
            f"POST {path}",
            answer,
            (
                Claim("401", answer.status == _UNPROVEN),
                Claim("no run", len(self._stage.runs("appointment-outcome")) == before),
            ),
        )

    def _call(self, time: str, tool_call_id: str) -> Answer:
        body = tool_call(ADA, time, call_id=self._call_id, tool_call_id=tool_call_id)
        return self._stage.caller.vapi(self._stage.path("vapi-appointment-booked"), body)

    def _key(self, tool_call_id: str) -> str:
        return f"{self._call_id}/{tool_call_id}"


def _result(answer: Answer) -> dict[str, Any]:
    results = answer.json.get("results")
    return results[0] if isinstance(results, list) and results else {}


def _id(answer: Answer) -> str:
    return str(_result(answer).get("toolCallId", ""))
