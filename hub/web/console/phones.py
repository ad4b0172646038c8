"""Phone numbers: who has which until when (H-25, H-26); keeping one longer, letting one go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from flask import Response, g

from hub.action import Attempt
from hub.domain import hold_desk, monitor
from hub.errors import NotPossible, Permanent
from hub.people.roles import Deed
from hub.storage import audit
from hub.storage.audit import Act
from hub.storage.db import DatabaseClock
from hub.storage.phone_pool import count_numbers
from hub.web.console.app import Console, field

_PAGE = "/admin/bookings/phones"
_SHOWN = 100
HOURS = (2, 18, 24, 72)  # by how much a hold is extended


class Phones:
    """The page of the phone numbers."""

    def __init__(self, app: Console) -> None:
        self._app = app
        app.page(_PAGE, Deed.SEE_BOOKINGS)(self.page)
        app.page(f"{_PAGE}/<uuid:phone_id>/extend", Deed.CHANGE_HOLDS, methods=("POST",))(
            self.extend
        )
        app.page(f"{_PAGE}/<uuid:phone_id>/release", Deed.CHANGE_HOLDS, methods=("POST",))(
            self.release
        )

    def page(self) -> Response:
        """All holds, those that are overdue first of all."""
        hub = self._app.hub
        with hub.console_database.connect() as db:
            clock = hub.runs_clock or DatabaseClock(db)
            now, held = clock.now(), monitor.holds(db, clock)
            numbers = count_numbers(db)
        return self._app.render(
            "phones.html",
            now=now,
            overdue=[each for each in held if each.release_at <= now],
            held=[each for each in held if each.release_at > now][:_SHOWN],
            hidden=max(0, len(held) - _SHOWN),
            numbers=numbers,
            taken=len(held),
            hours=HOURS,
        )

    def extend(self, phone_id: UUID) -> Response:
        """Keep a number for its lead some hours longer."""
        by = timedelta(hours=_hours(field("hours")))
        with self._act("console extend hold") as act, _refusals():
            clock = self._app.hub.runs_clock or DatabaseClock(act.connection)
            hold = hold_desk.extend(
                act.connection,
                clock,
                self._attempt(),
                phone_id=phone_id,
                by=by,
                who=g.visitor.email,
            )
            act.note({"phone": str(phone_id), "hours": by // timedelta(hours=1)}, after=vars(hold))
        return self._app.see_other(_PAGE)

    def release(self, phone_id: UUID) -> Response:
        """Return a number to the pool that no appointment holds."""
        with self._act("console release hold") as act, _refusals():
            clock = self._app.hub.runs_clock or DatabaseClock(act.connection)
            hold = hold_desk.let_go(
                act.connection, clock, self._attempt(), phone_id=phone_id, who=g.visitor.email
            )
            act.note({"phone": str(phone_id)}, before=vars(hold))
        return self._app.see_other(_PAGE)

    @contextmanager
    def _act(self, action: str) -> Iterator[Act]:
        with audit.act(self._app.hub.console_database, self._app.actor, action) as act:
            yield act

    def _attempt(self) -> Attempt:
        """What stands beside the change in the lead's history: no run did it."""
        made = self._app.hub.new_id()
        return Attempt(run_id=made, workflow="console", key=str(made), mode="live")


@contextmanager
def _refusals() -> Iterator[None]:
    """What the trade refuses is a sentence on a page."""
    try:
        yield
    except Permanent as refused:
        raise NotPossible(refused.message) from refused


def _hours(given: str) -> int:
    if given not in {str(each) for each in HOURS}:
        raise NotPossible("Choose from the list by how many hours.")
    return int(given)
