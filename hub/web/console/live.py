"""Runs as they go on: a stream tells an open page that what it shows has changed.

It tells nothing else. The page then asks for the part again, as if somebody loaded it: who may see
it, what is covered and what is text is decided there. So a stream holds no more than the mark that
its reader has seen, and neither a thread of a server of greenlets nor a connection to the database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from uuid import UUID

from flask import Response, request
from sqlalchemy import Connection

from hub.errors import Rejected, Unavailable
from hub.people.roles import Deed
from hub.storage import finding_runs, reading
from hub.storage.db import DatabaseClock
from hub.web.console import words
from hub.web.console.app import Console
from hub.web.console.runs import PAGE, Question
from hub.web.endpoints import TO_LIVE
from hub.web.streams import HEADERS, Feed
from hub.web.watching import Box, Circle

MOST = 60  # streams of a process
LONGEST = 300.0  # seconds of one; who comes again is looked at again
_BEAT = b"event: beat\ndata: still here\n\n"  # pages that show how long something takes renew it
_MARK = re.compile(r"[0-9a-f]{1,32}", re.ASCII)
_NO_SUCH = 404

Subject = UUID | Question


@dataclass(frozen=True)
class _Now:
    """One look: the marks of what somebody watches."""

    lists: Mapping[Question, str]
    runs: Mapping[UUID, str]

    def mark_of(self, subject: Subject) -> str | None:
        return self.runs.get(subject) if isinstance(subject, UUID) else self.lists.get(subject)


class Eye(Box[str]):
    """One who looks at a run or a list, and the mark of what they see."""

    def __init__(self, subject: Subject, seen: str) -> None:
        super().__init__()
        self.subject, self.seen = subject, seen

    def tell(self, mark: str) -> None:
        """It is like this now; that is told when it was different."""
        if mark != self.seen:
            self.seen = mark
            self.put([mark])


class Live:
    """The streams behind the list of runs and the page of a run."""

    def __init__(self, app: Console) -> None:
        self._app = app
        self.circle = Circle[Eye](self._look, name="runs", most=MOST)
        app.circles.append(self.circle)
        app.page("/admin/runs/live", Deed.SEE_RUNS)(self.of_list)
        app.page("/admin/runs/<uuid:run_id>/live", Deed.SEE_RUNS)(self.of_run)

    def of_list(self) -> Response:
        """The newest runs of a question: `event: changed` when the page would look otherwise."""
        return self._opened(Question.of(request.args, words.zone_of(self._app.hub)).without_place)

    def of_run(self, run_id: UUID) -> Response:
        """The same of one run, until it is over and its page asks no more."""
        return self._opened(run_id)

    def _opened(self, subject: Subject) -> Response:
        eye = Eye(subject, _seen())
        with self._app.hub.console_database.connect() as db:
            mark = _marks(db, [subject]).mark_of(subject)
        if mark is None:
            raise Rejected(_NO_SUCH, "There is no such run; old ones are removed.")
        try:
            self.circle.enter(eye)
        except Unavailable:
            raise Rejected(
                503, "Too many pages are live just now.", headers={"Retry-After": "30"}
            ) from None
        eye.tell(mark)
        to_live: Callable[[], float] = request.environ.get(TO_LIVE, lambda: inf)
        leave = partial(self.circle.leave, eye)
        feed = Feed(eye, leave, to_live, written=_written, beat=_BEAT, longest=LONGEST)
        return Response(feed, headers=dict(HEADERS))

    def _look(self, eyes: Mapping[int, Eye]) -> None:
        """Ask once for all who look at the same thing."""
        with self._app.hub.console_database.connect() as db:
            now = _marks(db, {each.subject for each in eyes.values()})
        for each in eyes.values():
            mark = now.mark_of(each.subject)
            if mark is not None:
                each.tell(mark)


def _marks(db: Connection, subjects: Iterable[Subject]) -> _Now:
    subjects, at = list(subjects), DatabaseClock(db).now()
    lists = {
        each: finding_runs.mark_of_newest(db, each.filter_at(at), limit=PAGE)
        for each in subjects
        if not isinstance(each, UUID)
    }
    return _Now(lists, reading.marks(db, [each for each in subjects if isinstance(each, UUID)]))


def _seen() -> str:
    """The mark that the reader saw last: of its stream, or of the page that it opened with."""
    told = request.headers.get("Last-Event-ID") or request.args.get("seen", "")
    if _MARK.fullmatch(told) is None:
        raise Rejected(400, "`seen` is the mark of what the page shows.")
    return told


def _written(mark: str) -> bytes:
    return f"id: {mark}\nevent: changed\ndata: look again\n\n".encode()
