"""A whole hub to tell stories about: requests in, rows and outgoing messages out.

Requests go through the real application, with the callers' own signatures; a worker works while a
caller waits, and until nothing is due after the answer. Time is the clock of the story: `later`
moves it and makes due what is due by then.
"""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, cast
from uuid import UUID, uuid4

from flask.testing import FlaskClient
from sqlalchemy import Connection, Row, Table, select, text

from hub.action import Attempt
from hub.bootstrap import Hub
from hub.domain import leads, monitor, phones
from hub.queue import Doorbell
from hub.storage import reading, runs, tables
from hub.storage.reading import Change, DeliveryFacts, RunFacts, RunLine, StepFacts
from hub.storage.runs import ClaimedRun
from hub.storage.schedules import DueSchedule
from hub.worker.rounds import fire
from tests.acceptance.messages import SECRETS, Answer, tool_call
from tests.fakes.clock import FakeClock
from tests.fakes.slack import FakeSlack

NOW = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)  # before the appointments of the samples
HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)

# The lead and the appointment of all samples.
SAMPLE_LEAD = UUID("5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21")
SAMPLE_TIME = datetime(2025, 12, 3, 19, 0, tzinfo=UTC)


# The end of a wait, and when it asks for the first time, stand among its inputs as values do.
_WAITS_SOONER = """
    UPDATE steps SET inputs = jsonb_set(CAST(inputs AS jsonb), '{%(name)s,~instant}', to_jsonb(
               to_char(CAST(inputs #>> '{%(name)s,~instant}' AS timestamptz) AT TIME ZONE 'UTC'
                       - :by, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
     WHERE kind = 'wait' AND status = 'started' AND inputs #> '{%(name)s,~instant}' IS NOT NULL
"""


