"""Exactly what may go goes: rows of all ages and relations against a simple model (E19)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from tests.integration.storage.office import VERSION, Office
from tests.integration.storage.retaining import KEPT, forecast, removed

ENDED = ("succeeded", "failed", "cancelled", "undo_failed")


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


AGES = (0, 8, 29, 31, 45, 60)


@st.composite
def runs_of_all_ages(draw: st.DrawFn) -> list[Aged]:
    runs: list[Aged] = []
    for place in range(draw(st.integers(1, 9))):
        created = draw(st.sampled_from(AGES))
        is_over = draw(st.sampled_from([True, True, True, False]))
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
                has_turn=draw(st.sampled_from([False, False, True])),
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
