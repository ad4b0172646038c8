"""One run: what came in, what was done, what the caller heard; cancelling and running again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, request

from hub.bootstrap import Hub
from hub.bootstrap.repeating import ask_to_cancel, plan_repetition, retry_run
from hub.bootstrap.retelling import (
    Told,
    body_of,
    doubts_of,
    how_heard,
    read_run,
    response_of,
    shown_value,
)
from hub.errors import NotPossible, Rejected
from hub.ingest.notes import reason
from hub.people.roles import Deed
from hub.storage import audit, reading
from hub.storage.db import DatabaseClock
from hub.storage.reading import RunLine, StepFacts
from hub.web.console import picture
from hub.web.console.app import Console, field
from hub.web.console.covering import COVER, cover, written
from hub.web.console.picture import Picture

_QUESTION = 409


@dataclass(frozen=True)
class Values:
    """Inputs, result and error of a step as they are shown; None: there is nothing to show."""

    inputs: str | None
    result: str | None
    error: str | None
    code: str | None
    message: str | None


@dataclass(frozen=True)
class Shown:
    """A run as the page shows it. All values are texts; covered ones have lost what they said."""

    told: Told
    now: datetime
    is_revealed: bool
    picture: Picture
    values: dict[str, Values]
    body: str | None
    headers: str | None
    notes: str | None
    heard: str | None
    heard_how: str
    is_fallback: float | None
    result: str | None
    error: dict[str, str] | None
    doubts: list[str]
    key: str | None
    is_old: bool


class RunPage:
    """The page of one run, and what is done to it."""

    def __init__(self, app: Console) -> None:
        self._app = app
        page = "/admin/runs/<uuid:run_id>"
        app.page(page, Deed.SEE_RUNS)(self.page)
        app.page(f"{page}/reveal", Deed.REVEAL_VALUES, methods=("POST",))(self.reveal)
        app.page(f"{page}/cancel", Deed.CANCEL_RUN, methods=("POST",))(self.cancel)
        app.page(f"{page}/retry", Deed.RETRY_RUN, methods=("POST",))(self.retry)

    def page(self, run_id: UUID) -> Response:
        """The run; its values are covered."""
        return self._rendered(run_id, is_revealed=False)

    def reveal(self, run_id: UUID) -> Response:
        """The same page once with its values; who asked for it is noted."""
        with audit.act(self._app.hub.console_database, self._app.actor, "console reveal") as act:
            read_run(act.connection, run_id)  # nothing is noted of what is not there
            act.note({"run": str(run_id)})
        return self._rendered(run_id, is_revealed=True)

    def cancel(self, run_id: UUID) -> Response:
        """End the run before its time."""
        hub = self._app.hub
        with audit.act(hub.console_database, self._app.actor, "console cancel") as act:
            ask_to_cancel(act, run_id)
        hub.doorbell.ring(run_id)
        return self._app.see_other(f"/admin/runs/{run_id}")

    def retry(self, run_id: UUID) -> Response:
        """Run it again; what would leave the hub a second time is asked about first (E20)."""
        hub, start_at = self._app.hub, field("from") or None
        is_anew = field("version") == "now"
        with hub.console_database.connect() as db:
            wanted = plan_repetition(db, run_id, start_at, hub.actions, is_anew=is_anew)
        if wanted.doubts and field("sure") != "yes":
            return self._app.render(
                "retry.html",
                _QUESTION,
                run=wanted.facts.line,
                doubts=wanted.doubts,
                start_at=start_at or "",
                is_anew=is_anew,
            )
        new_id = retry_run(
            hub,
            wanted.facts,
            wanted.plan,
            self._app.actor,
            action="console retry",
            is_anew=is_anew,
        )
        return self._app.see_other(f"/admin/runs/{new_id}")

    def _rendered(self, run_id: UUID, *, is_revealed: bool) -> Response:
        hub = self._app.hub
        with hub.console_database.connect() as db:
            now = DatabaseClock(db).now()
            try:
                mark = reading.marks(db, [run_id]).get(run_id, "")  # first: see `live`
                told = read_run(db, run_id)
            except NotPossible:
                raise Rejected(404, "There is no such run; old ones are removed.") from None
        template = "run_body.html" if "HX-Request" in request.headers else "run.html"
        shown = self._shown(told, now, is_revealed=is_revealed)
        return self._app.render(
            template, run=shown, line=told.facts.line, facts=told.facts, mark=mark
        )

    def _shown(self, told: Told, now: datetime, *, is_revealed: bool) -> Shown:
        facts, line, hide = told.facts, told.facts.line, self._app.hub.hide
        delivery, answer = told.delivery, response_of(told.facts)

        def said(value: Any) -> str | None:
            if value in (None, {}, []):
                return None
            hidden = hide(value)
            return written(hidden if is_revealed else cover(hidden))

        def body() -> Any:
            return None if delivery is None else body_of(delivery, self._app.hub.seal.open, hide)

        drawn = picture.draw(
            told.steps,
            began_at=line.created_at,
            ended_at=line.ended_at or max(now, line.created_at),
            actions=self._app.hub.actions,
        )
        return Shown(
            told=told,
            now=now,
            is_revealed=is_revealed,
            picture=drawn,
            values={row.step.path: _values(row.step, said, hide) for row in drawn.rows},
            body=said(body()),
            headers=None if delivery is None else said(dict(delivery.headers)),
            notes=None if delivery is None or not delivery.notes else hide(reason(delivery.notes)),
            heard=None if answer is None else said(answer["body"]),
            heard_how="" if answer is None else how_heard(facts, answer["status"]),
            is_fallback=None if answer is None else answer.get("fallback_after"),
            result=said(shown_value(facts.result)),
            error=_error(hide(line.error)),
            doubts=doubts_of(line),
            is_old=_is_old(self._app.hub, line),
            key=None if not line.dedupe_key else (hide(line.dedupe_key) if is_revealed else COVER),
        )


def _is_old(hub: Hub, line: RunLine) -> bool:
    """Whether runs that begin now have another version."""
    found = hub.project.served.get(line.workflow)
    return found is not None and found.version != line.version


def _values(
    step: StepFacts, said: Callable[[Any], str | None], hide: Callable[[Any], Any]
) -> Values:
    error = hide(step.error) or {}
    return Values(
        inputs=said(shown_value(step.inputs)),
        result=None if step.kind == "undo" else said(shown_value(step.result)),
        error=said(step.error),
        code=str(error.get("code") or "") or None,
        message=str(error.get("message") or "") or None,
    )


def _error(error: Any) -> dict[str, str] | None:
    """Code, step and message of a run's error."""
    if not error:
        return None
    return {
        "code": str(error.get("code") or "failed"),
        "step": str(error.get("step") or ""),
        "message": str(error.get("message") or ""),
    }
