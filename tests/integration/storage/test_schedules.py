"""Schedules fire once, versions are kept once, workers say that they live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from hub.storage import deliveries, schedules, versions, workers
from hub.storage.versions import StoredVersion
from hub.storage.workers import WorkerName
from tests.integration.storage.office import VERSION, WORKFLOW, at_once, run

PAST = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)
NEXT = PAST + timedelta(minutes=15)
FAR = datetime(2099, 1, 1, tzinfo=UTC)


def plan(office, first_at, *, version=VERSION, workflow=WORKFLOW):
    schedules.plan(office.engine, workflow=workflow, version=version, first_at=first_at)


def planned(office):
    return {row.workflow: row.next_at for row in office.rows("SELECT * FROM schedules")}


@pytest.fixture
def newer(office) -> str:
    versions.store(office.engine, version="newer", workflow=WORKFLOW, files={})
    return "newer"


def move(office, schedule, next_at=NEXT):
    return office.ask(lambda connection: schedules.move(connection, schedule, next_at=next_at))


def test_E12_a_schedule_whose_time_has_come_is_due_and_others_are_not(office):
    plan(office, PAST)
    plan(office, FAR, workflow="later")

    (due,) = schedules.due(office.engine)

    assert (due.workflow, due.next_at) == (WORKFLOW, PAST)
    assert due.now > PAST


def test_E12_one_of_eight_schedulers_fires(office):
    plan(office, PAST)
    (due,) = schedules.due(office.engine)

    def fire(_):
        with office.engine.begin() as connection:
            if schedules.move(connection, due, next_at=NEXT):
                deliveries.start_run(connection, run(scheduled_at=due.next_at))
                return True
        return False

    assert sorted(at_once(8, fire)) == [False] * 7 + [True]
    assert office.count("runs") == 1
    assert planned(office) == {WORKFLOW: NEXT}


def test_E12_a_scheduler_that_crashes_before_its_commit_has_not_fired(office, open_engine):
    plan(office, PAST)
    (due,) = schedules.due(office.engine)
    with open_engine().connect() as crashing:
        assert schedules.move(crashing, due, next_at=NEXT)
        crashing.rollback()

    assert planned(office) == {WORKFLOW: PAST}
    assert move(office, due)


def test_E12_what_was_fired_before_cannot_be_fired_again(office):
    plan(office, PAST)
    (due,) = schedules.due(office.engine)

    assert move(office, due) is True
    assert move(office, due) is False

    (row,) = office.rows("SELECT next_at, last_at FROM schedules")
    assert (row.next_at, row.last_at) == (NEXT, PAST)


def test_E12_a_planned_time_makes_one_run_even_if_two_tell_to_make_it(office):
    office.ask(lambda db: deliveries.start_run(db, run(scheduled_at=PAST)))

    with pytest.raises(IntegrityError), office.engine.begin() as connection:
        deliveries.start_run(connection, run(scheduled_at=PAST))

    assert office.count("runs") == 1


def test_E12_planning_again_keeps_the_planned_time(office):
    plan(office, PAST)

    plan(office, FAR)

    assert planned(office) == {WORKFLOW: PAST}


def test_E12_a_new_version_is_planned_anew(office, newer):
    plan(office, FAR)

    plan(office, FAR + timedelta(days=1), version=newer)

    (row,) = office.rows("SELECT version, next_at FROM schedules")
    assert (row.version, row.next_at) == (newer, FAR + timedelta(days=1))


def test_E12_a_new_version_does_not_miss_a_time_that_has_come(office, newer):
    plan(office, PAST)

    plan(office, FAR, version=newer)

    (row,) = office.rows("SELECT version, next_at FROM schedules")
    assert (row.version, row.next_at) == (newer, PAST)


def test_E12_processes_that_start_together_plan_once(office):
    at_once(8, lambda _: plan(office, FAR))

    assert planned(office) == {WORKFLOW: FAR}


@pytest.mark.parametrize("kept", [[], ["b"], ["a", "b", "c"]])
def test_a_schedule_whose_file_is_gone_is_not_fired(office, kept):
    for name in ("a", "b"):
        plan(office, PAST, workflow=name)

    schedules.drop_others(office.engine, kept)

    assert set(planned(office)) == {"a", "b"} & set(kept)


def test_an_earlier_run_of_the_schedule_is_known_until_it_is_over(office):
    def goes_on():
        return office.ask(lambda connection: schedules.has_unfinished(connection, WORKFLOW))

    office.accepted()
    assert goes_on() is False
    office.claim()
    office.ask(lambda connection: deliveries.start_run(connection, run(scheduled_at=PAST)))
    assert goes_on() is True
    (owned,) = office.claim()
    office.end(owned)
    assert goes_on() is False


# -------------------------------------------------------------------------------------- versions


def test_E15_a_version_is_kept_with_all_its_files(office):
    files = {"workflows/a.yaml": "do: []\n", "schemas/ä.json": '{"é": "\\u0000", "n": 1e+16}'}

    versions.store(office.engine, version="v", workflow="a", files=files)

    assert versions.find(office.engine, "v") == StoredVersion("a", files)


def test_E15_a_version_is_stored_once_and_never_changed(office):
    at_once(
        8,
        lambda index: versions.store(
            office.engine, version="v", workflow="a", files={"f": f"text {index}"}
        ),
    )
    first = versions.find(office.engine, "v")

    versions.store(office.engine, version="v", workflow="b", files={})

    assert versions.find(office.engine, "v") == first
    assert office.count("workflow_versions WHERE hash = 'v'") == 1


def test_E15_a_version_that_was_never_stored_is_not_found(office):
    assert versions.find(office.engine, "nothing") is None


# --------------------------------------------------------------------------------------- workers


def worker(name: str) -> WorkerName:
    return WorkerName(id=name, host="here", pid=1)


def silent(office, name, how_long):
    office.do(
        "UPDATE workers SET seen_at = now() - CAST(:how_long AS interval) WHERE id = :name",
        name=name,
        how_long=how_long,
    )


def test_a_worker_lives_while_it_says_so(office):
    for name in ("one", "two", "one"):
        workers.say_alive(office.engine, worker(name))

    assert workers.count_alive(office.engine) == 2


def test_a_worker_that_is_silent_lives_no_more_until_it_speaks_again(office):
    workers.say_alive(office.engine, worker("one"))
    silent(office, "one", timedelta(seconds=16))
    assert workers.count_alive(office.engine) == 0

    workers.say_alive(office.engine, worker("one"))

    assert workers.count_alive(office.engine) == 1


def test_a_worker_that_says_goodbye_is_forgotten(office):
    workers.say_alive(office.engine, worker("one"))
    workers.say_alive(office.engine, worker("two"))

    workers.say_goodbye(office.engine, worker("one"))

    assert [row.id for row in office.rows("SELECT id FROM workers")] == ["two"]


def test_workers_that_were_silent_for_a_day_are_forgotten(office):
    workers.say_alive(office.engine, worker("old"))
    silent(office, "old", timedelta(days=1, seconds=1))

    workers.say_alive(office.engine, worker("new"))

    assert [row.id for row in office.rows("SELECT id FROM workers")] == ["new"]
