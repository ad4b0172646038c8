"""What carries out a statement on one connection of the driver, without a cursor for each of them.

What a cursor does besides (itself, its texts taken apart, its description of what came) takes two
times as long as the statement. The driver's own book of prepared statements is kept: it forgets
them behind a rollback, and gives up the oldest.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple, Self, cast

import psycopg
from psycopg._preparing import Prepare
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import execute
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import PoolProxiedConnection

_BEGIN = b"BEGIN"
_KEY = "hub.hand"
_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class Rows(list[tuple[Any, ...]]):
    """All rows that a statement gave; none if it gives none."""

    def first(self) -> tuple[Any, ...] | None:
        """The first one, if there is one."""
        return self[0] if self else None


class Written(str):
    """A statement in the server's own form (`$1`), with the names of its parameters in turn."""

    __slots__ = ("formats", "names", "sent")

    names: tuple[str, ...]
    formats: Sequence[PyFormat]
    sent: bytes

    def __new__(cls, text: str, names: Sequence[str] = ()) -> Self:
        written = super().__new__(cls, text)
        written.names = tuple(names)
        written.sent = text.encode()
        written.formats = [PyFormat.AUTO] * len(written.names)  # as the driver chooses
        return written


class _Known(NamedTuple):
    """A statement with the types of its values, as the driver's book has it."""

    query: bytes
    types: tuple[int, ...]


class Hand:
    """One connection of the driver at work. `rows` are those of the last statement."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.rows = Rows()
        self._adapted = Transformer(connection)

    def execute(self, written: Written, values: Mapping[str, Any]) -> None:
        """Carry it out in a transaction, unless each statement is one; raises psycopg's errors."""
        connection = self.connection
        with connection.lock:
            result = connection.wait(self._carried_out(written, values))
            self._adapted.set_pgresult(result)
            self.rows = Rows(
                cast("list[tuple[Any, ...]]", self._adapted.load_rows(0, result.ntuples, tuple))
            )
            self._adapted.set_pgresult(None)  # it may be large, and the next one late

    def _carried_out(
        self, written: Written, values: Mapping[str, Any]
    ) -> Generator[Any, Any, PGresult]:
        connection = self.connection
        pgconn = connection.pgconn
        if not connection.autocommit and pgconn.transaction_status == TransactionStatus.IDLE:
            pgconn.send_query(_BEGIN)
            self._checked((yield from execute(pgconn)))
        given = [values[name] for name in written.names]
        params = self._adapted.dump_sequence(given, written.formats)
        types, formats = self._adapted.types or (), self._adapted.formats
        known = cast("Any", _Known(written.sent, types))
        book = connection._prepared  # noqa: SLF001 - else it takes ours away without a word
        how, name = book.get(known)
        if how is Prepare.NO:
            pgconn.send_query_params(written.sent, params, param_types=types, param_formats=formats)
        else:
            if how is Prepare.SHOULD:
                pgconn.send_prepare(name, written.sent, param_types=types)
                self._checked((yield from execute(pgconn)))
            pgconn.send_query_prepared(name, params, param_formats=formats)
        key = book.maybe_add_to_cache(known, how, name)
        results = yield from execute(pgconn)
        if key is not None:
            book.validate(key, how, name, results)
        result = self._checked(results)
        yield from book.maintain_gen(connection)
        return result

    def _checked(self, results: Sequence[PGresult]) -> PGresult:
        """The one result of what was sent; raises what the server says."""
        result = results[-1]
        if result.status not in _GOOD:
            raise error_from_result(result, encoding=self._adapted.encoding)
        return result


def hand_of(link: PoolProxiedConnection) -> Hand:
    """The hand of a connection of the pool, which stays as long as that does."""
    connection = link.driver_connection
    hand: Hand | None = link.info.get(_KEY)
    if hand is None or hand.connection is not connection:
        hand = link.info[_KEY] = Hand(cast("psycopg.Connection[Any]", connection))
    return hand
