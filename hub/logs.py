"""One event, one line of JSON on stderr: at most 8 KiB, control characters escaped (S6, S15).

`configure` once per process; `hide` is told later, when the secrets are known. Whatever is said
while a request or a run is in hand carries their ids (`about`), also the words of libraries.
"""

from __future__ import annotations

import atexit
import json
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import Any, TextIO

LARGEST_LINE = 8192  # bytes, with the line break
_SHORTER = (4000, 1000, 200, 60)  # characters of a text, tried until the line is short enough
_ALWAYS = ("at", "level", "logger", "message", "request_id", "run_id")
_ORDINARY = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime"}
# What these say only matters when something is wrong. A pool logs by the name of its class.
_QUIET = ("alembic", "httpx", "httpcore", "hub.storage.pool", "rq", "sqlalchemy")

_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))
Marker = Token[Mapping[str, str]]

Hide = Callable[[Any], Any]

log = logging.getLogger(__name__)


def _as_it_is(value: Any) -> Any:
    return value


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON; `extra={…}` become fields of their own.

    The members of `extra={"data": {…}}` do so as well.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hide: Hide = _as_it_is

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its line break."""
        event = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        own, data = _extras(record)
        event |= {f"data.{key}" if key in event else key: said for key, said in own.items()}
        event = {**event, **{key: said for key, said in _about.get().items() if key not in own}}
        event |= {f"data.{key}" if key in event else key: said for key, said in data.items()}
        if record.exc_info and record.exc_info[0] is not None:
            event["exception"] = "".join(traceback.format_exception(*record.exc_info))
        return _short_line(self.hide(_plain(event)))


_formatter = JsonLines()


def configure(level: str, *, stream: TextIO | None = None) -> None:
    """Send every log of this process through one handler; `level` as in HUB_LOG_LEVEL."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.raiseExceptions = False  # a full disk must not end a request
    atexit.register(_let_go_of_full_disks)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)


def about(**fields: str) -> Marker:
    """From now on each line of this thread or greenlet has these fields too; `forget` ends that.

    A thread that works on the same thing is started in a copy of the context.
    """
    return _about.set({**_about.get(), **fields})


def forget(marker: Marker) -> None:
    """Lines are as they were before the `about` that gave the marker."""
    _about.reset(marker)


def _let_go_of_full_disks() -> None:
    """What could not be written is lost; it is no reason to end with another code than 0 (E14)."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except (OSError, ValueError):
            setattr(sys, name, None)


def hide(secrets: Hide) -> None:
    """From now on take these secrets out of every line."""
    _formatter.hide = secrets


def tell_uncaught() -> None:
    """Have what nobody catches, also in threads, told like everything else: one line, no secret."""
    sys.excepthook = _tell
    threading.excepthook = _tell_of_thread


def _tell(kind: type[BaseException], problem: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("nobody caught this", exc_info=(kind, problem, trace))


def _tell_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        _tell(args.exc_type, args.exc_value, args.exc_traceback)


def _extras(record: logging.LogRecord) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the code says beside its message, and what came from elsewhere (`data`)."""
    found = {
        name: value
        for name, value in vars(record).items()
        if name not in _ORDINARY and not name.startswith("_")
    }
    data = found.pop("data", {})
    return found, data if isinstance(data, dict) else {"data": data}


def _plain(value: Any) -> Any:
    """The value as JSON can say it: what a thing says of itself may hold a secret, too (S6)."""
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return str(value)


def _short_line(event: dict[str, Any]) -> str:
    """The event as JSON; texts are cut, then extra fields left out, until it fits."""
    line = _line(event)
    for most in _SHORTER:
        if len(line) < LARGEST_LINE:
            return line
        line = _line({name: _cut(value, most) for name, value in event.items()})
    if len(line) < LARGEST_LINE:
        return line
    kept = {name: _cut(event[name], _SHORTER[-1]) for name in _ALWAYS if name in event}
    return _line(kept)


def _line(event: dict[str, Any]) -> str:
    """ASCII only: what is not is escaped, control characters and line separators among it."""
    line = json.dumps(event, ensure_ascii=True, separators=(",", ":"))
    return line.replace("\x7f", "\\u007f")


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, int | float | None):
        return value
    value = value if isinstance(value, str) else str(value)
    if len(value) <= most:
        return value
    return f"{value[: most // 2]} … {value[-(most // 2) :]}"
