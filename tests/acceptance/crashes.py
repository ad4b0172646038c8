"""Deaths of a worker: at any transaction of its own, or when it is stopped and woken again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from hub.storage.hand import Rows
from hub.storage.straight import Straight


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, not even the handling of errors."""


class Deaths:
    """Kills whoever works on an engine, at the n-th moment from now.

    Moments are the beginning and the commit of each transaction: before the one, everything until
    then is stored; at the other, nothing of the transaction is. A statement that is a transaction
    by itself has a beginning only. Together they are every state in which a death can leave the
    database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._left = 0

    @contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """Die at this moment, the first being 1."""
        self._left = moment
        for name in ("begin", "commit"):
            event.listen(self._engine, name, self._reached)
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Straight, "all", self._reached_by(Straight.all))
                yield
        finally:
            for name in ("begin", "commit"):
                event.remove(self._engine, name, self._reached)

    def _reached_by(self, carry_out: Callable[..., Rows]) -> Callable[..., Rows]:
        def carried_out(straight: Straight, *given: Any) -> Rows:
            self._reached(straight)
            return carry_out(straight, *given)

        return carried_out

    def _reached(self, _connection: object) -> None:
        self._left -= 1
        if self._left == 0:
            raise Killed


def on_round(number: int, happens: Callable[[], object]) -> Callable[[], bool]:
    """What a worker asks between two steps: this happens before its n-th round, then it goes on."""
    rounds = iter(range(1, 1000))

    def is_stopping() -> bool:
        if next(rounds) == number:
            happens()
        return False

    return is_stopping


def stops_after(number: int) -> Callable[[], bool]:
    """What a worker asks between two steps: after so many rounds it is told to stop."""
    rounds = iter(range(1000))
    return lambda: next(rounds) >= number
