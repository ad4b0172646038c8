"""What any number of workers do now and then: sweep what was lost, fire what is due (E5, E12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from hub.engine.start import Start
from hub.engine.workflow import Concurrency, Schedule, Workflow
from hub.errors import Rejected
from hub.storage import db, schedules, versions
from hub.storage.workers import WorkerName, count_alive
from hub.worker.rounds import Rounds, fire, plan_schedules
from tests.integration.storage.office import Office

QUARTER = timedelta(minutes=15)
WORKERS = 8


@dataclass
class Station:
    """What rounds need of a hub; `broken` names a workflow whose runs cannot be made."""

    database: Engine
    workflows: dict[str, Workflow] = field(default_factory=dict)
    broken: str = ""
    rings: int = 0

    def new_id(self) -> UUID:
        return uuid4()

    def start(self, workflow: Workflow, trigger: Mapping[str, Any]) -> Start:
        if workflow.name == self.broken:
            raise Rejected(422, "The request cannot be used")
        return Start(workflow, trigger, {}, self.now())

    def now(self) -> datetime:
        """The database's clock: a schedule is due by no other."""
        with self.database.connect() as connection:
            return db.DatabaseClock(connection).now()

    def ring(self) -> None:
        self.rings += 1

    def plan(self, name: str = "tidy", *, version: str = "1", **schedule: Any) -> Workflow:
        """A workflow with a schedule, as its file says it."""
        trigger = Schedule(**{"every": QUARTER, **schedule})
        in_turn = Concurrency() if trigger.overlap == "queue" else None
        workflow = Workflow(
            name, version, name.title(), trigger=trigger, steps=(), concurrency=in_turn
        )
        versions.store(self.database, version=version, workflow=name, files={})
        self.workflows[name] = workflow
        plan_schedules(self, self.workflows, self.now())
        return workflow

    def rounds(self) -> Rounds:
        """Those of one more worker."""
        name = WorkerName(id=uuid4().hex, host="here", pid=1)
        return Rounds(self, scheduled=lambda: self.workflows, ring=self.ring, worker=name)


@pytest.fixture
def station(office: Office) -> Station:
    return Station(office.engine)


@pytest.fixture
def at_once() -> Iterator[Callable[..., list[Any]]]:
    """What many workers do at the same time."""
    with ThreadPoolExecutor(WORKERS) as threads:
        yield lambda work: [
            each.result() for each in [threads.submit(work) for _ in range(WORKERS)]
        ]


def make_due(office: Office, name: str = "tidy", ago: str = "1 second") -> None:
    office.do(
        "UPDATE schedules SET next_at = now() - CAST(:ago AS interval) WHERE workflow = :name",
        name=name,
        ago=ago,
    )


def started(office: Office, name: str = "tidy") -> list[datetime]:
    """The planned instants of the runs that were made."""
    question = "SELECT scheduled_at FROM runs WHERE workflow = :name ORDER BY scheduled_at"
    return [row.scheduled_at for row in office.rows(question, name=name)]


def next_at(office: Office, name: str = "tidy") -> datetime:
    (row,) = office.rows("SELECT next_at FROM schedules WHERE workflow = :name", name=name)
    found: datetime = row.next_at
    return found


# ------------------------------------------------------------------------------------ schedules


@pytest.mark.parametrize("schedule", [{"every": QUARTER}, {"every": None, "cron": "*/15 * * * *"}])
def test_E12_many_schedulers_fire_a_due_time_once(office, station, at_once, schedule):
    station.plan(**schedule)
    make_due(office)

    at_once(lambda: station.rounds().once())
    at_once(lambda: station.rounds().once())

    assert len(started(office)) == 1
    assert next_at(office) > station.now()
    assert station.rings == 1


def test_E12_the_time_that_was_seen_as_due_is_fired_once_however_late(office, station, at_once):
    workflow = station.plan(overlap="allow")
    make_due(office)
    (due,) = schedules.due(station.database)

    assert sorted(at_once(lambda: fire(station, workflow, due))) == [0] * (WORKERS - 1) + [1]
    assert started(office) == [due.next_at]


def test_E12_a_planned_time_that_comes_round_again_is_not_fired_again(office, station):
    """The clock of the database was set back. The schedule goes on to its next time."""
    station.plan(every=None, cron="0 0 29 2 *", overlap="allow")
    make_due(office)
    station.rounds().once()
    (fired,) = started(office)
    office.do("UPDATE schedules SET next_at = :fired", fired=fired)

    station.rounds().once()

    assert started(office) == [fired]
    assert next_at(office) > station.now()


def test_a_run_knows_the_instant_it_was_planned_for(office, station):
    station.plan()
    make_due(office)
    planned = next_at(office)
    station.rounds().once()

    (row,) = office.rows("SELECT scheduled_at, trigger FROM runs WHERE workflow = 'tidy'")
    assert row.scheduled_at == planned
    assert datetime.fromisoformat(row.trigger["scheduled_at"]) == planned


@pytest.mark.parametrize(("missed", "runs"), [("run_once", 1), ("skip", 0), ("run_all", 100)])
def test_E12_after_a_week_without_workers_what_was_missed_is_bounded(
    office, station, at_once, missed, runs
):
    station.plan(missed=missed, every=timedelta(hours=1), overlap="allow")
    make_due(office, ago="7 days 1 hour")
    # not within the minute in which a planned time still counts as kept
    office.do("UPDATE schedules SET next_at = date_trunc('hour', next_at)")
    late = station.now() - station.now().replace(minute=0, second=0, microsecond=0)

    at_once(lambda: station.rounds().once())

    is_on_time = missed == "skip" and late <= timedelta(minutes=1)
    assert len(started(office)) == (1 if is_on_time else runs)
    assert next_at(office) > station.now()


