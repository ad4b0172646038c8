"""`hub demo holds`: a number stays with its lead around every appointment, and no longer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hub.cli.console import instant
from hub.cli.demo.bodies import ADA, ALAN, GRACE, DemoLead, outcome, tool_call
from hub.cli.demo.caller import Answer
from hub.cli.demo.part import Claim, Scene
from hub.cli.demo.tour import ENDED, OUTCOME, TOOL, Tour, result_of
from hub.domain.monitor import HoldLine
from hub.values import format_instant

_DAY, _FIRST_HOLD, _ABOUT = timedelta(days=1), timedelta(hours=18), timedelta(minutes=1)
_OK = 200


class Holds(Tour):
    """Holds around appointments: given, extended, never shortened, moved, given back."""

    title: ClassVar[str] = "phone numbers held around appointments"
    needed: ClassVar[tuple[str, ...]] = ("lead-phone", TOOL, ENDED, OUTCOME)
    wanted: ClassVar[tuple[str, ...]] = ()
    shown: ClassVar[tuple[str, ...]] = (TOOL, OUTCOME)

    @property
    def scenes(self) -> Iterable[Callable[[], Scene]]:
        """The life of a hold, and what must not happen to it."""
        return (
            self.first_number,
            self.booking,
            self.end_of_call,
            self.earlier_appointment,
            self.same_lead_again,
            self.one_of_two_cancelled,
            self.moved,
            self.cancelled,
            self.next_lead,
            self.missed,
            self.without_number,
            self.unknown_outcome,
            self.stranger,
        )

    @property
    def _later(self) -> datetime:
        return self.starts_at + 3 * _DAY

    def first_number(self) -> Scene:
        """H-01."""
        answer = self._give(ADA)
        now, hold = self.stage.now(), self.stage.hold_of(ADA.id)
        is_given = hold is not None and answer.json.get("phone_number") == hold.number
        until = hold.release_at if hold else now
        return Scene(
            "A lead gives a phone number and gets one of the pool's, for 18 hours",
            f"POST {self.stage.path('lead-phone')}",
            answer,
            (
                Claim("200 with the number", answer.status == _OK and is_given),
                Claim(
                    f"it is free again at {instant(until)} unless something is booked",
                    is_given and abs(until - now - _FIRST_HOLD) < _ABOUT,
                ),
            ),
        )

    def earlier_appointment(self) -> Scene:
        """H-24, X07."""
        before = self._held(ADA)
        earlier = self.starts_at - _DAY
        answer = self.call(format_instant(earlier), f"{self.tool_call_id}-earlier")
        self.stage.last_run(TOOL)
        after = self._held(ADA)
        return Scene(
            "A second appointment, a day before the first",
            f"POST {self.stage.path(TOOL)}  (Vapi tool call)",
            answer,
            (
                Claim("it is booked", str(result_of(answer).get("result", ""))[:6] == "Booked"),
                Claim(
                    f"the hold is not shortened: until {_until(after)}, after the later of the two",
                    before is not None and after is not None and _same(before, after),
                ),
            ),
            spoken=result_of(answer).get("result"),
        )

    def same_lead_again(self) -> Scene:
        """H-23."""
        before = self._held(ADA)
        answer = self._give(ADA)
        after = self._held(ADA)
        return Scene(
            "The lead answers again",
            f"POST {self.stage.path('lead-phone')}",
            answer,
            (
                Claim("the same number, for as long as before", _same(before, after)),
                Claim(
                    "no second number",
                    sum(hold.lead_id == ADA.id for hold in self.stage.holds()) == 1,
                ),
            ),
        )

    def one_of_two_cancelled(self) -> Scene:
        """H-13 beside H-24, X07."""
        before = self._held(ADA)
        answer = self._report(ADA, "cancelled", self.starts_at - _DAY)
        after = self._held(ADA)
        return Scene(
            "The earlier of the two is cancelled",
            f"POST {self.stage.path(OUTCOME)}",
            answer,
            (
                Claim("200", answer.status == _OK),
                Claim("the other one still holds the number", _same(before, after)),
            ),
        )

    def moved(self) -> Scene:
        """H-14, X04."""
        before = self._held(ADA)
        answer = self._report(
            ADA, "rescheduled", self.starts_at, new_appointment_time=format_instant(self._later)
        )
        after = self._held(ADA)
        return Scene(
            "The appointment is moved by three days",
            f"POST {self.stage.path(OUTCOME)}",
            answer,
            (
                Claim(
                    "the lead keeps the number: nobody could take it in between",
                    before is not None and after is not None and before.number == after.number,
                ),
                Claim(
                    f"until {_until(after)}, 24 h after the new time",
                    after is not None and after.release_at == self._later + _DAY,
                ),
            ),
        )

    def cancelled(self) -> Scene:
        """H-13, X03."""
        answer = self._report(ADA, "cancelled", self._later)
        now, hold = self.stage.now(), self._held(ADA)
        return Scene(
            "The last appointment is cancelled",
            f"POST {self.stage.path(OUTCOME)}",
            answer,
            (
                Claim("200", answer.status == _OK),
                Claim(
                    "the number is free for the next lead at once, before any sweep",
                    hold is None or hold.release_at <= now,
                ),
            ),
        )

    def next_lead(self) -> Scene:
        """Whoever comes gets a number; the one that was free for longest."""
        answer = self._give(GRACE)
        hold = self._held(GRACE)
        return Scene(
            "The next lead comes",
            f"POST {self.stage.path('lead-phone')}",
            answer,
            (
                Claim(
                    f"gets {hold.number if hold else 'no number'}, which nobody else holds",
                    hold is not None
                    and sum(each.number == hold.number for each in self.stage.holds()) == 1,
                ),
            ),
        )

    def missed(self) -> Scene:
        """H-12, X09."""
        id_ = f"{self.tool_call_id}-grace"
        body = tool_call(
            GRACE, format_instant(self.starts_at), call_id=f"{self.call_id}-2", tool_call_id=id_
        )
        self.stage.caller.vapi(self.stage.path(TOOL), body)
        self.stage.last_run(TOOL)
        answer = self._report(GRACE, "no_show", self.starts_at)
        now, hold = self.stage.now(), self._held(GRACE)
        return Scene(
            "An appointment is missed",
            f"POST {self.stage.path(OUTCOME)}",
            answer,
            (
                Claim("200", answer.status == _OK),
                Claim(
                    f"24 h to follow up, from now: until {_until(hold)}",
                    hold is not None and abs(hold.release_at - now - _DAY) < _ABOUT,
                ),
            ),
        )

    def without_number(self) -> Scene:
        """H-30, X08."""
        answer = self._report(ALAN, "rescheduled", None, new_appointment_time=self._written)
        return Scene(
            "Somebody moves an appointment of a lead who has neither that nor a number",
            f"POST {self.stage.path(OUTCOME)}",
            answer,
            (
                Claim("the answer says so", answer.json.get("success") is False),
                Claim(f"it is {answer.json.get('error')}", bool(answer.json.get("error"))),
                Claim("no number is given away by it", self._held(ALAN) is None),
            ),
        )

    @property
    def _written(self) -> str:
        return format_instant(self._later)

    def _held(self, lead: DemoLead) -> HoldLine | None:
        return self.stage.hold_of(lead.id)

    def _give(self, lead: DemoLead) -> Answer:
        body = {"lead_id": str(lead.id), "phone": lead.phone}
        return self.stage.caller.broker(self.stage.path("lead-phone"), body)

    def _report(self, lead: DemoLead, word: str, starts_at: datetime | None, **more: Any) -> Answer:
        body = outcome(lead, word, starts_at or self.starts_at, self.stage.now())
        if starts_at is None:
            del body["appointment_time"]
        return self.stage.caller.broker(self.stage.path(OUTCOME), {**body, **more})


def _same(one: HoldLine | None, other: HoldLine | None) -> bool:
    """Whether it is the same number until the same instant."""
    return (
        one is not None
        and other is not None
        and (one.number, one.release_at) == (other.number, other.release_at)
    )


def _until(hold: HoldLine | None) -> str:
    return "-" if hold is None else instant(hold.release_at)
