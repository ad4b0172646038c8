"""The books: accepted = ended + queued + waiting + leased, at every instant (E2, E18)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import text

from hub.storage import books, db, invariants
from hub.storage.books import Books
from hub.storage.runs import Ending
from tests.figures import Figure
from tests.integration.storage.office import Office, at_once, delivery, run

CALLERS = 8
EACH = 12
MANY = "INSERT INTO books SELECT 1, 1 FROM generate_series(1, :many)"


def read(office: Office) -> Books:
    found: Books = office.ask(books.read)
    return found


def faults(office: Office) -> list[str]:
    (question,) = [each for each in invariants.INVARIANTS if each.name == "books"]
    found: list[str] = office.ask(lambda connection: invariants.faults(connection, question))
    return found


def test_E2_each_change_of_a_run_moves_it_from_one_account_to_another(office: Office):
    owned = office.claimed()
    office.accepted()
    assert read(office) == Books(accepted=2, ended=0, queued=1, waiting=0, leased=1)

    office.wait(owned)
    assert read(office) == Books(accepted=2, ended=0, queued=1, waiting=1, leased=0)

    (other,) = office.claim()
    office.end(other, Ending("failed", error={"code": "internal"}))
    assert read(office) == Books(accepted=2, ended=1, queued=0, waiting=1, leased=0)
    assert faults(office) == []


def test_E2_the_books_balance_at_every_instant_of_concurrent_work(office: Office, figure: Figure):
    looked: list[Books] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            looked.append(read(office))
            books.add_up(office.engine)

    def work(caller: int) -> None:
        for number in range(EACH):
            office.record(run(f"{caller}-{number}"), run(f"{number}"), of=delivery())
            for owned in office.claim(most=2, worker=f"worker {caller}"):
                office.end(owned)

    watching = threading.Thread(target=look)
    watching.start()
    try:
        at_once(CALLERS, work)
    finally:
        is_over.set()
        watching.join()
    while left := office.claim():
        for owned in left:
            office.end(owned)

    assert [each for each in looked if each.missing] == []
    assert read(office) == Books(
        accepted=CALLERS * EACH + EACH, ended=CALLERS * EACH + EACH, queued=0, waiting=0, leased=0
    )
    figure("E2 books", f"books: {len(looked)} looks amid {CALLERS} workers, 0 without balance")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("DELETE FROM runs WHERE ended_at IS NULL", "1 are ended, 0 queued"),
        ("UPDATE runs SET ended_at = NULL, status = 'queued', due_at = now()", "2 queued"),
    ],
)
def test_E18_a_run_that_vanished_or_lives_again_is_found(office: Office, harm: str, said: str):
    office.end(office.claimed())
    office.accepted()
    assert faults(office) == []

    office.do("DELETE FROM run_history")
    office.do(harm)

    (fault,) = faults(office)
    assert fault.startswith("2 runs were accepted, but ")
    assert said in fault


def test_E19_removing_what_is_over_leaves_the_books_in_balance(office: Office):
    office.end(office.claimed())
    office.accepted()

    office.do("DELETE FROM run_history")
    office.do("DELETE FROM runs WHERE ended_at IS NOT NULL")

    assert read(office) == Books(accepted=2, ended=1, queued=1, waiting=0, leased=0)


def test_a_rolled_back_acceptance_is_in_no_account(office: Office):
    with office.engine.connect() as connection:
        connection.execute(
            text(
                "INSERT INTO runs (id, workflow, version, status, mode, trigger, deadline)"
                " VALUES (gen_random_uuid(), 'w', 'v', 'queued', 'live', '{}', now())"
            )
        )
        assert books.read(connection).accepted == 1
        connection.rollback()

    assert read(office).accepted == 0


def test_many_entries_become_one_and_the_sum_stays(office: Office):
    office.do(MANY, many=books.MOST_ENTRIES + 1)
    before = read(office)

    assert books.add_up(office.engine) == 1
    assert office.count("books") == 1
    assert books.add_up(office.engine) == 0
    assert read(office) == before


def test_who_adds_up_waits_for_nobody(office: Office):
    office.do(MANY, many=books.MOST_ENTRIES + 1)
    before = read(office)
    with office.engine.begin() as other:
        other.execute(text("SELECT FROM books LIMIT 100 FOR UPDATE"))
        office.accepted()

        books.add_up(office.engine)

    assert office.count("books") == 101
    assert read(office).accepted == before.accepted + 1


def test_reading_the_books_reads_no_run_that_is_over(office: Office, database: str):
    office.do(
        "INSERT INTO runs (id, workflow, version, status, mode, trigger, ended_at, deadline)"
        " SELECT gen_random_uuid(), 'w', 'v', 'succeeded', 'live', '{}', now(), now()"
        "   FROM generate_series(1, 2000)"
    )
    office.accepted()
    books.add_up(office.engine)
    engine = db.open_engine(database, pool_size=1, application="hub test")
    try:
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(
                text("VACUUM ANALYZE runs")
            )
        plan = office.rows(f"EXPLAIN (FORMAT JSON) {books.BALANCE}")[0][0]
    finally:
        engine.dispose()

    used = list(_nodes(plan[0]["Plan"]))
    assert [node["Index Name"] for node in used if node.get("Relation Name") == "runs"] == [
        "ix_runs_unfinished"
    ]
    assert read(office).ended == 2000


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for each in plan.get("Plans", ()) for node in _nodes(each))]
