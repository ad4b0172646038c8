"""The tables of the next version under the code of this one, as it is amid an upgrade (E15)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from hub.storage import db, migrate
from tests.acceptance.booked_once import accepted_booking, is_booked_once
from tests.acceptance.conftest import OpenStory
from tests.acceptance.story import DAY, HOUR
from tests.acceptance.terminal import Terminal

# All that a revision may do: tests/unit/storage/test_revisions.py holds ours to it.
LATER = (
    "ALTER TABLE runs ADD COLUMN colour text NOT NULL DEFAULT 'blue'",
    "ALTER TABLE steps ADD COLUMN note text",
    "ALTER TABLE deliveries ADD COLUMN size bigint",
    "CREATE TABLE colours (name text PRIMARY KEY)",
    "CREATE INDEX ix_runs_colour ON runs (colour)",
    "UPDATE alembic_version SET version_num = '9999'",
)
BACK = (
    "ALTER TABLE runs DROP COLUMN colour",
    "ALTER TABLE steps DROP COLUMN note",
    "ALTER TABLE deliveries DROP COLUMN size",
    "DROP TABLE colours",
    f"UPDATE alembic_version SET version_num = '{db.NEWEST_REVISION}'",
)


@pytest.fixture
def later_tables(database: str) -> Iterator[str]:
    """The database after the `hub db upgrade` of a version that we do not know."""
    engine = create_engine(db.address(database))

    def do(statements: tuple[str, ...]) -> None:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    do(LATER)
    yield database
    do(BACK)
    engine.dispose()


def test_E15_a_process_of_the_version_before_starts_again_and_works_on_later_tables(
    later_tables: str, open_story: OpenStory
):
    hub = open_story()
    lead = hub.holder()
    hub.slack.is_busy(retry_after=30)
    run = accepted_booking(hub, lead)
    hub.work_all()
    hub.later(HOUR)

    assert hub.run(run).line.status == "succeeded"
    assert is_booked_once(hub, lead)
    assert hub.client.get("/readyz").json["database"] == "ok"

    terminal = Terminal.of(hub)
    for words in (["runs"], ["runs", "show", run], ["holds"], ["retention", "apply"]):
        typed = terminal.type(*words)
        assert typed.code == 0, typed.err
    assert "tables at 9999" in terminal.type("doctor").out
    hub.calls_tool(lead, hub.now() + DAY)
    assert hub.faults() == []


def test_E15_an_upgrade_by_the_version_before_leaves_later_tables_as_they_are(later_tables: str):
    migrate.upgrade(later_tables)

    engine = create_engine(db.address(later_tables))
    assert db.revision(engine) == "9999"
    engine.dispose()
