"""The books: accepted = ended + queued + waiting + leased, at every instant (E2).

Accepted and ended are counted by triggers as rows come and end (migration 0005), the others by a
look at the runs that go on. Nothing here reads runs that are over, and removing those (E19)
changes nothing; a run that vanishes, or lives again, does.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from hub.storage.db import at_once

MOST_ENTRIES = 200  # that are left unadded
_AT_ONCE = 20_000  # entries added up in one transaction


@dataclass(frozen=True)
class Books:
    """The figures of one instant, since the books were opened."""

    accepted: int
    ended: int
    queued: int
    waiting: int
    leased: int

    @property
    def missing(self) -> int:
        """Runs that were accepted and are nowhere; negative: runs that nobody accepted."""
        return self.accepted - self.ended - self.queued - self.waiting - self.leased

    def __str__(self) -> str:
        sign = "=" if self.missing == 0 else "≠"
        return (
            f"{self.accepted} accepted {sign} {self.ended} ended + {self.queued} queued"
            f" + {self.waiting} waiting + {self.leased} leased"
        )


# One statement, so one snapshot: a run is accepted and queued, or neither.
BALANCE = """
    SELECT accepted, ended, queued, waiting, leased
      FROM (SELECT coalesce(sum(accepted), 0) AS accepted, coalesce(sum(ended), 0) AS ended
              FROM books) AS counted,
           (SELECT coalesce(sum(n) FILTER (WHERE status = 'queued'), 0) AS queued,
                   coalesce(sum(n) FILTER (WHERE status = 'waiting'), 0) AS waiting,
                   coalesce(sum(n) FILTER (WHERE status = 'running'), 0) AS leased
              FROM (SELECT status, count(*) AS n FROM runs WHERE ended_at IS NULL GROUP BY status)
                AS by_status) AS found
"""
_BALANCE = text(BALANCE)
_IS_LONG = text("SELECT 1 FROM books OFFSET :most LIMIT 1")
# Whoever adds up at the same time takes other entries; readers see the old ones or the sum.
_ADD_UP = text(
    """
    WITH taken AS (
        DELETE FROM books WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM books LIMIT :at_once FOR UPDATE SKIP LOCKED))
        RETURNING accepted, ended
    )
    INSERT INTO books (accepted, ended)
    SELECT sum(accepted), sum(ended) FROM taken HAVING count(*) > 0
    """
)


def read(connection: Connection) -> Books:
    """The books now; as long as its work is the number of runs that go on, not of those ended."""
    row = connection.execute(_BALANCE).one()
    return Books(**{name: int(value) for name, value in row._mapping.items()})  # noqa: SLF001


def add_up(engine: Engine) -> int:
    """Make one entry of many, when there are many; how often. Any number of workers may."""
    with at_once(engine) as connection:
        if connection.execute(_IS_LONG, {"most": MOST_ENTRIES}).first() is None:
            return 0
        connection.execute(_ADD_UP, {"at_once": _AT_ONCE})
    return 1
