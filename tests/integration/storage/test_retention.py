"""What is old goes, and nothing that is still needed (E19, I9)."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from hub.engine.settings import Retention
from hub.storage import retention
from hub.storage.audit import Actor
from hub.storage.deliveries import start_run
from hub.storage.retention import Busy, Gone, Place
from hub.worker.retention import Removal, remove_all
from tests.figures import Figure
from tests.integration.storage.office import VERSION, Office, delivery, run

KEPT = timedelta(days=30)
PERIODS = Retention(runs=KEPT, audit=timedelta(days=400))
ACTOR = Actor("tests", "here")
DAY = timedelta(days=1)
ENDED = ("succeeded", "failed", "cancelled", "undo_failed")


def removed(office: Office, periods: Retention = PERIODS) -> Gone:
    """Everything that may go, until nothing does."""
    whole = Gone()
    while True:
        once = sum(remove_all(office.engine, periods, ACTOR), Gone())
        if once == Gone():
            return whole
        whole += once


def forecast(office: Office) -> Gone:
    before = Place.beginning(office.engine, KEPT).at
    found: Gone = office.ask(lambda connection: retention.forecast(connection, before=before))
    return found


# ------------------------------------------------------------------------------------ the property


@dataclass
class Aged:
    """One run in the model: ages in days; `parent` is the place of the run it was made of."""

    created: int
    ended: int | None
    status: str
    parent: int | None = None
    key_left: int | None = None  # days of its dedupe window that are left
    event: int | None = None  # the age of the event that it emitted
    is_awaited: bool = False  # somebody waits for an event like it
    has_turn: bool = False
    delivery: int | None = None
    id: UUID = field(default_factory=uuid4)

    def is_free(self) -> bool:
        """Whether it may go if no run that was made of it stays."""
        has_window = self.key_left is not None and self.key_left > 0
        has_event = self.event is not None and (self.event <= 7 or self.is_awaited)
        is_old = self.ended is not None and min(self.ended, self.created) > KEPT.days
        return is_old and not (has_window or has_event or self.has_turn)


AGES = (0, 3, 8, 29, 31, 60)


@st.composite
def runs_of_all_ages(draw: st.DrawFn) -> list[Aged]:
    runs: list[Aged] = []
    for place in range(draw(st.integers(1, 9))):
        created = draw(st.sampled_from(AGES))
        is_over = draw(st.booleans()) or draw(st.booleans())
        ended = draw(st.sampled_from([age for age in AGES if age <= created])) if is_over else None
        parents = [None, None, *range(place)]
        runs.append(
            Aged(
                created=created,
                ended=ended,
                status=draw(
                    st.sampled_from(ENDED if is_over else ("queued", "running", "waiting"))
                ),
                parent=draw(st.sampled_from(parents)),
                key_left=draw(st.sampled_from([None, None, None, -5, 2])),
                event=draw(st.sampled_from([None, None, None, 3, 20])),
                is_awaited=draw(st.booleans()),
                has_turn=draw(st.integers(0, 3)) == 0,
                delivery=draw(st.sampled_from([None, 0, 1, 2])),
            )
        )
    return runs


def staying(runs: list[Aged]) -> set[UUID]:
    """The model: what is not free stays, and keeps all that it was made of."""
    kept = {place for place, each in enumerate(runs) if not each.is_free()}
    more = set(kept)
    while more:
        parents = {runs[place].parent for place in more} - {None}
        more = {place for place in parents if place is not None} - kept
        kept |= more
    return {runs[place].id for place in kept}


_RUN = text(
    """
    INSERT INTO runs (id, workflow, version, delivery_id, retry_of, status, mode, trigger,
                      created_at, ended_at, due_at, deadline, lease_until)
    VALUES (:id, 'w', :version, :delivery, :parent, :status, 'live', '{}',
            now() - make_interval(days => :created), now() - make_interval(days => :ended),
            CASE WHEN CAST(:ended AS int) IS NULL THEN now() END, now(),
            CASE WHEN :status = 'running' THEN now() END)
    """
)
_BESIDE = (
    "INSERT INTO run_history (run_id, status, token) VALUES (:id, 'queued', 0)",
    (
        "INSERT INTO steps (run_id, path, kind, status, started_at)"
        " VALUES (:id, 'a', 'do', 'succeeded', now())"
    ),
    (
        "INSERT INTO once_keys (workflow, step_id, digest, run_id, path, status)"
        " VALUES ('w', 'a', sha256(convert_to(CAST(:id AS text), 'UTF8')), :id, 'a', 'succeeded')"
    ),
)
_KEY = text(
    "INSERT INTO dedupe_keys (endpoint, digest, run_id, delivery_id, body_digest, expires_at)"
    " VALUES ('w', sha256(convert_to(CAST(:id AS text), 'UTF8')), :id, :id, '',"
    " now() + make_interval(days => :left))"
)
_EVENT = text(
    "INSERT INTO events (name, key, data, at, run_id, path)"
    " VALUES (:name, 'k', '{}', now() - make_interval(days => :age), :id, 'e')"
)
_TURN = text("INSERT INTO turns (scope, digest, run_id, path) VALUES ('w', :digest, :id, '')")
_DELIVERY = text(
    "INSERT INTO deliveries (id, endpoint, method, path, query, headers, body, body_digest,"
    " received_at) VALUES (:id, 'w', 'POST', '/', '{}', '{}', '', '',"
    " now() - make_interval(days => :age))"
)


def store(office: Office, runs: list[Aged]) -> dict[int, UUID]:
    """The rows of the model; three deliveries of 60 days, by their number."""
    sent = {number: uuid4() for number in range(3)}
    with office.engine.begin() as connection:
        for id_ in sent.values():
            connection.execute(_DELIVERY, {"id": id_, "age": 60})
        sleeper = _sleeper(connection)
        for place, each in enumerate(runs):
            _store_run(connection, runs, each, sent)
            for statement in _BESIDE:
                connection.execute(text(statement), {"id": each.id})
            if each.key_left is not None:
                connection.execute(_KEY, {"id": each.id, "left": each.key_left})
            if each.event is not None:
                name = f"event-{place}"
                connection.execute(_EVENT, {"id": each.id, "name": name, "age": each.event})
                if each.is_awaited:
                    connection.execute(
                        text("INSERT INTO event_waits VALUES (:id, :name, 'k')"),
                        {"id": sleeper, "name": name},
                    )
            if each.has_turn:
                connection.execute(_TURN, {"id": each.id, "digest": each.id.bytes})
    return sent


def _sleeper(connection: Connection) -> UUID:
    """A run of long ago that still waits for events."""
    sleeper = Aged(created=60, ended=None, status="waiting")
    _store_run(connection, [], sleeper, {})
    return sleeper.id


def _store_run(connection: Connection, runs: list[Aged], each: Aged, sent: dict[int, UUID]) -> None:
    values: dict[str, Any] = {
        "id": each.id,
        "version": VERSION,
        "delivery": None if each.delivery is None else sent[each.delivery],
        "parent": None if each.parent is None else runs[each.parent].id,
        "status": each.status,
        "created": each.created,
        "ended": each.ended,
    }
    connection.execute(_RUN, values)


@pytest.fixture
def empty(office: Office) -> Office:
    office.do("DELETE FROM workflow_versions")
    return office


TABLES = ("once_keys", "steps", "run_history", "turns", "event_waits", "events", "dedupe_keys")


def wipe(office: Office) -> None:
    for table in (*TABLES, "runs", "deliveries"):
        office.do(f"DELETE FROM {table}")  # noqa: S608 - ours


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=runs_of_all_ages())
def test_E19_exactly_what_may_go_goes(empty: Office, runs: list[Aged]):
    office = empty
    wipe(office)
    sent = store(office, runs)
    kept = staying(runs)
    told = forecast(office)

    gone = removed(office)

    left = {row.id for row in office.rows("SELECT id FROM runs")} & {each.id for each in runs}
    assert left == kept
    assert gone.runs == len(runs) - len(kept)
    for table in ("steps", "run_history", "once_keys"):
        owners = {row.run_id for row in office.rows(f"SELECT run_id FROM {table}")}  # noqa: S608
        assert owners == kept
    needed = {each.delivery for each in runs if each.id in kept}
    left = {row.id for row in office.rows("SELECT id FROM deliveries")}
    assert left == {id_ for number, id_ in sent.items() if number in needed}
    # Events go before, in the same pass: a forecast may only be too low by the runs they kept.
    assert told.runs <= gone.runs
    if all(each.event is None for each in runs):
        assert (told.runs, told.deliveries) == (gone.runs, gone.deliveries)


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
