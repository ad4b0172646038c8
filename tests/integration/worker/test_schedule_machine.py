"""Schedulers by chance: they look, dither, crash and fire, while time goes on or back (P3, E12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.engine.workflow import Schedule, Workflow
from hub.storage import schedules, versions
from hub.storage.schedules import DueSchedule
from hub.worker.rounds import LATE_AFTER, MOST_MISSED, fire, following
from tests.acceptance.crashes import Deaths, Killed
from tests.integration.storage.office import Office
from tests.integration.worker.test_rounds import Station

STEPS = 10
MINUTE = timedelta(minutes=1)
# In the past for the database, so that only the machine's time counts; two clock changes lie ahead.
BEGIN = datetime(2025, 10, 25, 22, 0, tzinfo=UTC)
KINDS: dict[str, dict[str, Any]] = {
    "quarter": {"every": 15 * MINUTE},
    "nightly": {"every": None, "cron": "30 1,2 * * *", "timezone": "Europe/Berlin"},
}


class ScheduleMachine(RuleBasedStateMachine):
    """One schedule, several schedulers that each may hold what they saw some time ago."""

    station: Station
    office: Office

    @initialize(
        kind=st.sampled_from(sorted(KINDS)), missed=st.sampled_from(["run_once", "run_all", "skip"])
    )
    def plan(self, kind: str, missed: str) -> None:
        for table in ("run_history", "runs", "schedules"):
            self.office.do(f"DELETE FROM {table}")  # noqa: S608 - our own names
        trigger = Schedule(**{**KINDS[kind], "missed": missed, "overlap": "allow"})
        self.workflow = Workflow("tidy", "1", "Tidy", trigger=trigger, steps=())
        versions.store(self.station.database, version="1", workflow="tidy", files={})
        self.now = self.latest = BEGIN
        self.first = following(self.workflow, BEGIN)
        schedules.plan(self.station.database, workflow="tidy", version="1", first_at=self.first)
        self.seen: list[DueSchedule] = []
        self.looks: list[datetime] = []

    def look(self) -> DueSchedule | None:
        (row,) = self.office.rows("SELECT next_at FROM schedules")
        is_due = row.next_at <= self.now
        return DueSchedule("tidy", next_at=row.next_at, now=self.now) if is_due else None

    @property
    def fired(self) -> list[datetime]:
        rows = self.office.rows("SELECT scheduled_at FROM runs ORDER BY scheduled_at")
        return [row.scheduled_at for row in rows]

    @rule(minutes=st.sampled_from([1, 10, 16, 60, 61, 300, 24 * 60, 26 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        self.latest = max(self.latest, self.now)

    @rule(minutes=st.sampled_from([5, 60]))
    def the_clock_is_set_back(self, minutes: int) -> None:
        self.now -= minutes * MINUTE

    @rule()
    def somebody_looks(self) -> None:
        due = self.look()
        if due is not None:
            self.seen.append(due)

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def somebody_fires_what_was_seen(self, data: st.DataObject) -> None:
        due = data.draw(st.sampled_from(self.seen))  # it stays: another one saw it as well
        before = len(self.fired)
        made = fire(self.station, self.workflow, due)
        assert len(self.fired) == before + made
        assert made <= MOST_MISSED

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), moment=st.integers(1, 2))
    def somebody_crashes_while_firing(self, data: st.DataObject, moment: int) -> None:
        due = data.draw(st.sampled_from(self.seen))
        before = self.fired
        try:
            with Deaths(self.station.database).at(moment):
                fire(self.station, self.workflow, due)
        except Killed:
            assert self.fired == before

    @invariant()
    def each_is_planned_and_fired_once_and_never_early(self) -> None:
        fired = self.fired
        assert len(set(fired)) == len(fired)
        for each in fired:
            assert self.first <= each <= self.latest
            assert following(self.workflow, each - MINUTE) == each

    def teardown(self) -> None:
        """Somebody looks at last: nothing that the schedule owes is left."""
        self.now = self.latest = self.latest + timedelta(hours=3)
        while (due := self.look()) is not None:
            fire(self.station, self.workflow, due)
        planned = [self.first]
        while planned[-1] <= self.now:
            planned.append(following(self.workflow, planned[-1]))
        upcoming = planned.pop()
        (row,) = self.office.rows("SELECT next_at FROM schedules")
        missed = self.workflow.trigger.missed  # type: ignore[union-attr]
        assert row.next_at == upcoming
        if missed == "run_all" and len(planned) <= MOST_MISSED:
            assert self.fired == planned
        if planned and (missed != "skip" or self.now - planned[-1] <= LATE_AFTER):
            assert planned[-1] in self.fired
        self.each_is_planned_and_fired_once_and_never_early()


def test_P3_E12_schedulers_by_chance_fire_each_time_once(office: Office, figure):
    class Machine(ScheduleMachine):
        pass

    Machine.station, Machine.office = Station(office.engine), office
    run_state_machine_as_test(
        Machine,
        settings=settings(
            deadline=None, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck)
        ),
    )

    figure("E12", f"{settings().max_examples:,} examples of schedulers by chance: each time once")
