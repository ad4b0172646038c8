"""Which numbers want no text messages. The latest wish counts, however late it is heard."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from hub.storage.statement import Statement

OPTED_OUT = "opted_out"

_NOTE = Statement(
    """
    INSERT INTO opt_outs AS known (number, is_out, at, source)
    VALUES (:number, :is_out, coalesce(CAST(:at AS timestamptz), clock_timestamp()), :source)
    ON CONFLICT (number) DO UPDATE
       SET is_out = excluded.is_out, at = excluded.at, source = excluded.source
     WHERE known.at < excluded.at
        OR known.at = excluded.at AND known.is_out <> excluded.is_out
    """
)
_IS_OUT = Statement("SELECT is_out FROM opt_outs WHERE number = :number")


def note(
    connection: Connection, number: str, *, is_out: bool, at: datetime | None, source: str
) -> None:
    """Keep a wish, unless a later one is known; without `at` it is of now, at the database."""
    _NOTE.run(connection, {"number": number, "is_out": is_out, "at": at, "source": source})


def has_opted_out(connection: Connection, number: str) -> bool:
    """Whether the number's latest wish was to get no text messages."""
    row = _IS_OUT.run(connection, {"number": number}).first()
    return row is not None and bool(row[0])