@pytest.mark.parametrize(("overlap", "runs"), [("skip", 1), ("allow", 2)])
def test_a_time_that_comes_while_the_last_run_goes_on(office, station, overlap, runs):
    station.plan(overlap=overlap)
    make_due(office)
    station.rounds().once()
    make_due(office)

    station.rounds().once()

    assert len(started(office)) == runs
    assert next_at(office) > station.now()


def test_planned_runs_that_queue_stand_one_behind_the_other(office, station):
    station.plan(overlap="queue")
    for _ in range(2):
        make_due(office)
        station.rounds().once()

    places = office.rows("SELECT run_id, scope, digest FROM turns ORDER BY id")
    runs = office.rows("SELECT id FROM runs ORDER BY created_at")
    assert [each.run_id for each in places] == [each.id for each in runs]
    assert len({(each.scope, each.digest) for each in places}) == 1
    assert len(places) == 2


def test_overlap_skip_starts_again_when_the_last_run_has_ended(office, station):
    station.plan()
    make_due(office)
    station.rounds().once()
    office.end(*office.claim())
    make_due(office)

    station.rounds().once()

    assert len(started(office)) == 2


def test_a_time_that_has_come_stays_when_a_new_worker_starts(office, station):
    station.plan()
    make_due(office, ago="1 hour")
    planned = next_at(office)

    station.plan()

    assert next_at(office) == planned


def test_a_new_version_of_the_file_plans_anew_and_a_vanished_one_is_forgotten(office, station):
    station.plan(every=timedelta(days=300))
    station.plan("other", version="2")
    station.plan(every=QUARTER, version="3")
    assert next_at(office) <= station.now() + QUARTER

    del station.workflows["other"]
    plan_schedules(station, station.workflows, station.now())

    assert [row.workflow for row in office.rows("SELECT workflow FROM schedules")] == ["tidy"]


def test_the_first_round_plans_the_schedules_and_the_later_ones_leave_them(office, station):
    station.plan()
    office.do("DELETE FROM schedules")
    rounds = station.rounds()

    rounds.once()
    assert station.now() < next_at(office) <= station.now() + QUARTER

    office.do("DELETE FROM schedules")
    rounds.once()
    assert office.count("schedules") == 0


def test_a_schedule_of_another_project_version_is_left_to_its_workers(office, station):
    rounds = station.rounds()
    rounds.once()
    workflow = station.plan()
    station.workflows.clear()
    make_due(office)

    rounds.once()

    assert started(office) == []
    assert next_at(office) < station.now()
    station.workflows[workflow.name] = workflow
    station.rounds().once()
    assert len(started(office)) == 1


def test_a_schedule_whose_file_is_saved_or_removed_is_planned_or_rests_at_the_next_round(
    office, station
):
    rounds = station.rounds()
    rounds.once()
    workflow = station.plan()
    office.do("DELETE FROM schedules")

    rounds.once()
    assert next_at(office) <= station.now() + QUARTER

    del station.workflows[workflow.name]
    rounds.once()
    assert office.count("schedules") == 0


# ------------------------------------------------------------------------------------ the sweep


def test_E5_a_run_whose_owner_died_is_everybodys_again_and_the_bell_is_rung(
    office, station, at_once
):
    lost, held = office.claimed(), office.claimed()
    office.owner_dies(lost)

    at_once(lambda: station.rounds().once())

    assert (office.status(lost.id), office.status(held.id)) == ("queued", "running")
    assert office.history(lost.id)[-1] == ("queued", "the lease ran out")
    assert station.rings == 1
    (again,) = office.claim()
    assert (again.id, again.token, again.deaths) == (lost.id, lost.token + 1, 1)


def test_rounds_say_that_the_worker_lives(station):
    station.rounds().once()
    station.rounds().once()

    assert count_alive(station.database) == 2


# ------------------------------------------------------------------------------------- failures


def test_one_schedule_that_fails_keeps_nothing_else_from_being_done(office, station, caplog):
    station.broken = station.plan("broken").name
    station.plan("tidy", version="2")
    make_due(office, "broken", ago="2 seconds")
    make_due(office, "tidy")
    lost = office.claimed()
    office.owner_dies(lost)

    station.rounds().once()

    assert len(started(office, "tidy")) == 1
    assert office.status(lost.id) == "queued"
    assert "firing broken failed" in caplog.text

    station.broken = ""
    station.rounds().once()
    assert len(started(office, "broken")) == 1


def test_rounds_go_on_after_the_database_failed(office, station, caplog):
    station.plan()
    make_due(office)
    rounds = station.rounds()
    office.do("ALTER TABLE schedules RENAME TO schedules_away")
    rounds.start()
    try:
        office.until(lambda: "looking for due schedules was cut short" in caplog.text)
    finally:
        office.do("ALTER TABLE schedules_away RENAME TO schedules")

    office.until(lambda: started(office))
    rounds.stop()
    rounds.join()
    assert len(started(office)) == 1


def test_cron_follows_the_zone_of_its_workflow(office, station):
    station.plan(every=None, cron="0 9 * * *", timezone="America/New_York")

    local_hour = {next_at(office).astimezone(UTC).hour}
    assert local_hour <= {13, 14}  # nine o'clock in New York, in summer and in winter
