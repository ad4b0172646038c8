"""What web and worker do now and then: look at the files, and follow them. Never raises.

`look` is for a thread beside those that serve; `take` is for one of these, and asks the database.
"""

from __future__ import annotations

import logging
from time import thread_time

from sqlalchemy.exc import SQLAlchemyError

from hub.bootstrap.hub import Hub
from hub.bootstrap.lookout import Sight

log = logging.getLogger(__name__)


class Following:
    """Keeps one hub up to date."""

    LOOK_EVERY = 0.5  # seconds: with two quiet looks what was saved is in force within two
    LONGEST_PAUSE = 4.0  # seconds; the second look, behind a change, never waits for so long
    _PARTS = 50  # of a processor's time at most one for looking at files that are quiet

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._took = 0.0
        self._waiting: Sight | None = None
        self._told = ""

    def look(self) -> Sight | Exception | None:
        """What there is to follow: something new, or what could not be stored the last time."""
        began = thread_time()
        try:
            found = self._hub.look()
        except Exception as problem:  # noqa: BLE001 - it is told where logs may be written
            return problem
        if found is None:  # to read what was changed takes longer than to look
            self._took = thread_time() - began
        return found or self._waiting

    @property
    def pause(self) -> float:
        """Seconds until the next look: longer for thousands of files, if none was changed."""
        if self._hub.lookout.is_restless:
            return self.LOOK_EVERY
        return max(self.LOOK_EVERY, min(self._took * self._PARTS, self.LONGEST_PAUSE))

    def take(self, found: Sight | Exception | None) -> None:
        """Follow it; what cannot be stored now waits for the next look."""
        self._waiting = None
        if isinstance(found, Sight):
            self._follow(found)
        elif found is not None:
            self._complain("the project's files cannot be read", found)

    def _follow(self, sight: Sight) -> None:
        try:
            self._hub.follow(sight)
        except SQLAlchemyError as problem:
            self._waiting = sight
            self._complain("what was saved is not in force yet, it cannot be stored", problem)
        except Exception:
            log.exception("what was saved cannot be put in force")
        else:
            self._told = ""

    def _complain(self, what: str, problem: Exception) -> None:
        """Once, not at every look."""
        said = f"{what}: {type(problem).__name__}: {str(problem).partition(chr(10))[0][:200]}"
        if said != self._told:
            log.error("%s", said)
        self._told = said
