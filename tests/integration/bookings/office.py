"""The office that the tests of bookings work at: each thing it does is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, Row, delete, select
from sqlalchemy.exc import OperationalError

from hub.action import Attempt
from hub.domain.bookings import (
    deadlines,
    jobs,
    keeping,
    monitor,
    services,
    staff,
    waiting_list,
)
from hub.domain.bookings.contacts import Client
from hub.domain.bookings.deadlines import ExpiredJob
from hub.domain.bookings.jobs import Job, JobMoved, JobNow, JobView
from hub.domain.bookings.keeping import ResourceWanted, ServiceWanted, TenantWanted
from hub.domain.bookings.staff import JobLine, StaffJob
from hub.domain.bookings.waiting_list import Joined, Offer
from hub.errors import Permanent
from hub.storage import tables
from hub.storage.db import is_busy
from tests.fakes.clock import FakeClock

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOST_TRIES = 20
EVERY_DAY = dict.fromkeys(range(1, 8), ("09:00-17:00",))
ADA = Client("Ada", "ada@example.com", phone="+14155550123", timezone="Europe/Paris")
BOB = Client("Bob", "bob@example.net")
TUESDAY = date(2025, 10, 21)
ROWS = (
    *("taken_seats", "job_changes", "waiting", "jobs", "contacts"),
    *("service_needs", "service_days", "service_hours", "services", "resources"),
    *("tenant_keys", "tenants"),
)


def attempt(key: str | None = None) -> Attempt:
    return Attempt(run_id=uuid4(), workflow="test-flow", key=key or uuid4().hex, mode="live")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of October 2025 in UTC; the clock begins on Monday, the 20th, at 12:00."""
    return datetime(2025, 10, day, hour, minute, tzinfo=UTC)


