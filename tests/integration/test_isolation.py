"""What one test leaves in the servers, the next one does not see."""

from __future__ import annotations

import socket

import pytest
import redis
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from tests.fakes.servers import new_database, open_cleaner

TWO_TABLES_AND_A_KNOT = """
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent_id int NOT NULL REFERENCES parent);
CREATE TABLE heads (id int PRIMARY KEY);
CREATE TABLE tails (id int PRIMARY KEY, head_id int NOT NULL REFERENCES heads);
ALTER TABLE heads ADD COLUMN tail_id int REFERENCES tails;
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (1, 1);
"""
TIED = """
INSERT INTO heads VALUES (1);
INSERT INTO tails VALUES (1, 1);
UPDATE heads SET tail_id = 1;
"""


def test_a_clean_database_is_migrated_and_has_no_rows(database):
    engine = create_engine(database, poolclass=NullPool)

    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
        rows = {
            table: connection.exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar()  # noqa: S608
            for table in tables - {"alembic_version"}
        }

    assert "alembic_version" in tables
    assert rows
    assert set(rows.values()) == {0}


@pytest.mark.parametrize("knot", ["", TIED])
def test_cleaning_removes_children_before_parents_and_unties_knots(servers, knot):
    with new_database(servers.database_url) as url:
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(TWO_TABLES_AND_A_KNOT + knot)
            with open_cleaner(url) as cleaner:
                cleaner.clean()

            for table in ("parent", "child", "heads", "tails"):
                count = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608
                assert count == 0


@pytest.mark.parametrize("round_", [1, 2])
def test_redis_is_empty_at_the_start_of_a_test(redis_url, round_):
    with redis.Redis.from_url(redis_url) as connection:
        assert connection.keys() == []
        connection.set("left over", round_)


def test_an_integration_test_may_not_leave_this_machine():
    with socket.socket() as connection, pytest.raises(RuntimeError, match="may not connect"):
        connection.connect(("192.0.2.1", 80))
