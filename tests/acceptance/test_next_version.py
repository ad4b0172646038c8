"""The tables of the next version under the code of this one, as it is amid an upgrade (E15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine, text

from hub.storage import db, migrate
from tests.acceptance.booked_once import accepted_booking, is_booked_once
from tests.acceptance.conftest import OpenStory
from tests.acceptance.story import HOUR, SAMPLE_TIME
from tests.acceptance.terminal import Terminal

PREPARED = 7  # more often than that the driver prepares a statement
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
    f"UPDATE alembic_version SET version_num = '{db.NEWEST_REVISION}'",  # noqa: S608 - ours
)


@pytest.fixture
def upgrade(database: str) -> Iterator[Callable[[], None]]:
    """Does what the `hub db upgrade` of a version that we do not know does to our tables."""
    engine = create_engine(db.address(database))

    def do(statements: tuple[str, ...]) -> None:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    yield lambda: do(LATER)
    do(BACK)
    engine.dispose()


def test_E15_processes_of_the_version_before_work_on_and_start_again_with_later_tables(
    open_story: OpenStory, upgrade: Callable[[], None]
):
    hub = open_story()
    for number in range(PREPARED):
        hub.books(hub.holder(f"Lead {number}"), SAMPLE_TIME)
    lead, other = hub.holder("Ada"), hub.holder("Grace")
    hub.slack.is_busy(retry_after=30)
    run = accepted_booking(hub, lead)
    hub.work_all()

    upgrade()
    hub.later(HOUR)
    hub.books(other, SAMPLE_TIME)
    restarted = open_story()
    restarted.books(restarted.holder("Joan"), SAMPLE_TIME)

    assert hub.run(run).line.status == "succeeded"
    assert is_booked_once(hub, lead)
    assert hub.appointments(other) == [(SAMPLE_TIME, "scheduled")]
    assert (restarted.client.get("/readyz").json or {})["database"] == "ok"
    assert [line for line in hub.runs() if line.status != "succeeded"] == []
    terminal = Terminal.of(hub)
    for words in (["runs"], ["runs", "show", run], ["holds"], ["retention", "apply"]):
        typed = terminal.type(*words)
        assert typed.code == 0, typed.err
    assert "tables at 9999" in terminal.type("doctor").out
    assert hub.faults() == []


def test_E15_an_upgrade_by_the_version_before_leaves_later_tables_as_they_are(
    database: str, upgrade: Callable[[], None]
):
    upgrade()
    migrate.upgrade(database)

    engine = create_engine(db.address(database))
    assert db.revision(engine) == "9999"
    engine.dispose()