class Office:
    """Somebody who books and decides, at the time the clock shows."""

    def __init__(self, engine: Engine, clock: FakeClock) -> None:
        self._engine = engine
        self.clock = clock

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection

    def now(self) -> datetime:
        return self.clock.now()

    # ---------------------------------------------------------------------------- what is set up

    def tenant(self, zone: str = "UTC", **given: Any) -> UUID:
        tenant = uuid4()
        with self.transaction() as db:
            keeping.put_tenant(db, TenantWanted(tenant, "Acme", zone, **given))
        return tenant

    def resource(self, tenant: UUID, name: str = "Ana", **given: Any) -> UUID:
        resource = uuid4()
        with self.transaction() as db:
            keeping.put_resource(db, ResourceWanted(resource, tenant, name, **given))
        return resource

    def service(self, tenant: UUID | None = None, **given: Any) -> UUID:
        """A service of an hour, open from 9 to 17 UTC every day unless something else is said."""
        given = {
            "id": uuid4(),
            "tenant_id": tenant or self.tenant(),
            "name": "Boiler check",
            "contractor_name": "Bob Builder",
            "contractor_email": "bob@example.com",
            "weekly": EVERY_DAY,
            **given,
        }
        with self.transaction() as db:
            keeping.put_service(db, ServiceWanted(**given))
        service: UUID = given["id"]
        return service

    # ------------------------------------------------------------------------------ what it does

    def book(
        self, service: UUID, start: datetime, client: Client = ADA, *, key: str = "", **given: Any
    ) -> Job:
        with self.transaction() as db:
            return jobs.book(
                db, self.clock, attempt(key or None), service_id=service, start=start,
                client=client, **given,
            )  # fmt: skip

    def set_status(self, job: UUID, status: Any, **given: Any) -> JobNow:
        with self.transaction() as db:
            return jobs.set_status(db, self.clock, attempt(), job_id=job, status=status, **given)

    def confirm(self, job: UUID) -> JobNow:
        return self.set_status(job, "scheduled", from_=["pending-confirmation", "scheduled"])

    def decline(self, job: UUID, reason: str | None = None) -> JobNow:
        return self.set_status(job, "cancelled", from_=["pending-confirmation"], reason=reason)

    def cancel(self, job: UUID, **given: Any) -> JobNow:
        return self.set_status(job, "cancelled", **given)

    def move(self, job: UUID, start: datetime, **given: Any) -> JobMoved:
        with self.transaction() as db:
            return jobs.reschedule(db, self.clock, attempt(), job_id=job, start=start, **given)

    def create(self, tenant: UUID, service: UUID, start: datetime, **given: Any) -> StaffJob:
        given = {"client": ADA, **given}
        with self.transaction() as db:
            return staff.create(
                db, self.clock, attempt(), tenant_id=tenant, service_id=service, start=start,
                **given,
            )  # fmt: skip

    def move_by_staff(self, tenant: UUID, job: UUID, start: datetime, **given: Any) -> StaffJob:
        with self.transaction() as db:
            return staff.move(
                db, self.clock, attempt(), tenant_id=tenant, job_id=job, start=start, **given
            )

    def nobody_came(self, tenant: UUID, job: UUID) -> JobNow:
        with self.transaction() as db:
            return staff.mark_no_show(db, self.clock, attempt(), tenant_id=tenant, job_id=job)

    def list_jobs(self, tenant: UUID, **given: Any) -> list[JobLine]:
        with self.transaction() as db:
            return staff.list_jobs(db, tenant_id=tenant, **given).jobs

    def wait_for(
        self, service: UUID, first: datetime, last: datetime, client: Client = ADA
    ) -> Joined:
        with self.transaction() as db:
            return waiting_list.join(
                db, self.clock, attempt(), service_id=service, client=client, wanted_from=first,
                wanted_until=last,
            )  # fmt: skip

    def accept(self, entry: UUID, offered_until: datetime | None = None) -> Job:
        """Take up what is offered now, unless it is said which offer."""
        (row,) = self.rows("waiting", id=entry)
        until = offered_until or row.offered_until
        with self.transaction() as db:
            return waiting_list.accept(
                db, self.clock, attempt(), entry_id=entry, offered_until=until
            )

    def leave(self, entry: UUID) -> str:
        with self.transaction() as db:
            return waiting_list.leave(db, self.clock, entry_id=entry).status

    def offer_free(self) -> int:
        with self.transaction() as db:
            return waiting_list.offer_free(db, self.clock).offered

    def tell_offers(self) -> list[Offer]:
        """The offers that nobody was told of, which they are now."""
        with self.transaction() as db:
            found = waiting_list.untold(db, self.clock).offers
            for offer in found:
                waiting_list.announced(
                    db, self.clock, entry_id=offer.id, offered_until=offer.offered_until
                )
        return found

    def expire(self) -> list[ExpiredJob]:
        """What the sweep tells, and notes that it did."""
        with self.transaction() as db:
            found = deadlines.expire_overdue(db, self.clock).jobs
            for job in found:
                deadlines.told_of_expiry(db, self.clock, job_id=job.id)
        return found

    # --------------------------------------------------------------------------- what it looks at

    def job(self, job: UUID, **given: Any) -> JobView:
        with self.transaction() as db:
            return jobs.get(db, job_id=job, **given)

    def free(
        self, service: UUID, first: date | str, last: date | str | None = None
    ) -> list[datetime]:
        days = str(first), str(last or first)
        with self.transaction() as db:
            found = services.availability(
                db, self.clock, service_id=service, first=days[0], last=days[1]
            )
        return [slot.start for slot in found.slots]

    def rows(self, table: str, **having: Any) -> Sequence[Row[Any]]:
        wanted = select(tables_by_name(table))
        for name, value in having.items():
            wanted = wanted.where(tables_by_name(table).c[name] == value)
        with self.transaction() as db:
            return db.execute(wanted).all()

    def faults(self) -> list[str]:
        with self.transaction() as db:
            return monitor.faults(db)

    def forget_everything(self) -> None:
        with self.transaction() as db:
            for name in ROWS:
                db.execute(delete(tables_by_name(name)))


def outcome(call: Callable[[], object]) -> str:
    """The code of its refusal, or `done`; who waited too long in the row asks again, as runs do."""
    for _ in range(MOST_TRIES):
        try:
            call()
        except Permanent as refused:
            return refused.code
        except OperationalError as problem:
            if not is_busy(problem):
                raise
        else:
            return "done"
    raise AssertionError("too many tries")


def tables_by_name(name: str) -> Any:
    return tables.metadata.tables[name]
