"""Statements that go to the driver as they are keep the library's transactions and errors."""

from __future__ import annotations

from contextlib import suppress

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, NoResultFound

from hub.storage.statement import Statement, one
from tests.integration.storage.office import cut

ADD = Statement(
    "INSERT INTO workers (id, host, pid, seen_at) VALUES (:id, '100%', 1, now()) RETURNING host"
)
SECOND = "INSERT INTO workers (id, host, pid, seen_at) VALUES ('second', 'here', 2, now())"
NOBODY = Statement("SELECT host FROM workers WHERE id = :id")


def test_a_statement_shares_the_transaction_of_the_connection(office):
    with office.engine.connect() as connection:
        assert ADD.run(connection, {"id": "first"}).first() == ("100%",)
        connection.execute(text(SECOND))
        connection.rollback()
    assert office.count("workers") == 0

    with office.engine.begin() as connection:
        connection.execute(text(SECOND))
        ADD.run(connection, {"id": "first"})
    assert office.count("workers") == 2


def test_a_refused_statement_is_an_error_of_the_library_without_its_values(office):
    with office.engine.begin() as connection:
        ADD.run(connection, {"id": "a-secret"})
    with office.engine.connect() as connection:
        with pytest.raises(DBAPIError) as refused:
            ADD.run(connection, {"id": "a-secret"})
        assert connection.in_transaction()

    assert getattr(refused.value.orig, "sqlstate", None) == "23505"
    assert not refused.value.connection_invalidated
    assert refused.value.params is None  # payloads do not belong into logs


def test_I11_a_link_that_broke_is_given_up_with_all_others_of_its_pool(office, open_engine):
    engine = open_engine(pool_size=2)
    with engine.connect() as first, engine.connect() as second:
        links = [each.connection.driver_connection for each in (first, second)]
    for link in links:
        with suppress(psycopg.OperationalError):
            cut(link, office.engine)
    with engine.connect() as connection:
        with pytest.raises(DBAPIError) as broken:
            ADD.run(connection, {"id": "lost"})
        assert connection.invalidated
    with engine.begin() as connection:
        ADD.run(connection, {"id": "kept"})

    assert broken.value.connection_invalidated
    assert [row.id for row in office.rows("SELECT id FROM workers")] == ["kept"]


def test_who_needs_a_row_is_told_that_there_is_none(office):
    with office.engine.connect() as connection, pytest.raises(NoResultFound):
        one(NOBODY.run(connection, {"id": "nobody"}))


def test_a_statement_is_carried_out_as_often_as_it_is_asked_before_and_behind_rollbacks(office):
    with office.engine.connect() as connection:
        for number in range(30):  # the driver prepares it soon, and forgets that at each rollback
            ADD.run(connection, {"id": str(number)})
            assert NOBODY.run(connection, {"id": str(number)}) == [("100%",)]
            if number % 3 == 2:
                connection.rollback()
            elif number % 7 == 0:
                connection.commit()
                nested = connection.begin_nested()
                ADD.run(connection, {"id": f"{number} again"})
                nested.rollback()

    kept = {row.id for row in office.rows("SELECT id FROM workers")}
    assert kept == {"0", "6", "7", "21", "27", "28"}
