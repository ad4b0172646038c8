"""`hub demo` without a part: every road in, one scene for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, ClassVar

from hub.cli.asking import say_holds
from hub.cli.console import instant, say
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
from hub.cli.demo.part import Claim, Part, Scene
from hub.cli.demo.pool import prepare_pool
from hub.cli.demo.stage import Stage
from hub.values import format_instant

_DAY = timedelta(days=1)
_OK, _ACCEPTED, _UNPROVEN, _UNFIT = 200, 202, 401, 422

RETELL = "retell-appointment-booked"  # is shown where it is there
TOOL, ENDED, OUTCOME, CALCOM = (
    "vapi-appointment-booked",
    "vapi-call-ended",
    "appointment-outcome",
    "calcom-appointment-outcome",
)


class Tour(Part):
    """What every road into the hub looks like, with the flow of the held numbers."""

    title: ClassVar[str] = "leads, phone numbers and appointments, by every road"
    needed: ClassVar[tuple[str, ...]] = ("lead-phone", TOOL, ENDED, OUTCOME, CALCOM)
    wanted: ClassVar[tuple[str, ...]] = (RETELL,)
    shown: ClassVar[tuple[str, ...]] = (TOOL, ENDED, OUTCOME, CALCOM, RETELL)

    def __init__(self, stage: Stage, *, mark: str) -> None:
        super().__init__(stage, mark=mark)
        self.call_id = f"call-{mark}"
        self.tool_call_id = f"tool-{mark}"
        self.booking_uid = f"cal-{mark}"
        self.starts_at = stage.in_two_days()
        self._booked: Answer | None = None

    def prepare(self) -> None:
        """Three leads without appointments, four numbers."""
        prepare_pool(self.stage)

    def say_rows(self) -> None:
        """The monitor of the held numbers (H-25)."""
        say("Who holds which number", bold=True)
        holds = self.stage.holds()
        if holds:
            say_holds(holds, indent="  ")

    @property
    def scenes(self) -> Iterable[Callable[[], Scene]]:
        """Ten of them, of several vendors."""
        return (
            self.numbers,
            self.booking,
            self.repeated_booking,
            self.time_without_zone,
            self.end_of_call,
            self.appointment_kept,
            self.calcom,
            *([self.retell] if self.stage.has(RETELL) else []),
            self.unknown_outcome,
            self.stranger,
        )

    def numbers(self) -> Scene:
        """A lead gets a number (H-01)."""
        path = self.stage.path("lead-phone")
        self.stage.caller.broker(path, {"lead_id": str(GRACE.id)})
        answer = self.stage.caller.broker(path, {"lead_id": str(ADA.id), "phone": ADA.phone})
        hold = self.stage.hold_of(ADA.id)
        run = self.stage.last_run("lead-phone")
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
        answer = self.call(format_instant(self.starts_at), self.tool_call_id)
        self._booked = answer
        said = result_of(answer)
        hold = self.stage.hold_of(ADA.id)
        until = self.starts_at + _DAY
        self.stage.run_of(TOOL, self.key(self.tool_call_id))
        return Scene(
            "The voice agent books an appointment in the middle of a call",
            f"POST {self.stage.path('vapi-appointment-booked')}  (Vapi tool call)",
            answer,
            (
                Claim("the answer names the tool call", _id(answer) == self.tool_call_id),
                Claim("the agent has a sentence to say", said.get("result", "")[:6] == "Booked"),
                Claim(
                    f"the same number stays until {instant(until)}, 24 h after it",
                    hold is not None and hold.release_at == until,
                ),
                Claim("the team is told once", len(self.stage.sent()) == 1),
            ),
            spoken=said.get("result"),
        )

    def repeated_booking(self) -> Scene:
        """A repeated request (I7)."""
        answer = self.call(format_instant(self.starts_at), self.tool_call_id)
        runs = [
            run for run in self.stage.runs(TOOL) if run.dedupe_key == self.key(self.tool_call_id)
        ]
        return Scene(
            "The same tool call comes again, as vendors do",
            f"POST {self.stage.path('vapi-appointment-booked')}",
            answer,
            (
                Claim(
                    "the same answer", self._booked is not None and answer.text == self._booked.text
                ),
                Claim("no second run", len(runs) == 1),
            ),
            spoken=result_of(answer).get("result"),
        )

    def time_without_zone(self) -> Scene:
        """A time that names no instant (X01)."""
        before = len(self.stage.runs(TOOL))
        naive = f"{self.starts_at:%Y-%m-%dT%H:%M:%S}"
        answer = self.call(naive, f"{self.tool_call_id}-naive")
        after = len(self.stage.runs(TOOL))
        return Scene(
            "A time without a zone: nobody can know which instant is meant",
            f"POST {self.stage.path('vapi-appointment-booked')}  ({naive})",
            answer,
            (
                Claim("the agent is told what to ask for", bool(result_of(answer).get("error"))),
                Claim("no run", before == after),
            ),
            spoken=result_of(answer).get("error"),
        )

    def end_of_call(self) -> Scene:
        """The same booking by another road (H-05, H-06)."""
        path = self.stage.path("vapi-call-ended")
        body = call_ended(ADA, self.starts_at, call_id=self.call_id)
        answer = self.stage.caller.vapi(path, body)
        run = self.stage.run_of("vapi-call-ended", f"{self.call_id}/appointment_booked")
        hold = self.stage.hold_of(ADA.id)
        return Scene(
            "The call ends, and its report tells the same booking once more",
            f"POST {path}",
            answer,
            (
                Claim("202 with the id of a run", answer.status == _ACCEPTED),
                Claim("the run succeeds", run is not None and run.status == "succeeded"),
                Claim("the team is not told twice", len(self.stage.sent()) == 1),
                Claim(
                    "the hold is as it was",
                    hold is not None and hold.release_at == self.starts_at + _DAY,
                ),
            ),
        )

    def appointment_kept(self) -> Scene:
        """An outcome (H-10, H-11)."""
        path = self.stage.path("appointment-outcome")
        now = self.stage.now()
        body = outcome(ADA, "showed", self.starts_at, now)
        answer = self.stage.caller.broker(path, body)
        hold = self.stage.hold_of(ADA.id)
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
        path = self.stage.path("calcom-appointment-outcome")
        ends_at = self.starts_at + timedelta(minutes=30)
        body = calcom_booking(
            GRACE, self.starts_at, ends_at, uid=self.booking_uid, now=self.stage.now()
        )
        answer = self.stage.caller.calcom(path, body)
        key = f"BOOKING_CREATED/{self.booking_uid}/0"
        run = self.stage.run_of("calcom-appointment-outcome", key)
        hold = self.stage.hold_of(GRACE.id)
        return Scene(
            "Cal.com reports a booking, signed with HMAC-SHA256",
            f"POST {path}",
            answer,
            (
                Claim("200, as Cal.com wants it", answer.status == _OK),
                Claim("the run succeeds", run is not None and run.status == "succeeded"),
                Claim(
                    f"{GRACE.first_name}'s number stays until {instant(self.starts_at + _DAY)}",
                    hold is not None and hold.release_at >= self.starts_at + _DAY,
                ),
                Claim("the team is told of this one", len(self.stage.sent()) == 2),  # noqa: PLR2004
            ),
        )

    def retell(self) -> Scene:
        """The same booking in another vendor's words."""
        self.stage.caller.broker(self.stage.path("lead-phone"), {"lead_id": str(ALAN.id)})
        before = len(self.stage.sent())
        path, time = self.stage.path(RETELL), format_instant(self.starts_at)
        body = custom_function(ALAN, time, call_id=self.call_id)
        answer = self.stage.caller.retell(path, body, now=self.stage.now())
        run = self.stage.last_run(RETELL)
        hold = self.stage.hold_of(ALAN.id)
        said = str(answer.json.get("result", ""))
        return Scene(
            "A voice agent of Retell books, by a custom function that is signed with its time",
            f"POST {path}  (Retell custom function)",
            answer,
            (
                Claim("the agent has a sentence to say", said[:6] == "Booked"),
                Claim("the run succeeds", run is not None and run.status == "succeeded"),
                Claim(
                    f"{ALAN.first_name}'s number stays until {instant(self.starts_at + _DAY)}",
                    hold is not None and hold.release_at == self.starts_at + _DAY,
                ),
                Claim("the team is told once", len(self.stage.sent()) == before + 1),
            ),
            spoken=said,
        )

    def unknown_outcome(self) -> Scene:
        """What is no outcome (H-10)."""
        path = self.stage.path("appointment-outcome")
        before = len(self.stage.runs("appointment-outcome"))
        body = {"lead_id": str(ADA.id), "outcome": "maybe"}
        answer = self.stage.caller.broker(path, body)
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
                Claim("no run", len(self.stage.runs("appointment-outcome")) == before),
            ),
        )

    def stranger(self) -> Scene:
        """A request without credentials (S1)."""
        path = self.stage.path("appointment-outcome")
        before = len(self.stage.runs("appointment-outcome"))
        answer = self.stage.caller.stranger(path, outcome(ADA, "cancelled", *[self.starts_at] * 2))
        return Scene(
            "Somebody without credentials cancels the appointment",
            f"POST {path}",
            answer,
            (
                Claim("401", answer.status == _UNPROVEN),
                Claim("no run", len(self.stage.runs("appointment-outcome")) == before),
            ),
        )

    def call(self, time: str, tool_call_id: str) -> Answer:
        """The voice agent books for Ada."""
        body = tool_call(ADA, time, call_id=self.call_id, tool_call_id=tool_call_id)
        return self.stage.caller.vapi(self.stage.path(TOOL), body)

    def key(self, tool_call_id: str) -> str:
        """The dedupe key of a tool call of this performance."""
        return f"{self.call_id}/{tool_call_id}"


def result_of(answer: Answer) -> dict[str, Any]:
    """What the voice agent hears of its tool call."""
    results = answer.json.get("results")
    return results[0] if isinstance(results, list) and results else {}


def _id(answer: Answer) -> str:
    return str(result_of(answer).get("toolCallId", ""))
