"""What stands at a crash point in a process under test: it counts, and where it is told to it dies.

Four deaths: `killed` (SIGKILL of the process by itself), `exception`, and at a commit also `lost`
(it happened, and the link broke before the answer) and `cut` (the link broke before it).

Whatever reaches the database, the outside or Redis beside every site is told as `?`: a site is
missing in `sites.py`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from redis.connection import AbstractConnection
from sqlalchemy import Connection
from sqlalchemy.engine.default import DefaultDialect


class Broken(Exception):
    """The way of dying `exception`."""


@dataclass(frozen=True)
class Death:
    """Where this process dies, and how; with an empty point it lives and tells what it passes."""

    point: str = ""
    hit: int = 1
    way: str = "killed"
    lost_before: str = ""  # a commit whose answer is lost on the way there


class _Here(threading.local):
    """How deep this thread is inside of sites of a kind; how the link of its commit breaks."""

    def __init__(self) -> None:
        self.inside: Counter[str] = Counter()
        self.breaks = ""
        self.statements = ""


_death = Death()
_told = -1
_hits: Counter[str] = Counter()
_counting = threading.Lock()
_here = _Here()


def attend(death: Death, told: int) -> None:
    """Die like this, and tell the file descriptor what is passed. For a process after its fork."""
    global _death, _told, _here
    _death, _told, _here = death, told, _Here()
    _hits.clear()
    _watch_commits()
    _watch_sockets()
    _watch_redis()


def _tell(line: str) -> None:
    if _told >= 0:
        os.write(_told, f"{line}\n".encode())


def _reach(point: str) -> None:
    if _told < 0:
        return
    with _counting:
        _hits[point] += 1
        is_it = point == _death.point and _hits[point] == _death.hit
        if not _death.point:
            _tell(point)
    if is_it:
        _die(point)
    elif point == _death.lost_before and _hits[point] == 1:
        _here.breaks = "lost"


def _die(point: str) -> None:
    _tell(f"!{point}")
    if _death.way == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if _death.way == "exception":
        raise Broken(point)
    _here.breaks = _death.way


# ---------------------------------------------------------------------------------- at the sites


def calling(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A call with both points."""

    def called(*given: Any, **named: Any) -> Any:
        with _at(name):
            return function(*given, **named)

    return called


@contextmanager
def _at(name: str) -> Iterator[None]:
    kind = _kind_of(name)
    _reach(f"{name}.before")
    with _inside(kind):
        yield
    if kind == "commit":
        _here.breaks = ""
    _reach(f"{name}.after")


@contextmanager
def _inside(kind: str) -> Iterator[None]:
    _here.inside[kind] += 1
    try:
        yield
    finally:
        _here.inside[kind] -= 1


def _kind_of(name: str) -> str:
    return name.rpartition(":")[2].partition("#")[0]


@contextmanager
def opening(name: str, opened: AbstractContextManager[Any]) -> Iterator[Any]:
    """What is open for a while: before it is opened, after it was closed in good order."""
    with _at(name), opened as given:
        yield given


@contextmanager
def transaction(name: str, begun: AbstractContextManager[Connection]) -> Iterator[Connection]:
    """`with engine.begin()`: before and after the commit at its end."""
    with _inside("commit"), begun as connection:
        yield connection
        _reach(f"{name}.before")
    _here.breaks = ""
    _reach(f"{name}.after")


@contextmanager
def statements(name: str, opened: AbstractContextManager[Connection]) -> Iterator[Connection]:
    """`with at_once()`: before and after each statement, which is a transaction of its own."""
    with opened as connection, _inside("commit"):
        outer, _here.statements = _here.statements, name
        try:
            yield connection
        finally:
            _here.statements = outer


# --------------------------------------------------------------------------- what passes no site


def _watch_commits() -> None:
    """Every commit stands inside a site; where its link is to break it breaks."""
    commit, execute = DefaultDialect.do_commit, DefaultDialect.do_execute

    def do_commit(self: DefaultDialect, link: Any) -> None:
        if not _here.inside["commit"]:
            _tell(f"?commit {_whence()}")
        _with_breaks(link.driver_connection, lambda: commit(self, link))

    def do_execute(self: DefaultDialect, cursor: Any, *given: Any) -> None:
        if not cursor.connection.autocommit:
            execute(self, cursor, *given)
            return
        if not _here.statements:
            _tell(f"?statement {_whence()}")
        _reach(f"{_here.statements}.before")
        _with_breaks(cursor.connection, lambda: execute(self, cursor, *given))
        _reach(f"{_here.statements}.after")

    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]
    DefaultDialect.do_execute = do_execute  # type: ignore[method-assign]


def _with_breaks(driver: psycopg.Connection[Any], do: Callable[[], None]) -> None:
    """Do it, unless the link shall break before; or break it before the answer is heard."""
    breaks, _here.breaks = _here.breaks, ""
    if breaks != "cut":
        do()
    if breaks:
        _tell(f"!{breaks}")
        driver.close()
        raise psycopg.OperationalError("the link broke")


def _watch_sockets() -> None:
    def look(what: str, given: tuple[Any, ...]) -> None:
        if what == "socket.connect" and not _here.inside["call"] and not _is_ours(given):
            _tell(f"?connect {_whence()}")

    sys.addaudithook(look)


def _is_ours(given: tuple[Any, ...]) -> bool:
    """The way to Redis, and what gevent connects within the process."""
    frame = sys._getframe()  # noqa: SLF001 - the only way to ask who calls
    while frame is not None:
        if "/redis/" in frame.f_code.co_filename or "/gevent/" in frame.f_code.co_filename:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return len(given) < 2


def _watch_redis() -> None:
    sent = AbstractConnection.send_packed_command

    def send(connection: AbstractConnection, *given: Any, **named: Any) -> Any:
        if not _here.inside["queue"]:
            _tell(f"?redis {_whence()}")
        return sent(connection, *given, **named)

    AbstractConnection.send_packed_command = send  # type: ignore[assignment, method-assign]


def _whence() -> str:
    """The functions of `hub` that led here, the last one first."""
    told: list[str] = []
    frame: Any = sys._getframe()  # noqa: SLF001
    while frame is not None and len(told) < 4:
        if "/hub/" in frame.f_code.co_filename:
            told.append(f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}")
        frame = frame.f_back
    return " < ".join(told)
