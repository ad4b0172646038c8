"""What programs may ask with a token: runs and holds as JSON. No cookie counts here (S7, S8)."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from flask import Response, g, request

from hub.bootstrap.repeating import ask_to_cancel
from hub.bootstrap.retelling import body_of, line_as_json, read_run, run_as_json
from hub.domain import monitor
from hub.errors import NotPossible, Rejected
from hub.people.roles import Deed
from hub.storage import audit, finding_runs
from hub.storage.db import DatabaseClock
from hub.values import plain
from hub.web.console import words
from hub.web.console.app import API, Console
from hub.web.console.covering import cover
from hub.web.console.runs import Question

_ACCEPTED = 202
_COVERED = ("result", "request", "response", "dedupe_key", "text_messages")
_OF_CLIENTS = ("number", "lead_name", "email")
_COVERED_OF_STEPS = ("input", "result", "error")


class Programs:
    """The addresses below `/admin/api/`."""

    def __init__(self, app: Console) -> None:
        self._app = app
        app.page(f"{API}runs", Deed.SEE_RUNS)(self.runs)
        app.page(f"{API}runs/<uuid:run_id>", Deed.SEE_RUNS)(self.run)
        cancel = f"{API}runs/<uuid:run_id>/cancel"
        app.page(cancel, Deed.CANCEL_RUN, methods=("POST",))(self.cancel)
        app.page(f"{API}holds", Deed.SEE_BOOKINGS)(self.holds)

    def runs(self) -> Response:
        """The newest runs of a filter: what stands in the addresses of the pages, but for `q`."""
        question = Question.of(request.args, words.zone_of(self._app.hub))
        with self._app.hub.console_database.connect() as db:
            wanted = question.filter_at(DatabaseClock(db).now())
            found = finding_runs.newest(db, wanted, after=question.after, limit=100)
        older = None if found.next is None else question.place_text(found.next)
        may_reveal = g.visitor.may(Deed.REVEAL_VALUES)
        runs = [self._app.hub.hide(line_as_json(each)) for each in found.runs]
        shown = runs if may_reveal else [_covered(each) for each in runs]
        return _json({"runs": shown, "after": older})

    def run(self, run_id: UUID) -> Response:
        """All of one run; values are covered for who may not reveal them."""
        hub = self._app.hub
        with hub.console_database.connect() as db:
            try:
                told = read_run(db, run_id)
            except NotPossible:
                raise Rejected(404, "There is no such run.") from None
        delivery = told.delivery
        body = None if delivery is None else body_of(delivery, hub.seal.open, hub.hide)
        found = run_as_json(told, body=body, hide=hub.hide)
        if g.visitor.may(Deed.REVEAL_VALUES):
            with audit.act(hub.console_database, self._app.actor, "api reveal") as act:
                act.note({"run": str(run_id)})
            return _json(found)
        return _json(_covered(found))

    def cancel(self, run_id: UUID) -> Response:
        """End a run before its time."""
        hub = self._app.hub
        with audit.act(hub.console_database, self._app.actor, "api cancel") as act:
            status = ask_to_cancel(act, run_id)
        hub.doorbell.ring(run_id)
        found = {"id": run_id, "status": status, "cancel_requested": True}
        return _json(found, status=_ACCEPTED)

    def holds(self) -> Response:
        """All phone numbers that are held, as the page of the numbers shows them (H-25 to H-27)."""
        hub = self._app.hub
        with hub.console_database.connect() as db:
            lines = monitor.holds(db, hub.runs_clock or DatabaseClock(db))
        held = [vars(each) for each in lines]
        if not g.visitor.may(Deed.SEE_CLIENTS):
            held = [{**each, **{name: cover(each[name]) for name in _OF_CLIENTS}} for each in held]
        return _json({"holds": held})


def _covered(run: dict[str, Any]) -> dict[str, Any]:
    """The same without what callers sent."""
    shown = {**run, **{name: cover(run[name]) for name in _COVERED if name in run}}
    if "steps" in run:
        shown["steps"] = [
            {**step, **{name: cover(step[name]) for name in _COVERED_OF_STEPS}}
            for step in run["steps"]
        ]
    return shown


def _json(value: dict[str, Any], *, status: int = 200) -> Response:
    body = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"), default=str)
    return Response(body.encode(), status, content_type="application/json")
