"""Replaying a run in `simulate`, and two runs side by side."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import Response, request

from hub.bootstrap.repeating import replay_run
from hub.bootstrap.retelling import Told, read_run, shown_value
from hub.errors import NotPossible, Rejected
from hub.people.roles import Deed
from hub.storage import audit
from hub.storage.reading import StepFacts
from hub.web.console import alignment
from hub.web.console.alignment import Pair
from hub.web.console.app import Console, field
from hub.web.console.covering import cover, written

_MOST = 400  # pairs on one page


@dataclass(frozen=True)
class Side:
    """A step's values as texts; covered ones have lost what they said."""

    inputs: str | None
    result: str | None
    error: str | None


@dataclass(frozen=True)
class Row:
    """One line of the page."""

    pair: Pair
    left: Side | None
    right: Side | None


class Comparing:
    """Two runs beside each other."""

    def __init__(self, app: Console) -> None:
        self._app = app
        page = "/admin/runs/<uuid:run_id>"
        app.page(f"{page}/replay", Deed.REPLAY_RUN, methods=("POST",))(self.replay)
        app.page(f"{page}/compare", Deed.SEE_RUNS)(self.page)
        reveal = f"{page}/compare/reveal"
        app.page(reveal, Deed.REVEAL_VALUES, methods=("POST",))(self.reveal)

    def replay(self, run_id: UUID) -> Response:
        """Play its trigger against the workflow as it is now; both are then seen side by side."""
        hub = self._app.hub
        told = self._told(run_id)
        new_id = replay_run(hub, told.facts, self._app.actor)
        return self._app.see_other(f"/admin/runs/{run_id}/compare?with={new_id}")

    def page(self, run_id: UUID) -> Response:
        """Side by side; values are covered."""
        other = _id(request.args.get("with", ""))
        return self._rendered(run_id, other, is_revealed=False)

    def reveal(self, run_id: UUID) -> Response:
        """The same once with the values; who asked for it is noted for both runs."""
        other = _id(field("with"))
        with audit.act(self._app.hub.console_database, self._app.actor, "console reveal") as act:
            for each in (run_id, other):
                read_run(act.connection, each)  # nothing is noted of what is not there
                act.note({"run": str(each)})
        return self._rendered(run_id, other, is_revealed=True)

    def _rendered(self, run_id: UUID, other: UUID, *, is_revealed: bool) -> Response:
        left, right = self._told(run_id), self._told(other)
        pairs = alignment.align(left.steps, right.steps)
        rows = [
            Row(pair, self._side(pair.left, is_revealed), self._side(pair.right, is_revealed))
            for pair in pairs[:_MOST]
        ]
        goes_on = any(each.facts.line.ended_at is None for each in (left, right))
        with self._app.hub.console_database.connect() as db:
            now = self._app.now(db)
        return self._app.render(
            "compare.html",
            now=now,
            left=left.facts.line,
            right=right.facts.line,
            rows=rows,
            hidden=max(0, len(pairs) - _MOST),
            same=sum(pair.is_same for pair in pairs),
            goes_on=goes_on,
            is_revealed=is_revealed,
        )

    def _told(self, run_id: UUID) -> Told:
        with self._app.hub.console_database.connect() as db:
            try:
                return read_run(db, run_id)
            except NotPossible:
                raise Rejected(404, "There is no such run; old ones are removed.") from None

    def _side(self, step: StepFacts | None, is_revealed: bool) -> Side | None:  # noqa: FBT001 - a fact of the page
        if step is None:
            return None

        def said(value: object) -> str | None:
            if value in (None, {}, []):
                return None
            hidden = self._app.hub.hide(value)
            return written(hidden if is_revealed else cover(hidden))

        return Side(
            said(shown_value(step.inputs)), said(shown_value(step.result)), said(step.error)
        )


def _id(given: str) -> UUID:
    try:
        return UUID(given.strip())
    except ValueError:
        raise NotPossible("Name the other run by its whole id.") from None
