"""A request whose connection breaks: whether it was stored is looked up, never guessed."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import event, text

from hub.errors import Unavailable
from tests.integration.storage.office import WORKFLOW, at_once, cut, delivery, run

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
TURN = (WORKFLOW, b"t")
ALIVE = "SELECT 1 FROM pg_stat_activity WHERE pid = :pid"


@pytest.fixture
def engine(open_engine):
    """The engine whose link breaks; the office has another."""
    return open_engine(pool_size=2)


@pytest.fixture
def cut_after(office, engine, monkeypatch):
    """Breaks the link once, after the first statement with these words was carried out."""

    def prepare(words: str) -> None:
        real = engine.dialect.do_execute

        def execute(cursor, statement, *given):
            real(cursor, statement, *given)
            if words in statement:
                monkeypatch.setattr(engine.dialect, "do_execute", real)
                cut(cursor.connection, office.engine)

        monkeypatch.setattr(engine.dialect, "do_execute", execute)

    return prepare


@pytest.fixture
def cut_at_commit(office, engine, monkeypatch):
    """Breaks the link once, before or after the server commits a transaction."""

    def prepare(*, is_committed: bool) -> None:
        real = engine.dialect.do_commit

        def commit(link):
            monkeypatch.setattr(engine.dialect, "do_commit", real)
            if is_committed:
                real(link)
            cut(link.driver_connection, office.engine)

        monkeypatch.setattr(engine.dialect, "do_commit", commit)

    return prepare


@pytest.mark.parametrize("key", [None, "k"])
def test_I11_a_run_whose_commit_was_not_answered_is_found(office, engine, cut_after, key):
    cut_after("INSERT INTO deliveries")
    asked = run(key)

    (answer,) = office.record(asked, engine=engine)

    assert (answer.run_id, answer.is_new) == (asked.id, True)
    assert office.status(asked.id) == "queued"


@pytest.mark.parametrize("how_many", [1, 3])
def test_I11_runs_whose_commit_was_not_answered_are_found(office, engine, cut_at_commit, how_many):
    cut_at_commit(is_committed=True)
    asked = [run(f"k{index}", turn=TURN) for index in range(how_many)]

    answers = office.record(*asked, engine=engine)

    assert [(each.run_id, each.is_new) for each in answers] == [(each.id, True) for each in asked]
    assert office.count("runs") == how_many


def test_I11_a_repeat_beside_a_new_run_is_told_apart_after_a_broken_commit(
    office, engine, cut_at_commit
):
    first = office.accepted(key="a")
    cut_at_commit(is_committed=True)

    repeated, new = office.record(run("a"), run("b"), of=delivery(b"[]"), engine=engine)

    assert (repeated.run_id, repeated.is_new, repeated.is_same_body) == (first, False, False)
    assert new.is_new


def test_I11_a_delivery_without_runs_is_found_after_a_broken_commit(office, engine, cut_at_commit):
    cut_at_commit(is_committed=True)

    assert office.record(engine=engine) == ()
    assert office.count("deliveries") == 1


@pytest.mark.parametrize("how_many", [0, 1, 3])
def test_I5_a_commit_that_did_not_happen_is_no_acceptance(office, engine, cut_at_commit, how_many):
    cut_at_commit(is_committed=False)

    with pytest.raises(Unavailable):
        office.record(*(run(f"k{index}", turn=TURN) for index in range(how_many)), engine=engine)

    assert (office.count("deliveries"), office.count("runs"), office.count("turns")) == (0, 0, 0)


def test_I5_a_run_that_cannot_be_looked_up_is_no_acceptance_and_its_key_settles_it(
    office, engine, cut_after
):
    cut_after("INSERT INTO deliveries")
    asked = run("k")
    with engine.connect():
        """The link that breaks is open before the server refuses new ones."""

    @event.listens_for(engine, "connect")
    def refuse(*_):
        raise psycopg.OperationalError("the server is starting up")

    with pytest.raises(Unavailable):
        office.record(asked, engine=engine)

    (again,) = office.record(run("k"))
    assert (again.run_id, again.is_new) == (asked.id, False)


@pytest.mark.parametrize("turn", [None, TURN])
def test_I7_a_request_whose_first_try_crashed_before_the_commit_is_made_by_the_second(
    office, open_engine, turn
):
    with open_engine().connect() as crashed:
        crashed.execute(
            text(
                "INSERT INTO dedupe_keys VALUES"
                " (:endpoint, sha256('k'), gen_random_uuid(), gen_random_uuid(), '', now())"
            ),
            {"endpoint": WORKFLOW},
        )
        link = crashed.connection.driver_connection
        with pytest.raises(psycopg.OperationalError):
            cut(link, office.engine)

        (answer,) = office.record(run("k", turn=turn))
        crashed.invalidate()

    assert answer.is_new


def test_I7_64_requests_of_which_one_crashes_after_the_commit_make_one_run(
    office, engine, cut_after
):
    cut_after("INSERT INTO deliveries")
    (first,) = office.record(run("k"), engine=engine)

    answers = at_once(64, lambda _: office.record(run("k"))[0].run_id)

    assert set(answers) == {first.run_id}
    assert office.count("runs") == 1


# ------------------------------------------------------------------------------ no database at all


@pytest.mark.parametrize("how_many", [0, 1, 2])
def test_I11_a_database_that_is_gone_is_said_to_be_unavailable(office, open_engine, how_many):
    with pytest.raises(Unavailable):
        office.record(*(run("k") for _ in range(how_many)), engine=open_engine(url=NOWHERE))


def test_I11_a_database_that_gives_no_connection_is_said_to_be_unavailable(office, open_engine):
    engine = open_engine(pool_size=1)

    with engine.connect(), pytest.raises(Unavailable, match="no connection"):
        office.record(run(), engine=engine)


def test_I11_a_database_that_takes_no_writes_is_said_to_be_unavailable(office, open_engine):
    engine = open_engine(pool_size=1)
    with engine.connect() as connection:
        connection.exec_driver_sql("SET default_transaction_read_only = on")
        connection.commit()

    with pytest.raises(Unavailable):
        office.record(run(), engine=engine)


def test_I11_a_database_that_hangs_is_said_to_be_unavailable_and_used_again(office, open_engine):
    engine = open_engine(pool_size=1, answer_within=timedelta(milliseconds=300))
    with engine.connect() as connection:
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
    asked = run("k")
    os.kill(backend, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable):
            office.record(asked, engine=engine)
    finally:
        os.kill(backend, signal.SIGCONT)

    (again,) = office.record(run("k"), engine=engine)
    office.until(lambda: not office.rows(ALIVE, pid=backend))

    # The statement that hung may have been carried out when the server woke: the key settles it.
    assert again.is_new or again.run_id == asked.id
    assert office.count("runs") == 1
