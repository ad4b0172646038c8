"""Bookings: the calendar, what waits for a decision, reserved times, sessions of browsers."""

from __future__ import annotations

from uuid import UUID

from flask import Response, request

from hub.bootstrap.by_hand import start_by_hand
from hub.domain import slot_monitor, week
from hub.domain.booking_sessions import looking, pictures, rows
from hub.domain.bookings import staff, tenants
from hub.errors import NotPossible, Permanent, Rejected
from hub.people.roles import Deed
from hub.storage.db import DatabaseClock
from hub.web.console import words
from hub.web.console.app import Console, field
from hub.web.console.calendar import Week

DECIDING = "booking-decision"  # the workflow by which staff decide; there is no second rule
_PAGE = "/admin/bookings"
_SESSIONS, _SLOTS, _PENDING = 50, 150, 100
# They show whom a page was filled in for: nobody keeps a copy on the way.
_FOR_ONE_PERSON = {"Cache-Control": "private, no-store", "Content-Disposition": "inline"}
_DECISIONS = ("confirm", "decline")


class Bookings:
    """The pages below `/admin/bookings` that are not about phones."""

    def __init__(self, app: Console) -> None:
        self._app = app
        app.page(_PAGE, Deed.SEE_BOOKINGS)(self.calendar)
        app.page(f"{_PAGE}/pending", Deed.SEE_BOOKINGS)(self.pending)
        decide = f"{_PAGE}/jobs/<uuid:job_id>/decide"
        app.page(decide, Deed.DECIDE_BOOKINGS, methods=("POST",))(self.decide)
        app.page(f"{_PAGE}/slots", Deed.SEE_BOOKINGS)(self.slots)
        app.page(f"{_PAGE}/sessions", Deed.SEE_BOOKINGS)(self.sessions)
        app.page(f"{_PAGE}/sessions/<uuid:session_id>", Deed.SEE_BOOKINGS)(self.session)
        picture = f"{_PAGE}/sessions/<uuid:session_id>/pictures/<state>"
        app.page(picture, Deed.SEE_CLIENTS)(self.picture)

    def calendar(self) -> Response:
        """Appointments, jobs and sessions of a week."""
        hub = self._app.hub
        with hub.console_database.connect() as db:
            now = self._app.now(db)
            shown = Week.of(request.args.get("week", ""), now, words.zone_of(hub))
            found = week.entries(db, first=shown.first, last=shown.last)
        return self._app.render(
            "bookings.html",
            now=now,
            week=shown,
            days=shown.days(found, now),
            is_cut=len(found) >= week.MOST,
        )

    def pending(self) -> Response:
        """The jobs that wait for a decision, and until when."""
        hub = self._app.hub
        with hub.console_database.connect() as db:
            now = self._app.now(db)
            jobs = [
                job
                for tenant in tenants.all_tenants(db)
                for job in staff.list_jobs(
                    db, tenant_id=tenant, status="pending-confirmation", limit=_PENDING
                ).jobs
            ]
        jobs.sort(key=lambda job: (job.decide_by is None, job.decide_by or job.start, job.id))
        return self._app.render(
            "pending.html", now=now, jobs=jobs, is_served=DECIDING in hub.project.served
        )

    def decide(self, job_id: UUID) -> Response:
        """Confirm or decline, by the workflow that staff use; its run tells what became of it."""
        hub, decision = self._app.hub, field("decision")
        workflow = hub.project.served.get(DECIDING)
        if decision not in _DECISIONS:
            raise NotPossible("Confirm or decline it.")
        if workflow is None:
            raise NotPossible(f"The workflow {DECIDING} is not served.")
        with hub.console_database.connect() as db:
            key = tenants.key_for_job(db, job_id)
        if key is None:
            raise NotPossible(
                "There is no such job, or its tenant has no key by which staff speak:"
                " `hub bookings keys add`."
            )
        reason = field("reason").strip()
        run_id = start_by_hand(
            hub,
            workflow,
            payload={"reason": reason} if reason else {},
            inputs={"job_id": str(job_id), "decision": decision},
            caller={"key_id": key},
            actor=self._app.actor,
            action=f"console {decision} booking",
        )
        return self._app.see_other(f"/admin/runs/{run_id}")

    def slots(self) -> Response:
        """Reserved and confirmed times of mechanics."""
        hub = self._app.hub
        with hub.console_database.connect() as db:
            clock = hub.runs_clock or DatabaseClock(db)
            now, lines = clock.now(), slot_monitor.lines(db, clock, most=_SLOTS)
            hidden = slot_monitor.count_lines(db, clock) - len(lines)
        return self._app.render("slots.html", now=now, lines=lines, hidden=max(0, hidden))

    def sessions(self) -> Response:
        """The newest sessions of browsers."""
        before = _id(request.args.get("before", ""))
        with self._app.hub.console_database.connect() as db:
            now = self._app.now(db)
            found = looking.newest(db, limit=_SESSIONS + 1, before=before)
        return self._app.render(
            "sessions.html",
            now=now,
            sessions=found[:_SESSIONS],
            older=found[_SESSIONS - 1].id if len(found) > _SESSIONS else None,
            is_newest=before is None,
        )

    def session(self, session_id: UUID) -> Response:
        """One session with everything that happened to it."""
        with self._app.hub.console_database.connect() as db:
            now = self._app.now(db)
            try:
                found = rows.read(db, str(session_id))
            except Permanent:
                raise Rejected(404, "There is no such session.") from None
            happened = looking.history(db, session_id)
            taken = pictures.taken(db, session_id)
            waits_for = rows.position(db, found)
        last = {each.state: place for place, each in enumerate(happened)}
        return self._app.render(
            "session.html",
            now=now,
            session=found,
            happened=happened,
            pictured={last[state] for state in last if state in taken},
            waits_for=waits_for,
        )

    def picture(self, session_id: UUID, state: str) -> Response:
        """What the page looked like in a state; it shows a lead's name and number."""
        with self._app.hub.console_database.connect() as db:
            jpeg = pictures.one(db, session_id, state)
        if jpeg is None:
            raise Rejected(404, "There is no such picture.")
        return Response(jpeg, content_type="image/jpeg", headers=_FOR_ONE_PERSON)


def _id(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None
