"""What is old goes, and nothing that is still needed (E19, I9)."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.engine.settings import Retention
from hub.storage import people, retention
from hub.storage.db import DatabaseClock
from hub.storage.deliveries import start_run
from hub.storage.retention import Busy, Gone, Place
from hub.worker.retention import Removal, remove_all
from tests.figures import Figure
from tests.integration.storage.office import VERSION, Office, delivery, run
from tests.integration.storage.retaining import ACTOR, KEPT, PERIODS, removed

DAY = timedelta(days=1)


# --------------------------------------------------------------------------------- keys and windows


def an_old_run(office: Office, *, key: str | None = None, days: int = 60) -> UUID:
    """A run that ended so long ago; the window of its key is over, too."""
    run_id = office.record(run(key))[0].run_id
    (owned,) = office.claim()
    office.end(owned)
    age(office, days)
    return run_id


def age(office: Office, days: int) -> None:
    """Everything that is there becomes older."""
    office.do(
        "UPDATE runs SET created_at = created_at - make_interval(days => :days),"
        " ended_at = ended_at - make_interval(days => :days)",
        days=days,
    )
    office.do("UPDATE deliveries SET received_at = now() - make_interval(days => :days)", days=days)
    office.do(
        "UPDATE dedupe_keys SET expires_at = expires_at - make_interval(days => :days)", days=days
    )


def test_I9_a_key_outlives_its_window_while_its_run_goes_on(office: Office):
    first = office.accepted(key="k")
    age(office, 400)

    assert removed(office) == Gone()
    (again,) = office.record(run("k"))
    assert (again.is_new, again.run_id) == (False, first)

    (owned,) = office.claim()
    office.end(owned)
    office.do("UPDATE runs SET ended_at = now() - interval '60 days'")
    assert removed(office).runs == 1
    assert office.count("dedupe_keys") == 0
    assert office.record(run("k"))[0].is_new


def test_I9_a_key_inside_its_window_keeps_its_run_and_its_answer(office: Office):
    first = an_old_run(office, key="k", days=2)

    assert removed(office, Retention(runs=DAY)) == Gone()

    (again,) = office.record(run("k"))
    assert (again.is_new, again.run_id) == (False, first)
    assert office.facts(first).line.status == "succeeded"


# -------------------------------------------------------------------------------------------- races


def test_E19_a_run_that_is_run_again_at_this_moment_stays(office: Office):
    old = an_old_run(office)

    with office.engine.begin() as connection:
        start_run(connection, run(retry_of=old))
        assert removed(office) == Gone()

    assert removed(office) == Gone()
    assert office.count("runs") == 2


def test_E19_a_run_that_goes_at_this_moment_cannot_be_run_again(office: Office):
    old = an_old_run(office)
    place = Place.beginning(office.engine, KEPT)
    with office.engine.begin() as connection:
        locked = connection.execute(text("SELECT id FROM runs FOR UPDATE"))
        assert len(locked.all()) == 1
        assert retention.remove_runs(office.engine, before=place.at, place=place)[0] == 0
    retention.remove_runs(office.engine, before=place.at, place=place)

    with pytest.raises(DBAPIError, match="retry_of"), office.engine.begin() as connection:
        start_run(connection, run(retry_of=old))
    assert office.count("runs") == 0


def test_E19_two_never_remove_at_once(office: Office):
    an_old_run(office)
    with office.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": retention.LOCK})
        place = Place.beginning(office.engine, KEPT)
        with pytest.raises(Busy):
            retention.remove_runs(office.engine, before=place.at, place=place)
        assert Removal(office.engine, periods=lambda: PERIODS, actor=ACTOR).once() == Gone()

    assert Removal(office.engine, periods=lambda: PERIODS, actor=ACTOR).once().runs == 1


def test_E19_after_a_crash_in_the_middle_the_rest_goes_later(office: Office, figure: Figure):
    for _ in range(30):
        office.accepted()
    for owned in office.claim():
        office.end(owned)
    age(office, 60)
    place = Place.beginning(office.engine, KEPT)
    retention.remove_runs(office.engine, before=place.at, place=place, most=7)

    with ThreadPoolExecutor(1) as threads, office.engine.begin() as connection:
        connection.execute(text("SELECT FROM run_history FOR UPDATE"))  # holds it up in the middle
        removing = threads.submit(
            retention.remove_runs, office.engine, before=place.at, place=place, most=7
        )
        office.until_blocked()
        office.rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        with pytest.raises(DBAPIError):
            removing.result()
    assert office.count("runs") == 23
    assert office.count("run_history") == 3 * 23

    gone = removed(office)
    assert (gone.runs, gone.deliveries) == (23, 30)
    figure("E19", "30 old runs, killed inside the second slice of 7: 30 gone, each with all it had")


def test_E19_a_run_and_those_made_of_it_go_in_one_pass(office: Office):
    first = an_old_run(office, days=1)
    for retry_of in (first, None):
        of = retry_of or office.rows("SELECT id FROM runs ORDER BY created_at DESC LIMIT 1")[0].id
        with office.engine.begin() as connection:
            start_run(connection, run(retry_of=of))
        (owned,) = office.claim()
        office.end(owned)
    age(office, 60)

    assert sum(remove_all(office.engine, PERIODS, ACTOR), Gone()).runs == 3


# ------------------------------------------------------------------------------- holds and versions


def test_E19_holds_and_the_lines_of_leads_stay_when_their_run_goes(office: Office):
    old = an_old_run(office)
    for statement in OF_THE_TRADE:
        office.do(statement, run=old)

    assert removed(office).runs == 1

    for table in ("leads", "phone_numbers", "phone_assignments", "appointments", "interactions"):
        assert office.count(table) == 1


OF_THE_TRADE: Iterable[str] = (
    "INSERT INTO leads (id, first_name, last_name) VALUES (:run, 'Ada', 'Byron')",
    (
        "INSERT INTO phone_numbers (id, number, lead_id, assigned_at, release_at)"
        " VALUES (:run, '+14155550100', :run, now() - interval '90 days', now() - interval '1 day')"
    ),
    (
        "INSERT INTO phone_assignments (id, phone_id, lead_id, assigned_at, run_id, mode)"
        " VALUES (:run, :run, :run, now() - interval '90 days', :run, 'live')"
    ),
    (
        "INSERT INTO appointments (id, lead_id, starts_at, hold_until, source, run_id, mode)"
        " VALUES (:run, :run, now() - interval '90 days', now() - interval '80 days', 's', :run,"
        " 'live')"
    ),
    (
        "INSERT INTO interactions (id, lead_id, kind, reference, outcome, who, run_id, mode)"
        " VALUES (:run, :run, 'call', 'r', 'o', 'w', :run, 'live')"
    ),
)


def test_E15_E19_the_files_of_a_version_stay_as_long_as_a_run_names_them(office: Office):
    for place, hash_ in enumerate(["one", "two", "three", "four"]):
        office.do(
            "INSERT INTO workflow_versions (hash, workflow, files, created_at)"
            " VALUES (:hash, 'w', '{}', now() - make_interval(days => :days))",
            hash=hash_,
            days=90 - 20 * place,  # 90, 70, 50, 30 and a bit
        )
    office.do(
        "UPDATE workflow_versions SET created_at = now() - interval '40 days' WHERE hash='four'"
    )
    sleeping = office.accepted(workflow="w", version="one")
    office.do("INSERT INTO schedules (workflow, version, next_at) VALUES ('w', 'three', now())")

    assert removed(office) == Gone(versions=1)

    left = [row.hash for row in office.rows("SELECT hash FROM workflow_versions ORDER BY hash")]
    assert left == [VERSION, "four", "one", "three"]
    assert office.status(sleeping) == "queued"


def test_E19_a_request_without_a_run_goes_by_its_own_age(office: Office):
    office.record(of=delivery(endpoint="a"))
    office.record(of=delivery(endpoint="b"))
    office.do("UPDATE deliveries SET received_at = now() WHERE endpoint = 'a'")

    assert removed(office) == Gone(deliveries=1)
    assert [row.endpoint for row in office.rows("SELECT endpoint FROM deliveries")] == ["a"]


def test_invitations_go_when_nobody_can_use_them_any_more(office: Office):
    with office.engine.begin() as db:
        now = DatabaseClock(db).now()
        for name, left in (("over", -1), ("open", 1)):
            people.add_invitation(
                db,
                digest=name.encode(),
                email=f"{name}@example.com",
                role="viewer",
                expires_at=now + left * DAY,
            )
        assert people.count_expired_invitations(db) == 1

    assert sum(remove_all(office.engine, PERIODS, ACTOR), Gone()) == Gone(invitations=1)

    with office.engine.begin() as db:
        (left_over,) = people.open_invitations(db, now)
        assert left_over.email == "open@example.com"
