"""Finding runs: a list with filters, and a search by id or by what a request said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, g, request
from sqlalchemy import Connection

from hub.people.roles import Deed
from hub.storage import finding_runs
from hub.storage.db import DatabaseClock
from hub.storage.finding_runs import LOOKED_THROUGH, Filter, Found, Place
from hub.storage.reading import STATUSES
from hub.values import format_instant, parse_instant
from hub.web.console import words
from hub.web.console.app import Console

PAGE = 50
_LONGEST_TEXT = 100
PERIODS: Mapping[str, tuple[str, timedelta]] = {
    "1h": ("last hour", timedelta(hours=1)),
    "24h": ("last 24 hours", timedelta(hours=24)),
    "7d": ("last 7 days", timedelta(days=7)),
    "30d": ("last 30 days", timedelta(days=30)),
}


@dataclass(frozen=True)
class Question:
    """What somebody asked for, as it stands in the address; what makes no sense is left out."""

    text: str
    workflow: str
    status: str
    period: str
    since: datetime | None
    until: datetime | None
    after: Place | None
    zone: ZoneInfo

    @classmethod
    def of(cls, given: Mapping[str, str], zone: ZoneInfo) -> Question:
        """Read from an address; times without an offset are of this zone."""
        status, period = given.get("status", ""), given.get("period", "")
        return cls(
            text=_printable(given.get("q", "")),
            workflow=_printable(given.get("workflow", "")),
            status=status if status in STATUSES else "",
            period=period if period in PERIODS else "",
            since=_instant(given.get("from", ""), zone),
            until=_instant(given.get("until", ""), zone),
            after=_place(given.get("after", "")),
            zone=zone,
        )

    def filter_at(self, now: datetime) -> Filter:
        """The filter of the rows; of two beginnings the later one."""
        lately = None if not self.period else now - PERIODS[self.period][1]
        since = max((each for each in (lately, self.since) if each), default=None)
        return Filter(status=self.status, workflow=self.workflow, since=since, until=self.until)

    @property
    def is_narrowed(self) -> bool:
        """Whether some runs are left out."""
        return any((self.text, self.workflow, self.status, self.period, self.since, self.until))

    def local(self, at: datetime | None) -> str:
        """A time as fields of pages have it: `2025-11-20T14:00`, in the zone of the project."""
        return "" if at is None else at.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M")

    def address(self, after: Place | None, *, page: str = "/admin/runs") -> str:
        """The same question, from another place on."""
        said = {
            "q": self.text,
            "workflow": self.workflow,
            "status": self.status,
            "period": self.period,
            "from": self.local(self.since),
            "until": self.local(self.until),
            "after": "" if after is None else self.place_text(after),
        }
        kept = {name: value for name, value in said.items() if value}
        return f"{page}?{urlencode(kept)}" if kept else page

    @property
    def without_place(self) -> Question:
        """The same from the newest run on, whatever text is looked for: what is live of it."""
        return replace(self, text="", after=None)

    @property
    def is_live(self) -> bool:
        """Whether its page changes as runs do: the newest ones, as far as no text is looked for."""
        return not self.text and self.after is None and self.until is None

    @staticmethod
    def place_text(place: Place) -> str:
        """A place as it stands in an address."""
        return f"{format_instant(place.at)}_{place.id}"


def _printable(given: str) -> str:
    return "".join(sign for sign in given if sign.isprintable()).strip()[:_LONGEST_TEXT]


def _instant(given: str, zone: ZoneInfo) -> datetime | None:
    try:
        at = datetime.fromisoformat(given)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _place(given: str) -> Place | None:
    at, _, id_ = given.partition("_")
    try:
        return Place(parse_instant(at), UUID(id_))
    except ValueError:
        return None


class Runs:
    """The page at `/admin/runs`."""

    def __init__(self, app: Console) -> None:
        self._app = app
        app.page("/admin/runs", Deed.SEE_RUNS)(self.page)

    def page(self) -> Response:
        """The newest runs of the question; what callers sent is searched for who may see it."""
        hub = self._app.hub
        question = Question.of(request.args, words.zone_of(hub))
        with hub.console_database.connect() as db:
            now = DatabaseClock(db).now()
            mark = self._mark(db, question, now)  # first: what changes meanwhile is told again
            found = self._found(db, question, now)
        names = {*hub.project.workflows, *hub.project.broken}
        return self._app.render(
            "found.html" if request.headers.get("HX-Target") == "found" else "runs.html",
            question=question,
            found=found,
            now=now,
            workflows=sorted({*names, question.workflow} - {""}),
            statuses=STATUSES,
            periods=PERIODS,
            older=None if found.next is None else question.address(found.next),
            newest=question.address(None),
            looked_through=LOOKED_THROUGH,
            mark=mark,
            stream=question.address(None, page="/admin/runs/live"),
        )

    @staticmethod
    def _mark(db: Connection, question: Question, now: datetime) -> str | None:
        """What a page that is live shows; None: this one is not."""
        if not question.is_live:
            return None
        return finding_runs.mark_of_newest(db, question.filter_at(now), limit=PAGE)

    def _found(self, db: Connection, question: Question, now: datetime) -> Found:
        wanted = question.filter_at(now)
        if not question.text:
            return finding_runs.newest(db, wanted, after=question.after, limit=PAGE)
        by_id = finding_runs.of_id(db, question.text, limit=PAGE)
        if by_id or not g.visitor.may(Deed.REVEAL_VALUES):
            return Found(by_id)
        return finding_runs.with_text(db, wanted, question.text, after=question.after, limit=PAGE)
