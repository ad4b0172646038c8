"""Opening the database, migrating it, and noticing what is wrong with a server."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.errors import Misconfigured
from hub.storage import db, migrate
from hub.storage.tables import metadata
from tests.processes.house import until

SETTINGS = {
    "TimeZone": "UTC",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",
    "lock_timeout": "5s",
    "application_name": "hub test",
}

# What a schema is made of, by names that do not depend on how it was made.
CATALOG = text("""
    SELECT format('%s.%s %s null=%s default=%s identity=%s', c.table_name, c.column_name,
                  c.data_type, c.is_nullable, c.column_default, c.is_identity)
    FROM information_schema.columns c
    WHERE c.table_schema = current_schema() AND c.table_name <> 'alembic_version'
    UNION ALL
    SELECT replace(i.indexdef, i.schemaname || '.', '')
    FROM pg_indexes i
    WHERE i.schemaname = current_schema() AND i.tablename <> 'alembic_version'
    UNION ALL
    SELECT format('%s.%s %s', t.relname, k.conname, pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
    WHERE t.relnamespace = current_schema()::regnamespace AND t.relname <> 'alembic_version'
""")


def opened(url: str, **options) -> Engine:
    return db.open_engine(url, **{"pool_size": 2, "application": "hub test", **options})


SLEEPERS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()
"""


def asked(engine: Engine, question: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(question))


@pytest.fixture
def engine(database) -> Iterator[Engine]:
    engine = opened(database)
    yield engine
    engine.dispose()


def with_setting(url: str, setting: str) -> str:
    parsed = make_url(url).update_query_dict({"options": f"-c {setting}"})
    return parsed.render_as_string(hide_password=False)


@pytest.mark.parametrize("name", SETTINGS)
def test_E4_every_session_ends_what_takes_too_long_and_thinks_in_utc(engine, name):
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT current_setting(:name)"), {"name": name})

    assert found == SETTINGS[name]


def test_json_goes_in_and_comes_out_unchanged(engine):
    value = {"name": "Zoë", "numbers": [1, 2.5, None, True], "nested": {"a": []}}

    with engine.connect() as connection:
        connection.execute(
            metadata.tables["workflow_versions"].insert(),
            {"hash": "h", "workflow": "w", "files": value},
        )
        found = connection.scalar(
            metadata.tables["workflow_versions"]
            .select()
            .with_only_columns(metadata.tables["workflow_versions"].c.files)
        )

    assert found == value


def test_a_full_pool_is_an_error_and_not_a_hang(database):
    engine = opened(database, pool_size=1)
    with engine.connect(), pytest.raises(PoolTimeout):
        engine.connect()
    engine.dispose()


def test_a_server_that_is_down_is_an_error():
    engine = opened("postgresql://nobody@127.0.0.1:1/nothing")

    with pytest.raises(OperationalError):
        engine.connect()


def test_i11_a_frozen_server_becomes_an_error_and_is_used_again_when_it_wakes(database):
    engine = opened(database, answer_within=timedelta(milliseconds=300))
    with engine.connect() as connection:
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
        connection.rollback()
        os.kill(backend, signal.SIGSTOP)
        try:
            with pytest.raises(OperationalError, match="did not answer"):
                connection.scalar(text("SELECT 1"))
        finally:
            os.kill(backend, signal.SIGCONT)

    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_a_statement_may_take_longer_than_one_wait_for_an_answer(database):
    engine = opened(database, answer_within=timedelta(seconds=5))

    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1 FROM pg_sleep(0.4)")) == 1
    engine.dispose()


def test_I11_what_nobody_waits_for_any_more_ends_at_the_server(database):
    """Else a database that hangs gets a session more for every request that gave it up."""
    engine = opened(database, answer_within=timedelta(milliseconds=200))

    with engine.connect() as connection, pytest.raises(OperationalError, match="did not answer"):
        connection.scalar(text("SELECT 1 FROM pg_sleep(60)"))
    until(lambda: asked(engine, SLEEPERS) == 0, "the sleeper is gone", within=5.0)
    engine.dispose()


def test_what_nobody_waits_for_may_take_longer_than_anything_else(database):
    engine = opened(database, answer_within=timedelta(milliseconds=200))

    with engine.begin() as connection, db.taking_up_to(connection, timedelta(seconds=9)):
        assert connection.scalar(text("SELECT 1 FROM pg_sleep(0.8)")) == 1
        assert connection.scalar(text("SHOW statement_timeout")) == "9s"
    with engine.connect() as connection, pytest.raises(OperationalError, match="did not answer"):
        connection.scalar(text("SELECT 1 FROM pg_sleep(5)"))
    engine.dispose()


@pytest.mark.parametrize("url", ["sqlite:///hub.db", "mysql://root@localhost/hub"])
def test_another_database_is_refused_with_the_setting_to_change(url):
    with pytest.raises(Misconfigured, match="HUB_DATABASE_URL"):
        opened(url)


def test_E13_the_database_has_one_clock_for_all_hosts_that_goes_on_in_a_transaction(engine):
    with engine.connect() as connection:
        clock = db.DatabaseClock(connection)
        first, second = clock.now(), clock.now()
        began = connection.scalar(text("SELECT now()"))

    assert began < first < second
    assert first.tzinfo is not None


# ------------------------------------------------------------------------------------ migrations


def test_the_migrations_make_the_tables_that_the_code_describes(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_the_migrations_make_the_same_constraints_and_partial_indexes_too(engine):
    with engine.connect() as connection:
        migrated = set(connection.scalars(CATALOG))
        connection.execute(text("CREATE SCHEMA described"))
        connection.execute(text("SET LOCAL search_path = described"))
        metadata.create_all(connection)
        described = set(connection.scalars(CATALOG))
        connection.rollback()

    assert migrated - described == set()
    assert described - migrated == set()


def test_an_empty_database_is_not_usable_until_it_is_upgraded(empty_database):
    engine = opened(empty_database)
    before = db.revision(engine), db.is_usable(engine)

    migrate.upgrade(empty_database)

    assert before == (None, False)
    assert db.is_usable(engine)
    engine.dispose()


def test_many_processes_may_upgrade_at_once(empty_database):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate.upgrade, [empty_database] * 4))

    engine = opened(empty_database)
    assert db.is_usable(engine)
    engine.dispose()


