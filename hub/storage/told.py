"""What callers were told at their deadline while the row of their run could not be asked (I13).

They heard `otherwise`, and a repeat must hear the same (I7): it is stored behind their back, above
what the run may have said meanwhile. Only a web process that is killed within that second takes
it along.
"""

from __future__ import annotations

import logging
import threading
from collections import deque

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from hub.storage.answers import Answer
from hub.storage.db import at_once
from hub.storage.json_text import json_text

_AGAIN_AFTER = 0.5  # seconds
_STOPS_WITHIN = 2.0
_MOST = 10_000

# A row that somebody works on is left for the next time: nobody is kept waiting for it.
_TELL = text(
    """
    UPDATE runs SET response = CAST(:told AS json)
     WHERE id = (SELECT id FROM runs WHERE id = :id FOR NO KEY UPDATE SKIP LOCKED) RETURNING id
    """
)

log = logging.getLogger(__name__)


class ToldAnswers:
    """Stores what was told, one after the other, until each is stored; rests until there is one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._told: deque[Answer] = deque()
        self._has_come = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Store what is there, and end; what the database does not take is lost, and told."""
        self._stopping.set()
        self._has_come.set()
        if self._thread is not None:
            self._thread.join(_STOPS_WITHIN)
        if self._told:
            log.error("%d answers that callers were told are not stored", len(self._told))

    def tell(self, answer: Answer) -> None:
        """A caller was told this unasked; never waits."""
        if len(self._told) >= _MOST:
            log.error("what a caller was told is not stored", extra={"run_id": str(answer.run_id)})
            return
        self._told.append(answer)
        self._has_come.set()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._store_forever, name="told", daemon=True
                )
                self._thread.start()

    def store(self) -> bool:
        """Store what there is; false when something is left."""
        for _ in range(len(self._told)):
            answer = self._told[0]
            try:
                is_stored = _store(self._engine, answer)
            except SQLAlchemyError as problem:
                log.debug("the database does not take what was told: %s", problem)
                return False
            if is_stored:
                self._told.popleft()
            else:
                self._told.rotate(-1)
        return not self._told

    def _store_forever(self) -> None:
        while not self._stopping.is_set():
            self._has_come.wait()
            self._has_come.clear()
            while not self.store() and not self._stopping.wait(_AGAIN_AFTER):
                pass


def _store(engine: Engine, answer: Answer) -> bool:
    with at_once(engine) as connection:
        values = {"id": answer.run_id, "told": json_text(answer.as_row())}
        return connection.execute(_TELL, values).first() is not None
