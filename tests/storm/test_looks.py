"""The looks from outside cannot lie: rows that break a promise are found by their SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.storm import facts, outside
from tests.storm.books import Books


@dataclass(frozen=True)
class Suite:
    """The suite's database, as a storm looks at one."""

    database_url: str

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        url = self.database_url.replace("+psycopg", "", 1)
        return psycopg.connect(url, autocommit=True)

    def do(self, statement: str, *values: object) -> None:
        with self.connect() as connection:
            connection.execute(statement.encode(), values)

    def run(self, key: str, status: str = "queued", *, due: str | None = "now") -> UUID:
        """A run with its history."""
        id_ = uuid4()
        self.do(
            "INSERT INTO runs (id, workflow, version, status, mode, trigger, dedupe_key, due_at,"
            " deadline, token)"
            " VALUES (%s, 'w', 'v', %s, 'live', '{}', %s, %s, now() + interval '1 day', %s)",
            *(id_, status, key, due, int(status != "queued")),
        )
        self.do("INSERT INTO run_history (run_id, status, token) VALUES (%s, 'queued', 0)", id_)
        for next_one in () if status == "queued" else ("running", status):
            told = "INSERT INTO run_history (run_id, status, token) VALUES (%s, %s, 1)"
            self.do(told, id_, next_one)
        return id_


@pytest.fixture
def suite(database: str) -> Suite:
    return Suite(database)


@pytest.fixture
def services() -> Iterator[outside.Outside]:
    with ExitStack() as open_ones:
        yield open_ones.enter_context(outside.services())


def broken(suite: Suite, *told: str) -> list[str]:
    """What a look finds, with webhooks whose senders have a 2xx."""
    books = Books(suite, lambda: list(told))
    books.look()
    return [f"{each.kind}: {each.what}" for each in books.violations]


def test_books_that_balance_are_not_reported(suite: Suite):
    suite.run("w1")
    suite.run("w2", "waiting")

    assert broken(suite, "w1", "w2") == []


def test_a_2xx_without_a_run_is_reported_while_the_storm_goes_on(suite: Suite):
    suite.run("w1")

    assert broken(suite, "w1", "w2") == ["lost: w2: its sender has a 2xx, and there is no run"]


def test_a_run_that_is_in_no_column_of_the_books_is_reported(suite: Suite):
    asleep = suite.run("w1", "waiting", due=None)

    unbalanced, invariant = broken(suite, "w1")

    assert unbalanced.startswith("books: 1 accepted, but {'ended': 0, 'waiting': 0")
    assert f"run {asleep} of w: waiting, and nothing will wake it" in invariant


def test_a_delivery_without_a_run_and_a_change_without_history_are_reported(suite: Suite):
    id_ = suite.run("w1")
    suite.do("DELETE FROM run_history WHERE run_id = %s", id_)
    suite.do(
        "INSERT INTO deliveries (id, endpoint, method, path, query, headers, body, body_digest,"
        " received_at) VALUES (%s, 'w', 'POST', '/', '{}', '{}', '', '', now())",
        uuid4(),
    )

    delivery, history = broken(suite)

    assert "has no run" in delivery
    assert "its history says nothing" in history


def test_who_never_looked_does_not_say_that_all_is_well(suite: Suite):
    books = Books(suite, list)
    books.start()
    books.stop()

    assert [each.kind for each in books.violations] == ["books"]


def test_effects_are_counted_with_their_runs_and_those_without_are_named(
    suite: Suite, services: outside.Outside
):
    run, lead, nobody = suite.run("w1"), uuid4(), uuid4()
    suite.do("INSERT INTO leads (id, first_name, last_name) VALUES (%s, 'A', 'B')", lead)
    for owner in (run, run, nobody):
        suite.do(
            "INSERT INTO interactions (id, lead_id, kind, reference, outcome, who, run_id, mode)"
            " VALUES (%s, %s, 'call', 'w1', 'x', 'w', %s, 'live')",
            *(uuid4(), lead, owner),
        )

    found = facts.read(suite, services)

    assert [(each.webhook, each.effects) for each in found.runs] == [("w1", 2)]
    assert found.orphans == (f"interaction of run {nobody}",)
    assert facts.unfinished(suite) == 1
