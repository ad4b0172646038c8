"""The books: how many runs were ever accepted and ended, beside the runs themselves.

Triggers write them, not the statements that change runs: what is compared must not come from one
hand. They only insert, so that no transaction waits for another; `hub.storage.books` adds up.
They begin with the runs that go on now: to count all of history would keep requests waiting.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

INDEXES = {"ix_runs_unfinished": "runs (status, workflow) WHERE ended_at IS NULL"}
_BOOKS = """
CREATE TABLE books (
    accepted BIGINT NOT NULL,
    ended BIGINT NOT NULL
);

CREATE FUNCTION note_accepted_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO books (accepted, ended) VALUES (1, CAST(NEW.ended_at IS NOT NULL AS int));
    RETURN NULL;
END $$;

CREATE FUNCTION note_ended_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO books (accepted, ended) VALUES (0, 1);
    RETURN NULL;
END $$;

CREATE TRIGGER note_accepted_run AFTER INSERT ON runs
   FOR EACH ROW EXECUTE FUNCTION note_accepted_run();

CREATE TRIGGER note_ended_run AFTER UPDATE OF ended_at ON runs
   FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)
   EXECUTE FUNCTION note_ended_run();

INSERT INTO books (accepted, ended) SELECT count(*), 0 FROM runs WHERE ended_at IS NULL;
"""


def upgrade() -> None:
    """Open the books; nothing else can change a run meanwhile."""
    for name, place in INDEXES.items():
        op.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {place}")
    op.execute(_BOOKS)
