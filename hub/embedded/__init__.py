"""The embedded default: a real PostgreSQL and a real Valkey from wheels, for development and tests.

The process that starts them owns them and stops them; others attach. An owner that was killed
leaves them running, and the next `start` takes them over. Nothing listens on the network.

In the state directory: `postgres/` and `valkey/` (data and logs), `embedded.json` (where the data
and the sockets are), `embedded.owner`, `embedded.guests` and `embedded.starting` (locks).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from subprocess import SubprocessError
from types import TracebackType
from typing import Self

import psycopg

from hub.embedded import postgres, valkey
from hub.embedded.account import Account, account_for, home_for, socket_directory
from hub.embedded.postgres import Postgres
from hub.embedded.programs import EmbeddedError, installed, usable_by
from hub.embedded.valkey import Valkey

__all__ = ["EmbeddedError", "EmbeddedServers", "find", "has_data", "start"]

RECORD = "embedded.json"
OWNER_LOCK = "embedded.owner"
GUEST_LOCK = "embedded.guests"
START_LOCK = "embedded.starting"


@dataclass(frozen=True)
class EmbeddedServers:
    """Two running servers. `owner`: this process stops them, by `stop` or the end of a `with`."""

    database_url: str
    redis_url: str
    owner: bool
    _at_stop: contextlib.ExitStack = field(
        default_factory=contextlib.ExitStack, repr=False, compare=False
    )
    _revive: Callable[[], tuple[str, ...]] = field(default=tuple, repr=False, compare=False)

    def revive(self) -> tuple[str, ...]:
        """Start again what ended without being asked, if this process owns them; its names.

        Raises EmbeddedError when it does not start; a later call tries again.
        """
        return self._revive() if self.owner else ()

    def stop(self) -> None:
        """Stop them if this process owns them. A second call does nothing."""
        self._at_stop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


@dataclass(frozen=True)
class _Record:
    """Where the data (`home`) and the sockets of a state directory are."""

    home: str = ""
    sockets: str = ""


def start(state_dir: Path, *, is_brief: bool = False) -> EmbeddedServers:
    """Start both servers, or attach to those that another process started for this directory.

    Who needs them for a moment (`is_brief`) leaves them to those who attached meanwhile and need
    them longer. Raises EmbeddedError.
    """
    state = _open_state(state_dir)
    found = installed()
    with contextlib.ExitStack() as at_stop, _locked(state / START_LOCK):
        owner = _own(state, at_stop)
        account, home = _settle(state)
        programs = usable_by(account, found, home=home)
        sockets = _sockets(state, account)
        database = Postgres(programs, account, home / "postgres", sockets)
        queue = Valkey(programs, account, home / "valkey", sockets)
        if owner:
            at_stop.callback(_stop, state, database, queue, is_brief=is_brief)
        elif not is_brief:
            _stay(state, at_stop)
        database.ensure()
        queue.ensure()
        return EmbeddedServers(
            postgres.database_url(sockets),
            valkey.redis_url(sockets),
            owner,
            at_stop.pop_all(),
            partial(_revive, state, database, queue),
        )


def has_data(state_dir: Path) -> bool:
    """Whether there is a database to start for this directory."""
    state = state_dir.resolve()
    return (Path(_read_record(state).home or state) / "postgres").is_dir()


def find(state_dir: Path) -> EmbeddedServers | None:
    """The servers another process started for this directory; None when they do not answer."""
    state = state_dir.resolve()
    record = _read_record(state)
    if not (record.home and record.sockets):
        return None
    sockets = Path(record.sockets)
    account = account_for(Path(record.home) / "postgres")
    if account is None or not account.owns_private(sockets):
        return None
    if not (postgres.answers(sockets) and valkey.answers(sockets)):
        return None
    return EmbeddedServers(postgres.database_url(sockets), valkey.redis_url(sockets), owner=False)


def _open_state(state_dir: Path) -> Path:
    state = state_dir.resolve()
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(
            f"The state directory {state} cannot be made ({error.strerror}): "
            "set HUB_STATE_DIR to one that can be written."
        ) from error
    if not os.access(state, os.W_OK | os.X_OK):
        raise EmbeddedError(
            f"The state directory {state} cannot be written: set HUB_STATE_DIR to another one."
        )
    return state


def _own(state: Path, at_stop: contextlib.ExitStack) -> bool:
    """Take the ownership for as long as this process lives, unless another living one has it."""
    lock = _open_lock(state / OWNER_LOCK)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    at_stop.callback(os.close, lock)
    at_stop.callback(fcntl.flock, lock, fcntl.LOCK_UN)  # forked children hold the same lock
    return True


def _stay(state: Path, at_stop: contextlib.ExitStack) -> None:
    """Have an owner who goes soon leave the servers to this process."""
    lock = _open_lock(state / GUEST_LOCK)
    at_stop.callback(os.close, lock)
    at_stop.callback(fcntl.flock, lock, fcntl.LOCK_UN)
    fcntl.flock(lock, fcntl.LOCK_SH)


def _has_guests(state: Path) -> bool:
    lock = _open_lock(state / GUEST_LOCK)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _settle(state: Path) -> tuple[Account, Path]:
    """Who runs the servers, and where their data lies."""
    record = _read_record(state)
    data = Path(record.home or state) / "postgres"
    account = account_for(data)
    if account is None:
        raise EmbeddedError(
            f"{data} belongs to another account: start as that account, remove the directory, "
            "or set HUB_STATE_DIR to another one."
        )
    if record.home and Path(record.home).is_dir():
        return account, Path(record.home)
    try:
        home = home_for(account, state)
    except OSError as error:
        raise EmbeddedError(
            f"As root the servers run as an unprivileged account, which cannot enter {state}, and "
            f"{error.filename} cannot be made ({error.strerror}): set HUB_STATE_DIR to a directory "
            "that every account can enter."
        ) from error
    _write_record(state, replace(record, home=str(home)))
    return account, home


def _sockets(state: Path, account: Account) -> Path:
    record = _read_record(state)
    if record.sockets and account.owns_private(Path(record.sockets)):
        return Path(record.sockets)
    made = socket_directory(account)
    if made is None:
        raise EmbeddedError(
            "There is no short directory for the servers' sockets: set TMPDIR to one that every "
            "account can enter, such as /tmp."
        )
    _write_record(state, replace(record, sockets=str(made)))
    return made


def _revive(state: Path, database: Postgres, queue: Valkey) -> tuple[str, ...]:
    ended = [each for each in (database, queue) if not each.is_running()]
    if not ended:
        return ()
    with _locked(state / START_LOCK):
        try:
            for each in ended:
                each.ensure()
        except (OSError, SubprocessError, psycopg.Error) as problem:
            raise EmbeddedError(f"A server ended and does not start again: {problem}") from problem
    return tuple(each.title for each in ended)


def _stop(state: Path, database: Postgres, queue: Valkey, *, is_brief: bool) -> None:
    with _locked(state / START_LOCK):
        if is_brief and _has_guests(state):
            return
        record = _read_record(state)
        # A guest that could not reach them may have started them again on other sockets.
        sockets = Path(record.sockets) if record.sockets else database.sockets
        replace(queue, sockets=sockets).stop()
        database.stop()
        shutil.rmtree(sockets, ignore_errors=True)
        _write_record(state, replace(record, sockets=""))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time starts or stops; the others wait their turn."""
    lock = _open_lock(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedError(
            f"{path} cannot be opened ({error.strerror}): start as the account that owns it, "
            "or set HUB_STATE_DIR to another directory."
        ) from error


def _read_record(state: Path) -> _Record:
    try:
        found = json.loads((state / RECORD).read_text(encoding="utf-8"))
        return _Record(home=str(found["home"]), sockets=str(found["sockets"]))
    except (OSError, ValueError, KeyError, TypeError):
        return _Record()


def _write_record(state: Path, record: _Record) -> None:
    if not state.is_dir():
        return  # removed while the servers ran
    draft = state / f"{RECORD}.new"
    draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
    draft.replace(state / RECORD)
