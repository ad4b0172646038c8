"""What is old goes in the background (E19), in a thread that nothing else waits for.

After each slice the thread rests for longer than the slice took, so that a busy database is left to
those who have work to do. Of several workers one removes; the others look again later.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from time import monotonic

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.engine.settings import Retention
from hub.storage import audit, events, people, retention
from hub.storage.audit import Actor
from hub.storage.retention import Busy, Gone, Place

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
_FIRST_AFTER = timedelta(minutes=1)  # a start has other things to do
_RESTS = 2  # times as long as the slice took
_SHORTEST_REST = 0.02  # seconds
_LEAVES_WITHIN = 2.0  # seconds


class Removal:
    """One thread that removes what is old, now and then, until it is stopped."""

    def __init__(self, database: Engine, *, periods: Callable[[], Retention], actor: Actor) -> None:
        self._database = database
        self._periods = periods
        self._actor = actor
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._go, name="removal", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present slice."""
        self._stopping.set()

    def join(self) -> None:
        """Wait for the end, but not long: what is not committed then just goes later."""
        self._thread.join(_LEAVES_WITHIN)

    def _go(self) -> None:
        pause = _FIRST_AFTER
        while not self._stopping.wait(pause.total_seconds()):
            self.once()
            pause = EVERY

    def once(self) -> Gone:
        """Remove all that is old now, slice by slice; never raises. What was removed is logged."""
        gone = Gone()
        try:
            began = monotonic()
            for each in remove_all(self._database, self._periods(), self._actor):
                gone += each
                if self._stopping.wait(max(_SHORTEST_REST, _RESTS * (monotonic() - began))):
                    break
                began = monotonic()
        except Busy:
            log.debug("another process removes what is old")
        except SQLAlchemyError as problem:
            log.warning("removing what is old was cut short: %s", problem)
        except Exception:
            log.exception("removing what is old failed")
        if gone != Gone():
            log.info("old rows were removed", extra=vars(gone))
        return gone


def remove_all(engine: Engine, periods: Retention, actor: Actor) -> Iterator[Gone]:
    """Remove all that is old, one slice for each value that is asked for. Raises `Busy`.

    Events go first and runs before deliveries: each keeps the next.
    """
    yield from _events(engine)
    beginning = Place.beginning(engine, periods.runs)
    place: Place | None = beginning
    while place is not None:
        runs, place = retention.remove_runs(engine, before=beginning.at, place=place)
        yield Gone(runs=runs)
    place = beginning
    while place is not None:
        deliveries, place = retention.remove_deliveries(engine, before=beginning.at, place=place)
        yield Gone(deliveries=deliveries)
    yield Gone(versions=retention.remove_versions(engine, before=beginning.at))
    with engine.begin() as connection:
        gone = audit.remove_old(connection, actor, periods.audit)
    yield Gone(audit=gone)
    with engine.begin() as connection:
        invitations = people.remove_expired_invitations(connection)
    yield Gone(invitations=invitations)


def _events(engine: Engine) -> Iterator[Gone]:
    while True:
        with engine.begin() as connection:
            gone = events.sweep(connection)
        yield Gone(events=gone)
        if gone < events.MOST_SWEPT:
            return
