"""One event, one line of JSON on stderr: at most 8 KiB, control characters escaped (S6, S15).

`configure` once per process; `hide` is told later, when the secrets are known.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

LARGEST_LINE = 8192  # bytes, with the line break
_SHORTER = (4000, 1000, 200, 60)  # characters of a text, tried until the line is short enough
_ORDINARY = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime"}
_QUIET = ("alembic", "httpx", "httpcore", "rq", "sqlalchemy")  # said only when something is wrong

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
        event |= {f"data.{key}" if key in event else key: said for key, said in _extras(record)}
        if record.exc_info and record.exc_info[0] is not None:
            event["exception"] = "".join(traceback.format_exception(*record.exc_info))
        return _short_line(self.hide(event))


_formatter = JsonLines()


def configure(level: str, *, stream: TextIO | None = None) -> None:
    """Send every log of this process through one handler; `level` as in HUB_LOG_LEVEL."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.raiseExceptions = False  # a full disk must not end a request
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)


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


def _extras(record: logging.LogRecord) -> Iterable[tuple[str, Any]]:
    found = {
        name: value
        for name, value in vars(record).items()
        if name not in _ORDINARY and not name.startswith("_")
    }
    data = found.pop("data", {})
    return ({**found, **data} if isinstance(data, dict) else {**found, "data": data}).items()


def _short_line(event: dict[str, Any]) -> str:
    """The event as JSON; texts are cut, then extra fields left out, until it fits."""
    line = _line(event)
    for most in _SHORTER:
        if len(line) < LARGEST_LINE:
            return line
        line = _line({name: _cut(value, most) for name, value in event.items()})
    if len(line) < LARGEST_LINE:
        return line
    kept = {name: _cut(event[name], _SHORTER[-1]) for name in ("at", "level", "logger", "message")}
    return _line(kept)


def _line(event: dict[str, Any]) -> str:
    """ASCII only: what is not is escaped, control characters and line separators among it."""
    line = json.dumps(event, ensure_ascii=True, separators=(",", ":"), default=str, skipkeys=True)
    return line.replace("\x7f", "\\u007f")


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, int | float | None):
        return value
    value = value if isinstance(value, str) else str(value)
    if len(value) <= most:
        return value
    return f"{value[: most // 2]} … {value[-(most // 2) :]}"