# ------------------------------------------------------------------------------------- the server


def test_i2_a_durable_server_is_accepted(engine):
    db.check_durability(engine, allow_unsafe=False)


def test_i2_a_server_that_may_lose_commits_is_refused(database):
    engine = opened(with_setting(database, "synchronous_commit=off"))

    with pytest.raises(Misconfigured, match="HUB_UNSAFE_DURABILITY"):
        db.check_durability(engine, allow_unsafe=False)
    engine.dispose()


def test_i2_an_unsafe_server_that_is_allowed_is_logged(database, caplog):
    engine = opened(with_setting(database, "synchronous_commit=off"))

    db.check_durability(engine, allow_unsafe=True)

    assert "synchronous_commit = off" in caplog.text
    engine.dispose()


def test_the_server_is_new_enough(engine):
    db.check_version(engine)


def test_an_old_server_is_refused(engine, monkeypatch):
    monkeypatch.setattr(db, "OLDEST_SERVER", 990000)

    with pytest.raises(Misconfigured, match="PostgreSQL 15 or later"):
        db.check_version(engine)


def test_an_integrity_error_keeps_its_kind(engine):
    with engine.connect() as connection, pytest.raises(DBAPIError, match="division by zero"):
        connection.execute(text("SELECT 1 / 0"))


def test_the_code_knows_the_newest_revision():
    assert migrate.newest_revision() == db.NEWEST_REVISION


def test_S6_a_statement_that_fails_does_not_tell_its_parameters(database):
    engine = db.open_engine(database, pool_size=1, application="hub test")
    by_zero = sqlalchemy.text("SELECT 1 / (length(:given) - length(:given))")

    with engine.connect() as connection, pytest.raises(sqlalchemy.exc.DBAPIError) as failed:
        connection.execute(by_zero, {"given": "canary-7"})
    engine.dispose()

    assert "canary-7" not in str(failed.value)
