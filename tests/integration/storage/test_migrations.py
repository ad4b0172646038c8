"""Tables are changed while workers of the version before go on (E15)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from hub.storage import db, migrate
from tests.processes.house import until

WAITS = text(
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE NOT granted AND datname = current_database()"
)
BUILDING = text(
    "SELECT max(pid) FROM pg_stat_progress_create_index WHERE datname = current_database()"
)
LOCKS = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'runs'::regclass")
INVALID = text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")
VALID = text("SELECT indexrelid::regclass::text FROM pg_index WHERE indisvalid")
ACCEPTED = text("""
    INSERT INTO runs (id, workflow, version, status, mode, trigger, deadline)
    VALUES (gen_random_uuid(), 'w', 'v', 'queued', 'live', '{}', now())
""")
OF_THE_REVISIONS = {
    "ix_appointments_starts_at",
    "ix_deliveries_noted",
    "ix_once_keys_run_id",
    "ix_runs_ended_at",
    "ix_runs_retry_of",
    "ix_runs_scheduled_unfinished",
    "ix_runs_unfinished",
}


@pytest.fixture
def before(empty_database: str) -> Iterator[Engine]:
    """A database as the revision left it whose tables are all there, but not their indexes."""
    engine = create_engine(db.address(empty_database))
    with engine.begin() as connection:
        command.upgrade(migrate._configuration(connection), "0002")  # noqa: SLF001 - as it upgrades
    yield engine
    engine.dispose()


@pytest.fixture
def looker(before: Engine) -> Iterator[Connection]:
    """Sees what others do now, not what they did when it began."""
    with before.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        yield connection


def test_E15_a_worker_amid_a_step_and_an_upgrade_do_not_block_each_other(
    before: Engine, looker: Connection, empty_database: str
):
    with ThreadPoolExecutor(1) as beside, before.connect() as worker:
        worker.execute(text("SELECT FROM runs FOR NO KEY UPDATE"))
        worker.execute(text("UPDATE once_keys SET status = 'succeeded'"))
        upgraded = beside.submit(migrate.upgrade, empty_database)
        until(lambda: looker.execute(WAITS).scalar_one() > 0, "an upgrade that waits")
        worker.execute(text("UPDATE runs SET deaths = 0"))
        worker.commit()
        upgraded.result(timeout=20)

    with before.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == (
            migrate.newest_revision()
        )


def test_E15_requests_are_accepted_while_an_upgrade_builds_and_when_it_was_killed_it_is_done_again(
    before: Engine, looker: Connection, empty_database: str
):
    with ThreadPoolExecutor(2) as beside, before.connect() as worker:
        worker.execute(ACCEPTED)  # and does not commit: an index waits for it
        killed = beside.submit(migrate.upgrade, empty_database)
        until(lambda: looker.scalar(BUILDING) is not None, "an index that is built")
        waiting = beside.submit(migrate.upgrade, empty_database)  # on another machine

        accepts(before)
        looker.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": looker.scalar(BUILDING)})
        with pytest.raises(OperationalError):
            killed.result(timeout=20)
        assert looker.scalar(INVALID) == 1
        until(lambda: looker.scalar(WAITS) == 1, "the other one, that begins again")
        accepts(before)
        worker.rollback()
        waiting.result(timeout=20)

        assert looker.scalar(INVALID) == 0
        assert set(looker.scalars(VALID)) >= OF_THE_REVISIONS
        assert looker.scalar(text("SELECT sum(accepted) FROM books")) == 2


def test_E15_an_upgrade_that_waits_for_the_runs_lets_requests_pass(
    before: Engine, looker: Connection, empty_database: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(migrate, "_build_indexes", lambda *_: None)  # an earlier try built them
    with ThreadPoolExecutor(1) as beside, before.connect() as worker:
        worker.execute(ACCEPTED)
        upgraded = beside.submit(migrate.upgrade, empty_database)
        for _ in range(2):
            until(lambda: looker.scalar(LOCKS) == 1, "an upgrade that waits")
            accepts(before)
        worker.rollback()
        upgraded.result(timeout=20)

        assert looker.scalar(text("SELECT sum(accepted) FROM books")) == 2


def accepts(engine: Engine) -> None:
    """A request is stored, and before its sender is told that the database is down (I11)."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '1900ms'")
        connection.execute(ACCEPTED)