class HeardDoorbell(Doorbell):
    """Rings the real bell, and the worker of the story hears it without Redis."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.heard = threading.Event()

    def ring(self, run_id: UUID) -> bool:
        self.heard.set()
        return super().ring(run_id)


@dataclass(frozen=True)
class Story:
    """The hub of one test, with everybody who talks to it."""

    hub: Hub
    clock: FakeClock
    client: FlaskClient
    slack: FakeSlack
    bell: HeardDoorbell

    # ------------------------------------------------------------------------------------- callers

    def post(
        self,
        path: str,
        body: Any,
        *,
        headers: Mapping[str, str] | None = None,
        sign: Callable[[bytes], Mapping[str, str]] | None = None,
        is_worked: bool = True,
    ) -> Answer:
        """Send JSON while a worker is at work; when this returns, nothing is due any more.

        Without `is_worked` no worker is there: what is accepted stays due.
        """
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        said = {"Content-Type": "application/json", **(headers or {})}
        with self.worker_at_work() if is_worked else nullcontext():
            got = self.client.post(path, data=raw, headers={**said, **(sign(raw) if sign else {})})
        return Answer(got.status_code, dict(got.headers), got.data)

    def voice_agent(self, endpoint: str, body: Any, *, is_worked: bool = True) -> Answer:
        """The voice platform sends something to `/webhook/<endpoint>`."""
        secret = {"X-Vapi-Secret": SECRETS["VAPI_WEBHOOK_SECRET"]}
        return self.post(f"/webhook/{endpoint}", body, headers=secret, is_worked=is_worked)

    def broker(
        self,
        endpoint: str,
        body: Any,
        *,
        headers: Mapping[str, str] | None = None,
        is_worked: bool = True,
    ) -> Answer:
        """The broker's system sends something to `/webhook/<endpoint>`."""
        bearer = {"Authorization": f"Bearer {SECRETS['BROKER_API_TOKEN']}", **(headers or {})}
        return self.post(f"/webhook/{endpoint}", body, headers=bearer, is_worked=is_worked)

    def calcom(self, body: Any) -> Answer:
        """Cal.com reports an event."""

        def sign(raw: bytes) -> Mapping[str, str]:
            key = SECRETS["CALCOM_WEBHOOK_SECRET"].encode()
            return {"X-Cal-Signature-256": hmac.new(key, raw, sha256).hexdigest()}

        return self.post("/webhook/calcom", body, sign=sign)

    def calendly(self, body: Any, *, is_worked: bool = True) -> Answer:
        """Calendly reports an event."""

        def sign(raw: bytes) -> Mapping[str, str]:
            at = int(self.clock.now().timestamp())
            key = SECRETS["CALENDLY_WEBHOOK_SECRET"].encode()
            digest = hmac.new(key, f"{at}.".encode() + raw, sha256).hexdigest()
            return {"Calendly-Webhook-Signature": f"t={at},v1={digest}"}

        return self.post("/webhook/calendly", body, sign=sign, is_worked=is_worked)

    def gives_phone(self, lead: UUID) -> Answer:
        """The lead gives a phone."""
        return self.broker("lead-phone", {"lead_id": str(lead)})

    def books(self, lead: UUID, at: datetime) -> Answer:
        """The voice agent books, with a flat body."""
        body = {"lead_id": str(lead), "appointment_time": at.isoformat()}
        return self.voice_agent("vapi-appointment-booked", body)

    def calls_tool(self, lead: UUID, at: datetime, **ids: str) -> Answer:
        """The voice agent books, by a tool call."""
        arguments = {"lead_id": str(lead), "appointment_time": at.isoformat()}
        return self.voice_agent("vapi-appointment-booked", tool_call(arguments, **ids))

    def call_ends(
        self,
        lead: UUID,
        outcome: str,
        *,
        at: datetime | None = None,
        call: str = "call-1",
        is_worked: bool = True,
        **more: Any,
    ) -> Answer:
        """A phone call is over."""
        body = {"callId": call, "leadId": str(lead), "outcome": outcome, **more}
        if at is not None:
            body["appointmentTime"] = at.isoformat()
        return self.voice_agent("vapi-call-ended", body, is_worked=is_worked)

    def outcome(self, lead: UUID, outcome: str, **more: datetime) -> Answer:
        """Somebody marks what became of an appointment."""
        times = {name: value.isoformat() for name, value in more.items()}
        body = {"lead_id": str(lead), "outcome": outcome, **times}
        return self.broker("appointment-outcome", body)

    # -------------------------------------------------------------------------------------- workers

    def work_all(self) -> None:
        """Work until nothing is due."""
        while claimed := runs.claim(self.hub.database, worker="story", most=10):
            for run in claimed:
                self.hub.executor.work(run, is_stopping=lambda: False)

    def claim(self) -> ClaimedRun:
        """A worker takes the run that is due first."""
        (run,) = runs.claim(self.hub.database, worker="story", most=1)
        return run

    def leases_run_out(self) -> int:
        """The owners of all runs are gone for longer than a lease; gives what the sweep found."""
        with self.transaction() as db:
            db.execute(
                text(
                    "UPDATE runs SET lease_until = now() - interval '1 second'"
                    " WHERE status = 'running'"
                )
            )
        return runs.sweep(self.hub.database)

    @contextmanager
    def worker_at_work(self) -> Iterator[None]:
        """A worker that hears the bell; at the end everything that is due is done."""
        is_over = threading.Event()

        def listen() -> None:
            while not is_over.is_set():
                self.bell.heard.wait()
                self.bell.heard.clear()
                self.work_all()

        with ThreadPoolExecutor(1, thread_name_prefix="story") as threads:
            working = threads.submit(listen)
            try:
                yield
            finally:
                is_over.set()
                self.bell.heard.set()
                working.result()
        self.work_all()

    def sweep(self) -> RunFacts:
        """The release job at this instant, started by the scheduler; gives its ended run."""
        workflow = self.hub.scheduled["release-expired-phones"]
        now = self.clock.now()
        with self.transaction() as db:
            db.execute(text("UPDATE schedules SET next_at = :now"), {"now": now})
        assert fire(self.hub, workflow, DueSchedule(workflow.name, next_at=now, now=now)) == 1
        self.work_all()
        return self.run(self.runs("release-expired-phones")[0].id)

    # ----------------------------------------------------------------------------------------- time

    def later(self, by: timedelta) -> None:
        """Time goes by; what is due by then is done.

        The database has a clock of its own: instead of moving it on, its due times are moved
        towards it. Deadlines stay: a worker was there all the time.
        """
        self.clock.advance(by)
        with self.transaction() as db:
            for statement in (
                "UPDATE runs SET due_at = due_at - :by WHERE ended_at IS NULL",
                _WAITS_SOONER % {"name": "until"},
                _WAITS_SOONER % {"name": "ask_at"},
                "UPDATE steps SET due_at = due_at - :by WHERE due_at IS NOT NULL",
                "UPDATE dedupe_keys SET expires_at = expires_at - :by",
            ):
                db.execute(text(statement), {"by": by})
        self.work_all()

    def until(self, instant: datetime) -> None:
        """It becomes this late."""
        self.later(instant - self.clock.now())

    def now(self) -> datetime:
        return self.clock.now()

    # ----------------------------------------------------------------------------- people and rows

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self.hub.database.begin() as connection:
            yield connection

    def lead(self, first_name: str = "Ada", lead_id: UUID | None = None, **given: Any) -> UUID:
        """Somebody new."""
        attempt = Attempt(run_id=uuid4(), workflow="story", key=uuid4().hex, mode="live")
        given = {"last_name": "Byron", **given}
        with self.transaction() as db:
            made = leads.create(
                db, self.clock, attempt, first_name=first_name, lead_id=lead_id, **given
            )
        return made.lead_id

    def number(self) -> str:
        """One more number in the pool."""
        number = f"+1415555{len(self.rows(tables.phone_numbers)):04}"
        with self.transaction() as db:
            phones.add_numbers(db, self.clock, numbers=[number])
        return number

    def holder(self, first_name: str = "Ada", lead_id: UUID | None = None, **given: Any) -> UUID:
        """A lead who just got a number; one number is added for them."""
        self.number()
        lead = self.lead(first_name, lead_id, **given)
        assert self.gives_phone(lead).status == 200
        return lead

    def held_until(self, lead: UUID) -> datetime | None:
        """When the lead's number goes back to the pool; None: the lead has none."""
        row = self._phone(tables.phone_numbers.c.lead_id == lead)
        return None if row is None else cast("datetime", row.release_at)

    def hours_held(self, lead: UUID) -> float:
        """How many hours from now the lead keeps the number."""
        until = self.held_until(lead)
        assert until is not None
        return (until - self.now()) / HOUR

    def number_of(self, lead: UUID) -> str | None:
        row = self._phone(tables.phone_numbers.c.lead_id == lead)
        return None if row is None else cast("str", row.number)

    def is_available(self, number: str) -> bool:
        """Whether the number lies in the pool."""
        row = self._phone(tables.phone_numbers.c.number == number)
        assert row is not None
        return row.lead_id is None and row.assigned_at is None and row.release_at is None

    def about(self, lead: UUID) -> leads.Lead:
        with self.transaction() as db:
            return leads.get(db, lead_id=lead)

    def appointments(self, lead: UUID) -> list[tuple[datetime, str]]:
        """Time and status of all the lead's appointments, by time."""
        rows = self.rows(tables.appointments, lead_id=lead)
        return sorted((row.starts_at, row.status) for row in rows)

    def entries(self, lead: UUID, kind: str) -> list[Row[Any]]:
        """The lines of the lead's history, by time; those of one instant in a fixed order."""
        return sorted(
            self.rows(tables.interactions, lead_id=lead, kind=kind),
            key=lambda row: (row.at, row.outcome, row.reference),
        )

    def rows_of_history(self, lead: UUID) -> list[Row[Any]]:
        """The holds that the lead has or had (D6)."""
        return self.rows(tables.phone_assignments, lead_id=lead)

    def holds(self) -> list[monitor.HoldLine]:
        with self.transaction() as db:
            return monitor.holds(db, self.clock)

    def overdue(self) -> list[monitor.OverdueLine]:
        with self.transaction() as db:
            return monitor.overdue_holds(db, self.clock)

    def caller(self, number: str) -> phones.NumberOwner:
        """Who is meant when this number is called."""
        with self.transaction() as db:
            return phones.find_lead(db, number=number)

    def faults(self) -> list[str]:
        """What must not be in the rows of the holds."""
        with self.transaction() as db:
            return monitor.faults(db)

    def rows(self, table: Table, **values: Any) -> list[Row[Any]]:
        """The rows with these values."""
        wanted = [table.c[name] == value for name, value in values.items()]
        with self.transaction() as db:
            return list(db.execute(select(table).where(*wanted)))

    def _phone(self, which: Any) -> Row[Any] | None:
        with self.transaction() as db:
            return db.execute(select(tables.phone_numbers).where(which)).one_or_none()

    # ----------------------------------------------------------------------------------------- runs

    def runs(self, workflow: str | None = None) -> list[RunLine]:
        """The run list, the newest first."""
        with self.transaction() as db:
            return reading.list_runs(db, workflow=workflow, limit=1000)

    def run(self, run_id: UUID) -> RunFacts:
        with self.transaction() as db:
            found = reading.find_run(db, run_id)
        assert found is not None
        return found

    def last_run(self) -> RunFacts:
        return self.run(self.runs()[0].id)

    def steps(self, run_id: UUID) -> dict[str, StepFacts]:
        """What a run did, by path."""
        with self.transaction() as db:
            return {step.path: step for step in reading.timeline(db, run_id)}

    def step(self, run_id: UUID, action: str) -> StepFacts:
        """The one step of a run that does this action."""
        (found,) = [step for step in self.steps(run_id).values() if step.action == action]
        return found

    def changes(self, run_id: UUID) -> list[Change]:
        """Every change of a run's state."""
        with self.transaction() as db:
            return reading.history(db, run_id)

    def delivery(self, run_id: UUID) -> DeliveryFacts:
        with self.transaction() as db:
            found = reading.delivery_of(db, run_id)
        assert found is not None
        return found
