"""Tables are changed while workers of the version before go on (E15)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text

from hub.storage import db, migrate
from tests.processes.house import until

WAITS = text(
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    " WHERE NOT granted AND datname = current_database()"
)


@pytest.fixture
def before(empty_database: str) -> Iterator[Engine]:
    """A database as the revision before the audit left it."""
    engine = create_engine(db.address(empty_database))
    with engine.begin() as connection:
        command.upgrade(migrate._configuration(connection), "0003")  # noqa: SLF001 - as it upgrades
    yield engine
    engine.dispose()


def test_E15_a_worker_amid_a_step_and_an_upgrade_do_not_block_each_other(
    before: Engine, empty_database: str
):
    with ThreadPoolExecutor(1) as beside, before.connect() as worker, before.connect() as looker:
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
