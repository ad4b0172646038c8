"""What the server and the driver say when a question fails, and what it means for a step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from hub.connectors.connections import ConnectionSettings
from hub.connectors.http import excerpt
from hub.errors import Permanent, StepFailed, Transient
from hub.storage.unreachable import what_to_do

_CANCELED = "57014"
_CLASSES: tuple[tuple[str, type[StepFailed], str], ...] = (
    ("25006", Permanent, "not_allowed"),  # it would write
    ("42501", Permanent, "unauthorized"),  # no right to it
    ("28", Permanent, "unauthorized"),  # user or password
    ("40", Transient, "unavailable"),  # deadlock
    ("53", Transient, "unavailable"),  # no room, no connection left
    ("55", Transient, "unavailable"),  # locks
    ("57", Transient, "unavailable"),  # it goes down
)


@contextmanager
def told(settings: ConnectionSettings) -> Iterator[None]:
    """Turn what the server and the driver say into the two kinds of failure."""
    try:
        yield
    except psycopg.Error as problem:
        raise _failure(problem, settings) from None  # its context holds the statement's values
    except UnicodeError:
        raise Permanent("invalid_input", f"{settings.name}: a value is no text") from None
    except TimeoutError:
        raise Transient("timeout", f"{settings.name}: no answer in time") from None


def _failure(problem: psycopg.Error, settings: ConnectionSettings) -> StepFailed:
    """Codes of PostgreSQL by class; of its message one line, without detail and context."""
    state = problem.sqlstate or ""
    if not state:
        return _unsaid(problem, settings)
    said = excerpt(problem.diag.message_primary or "", hidden=settings.credentials.values())
    if state == _CANCELED:
        return Transient("timeout", f"{settings.name}: the query took too long")
    for begins, kind, code in _CLASSES:
        if state.startswith(begins):
            return kind(code, f"{settings.name} refused it: {said}")
    return Permanent("rejected", f"{settings.name} refused the query: {said}")


def _unsaid(problem: psycopg.Error, settings: ConnectionSettings) -> StepFailed:
    """What the driver says by itself, without a word of the server."""
    if isinstance(problem, psycopg.DataError):
        return Permanent("invalid_input", f"{settings.name}: a value is of no type it can take")
    if isinstance(problem, psycopg.OperationalError):
        advice = what_to_do(str(problem))
        told = f"{settings.name}: the database cannot be reached"
        return Transient("unavailable", f"{told}; {advice}" if advice else told)
    return Permanent("rejected", f"{settings.name}: the query cannot be sent as it is")
